/*
 * How much a hook is told: singly, or in summaries. Declared in collector/alerts/internal.h.
 *
 * What is held is durable with the alerts that it is of: the row of a hook's summary is stored with
 * theirs, and the summary is written from the alerts themselves when it is due.
 */
#include "collector/alerts/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS    (INT64_C(86400) * SECOND_MS)

/*
 * The span in which more notifications than `storm-after` are a storm, and from one summary of it
 * to the next.
 */
#define STORM_MS (300 * SECOND_MS)

/* Alerts that begin together come in one summary: the first one is due so much later. */
#define STORM_FIRST_MS (10 * SECOND_MS)

/* An escalation in a storm does not wait for the next summary, but this long since the last. */
#define STORM_URGENT_MS (60 * SECOND_MS)

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct alert_throttle *add_throttle(struct alerts *alerts, const struct record_summary *row)
{
	struct alert_throttle *throttle = mem_alloc(sizeof *throttle);

	throttle->row = *row;
	throttle->row.hook = mem_strdup(row->hook);
	for (size_t i = 0; i < ALERT_MAX_RECENT; i++)
		throttle->recent[i].at_ms = TIMESTAMP_NONE;
	alerts->throttles.at = alerts_append(alerts->throttles.at, &alerts->throttles.n,
					     &alerts->throttles.room, throttle);
	return throttle;
}

static struct alert_throttle *find_or_add_throttle(struct alerts *alerts, const char *hook)
{
	const struct record_summary none = { .hook = hook,
					     .since_ms = TIMESTAMP_NONE,
					     .due_ms = TIMESTAMP_NONE,
					     .storm_ms = TIMESTAMP_NONE,
					     .calm_ms = TIMESTAMP_NONE,
					     .reported_ms = TIMESTAMP_NONE };

	for (size_t i = 0; i < alerts->throttles.n; i++) {
		if (strcmp(alerts->throttles.at[i]->row.hook, hook) == 0)
			return alerts->throttles.at[i];
	}
	return add_throttle(alerts, &none);
}

void alerts_restore_summary(struct alerts *alerts, const struct record_summary *row)
{
	add_throttle(alerts, row);
}

void alerts_drop_throttles(struct alerts *alerts)
{
	while (alerts->throttles.n > 0) {
		struct alert_throttle *throttle = alerts->throttles.at[--alerts->throttles.n];
		free((void *)throttle->row.hook);
		free(throttle);
	}
}

void alerts_emit_summaries(struct alerts *alerts, struct alert_changes *out)
{
	for (size_t i = 0; i < alerts->throttles.n; i++) {
		struct alert_throttle *throttle = alerts->throttles.at[i];
		if (!throttle->is_dirty)
			continue;
		throttle->is_dirty = false;
		struct record_summary *row = arena_alloc(&out->arena, sizeof *row);
		*row = throttle->row;
		row->hook = arena_strdup(&out->arena, throttle->row.hook);
		out->summaries =
			alerts_append(out->summaries, &out->n_summaries, &out->room_summaries, row);
	}
}

static bool is_recent(const struct alert_recent *recent, int64_t now_ms)
{
	return recent->at_ms != TIMESTAMP_NONE && recent->at_ms <= now_ms &&
	       recent->at_ms > now_ms - STORM_MS;
}

/* Within the span of a storm; `singly`: without what was held. */
static size_t count_recent(const struct alert_throttle *throttle, bool singly, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < ALERT_MAX_RECENT; i++)
		n += is_recent(&throttle->recent[i], now_ms) &&
		     (!singly || throttle->recent[i].is_single);
	return n;
}

static void add_recent(struct alert_throttle *throttle, const struct alert_news *news, bool singly,
		       int64_t now_ms)
{
	assert(throttle->next_recent < ALERT_MAX_RECENT);
	throttle->recent[throttle->next_recent] =
		(struct alert_recent){ now_ms, news->opened, news->resolved, singly };
	throttle->next_recent = (throttle->next_recent + 1) % ALERT_MAX_RECENT;
}

/* Notifications held back are one incident from here on, or go on with that of the last storm. */
static void begin_incident(struct record_summary *row, int64_t now_ms)
{
	if (row->storm_ms == TIMESTAMP_NONE)
		row->storm_ms = now_ms;
	row->calm_ms = TIMESTAMP_NONE;
}

