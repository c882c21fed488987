/* What people do: they acknowledge and silence alerts, and tell whose a server is. */
#include <inttypes.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/pipeline/alerting_internal.h"
#include "collector/store/keep.h"

static const struct record_audit *keep_audit(struct alerting_change *pending,
					     const struct record_audit *audit)
{
	pending->audit = *audit;
	store_keep_record(&store_audits, &pending->audit, &pending->arena);
	return &pending->audit;
}

/* "7 EXCH1 exposed: on it" */
static const char *acknowledgement_text(struct alerting_change *pending, int64_t id)
{
	for (size_t i = 0; i < pending->changes->n_alerts; i++) {
		const struct record_alert *row = pending->changes->alerts[i];
		if (row->id == id)
			return arena_printf(&pending->arena, "%" PRId64 " %s %s%s%s", id,
					    row->server, condition_name(row->condition),
					    *row->comment ? ": " : "", row->comment);
	}
	return pending->audit.object;
}

enum status alerting_acknowledge(struct alerting *a, int64_t id, const char *by,
				 const char *comment, int64_t until_ms,
				 const struct record_audit *audit, alerting_done *done, void *user)
{
	struct alerting_change *pending = alerting_begin(a, done, user);
	struct store_change change = { .audit = keep_audit(pending, audit) };

	enum status status = alerts_acknowledge(a->alerts, id, by, comment, until_ms,
						a->options.now_ms(), pending->changes);
	if (status == STATUS_OK) {
		pending->audit.object = acknowledgement_text(pending, id);
		return alerting_submit(pending, &change);
	}
	alerting_drop(pending);
	return status;
}

enum status alerting_add_silence(struct alerting *a, struct record_silence *silence,
				 struct record_audit *audit, alerting_done *done, void *user)
{
	struct alerting_change *pending = alerting_begin(a, done, user);
	struct store_change change = { .silence = &pending->silence };

	enum status status = alerts_add_silence(a->alerts, silence, a->options.now_ms());
	if (status != STATUS_OK) {
		alerting_drop(pending);
		return status;
	}
	audit->object = silence_text(silence, &pending->arena);
	change.audit = keep_audit(pending, audit);
	pending->silence = *silence;
	store_keep_record(&store_silences, &pending->silence, &pending->arena);
	return alerting_submit(pending, &change);
}

enum status alerting_end_silence(struct alerting *a, int64_t id, const struct record_audit *audit,
				 alerting_done *done, void *user)
{
	struct alerting_change *pending = alerting_begin(a, done, user);
	struct store_change change = { .dropped_silence = &pending->id,
				       .audit = keep_audit(pending, audit) };

	pending->id = id;
	for (size_t i = 0; i < alerts_count_silences(a->alerts); i++) {
		if (alerts_silence(a->alerts, i)->id == id)
			pending->audit.object =
				silence_text(alerts_silence(a->alerts, i), &pending->arena);
	}
	enum status status = alerts_end_silence(a->alerts, id, a->options.now_ms());
	if (status == STATUS_OK)
		return alerting_submit(pending, &change);
	alerting_drop(pending);
	return status;
}

enum status alerting_put_remark(struct alerting *a, const struct record_remark *remark,
				const struct record_audit *audit, alerting_done *done, void *user)
{
	struct alerting_change *pending = alerting_begin(a, done, user);
	struct store_change change = { .remark = &pending->remark,
				       .audit = keep_audit(pending, audit) };

	pending->remark = *remark;
	store_keep_record(&store_remarks, &pending->remark, &pending->arena);
	remarks_put(a->remarks, &pending->remark);
	return alerting_submit(pending, &change);
}
