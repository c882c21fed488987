#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts/internal.h"
#include "collector/model/notification.h"
#include "collector/model/record_alert.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

static bool is_muted(const struct alerts *alerts, const struct record_alert *row, int64_t now_ms)
{
	size_t at = 0;
	return alerts_surroundings_of(alerts, row) ||
	       alerts_next_silence(alerts, row, now_ms, &at) ||
	       alerts_maintenance_of(alerts, row, now_ms);
}

static bool is_firing(const struct record_alert *row)
{
	return row->state == RECORD_ALERT_FIRING;
}

/* News about an alert, to all hooks or to one; a set. */
enum {
	NEWS_FRESH = 1,         /* it fires and is not known */
	NEWS_ESCALATED = 2,     /* it is worse than is known */
	NEWS_EASED = 4,         /* it is better than is known */
	NEWS_FLAPS = 8,         /* it has begun to flap */
	NEWS_ACKNOWLEDGED = 16, /* who looks after it is another one */
	NEWS_OVER = 32,         /* it is over, and known to fire */
};

/* `is_known`: the receivers know that the alert fires. */
static unsigned news_of(const struct alert *alert, bool is_known)
{
	const struct record_alert *row = &alert->row;
	unsigned news = 0;

	if (!is_firing(row))
		return is_known ? NEWS_OVER : 0;
	if (alert->is_muted || !is_known)
		return alert->is_muted ? 0 : NEWS_FRESH;
	if (row->condition < row->notified_condition)
		news |= NEWS_ESCALATED;
	if (row->condition > row->notified_condition)
		news |= NEWS_EASED;
	if (row->flapping && !alert->flapping_notified)
		news |= NEWS_FLAPS;
	if (row->acknowledged_ms != row->notified_acknowledged_ms)
		news |= NEWS_ACKNOWLEDGED;
	return news;
}

/* Is the alert worse than is known, or, while nobody was notified yet, than when it opened? */
static bool is_urgent(const struct alert *alert)
{
	const struct record_alert *row = &alert->row;

	if (!is_firing(row) || alert->is_muted)
		return false;
	return row->condition <
	       (row->notified == RECORD_NOTIFIED_FIRING ? row->notified_condition : row->opened);
}

/* Does the alert fire, is it known to, and is that to be repeated? */
static bool needs_repeat(const struct alert *alert, int64_t now_ms)
{
	return is_firing(&alert->row) && alert->row.notified == RECORD_NOTIFIED_FIRING &&
	       !alert->is_muted && !alerts_is_acknowledged(&alert->row, now_ms);
}

/*
 * "A/B/C" of names; a slash in a name is "%2F", as in a URL, so that 'A' and 'B/C' are not 'A/B'
 * and 'C'.
 */
static const char *part_of_key(const char *name, struct arena *arena)
{
	const char *out = "";

	for (size_t n = strcspn(name, "/%"); name[n] != '\0'; n = strcspn(name, "/%")) {
		out = arena_printf(arena, "%s%.*s%s", out, (int)n, name,
				   name[n] == '/' ? "%2F" : "%25");
		name += n + 1;
	}
	return *out ? arena_printf(arena, "%s%s", out, name) : name;
}

const char *alerts_place_key(const char *organization, const char *site, struct arena *arena)
{
	return arena_printf(arena, "%s/%s", part_of_key(organization, arena),
			    part_of_key(site, arena));
}

static struct alert_group *find_or_add_group(struct alerts *alerts, const struct record_alert *row)
{
	struct arena arena;
	arena_init(&arena);
	const char *key =
		arena_printf(&arena, "%s/%s",
			     alerts_place_key(row->organization, row->site, &arena), row->cause);
	struct alert_group *group = text_map_get(&alerts->by_group, key);

	if (!group) {
		group = mem_alloc(sizeof *group);
		group->key = mem_strdup(key);
		group->notified_ms = TIMESTAMP_NONE;
		group->at = alerts->groups.n;
		alerts->groups.at = alerts_append(alerts->groups.at, &alerts->groups.n,
						  &alerts->groups.room, group);
		text_map_add(&alerts->by_group, group->key, group);
	}
	arena_deinit(&arena);
	return group;
}