/* The first summary of a storm counts what it began with, though that was told singly. */
static void begin_storm(struct alert_throttle *throttle, int64_t now_ms)
{
	struct record_summary *row = &throttle->row;
	int64_t since_ms = row->kind == RECORD_SUMMARY_DIGEST ? row->since_ms : now_ms;

	assert(row->kind != RECORD_SUMMARY_STORM);
	for (size_t i = 0; i < ALERT_MAX_RECENT; i++) {
		struct alert_recent *recent = &throttle->recent[i];
		if (!recent->is_single || !is_recent(recent, now_ms))
			continue;
		since_ms = alert_earlier(since_ms, recent->at_ms);
		row->opened += (int64_t)recent->opened;
		row->resolved += (int64_t)recent->resolved;
		recent->is_single = false;
	}
	row->kind = RECORD_SUMMARY_STORM;
	row->since_ms = since_ms;
	row->due_ms = now_ms + STORM_FIRST_MS;
	begin_incident(row, now_ms);
}

static void begin_digest(const struct alerts *alerts, struct record_summary *row, int64_t now_ms)
{
	assert(row->kind == RECORD_SUMMARY_NONE && now_ms < alerts->policy.digest_until_ms);
	row->kind = RECORD_SUMMARY_DIGEST;
	row->since_ms = now_ms;
	row->due_ms = alert_earlier(now_ms + DAY_MS, alerts->policy.digest_until_ms);
	begin_incident(row, now_ms);
}

static void hold_back(struct alerts *alerts, struct alert_throttle *throttle,
		      const struct alert_news *news, int64_t now_ms)
{
	struct record_summary *row = &throttle->row;

	assert(row->kind != RECORD_SUMMARY_NONE);
	add_recent(throttle, news, false, now_ms);
	row->held++;
	row->opened += (int64_t)news->opened;
	row->resolved += (int64_t)news->resolved;
	if (row->kind == RECORD_SUMMARY_STORM && news->is_worse)
		row->due_ms = alert_earlier(row->due_ms, later(now_ms + STORM_FIRST_MS,
							       row->since_ms + STORM_URGENT_MS));
	alerts_due_at(alerts, row->due_ms);
}

/* Has the receiver an incident of its own for this, from before it was told in summaries? */
static bool is_known_singly(const struct record_summary *row, const struct alert_news *news)
{
	switch (row->kind) {
	case RECORD_SUMMARY_STORM:
		return news->fired_ms < row->storm_ms;
	case RECORD_SUMMARY_DIGEST:
		return news->fired_ms < row->since_ms;
	case RECORD_SUMMARY_NONE:
		break;
	}
	return true;
}

/* Is it told singly whatever else there is to tell? */
static bool is_never_held(const struct record_summary *row, const struct alert_target *target,
			  const struct alert_news *news)
{
	if (news->is_acknowledging)
		return row->kind == RECORD_SUMMARY_NONE || is_known_singly(row, news);
	return news->is_end && target->keeps_incidents && is_known_singly(row, news);
}

/* Does the hook hear of such a thing singly, unless there is too much of it? */
static bool is_notified_singly(const struct record_summary *row, const struct alert_news *news)
{
	return row->kind == RECORD_SUMMARY_NONE ||
	       (row->kind == RECORD_SUMMARY_DIGEST && news->is_of_failing);
}

static void count_for_report(struct alert_throttle *throttle, const struct alert_news *news)
{
	if (throttle->row.reported_ms == TIMESTAMP_NONE || news->opened + news->resolved == 0)
		return;
	throttle->row.report_opened += (int64_t)news->opened;
	throttle->row.report_resolved += (int64_t)news->resolved;
	throttle->is_dirty = true;
}

bool alerts_may_notify(struct alerts *alerts, const struct alert_target *target,
		       const struct alert_news *news, int64_t now_ms)
{
	struct alert_throttle *throttle = find_or_add_throttle(alerts, target->name);
	struct record_summary *row = &throttle->row;
	size_t most = alerts->policy.storm_after;

	count_for_report(throttle, news);
	if (is_never_held(row, target, news))
		return true;
	if (row->kind == RECORD_SUMMARY_NONE && now_ms < alerts->policy.digest_until_ms)
		begin_digest(alerts, row, now_ms);
	if (is_notified_singly(row, news)) {
		if (most == 0 || count_recent(throttle, true, now_ms) < most) {
			add_recent(throttle, news, true, now_ms);
			return true;
		}
		begin_storm(throttle, now_ms);
	}
	throttle->is_dirty = true;
	hold_back(alerts, throttle, news, now_ms);
	return false;
}

static bool is_calm(const struct alerts *alerts, const struct alert_throttle *throttle,
		    int64_t now_ms)
{
	return throttle->row.kind != RECORD_SUMMARY_STORM ||
	       count_recent(throttle, false, now_ms) <= alerts->policy.storm_after;
}

