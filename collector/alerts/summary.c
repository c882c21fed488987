/* Writes summaries, digests and daily reports. Declared in collector/alerts/internal.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts/internal.h"
#include "collector/base/time_zone.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    (INT64_C(24) * 60 * MINUTE_MS)

/* Alerts that fire, of one target. */
struct firing_list {
	const struct alert **all;
	size_t n;
	size_t room;
};

/* The firing alerts of which something became known since then. */
static struct firing_list list_firing(const struct alerts *alerts,
				      const struct alert_target *target, int64_t since_ms)
{
	struct firing_list list = { .n = 0 };

	for (size_t i = 0; i < alerts->groups.n; i++) {
		const struct alert_group *group = alerts->groups.at[i];
		for (size_t j = 0; j < group->alerts.n; j++) {
			struct alert *alert = group->alerts.at[j];
			if (alerts_is_for_target(target, alert) &&
			    alert->row.notified_ms >= since_ms)
				list.all = alerts_append(list.all, &list.n, &list.room, alert);
		}
	}
	return list;
}

bool alerts_still_fires(const struct alerts *alerts, const struct alert_target *target,
			int64_t until_ms)
{
	for (size_t i = 0; i < alerts->groups.n; i++) {
		const struct alert_group *group = alerts->groups.at[i];
		for (size_t j = 0; j < group->alerts.n; j++) {
			if (alerts_is_for_target(target, group->alerts.at[j]) &&
			    group->alerts.at[j]->row.fired_ms <= until_ms)
				return true;
		}
	}
	return false;
}

static const struct record_alert *row_at(const void *place)
{
	return &(*(const struct alert *const *)place)->row;
}

static int compare_places(const struct record_alert *a, const struct record_alert *b)
{
	int order = strcmp(a->organization, b->organization);
	return order ? order : strcmp(a->site, b->site);
}

static int by_place(const void *a, const void *b)
{
	return compare_places(row_at(a), row_at(b));
}

static int worst_first(const void *a, const void *b)
{
	const struct record_alert *left = row_at(a);
	const struct record_alert *right = row_at(b);
	int order = (int)left->condition - (int)right->condition;

	return order ? order : casefold_compare(left->server, right->server);
}

/* More of what is worse comes first. */
static int worst_site_first(const void *a, const void *b)
{
	const struct notification_site *left = a;
	const struct notification_site *right = b;

	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (left->firing[i] != right->firing[i])
			return left->firing[i] > right->firing[i] ? -1 : 1;
	}
	int order = strcmp(left->organization, right->organization);
	return order ? order : strcmp(left->site, right->site);
}

/* Leaves the list in the order of places. */
static void count_sites(struct firing_list *list, struct notification_summary *out,
			struct arena *arena)
{
	struct notification_site *sites = arena_alloc_array(arena, list->n + 1, sizeof *sites);
	size_t n = 0;

	if (list->n > 1)
		qsort(list->all, list->n, sizeof(struct alert *), by_place);
	for (size_t i = 0; i < list->n; i++) {
		const struct record_alert *row = &list->all[i]->row;
		if (i == 0 || compare_places(row, &list->all[i - 1]->row) != 0)
			sites[n++] =
				(struct notification_site){ row->organization, row->site, { 0 } };
		sites[n - 1].firing[row->condition]++;
	}
	qsort(sites, n, sizeof *sites, worst_site_first);
	out->sites = sites;
	out->n_sites = n < NOTIFICATION_MAX_SITES ? n : NOTIFICATION_MAX_SITES;
	out->more_sites = n - out->n_sites;
}

/* The worst of them; returns how many. */
static size_t show_worst(const struct alerts *alerts, struct firing_list *list, int64_t now_ms,
			 struct notification_alert *out, struct arena *arena)
{
	size_t n = list->n < NOTIFICATION_MAX_ALERTS ? list->n : NOTIFICATION_MAX_ALERTS;

	if (list->n > 1)
		qsort(list->all, list->n, sizeof(struct alert *), worst_first);
	for (size_t i = 0; i < n; i++) {
		out[i] = alerts_show(alerts, &list->all[i]->row, arena);
		if (!alerts_is_acknowledged(&list->all[i]->row, now_ms))
			out[i].acknowledged_by = ""; /* any longer */
	}
	return n;
}