static void mark_touched(struct alerts *alerts, struct alert_group *group)
{
	if (group->is_touched)
		return;
	group->is_touched = true;
	alerts->touched.at =
		alerts_append(alerts->touched.at, &alerts->touched.n, &alerts->touched.room, group);
}

void alerts_join(struct alerts *alerts, struct alert *alert)
{
	assert(alert->row.state != RECORD_ALERT_PENDING);
	if (!alert->group) {
		struct alert_group *group = find_or_add_group(alerts, &alert->row);
		alert->group = group;
		group->alerts.at = alerts_append(group->alerts.at, &group->alerts.n,
						 &group->alerts.room, alert);
		if (alert->row.notified_ms > group->notified_ms)
			group->notified_ms = alert->row.notified_ms;
	}
	mark_touched(alerts, alert->group);
}

/* The alert's end was sent, or never needed to be. */
static void leave_group(struct alert *alert)
{
	struct alert_group *group = alert->group;
	size_t i = 0;

	for (; group->alerts.at[i] != alert; i++)
		assert(i + 1 < group->alerts.n);
	memmove(&group->alerts.at[i], &group->alerts.at[i + 1],
		(group->alerts.n - i - 1) * sizeof(struct alert *));
	group->alerts.n--;
	alert->group = NULL;
}

void alerts_free_group(struct alert_group *group)
{
	free(group->alerts.at);
	free(group->key);
	free(group);
}

static void drop_group(struct alerts *alerts, struct alert_group *group)
{
	assert(group->alerts.n == 0 && !group->is_touched);
	text_map_remove(&alerts->by_group, group->key);
	assert(alerts->groups.at[group->at] == group);
	alerts->groups.at[group->at] = alerts->groups.at[--alerts->groups.n];
	alerts->groups.at[group->at]->at = group->at;
	alerts_free_group(group);
}

/* State of a group, as far as it decides when its next notification is due. */
struct group_state {
	bool has_news;
	bool is_known;  /* something of it is known to fire */
	bool is_urgent; /* something is worse than is known */
	bool needs_repeat;
	int64_t first_ms;   /* the first piece of news */
	int64_t recheck_ms; /* when what is muted or acknowledged may be so no longer */
};

static int64_t time_of_news(const struct alert *alert, unsigned news, int64_t now_ms)
{
	if (news & NEWS_FRESH)
		return alert->row.fired_ms;
	return news & NEWS_OVER ? alert->row.resolved_ms : now_ms;
}

static void collect_state(const struct alerts *alerts, const struct alert *alert,
			  struct group_state *state, int64_t now_ms)
{
	const struct record_alert *row = &alert->row;
	bool is_known = row->notified == RECORD_NOTIFIED_FIRING;
	unsigned news = news_of(alert, is_known);

	state->is_known |= is_known;
	state->is_urgent |= is_urgent(alert);
	state->needs_repeat |= needs_repeat(alert, now_ms);
	if (is_firing(row) && alert->is_muted) /* silences and windows are looked at every minute */
		state->recheck_ms =
			alert_earlier(state->recheck_ms, now_ms - now_ms % 60000 + 60000);
	if (is_firing(row) && alerts_is_acknowledged(row, now_ms) &&
	    row->acknowledged_until_ms != TIMESTAMP_NONE)
		state->recheck_ms = alert_earlier(state->recheck_ms, row->acknowledged_until_ms);
	if (!alerts->shows_acknowledgements)
		news &= ~(unsigned)NEWS_ACKNOWLEDGED;
	if (!news)
		return;
	int64_t at_ms = time_of_news(alert, news, now_ms);
	state->first_ms = state->has_news ? alert_earlier(state->first_ms, at_ms) : at_ms;
	state->has_news = true;
}