/* When another summary is due, if there is anything to tell then; TIMESTAMP_NONE: it is singly. */
static int64_t next_due(const struct alerts *alerts, const struct alert_throttle *throttle,
			int64_t now_ms)
{
	int64_t until_ms = alerts->policy.digest_until_ms;

	if (!is_calm(alerts, throttle, now_ms))
		return now_ms + STORM_MS;
	return now_ms < until_ms ? alert_earlier(now_ms + DAY_MS, until_ms) : TIMESTAMP_NONE;
}

/* The summary is written, or there was nothing to write. */
static void begin_span(struct alerts *alerts, struct alert_throttle *throttle,
		       const struct alert_target *target, int64_t now_ms)
{
	struct record_summary *row = &throttle->row;

	row->held = row->opened = row->resolved = 0;
	row->since_ms = now_ms;
	row->due_ms = now_ms + STORM_MS;
	if (!is_calm(alerts, throttle, now_ms))
		return;
	row->kind = RECORD_SUMMARY_NONE;
	row->since_ms = row->due_ms = TIMESTAMP_NONE;
	if (target->keeps_incidents)
		row->calm_ms = now_ms;
	else
		row->storm_ms = TIMESTAMP_NONE;
	if (now_ms < alerts->policy.digest_until_ms)
		begin_digest(alerts, row, now_ms);
}

/* The clock may have been set back, or the first days of the fleet be over by another setting. */
static void keep_within_reach(const struct alerts *alerts, struct record_summary *row,
			      int64_t now_ms)
{
	bool is_storm = row->kind == RECORD_SUMMARY_STORM;

	row->since_ms = alert_earlier(row->since_ms, now_ms);
	row->due_ms = alert_earlier(row->due_ms, now_ms + (is_storm ? STORM_MS : DAY_MS));
	if (!is_storm)
		row->due_ms =
			alert_earlier(row->due_ms, later(alerts->policy.digest_until_ms, now_ms));
}

static void advance_summary(struct alerts *alerts, struct alert_throttle *throttle,
			    const struct alert_target *target, int64_t now_ms,
			    struct alert_changes *out)
{
	struct record_summary *row = &throttle->row;

	if (row->kind == RECORD_SUMMARY_NONE)
		return;
	keep_within_reach(alerts, row, now_ms);
	if (row->due_ms <= now_ms) {
		if (row->held > 0)
			alerts_write_summary(alerts, target, row,
					     next_due(alerts, throttle, now_ms), now_ms, out);
		throttle->is_dirty = true;
		begin_span(alerts, throttle, target, now_ms);
	}
	if (row->due_ms != TIMESTAMP_NONE)
		alerts_due_at(alerts, row->due_ms);
}

/* The incident of a storm that is over ends when nothing fires any more that it was of. */
static void end_incident_of_storm(struct alerts *alerts, struct alert_throttle *throttle,
				  const struct alert_target *target, int64_t now_ms,
				  struct alert_changes *out)
{
	struct record_summary *row = &throttle->row;

	if (row->storm_ms == TIMESTAMP_NONE || row->calm_ms == TIMESTAMP_NONE)
		return;
	if (alerts_still_fires(alerts, target, row->calm_ms)) {
		alerts_due_at(alerts, now_ms + STORM_MS);
		return;
	}
	alerts_write_end_of_storm(alerts, target, row, now_ms, out);
	row->storm_ms = row->calm_ms = TIMESTAMP_NONE;
	throttle->is_dirty = true;
}

static void advance_report(struct alerts *alerts, struct alert_throttle *throttle,
			   const struct alert_target *target, int64_t now_ms,
			   struct alert_changes *out)
{
	struct record_summary *row = &throttle->row;

	if (target->report_minute < 0)
		return;
	if (row->reported_ms == TIMESTAMP_NONE || row->reported_ms > now_ms) {
		row->reported_ms = now_ms; /* the first one counts from when it was asked for */
		row->report_opened = row->report_resolved = 0;
		throttle->is_dirty = true;
	}
	int64_t due_ms = alerts_report_due(target, row->reported_ms);
	if (due_ms <= now_ms) {
		alerts_write_report(alerts, target, row, now_ms, out);
		row->reported_ms = now_ms;
		row->report_opened = row->report_resolved = 0;
		throttle->is_dirty = true;
		due_ms = alerts_report_due(target, now_ms);
	}
	alerts_due_at(alerts, due_ms);
}

void alerts_advance_summaries(struct alerts *alerts, int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; i < alerts->n_targets; i++) {
		const struct alert_target *target = &alerts->targets[i];
		struct alert_throttle *throttle = find_or_add_throttle(alerts, target->name);
		if (target->disabled)
			continue;
		advance_summary(alerts, throttle, target, now_ms, out);
		end_incident_of_storm(alerts, throttle, target, now_ms, out);
		advance_report(alerts, throttle, target, now_ms, out);
	}
}
