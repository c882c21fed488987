/* What people do about alerts: acknowledge and silence them. */
#include <inttypes.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/pipeline/alerting_internal.h"

static const struct record_audit *keep_audit(struct passage *passage,
					     const struct record_audit *audit)
{
	passage->audit = *audit;
	passage->audit.who = arena_strdup(&passage->arena, audit->who);
	passage->audit.origin = arena_strdup(&passage->arena, audit->origin);
	passage->audit.object = arena_strdup(&passage->arena, audit->object);
	return &passage->audit;
}

/* "7 EXCH1 exposed: on it" */
static const char *acknowledgement_text(struct passage *passage, int64_t id)
{
	for (size_t i = 0; i < passage->changes->n_alerts; i++) {
		const struct record_alert *row = passage->changes->alerts[i];
		if (row->id == id)
			return arena_printf(&passage->arena, "%" PRId64 " %s %s%s%s", id,
					    row->server, condition_name(row->condition),
					    *row->comment ? ": " : "", row->comment);
	}
	return passage->audit.object;
}

enum status alerting_acknowledge(struct alerting *a, int64_t id, const char *by,
				 const char *comment, int64_t until_ms,
				 const struct record_audit *audit, alerting_done *done, void *user)
{
	struct passage *passage = alerting_begin(a, done, user);
	struct store_change change = { .audit = keep_audit(passage, audit) };

	enum status status = alerts_acknowledge(a->alerts, id, by, comment, until_ms,
						a->options.now_ms(), passage->changes);
	if (status == STATUS_OK) {
		passage->audit.object = acknowledgement_text(passage, id);
		return alerting_submit(passage, &change);
	}
	alerting_drop(passage);
	return status;
}

enum status alerting_add_silence(struct alerting *a, struct record_silence *silence,
				 struct record_audit *audit, alerting_done *done, void *user)
{
	struct passage *passage = alerting_begin(a, done, user);
	struct store_change change = { .silence = &passage->silence };

	enum status status = alerts_add_silence(a->alerts, silence, a->options.now_ms());
	if (status != STATUS_OK) {
		alerting_drop(passage);
		return status;
	}
	audit->object = silence_text(silence, &passage->arena);
	change.audit = keep_audit(passage, audit);
	passage->silence = *silence;
	passage->silence.server = arena_strdup(&passage->arena, silence->server);
	passage->silence.organization = arena_strdup(&passage->arena, silence->organization);
	passage->silence.site = arena_strdup(&passage->arena, silence->site);
	passage->silence.condition = arena_strdup(&passage->arena, silence->condition);
	passage->silence.comment = arena_strdup(&passage->arena, silence->comment);
	passage->silence.by = arena_strdup(&passage->arena, silence->by);
	return alerting_submit(passage, &change) == STATUS_OK ? STATUS_OK : STATUS_FULL;
}

enum status alerting_end_silence(struct alerting *a, int64_t id, const struct record_audit *audit,
				 alerting_done *done, void *user)
{
	struct passage *passage = alerting_begin(a, done, user);
	struct store_change change = { .dropped_silence = &passage->id,
				       .audit = keep_audit(passage, audit) };

	passage->id = id;
	for (size_t i = 0; i < alerts_count_silences(a->alerts); i++) {
		if (alerts_silence(a->alerts, i)->id == id)
			passage->audit.object =
				silence_text(alerts_silence(a->alerts, i), &passage->arena);
	}
	enum status status = alerts_end_silence(a->alerts, id, a->options.now_ms());
	if (status == STATUS_OK)
		return alerting_submit(passage, &change);
	alerting_drop(passage);
	return status;
}