/* When is the next notification of it due? */
static int64_t due_of(const struct alerts *alerts, const struct alert_group *group,
		      const struct group_state *state, int64_t now_ms)
{
	const struct alert_policy *policy = &alerts->policy;
	int64_t due = INT64_MAX;

	if (state->is_urgent)
		return now_ms;
	if (state->has_news && !state->is_known)
		due = state->first_ms + policy->group_wait_ms;
	else if (state->has_news)
		due = state->first_ms;
	if (state->has_news && group->notified_ms != TIMESTAMP_NONE &&
	    due < group->notified_ms + policy->group_interval_ms)
		due = group->notified_ms + policy->group_interval_ms;
	if (state->needs_repeat && due > group->notified_ms + policy->repeat_ms)
		due = group->notified_ms + policy->repeat_ms;
	return due;
}

/* Does the target take one of those degrees, of an alert at that place? */
static bool takes_any(const struct alert_target *target, const struct record_alert *row,
		      unsigned degrees)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if ((degrees & CONDITION_BIT(i)) &&
		    hook_route_takes(target->route, (enum condition)i, row->organization,
				     row->site))
			return true;
	}
	return false;
}

bool alerts_is_for_target(const struct alert_target *target, const struct alert *alert)
{
	return is_firing(&alert->row) && !alert->is_muted &&
	       takes_any(target, &alert->row, alert->row.degrees);
}

/* An alert that concerns a target. */
struct choice {
	const struct alert *alert;
	unsigned news; /* to the target */
};

/* The alerts that go to one target. */
struct selection {
	struct choice *all;
	size_t n;
	bool is_known; /* something of it is known there to fire */
	unsigned news;
	size_t firing[CONDITION_COUNT];
	size_t n_firing;
};

static void select_alert(const struct alert *alert, const struct alert_target *target,
			 struct selection *out)
{
	const struct record_alert *row = &alert->row;
	bool is_known = row->notified == RECORD_NOTIFIED_FIRING &&
			takes_any(target, row, row->notified_degrees);
	unsigned news = news_of(alert, is_known);

	if (row->condition == CONDITION_HOOK && target->is_stuck)
		return;
	if (is_firing(row) ? alert->is_muted : !target->route->send_resolved || !is_known)
		return;
	if (!is_known && !takes_any(target, row, row->degrees))
		return;
	if (!target->shows_acknowledgements)
		news &= ~(unsigned)NEWS_ACKNOWLEDGED;
	out->all[out->n++] = (struct choice){ alert, news };
	out->is_known |= is_known;
	out->news |= news;
	out->n_firing += is_firing(row);
	out->firing[row->condition] += is_firing(row);
}

/* News first, so that what is cut is known already. */
static int compare_news(const void *a, const void *b)
{
	const struct choice *left = a;
	const struct choice *right = b;
	int order = (left->news == 0) - (right->news == 0);

	if (order == 0)
		order = is_firing(&right->alert->row) - is_firing(&left->alert->row);
	if (order == 0)
		order = (int)left->alert->row.condition - (int)right->alert->row.condition;
	return order ? order : strcmp(left->alert->row.server, right->alert->row.server);
}

/* Firing alerts first, and the worst of them first. */
static int compare_shown(const void *a, const void *b)
{
	struct choice left = *(const struct choice *)a;
	struct choice right = *(const struct choice *)b;

	left.news = right.news = 1;
	return compare_news(&left, &right);
}

static enum notification_reason reason_of(const struct selection *chosen)
{
	if (chosen->n_firing == 0)
		return NOTIFICATION_RESOLVED;
	if (chosen->news & NEWS_ESCALATED)
		return NOTIFICATION_ESCALATED;
	if (chosen->news & NEWS_FRESH)
		return chosen->is_known ? NOTIFICATION_MORE : NOTIFICATION_OPENED;
	if (chosen->news & NEWS_EASED)
		return NOTIFICATION_EASED;
	if (chosen->news & NEWS_OVER)
		return NOTIFICATION_FEWER;
	return chosen->news & NEWS_ACKNOWLEDGED ? NOTIFICATION_ACKNOWLEDGED
						: NOTIFICATION_STILL_OPEN;
}

/* The worst first; as many as a notification holds. Returns how many. */
static size_t show_choices(const struct alerts *alerts, struct selection *chosen, int64_t now_ms,
			   struct notification_alert *out, struct arena *arena)
{
	size_t n = chosen->n < NOTIFICATION_MAX_ALERTS ? chosen->n : NOTIFICATION_MAX_ALERTS;

