/* Alerts as others ask for them and are shown them. Declared in collector/alerts/alerts.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "collector/alerts/internal.h"
#include "collector/base/pattern.h"
#include "collector/base/percent.h"
#include "collector/model/acknowledgements.h"
#include "collector/model/notification.h"
#include "proto/base/fnv.h"
#include "proto/base/timestamp.h"
#include "proto/json/fields.h"

const struct record_silence *alerts_next_silence(const struct alerts *alerts,
						 const struct record_alert *alert, int64_t now_ms,
						 size_t *at)
{
	const struct mute_subject subject = { alert->server, alert->organization, alert->site,
					      alert->condition };

	if (*at == alerts->silences.n)
		return NULL;
	uint64_t letters = pattern_letters_of(alert->server);
	while (*at < alerts->silences.n) {
		size_t i = (*at)++;
		const struct record_silence *silence = &alerts->silences.rows[i];
		if ((alerts->silences.letters[i] & ~letters) == 0 &&
		    silence_is_in_effect(silence, now_ms) && silence_matches(silence, &subject))
			return silence;
	}
	return NULL;
}

const char *alerts_maintenance_of(const struct alerts *alerts, const struct record_alert *row,
				  int64_t now_ms)
{
	const struct mute_subject subject = { row->server, row->organization, row->site,
					      row->condition };

	for (const struct maintenance *w = alerts->policy.windows; w; w = w->next) {
		if (maintenance_is_open(w, now_ms) && maintenance_matches(w, &subject))
			return w->name;
	}
	return NULL;
}

bool alerts_is_acknowledged(const struct record_alert *row, int64_t now_ms)
{
	return *row->acknowledged_by && (row->acknowledged_until_ms == TIMESTAMP_NONE ||
					 now_ms < row->acknowledged_until_ms);
}

const char *alerts_url(const struct alerts *alerts, const struct record_alert *row,
		       struct arena *arena)
{
	struct buffer url;

	if (!alerts->url || !*row->server)
		return alerts->url ? alerts->url : "";
	buffer_init(&url);
	buffer_printf(&url, "%s?server=", alerts->url);
	percent_encode(&url, row->server);
	const char *kept = arena_strndup(arena, url.bytes, url.size);
	buffer_deinit(&url);
	return kept;
}

struct remark_pair alerts_remarks(const struct alerts *alerts, const struct record_alert *row)
{
	if (*row->server)
		return remarks_of_server(alerts->remarks, row->key, row->organization, row->site);
	return *row->site ? remarks_of_site(alerts->remarks, row->organization, row->site)
			  : remark_pair_none();
}

/* A name for all alerts of that kind about that server, whatever their degrees. */
static const char *fingerprint_of(const struct record_alert *row, struct arena *arena)
{
	uint64_t hash = fnv_add_text(fnv_add_text(FNV_BASIS, row->key), "\n");

	hash = fnv_add_text(hash, condition_name(condition_kind(row->condition)));
	return arena_printf(arena, "%016" PRIx64, hash);
}

const struct notification_option *alerts_options(const struct record_alert *row, size_t *n,
						 struct arena *arena)
{
	struct json_reading in;
	struct json_place root;

	*n = 0;
	if (!*row->options)
		return NULL;
	size_t size = strlen(row->options);
	json_begin(&in, row->options, size, size, arena, &root);
	in.null_is_absent = true;
	const struct notification_option *options = notification_read_options(&in, &root, n);
	json_end(&in);
	if (in.status == STATUS_OK)
		return options;
	*n = 0; /* damaged: the remedy tells them, too */
	return NULL;
}

/* The alert's text; while the server cannot be judged, what is missing, and what was so before. */
static const char *text_of(const struct record_alert *row, struct arena *arena)
{
	const char *word = condition_word(CONDITION_UNKNOWN);
	size_t n = strlen(word);

	if (row->state != RECORD_ALERT_FIRING || strncmp(row->now_text, word, n) != 0)
		return row->text;
	const char *why = row->now_text + n;
	return arena_printf(arena, "It is not known now whether this is still so%s%s Before: %s",
			    why, *why ? "" : ".", row->text);
}

/* Who looks after the alert, or, of one that is over, did so last. */
static struct acknowledgement caretaker_of(const struct record_alert *row, struct arena *arena)
{
	struct acknowledgement one = { .by = row->acknowledged_by,
				       .at_ms = row->acknowledged_ms,
				       .comment = row->comment };

	if (row->state == RECORD_ALERT_RESOLVED && !*one.by)
		acknowledgements_last(row->acknowledgements, arena, &one);
	return one;
}

struct notification_alert alerts_show(const struct alerts *alerts, const struct record_alert *row,
				      struct arena *arena)
{
	size_t n_options;
	const struct notification_option *options = alerts_options(row, &n_options, arena);
	const struct acknowledgement caretaker = caretaker_of(row, arena);

	return (struct notification_alert){
		.id = arena_printf(arena, "%" PRId64, row->id),
		.fingerprint = fingerprint_of(row, arena),
		.condition = row->condition,
		.server = row->server,
		.organization = row->organization,
		.site = row->site,
		.adapter = row->adapter,
		.verdict = row->verdict,
		.reason = row->reason,
		.text = text_of(row, arena),
		.now_text = row->now_text,
		.remedy = row->remedy,
		.options = options,
		.n_options = n_options,
		.url = alerts_url(alerts, row, arena),
		.event = row->event,
		.event_ms = row->event_ms,
		.since_ms = row->since_ms,
		.fired_ms = row->fired_ms,
		.resolved_ms =
			row->state == RECORD_ALERT_FIRING ? TIMESTAMP_NONE : row->resolved_ms,
		.flapping = row->flapping,
		.acknowledged_by = caretaker.by,
		.acknowledged_ms = caretaker.at_ms,
		.comment = caretaker.comment,
		.remarks = alerts_remarks(alerts, row),
	};
}

void alerts_each_firing(const struct alerts *alerts,
			void (*visit)(void *visitor, const struct notification_alert *alert),
			void *visitor)
{
	struct arena arena;

	for (size_t i = 0; i < alerts->groups.n; i++) {
		const struct alert_group *group = alerts->groups.at[i];
		arena_init(&arena);
		for (size_t j = 0; j < group->alerts.n; j++) {
			const struct alert *alert = group->alerts.at[j];
			bool is_known = alert->row.notified == RECORD_NOTIFIED_FIRING;
			if (alert->row.state != RECORD_ALERT_FIRING ||
			    (alert->is_muted && !is_known))
				continue;
			struct notification_alert shown = alerts_show(alerts, &alert->row, &arena);
			if (alert->is_muted) /* what became worse meanwhile is muted, too */
				shown.condition = alert->row.notified_condition;
			visit(visitor, &shown);
		}
		arena_deinit(&arena);
	}
}