/* `resolved`: nothing fires any more that the target knows under that key. */
static void write_notification(struct alerts *alerts, const struct alert_target *target,
			       enum notification_reason reason, const char *key,
			       int64_t known_since_ms, bool resolved,
			       struct notification_summary *summary, int64_t now_ms,
			       struct alert_changes *out)
{
	struct notification_alert shown[NOTIFICATION_MAX_ALERTS];
	struct firing_list list = list_firing(alerts, target, known_since_ms);
	struct notification notification = {
		.hook = target->name,
		.group_key = key,
		.organization = "",
		.site = "",
		.cause = notification_reason_text(reason),
		.url = alerts->url ? alerts->url : "",
		.resolved = resolved,
		.reason = reason,
		.at_ms = now_ms,
		.alerts = shown,
		.summary = summary,
	};

	for (size_t i = 0; i < list.n; i++)
		notification.firing[list.all[i]->row.condition]++;
	count_sites(&list, summary, &out->arena);
	notification.n_alerts = show_worst(alerts, &list, now_ms, shown, &out->arena);
	notification.truncated = list.n - notification.n_alerts;
	alerts_emit_notification(alerts, &notification, out);
	free(list.all);
}

/* One key for all summaries of a storm, or of the first days. */
static const char *storm_key(const struct record_summary *row, struct arena *arena)
{
	return arena_printf(arena, "storm/%s/%" PRId64, row->hook, row->storm_ms);
}

void alerts_write_summary(struct alerts *alerts, const struct alert_target *target,
			  const struct record_summary *row, int64_t next_ms, int64_t now_ms,
			  struct alert_changes *out)
{
	struct notification_summary summary = {
		.since_ms = row->since_ms,
		.opened = (size_t)row->opened,
		.resolved = (size_t)row->resolved,
		.next_ms = next_ms,
	};

	write_notification(alerts, target,
			   row->kind == RECORD_SUMMARY_STORM ? NOTIFICATION_SUMMARY
							     : NOTIFICATION_DIGEST,
			   storm_key(row, &out->arena), row->since_ms,
			   !alerts_still_fires(alerts, target, now_ms), &summary, now_ms, out);
}

void alerts_write_end_of_storm(struct alerts *alerts, const struct alert_target *target,
			       const struct record_summary *row, int64_t now_ms,
			       struct alert_changes *out)
{
	struct notification_summary summary = { .since_ms = row->storm_ms,
						.next_ms = TIMESTAMP_NONE };

	write_notification(alerts, target, NOTIFICATION_SUMMARY, storm_key(row, &out->arena),
			   INT64_MAX, true, &summary, now_ms, out);
}

void alerts_write_report(struct alerts *alerts, const struct alert_target *target,
			 const struct record_summary *row, int64_t now_ms,
			 struct alert_changes *out)
{
	struct notification_fleet fleet = { 0 };
	struct notification_summary summary = {
		.since_ms = row->reported_ms,
		.opened = (size_t)row->report_opened,
		.resolved = (size_t)row->report_resolved,
		.next_ms = alerts_report_due(target, now_ms),
	};

	if (alerts->fleet.count) {
		alerts->fleet.count(alerts->fleet.user, target->route, &fleet);
		summary.fleet = &fleet;
	}
	write_notification(alerts, target, NOTIFICATION_DAILY_REPORT,
			   arena_printf(&out->arena, "daily-report/%s", row->hook), INT64_MIN,
			   !alerts_still_fires(alerts, target, now_ms), &summary, now_ms, out);
}

int64_t alerts_report_due(const struct alert_target *target, int64_t after_ms)
{
	int64_t local_ms = time_zone_at(target->zone, after_ms).ms;
	int64_t due_ms = local_ms - local_ms % DAY_MS + target->report_minute * MINUTE_MS;

	if (due_ms <= local_ms)
		due_ms += DAY_MS;
	int64_t guess_ms = due_ms - (local_ms - after_ms); /* but for a change of the clocks */
	return due_ms - (time_zone_at(target->zone, guess_ms).ms - guess_ms);
}