	qsort(chosen->all, chosen->n, sizeof *chosen->all, compare_news);
	qsort(chosen->all, n, sizeof *chosen->all, compare_shown);
	for (size_t i = 0; i < n; i++) {
		const struct record_alert *row = &chosen->all[i].alert->row;
		out[i] = alerts_show(alerts, row, arena);
		out[i].has_before = chosen->all[i].news & (NEWS_ESCALATED | NEWS_EASED);
		out[i].before = row->notified_condition;
		if (is_firing(row) && !alerts_is_acknowledged(row, now_ms))
			out[i].acknowledged_by = ""; /* any longer */
	}
	return n;
}

void alerts_emit_notification(struct alerts *alerts, struct notification *notification,
			      struct alert_changes *out)
{
	int64_t id = alerts_next_id(alerts, notification->at_ms);
	struct record_delivery *row = arena_alloc(&out->arena, sizeof *row);
	struct buffer body;

	buffer_init(&body);
	notification->id = arena_printf(&out->arena, "%" PRId64, id);
	notification_write(notification, &body);
	*row = (struct record_delivery){
		.id = id,
		.hook = arena_strdup(&out->arena, notification->hook),
		.lane = alerts_place_key(notification->organization, notification->site,
					 &out->arena),
		.state = RECORD_DELIVERY_WAITING,
		.made_ms = notification->at_ms,
		.next_ms = notification->at_ms,
		.ended_ms = TIMESTAMP_NONE,
		.result = "",
		.body = arena_strndup(&out->arena, body.bytes, body.size),
		.body_size = body.size,
	};
	buffer_deinit(&body);
	alerts_emit_delivery(out, row);
}

static void emit_delivery(struct alerts *alerts, const struct alert_group *group,
			  const struct alert_target *target, struct selection *chosen,
			  enum notification_reason reason, int64_t now_ms,
			  struct alert_changes *out)
{
	struct notification_alert shown[NOTIFICATION_MAX_ALERTS];
	const struct record_alert *first = &group->alerts.at[0]->row;
	size_t n = show_choices(alerts, chosen, now_ms, shown, &out->arena);
	struct notification notification = {
		.hook = target->name,
		.group_key = group->key,
		.organization = first->organization,
		.site = first->site,
		.cause = first->cause,
		.url = alerts->url ? alerts->url : "",
		.resolved = chosen->n_firing == 0,
		.reason = reason,
		.at_ms = now_ms,
		.alerts = shown,
		.n_alerts = n,
		.truncated = chosen->n - n,
	};
	assert(n > 0);
	memcpy(notification.firing, chosen->firing, sizeof notification.firing);
	alerts_emit_notification(alerts, &notification, out);
}

static struct alert_news news_of_selection(const struct selection *chosen)
{
	struct alert_news out = {
		.fired_ms = INT64_MAX,
		.is_worse = chosen->news & NEWS_ESCALATED,
		.is_end = chosen->n_firing == 0,
		.is_acknowledging = chosen->news == NEWS_ACKNOWLEDGED,
	};

	for (size_t i = 0; i < chosen->n; i++) {
		const struct record_alert *row = &chosen->all[i].alert->row;
		unsigned news = chosen->all[i].news;
		out.fired_ms = alert_earlier(out.fired_ms, row->fired_ms);
		out.opened += (news & NEWS_FRESH) != 0;
		out.resolved += (news & NEWS_OVER) != 0;
		out.is_of_failing |= news && (row->degrees & CONDITION_BIT(CONDITION_FAILING));
		out.is_worse |= (news & NEWS_FRESH) && row->condition == CONDITION_FAILING;
	}
	return out;
}

/* `is_first`: the target hears of everything; `all`: also where there is no news, to repeat it. */
static void notify_target(struct alerts *alerts, const struct alert_group *group,
			  const struct alert_target *target, bool is_first, bool all,
			  int64_t now_ms, struct alert_changes *out)
{
	struct selection chosen = { .n = 0 };

	if (target->disabled)
		return;
	chosen.all = mem_alloc((group->alerts.n + 1) * sizeof *chosen.all);
	for (size_t i = 0; i < group->alerts.n; i++)
		select_alert(group->alerts.at[i], target, &chosen);
	const struct alert_news news = news_of_selection(&chosen);
	if ((chosen.news || ((all || is_first) && chosen.n_firing > 0)) &&
	    alerts_may_notify(alerts, target, &news, now_ms))
		emit_delivery(alerts, group, target, &chosen,
			      is_first && chosen.n_firing > 0 ? NOTIFICATION_OPENED
							      : reason_of(&chosen),
			      now_ms, out);
	free(chosen.all);
}

static void note_notified(struct alerts *alerts, struct alert_group *group, int64_t now_ms)
{
	group->notified_ms = now_ms;
	for (size_t i = 0; i < group->alerts.n; i++) {
		struct alert *alert = group->alerts.at[i];
		struct record_alert *row = &alert->row;
		if (is_firing(row) && alert->is_muted)
			continue;
		if (is_firing(row))
			row->notified = RECORD_NOTIFIED_FIRING;
		else if (row->notified == RECORD_NOTIFIED_FIRING)
			row->notified = RECORD_NOTIFIED_RESOLVED;
		row->notified_ms = now_ms;
		row->notified_condition = row->condition;
		row->notified_degrees = row->degrees;
		row->notified_acknowledged_ms = row->acknowledged_ms;
		alert->flapping_notified = row->flapping;
		alerts_mark(alerts, alert);
	}
}

/* Resolved alerts whose end was sent, or never needed to be, go. */
static void release_resolved(struct alerts *alerts, struct alert_group *group)
{
	for (size_t i = group->alerts.n; i-- > 0;) {
		struct alert *alert = group->alerts.at[i];
		if (is_firing(&alert->row) || alert->row.notified == RECORD_NOTIFIED_FIRING)
			continue;
		alerts_mark(alerts, alert);
		leave_group(alert);
		alerts_release(alert);
	}
}

static void settle_group(struct alerts *alerts, struct alert_group *group, int64_t now_ms,
			 struct alert_changes *out)
{
	struct group_state state = { .recheck_ms = INT64_MAX };

	group->is_touched = false;
	for (size_t i = 0; i < group->alerts.n; i++) {
		struct alert *alert = group->alerts.at[i];
		alert->is_muted = is_muted(alerts, &alert->row, now_ms);
		collect_state(alerts, alert, &state, now_ms);
	}
	if (group->notified_ms > now_ms)
		group->notified_ms = now_ms; /* the clock was set back */
	int64_t due = due_of(alerts, group, &state, now_ms);
	if (due <= now_ms) {
		for (size_t i = 0; i < alerts->n_targets; i++)
			notify_target(alerts, group, &alerts->targets[i], false, !state.has_news,
				      now_ms, out);
		note_notified(alerts, group, now_ms);
		due = now_ms + alerts->policy.repeat_ms;
	}
	alerts_due_at(alerts, alert_earlier(due, state.recheck_ms));
	release_resolved(alerts, group);
}

void alerts_settle(struct alerts *alerts, bool all, int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; all && i < alerts->groups.n; i++)
		mark_touched(alerts, alerts->groups.at[i]);
	while (alerts->touched.n > 0) {
		struct alert_group *group = alerts->touched.at[--alerts->touched.n];
		settle_group(alerts, group, now_ms, out);
		if (group->alerts.n == 0)
			drop_group(alerts, group);
	}
	if (all)
		alerts_advance_summaries(alerts, now_ms, out);
	alerts_emit_summaries(alerts, out);
	alerts_emit(alerts, out);
}

void alerts_notify_target(struct alerts *alerts, const char *name, int64_t now_ms,
			  struct alert_changes *out)
{
	for (size_t t = 0; t < alerts->n_targets; t++) {
		if (strcmp(alerts->targets[t].name, name) != 0)
			continue;
		for (size_t i = 0; i < alerts->groups.n; i++) {
			struct alert_group *group = alerts->groups.at[i];
			if (group->notified_ms != TIMESTAMP_NONE) /* else all are notified soon */
				notify_target(alerts, group, &alerts->targets[t], true, true,
					      now_ms, out);
		}
	}
}
