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
	return alerts_next_silence(alerts, row, now_ms, &at) ||
	       alerts_maintenance_of(alerts, row, now_ms);
}

static bool is_firing(const struct record_alert *row)
{
	return row->state == RECORD_ALERT_FIRING;
}

/*
 * It fires and nobody knows, neither that nor that it has begun to flap; or its end is not known.
 */
static bool is_news(const struct alert *alert)
{
	if (!is_firing(&alert->row))
		return alert->row.told == RECORD_TOLD_FIRING;
	return !alert->is_muted && (alert->row.told == RECORD_TOLD_NOTHING ||
				    (alert->row.flapping && !alert->is_said_to_flap));
}

/* It fires, and that is to be told again and again. */
static bool nags(const struct alert *alert, int64_t now_ms)
{
	return is_firing(&alert->row) && alert->row.told == RECORD_TOLD_FIRING &&
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

static const char *place_key(const char *organization, const char *site, struct arena *arena)
{
	return arena_printf(arena, "%s/%s", part_of_key(organization, arena),
			    part_of_key(site, arena));
}

static struct alert_group *find_or_add(struct alerts *alerts, const struct record_alert *row)
{
	struct arena arena;
	arena_init(&arena);
	const char *key = arena_printf(&arena, "%s/%s",
				       place_key(row->organization, row->site, &arena), row->cause);
	struct alert_group *group = text_map_get(&alerts->by_group, key);

	if (!group) {
		group = mem_alloc(sizeof *group);
		group->key = mem_strdup(key);
		group->told_ms = TIMESTAMP_NONE;
		group->at = alerts->n_groups;
		alerts->groups = alerts_append(alerts->groups, &alerts->n_groups,
					       &alerts->room_groups, group);
		text_map_add(&alerts->by_group, group->key, group);
	}
	arena_deinit(&arena);
	return group;
}

static void touch(struct alerts *alerts, struct alert_group *group)
{
	if (group->is_touched)
		return;
	group->is_touched = true;
	alerts->touched =
		alerts_append(alerts->touched, &alerts->n_touched, &alerts->room_touched, group);
}

void alerts_join(struct alerts *alerts, struct alert *alert)
{
	if (!alert->group) {
		struct alert_group *group = find_or_add(alerts, &alert->row);
		alert->group = group;
		group->alerts = alerts_append(group->alerts, &group->n, &group->room, alert);
		if (alert->row.told_ms > group->told_ms)
			group->told_ms = alert->row.told_ms;
	}
	touch(alerts, alert->group);
}

/* Its end is told, or was never worth it. */
static void leave(struct alert *alert)
{
	struct alert_group *group = alert->group;
	size_t i = 0;

	while (group->alerts[i] != alert)
		i++;
	memmove(&group->alerts[i], &group->alerts[i + 1],
		(group->n - i - 1) * sizeof(struct alert *));
	group->n--;
	alert->group = NULL;
}

void alerts_free_group(struct alert_group *group)
{
	free(group->alerts);
	free(group->key);
	free(group);
}

static void drop_group(struct alerts *alerts, struct alert_group *group)
{
	text_map_remove(&alerts->by_group, group->key);
	alerts->groups[group->at] = alerts->groups[--alerts->n_groups];
	alerts->groups[group->at]->at = group->at;
	alerts_free_group(group);
}

/* What a group has to say. */
struct group_news {
	bool news;
	bool told_before; /* something of it is known to fire */
	bool fresh;       /* something new fires */
	bool over;        /* something is over */
	bool nags;
	bool fires;
	int64_t first_ms; /* the first piece of news */
	int64_t look_ms;  /* when what is muted or acknowledged may be so no longer */
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void look(const struct alert *alert, struct group_news *v, int64_t now_ms)
{
	const struct record_alert *row = &alert->row;
	bool firing = is_firing(row);

	v->fires |= firing && !alert->is_muted;
	v->told_before |= row->told == RECORD_TOLD_FIRING;
	v->nags |= nags(alert, now_ms);
	if (firing && alert->is_muted) /* silences and windows are looked at every minute */
		v->look_ms = earlier(v->look_ms, now_ms - now_ms % 60000 + 60000);
	if (firing && alerts_is_acknowledged(row, now_ms) &&
	    row->acknowledged_until_ms != TIMESTAMP_NONE)
		v->look_ms = earlier(v->look_ms, row->acknowledged_until_ms);
	if (!is_news(alert))
		return;
	bool fresh = firing && row->told == RECORD_TOLD_NOTHING;
	int64_t at_ms = fresh ? row->fired_ms : firing ? now_ms : row->resolved_ms;
	v->fresh |= fresh;
	v->over |= !firing;
	v->first_ms = !v->news || at_ms < v->first_ms ? at_ms : v->first_ms;
	v->news = true;
}

/* When is the next notification of it due? */
static int64_t due_of(const struct alerts *alerts, const struct alert_group *group,
		      const struct group_news *v)
{
	const struct alert_policy *policy = &alerts->policy;
	int64_t due = INT64_MAX;

	if (v->news && !v->told_before)
		due = v->first_ms + policy->group_wait_ms;
	else if (v->news)
		due = v->first_ms;
	if (v->news && group->told_ms != TIMESTAMP_NONE &&
	    due < group->told_ms + policy->group_interval_ms)
		due = group->told_ms + policy->group_interval_ms;
	if (v->nags && due > group->told_ms + policy->repeat_ms)
		due = group->told_ms + policy->repeat_ms;
	return due;
}

static enum notification_reason reason_of(const struct group_news *v)
{
	if (v->fresh)
		return v->told_before ? NOTIFICATION_MORE : NOTIFICATION_OPENED;
	if (!v->over)
		return NOTIFICATION_STILL_OPEN;
	return v->fires ? NOTIFICATION_FEWER : NOTIFICATION_RESOLVED;
}

/* Is this one for that target, and worth a word now? */
static bool concerns(const struct alert *alert, const struct alert_target *target)
{
	const struct record_alert *row = &alert->row;

	if (is_firing(row) ? alert->is_muted
			   : !target->route->send_resolved || row->told != RECORD_TOLD_FIRING)
		return false;
	return hook_route_takes(target->route, row->condition, row->organization, row->site);
}

/* What goes to one target; news first, so that what is cut is known already. */
struct selection {
	struct notification_alert alerts[NOTIFICATION_MAX_ALERTS];
	size_t n;
	size_t total;
	size_t n_firing;
	size_t n_news;
	size_t firing[CONDITION_COUNT];
};

static void select_alerts(const struct alerts *alerts, const struct alert_group *group,
			  const struct alert_target *target, bool news, struct selection *out,
			  struct arena *arena)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct alert *alert = group->alerts[i];
		if (!concerns(alert, target) || is_news(alert) != news)
			continue;
		out->total++;
		out->n_news += news;
		out->n_firing += is_firing(&alert->row);
		out->firing[alert->row.condition] += is_firing(&alert->row);
		if (out->n < NOTIFICATION_MAX_ALERTS)
			out->alerts[out->n++] = alerts_show(alerts, &alert->row, arena);
	}
}

static void write_delivery(struct alerts *alerts, const struct alert_group *group,
			   const struct alert_target *target, const struct selection *chosen,
			   enum notification_reason reason, int64_t now_ms,
			   struct alert_changes *out)
{
	struct record_delivery *row = arena_alloc(&out->arena, sizeof *row);
	const struct record_alert *first = &group->alerts[0]->row;
	struct buffer body;

	row->id = alerts_next_id(alerts, now_ms);
	struct notification notification = {
		.id = arena_printf(&out->arena, "%" PRId64, row->id),
		.hook = target->name,
		.group_key = group->key,
		.organization = first->organization,
		.site = first->site,
		.cause = first->cause,
		.url = alerts->url ? alerts->url : "",
		.resolved = chosen->n_firing == 0,
		.reason = chosen->n_firing == 0 ? NOTIFICATION_RESOLVED : reason,
		.at_ms = now_ms,
		.alerts = chosen->alerts,
		.n_alerts = chosen->n,
		.truncated = chosen->total - chosen->n,
	};
	memcpy(notification.firing, chosen->firing, sizeof notification.firing);
	buffer_init(&body);
	notification_write(&notification, &body);
	row->hook = arena_strdup(&out->arena, target->name);
	row->lane = place_key(first->organization, first->site, &out->arena);
	row->state = RECORD_DELIVERY_WAITING;
	row->made_ms = row->next_ms = now_ms;
	row->ended_ms = TIMESTAMP_NONE;
	row->result = "";
	row->body = arena_strndup(&out->arena, body.bytes, body.size);
	row->body_size = body.size;
	buffer_deinit(&body);
	alerts_emit_delivery(out, row);
}

/* `all`: also where there is no news, for a repetition or a target that knows nothing yet. */
static void tell(struct alerts *alerts, const struct alert_group *group,
		 const struct alert_target *target, enum notification_reason reason, bool all,
		 int64_t now_ms, struct alert_changes *out)
{
	struct selection *chosen = mem_alloc(sizeof *chosen);

	select_alerts(alerts, group, target, true, chosen, &out->arena);
	select_alerts(alerts, group, target, false, chosen, &out->arena);
	if (!target->disabled && (chosen->n_news > 0 || (all && chosen->n_firing > 0)))
		write_delivery(alerts, group, target, chosen, reason, now_ms, out);
	free(chosen);
}

static void note_told(struct alerts *alerts, struct alert_group *group, int64_t now_ms)
{
	group->told_ms = now_ms;
	for (size_t i = 0; i < group->n; i++) {
		struct alert *alert = group->alerts[i];
		if (is_firing(&alert->row) && alert->is_muted)
			continue;
		if (is_firing(&alert->row))
			alert->row.told = RECORD_TOLD_FIRING;
		else if (alert->row.told == RECORD_TOLD_FIRING)
			alert->row.told = RECORD_TOLD_RESOLVED;
		alert->row.told_ms = now_ms;
		alert->is_said_to_flap = alert->row.flapping;
		alerts_mark(alerts, alert);
	}
}

/* Those that are over, and told or never told, go. */
static void release_over(struct alerts *alerts, struct alert_group *group)
{
	for (size_t i = group->n; i-- > 0;) {
		struct alert *alert = group->alerts[i];
		if (is_firing(&alert->row) || alert->row.told == RECORD_TOLD_FIRING)
			continue;
		alerts_mark(alerts, alert);
		leave(alert);
		alerts_release(alert);
	}
}

static void settle(struct alerts *alerts, struct alert_group *group, int64_t now_ms,
		   struct alert_changes *out)
{
	struct group_news v = { .look_ms = INT64_MAX };

	group->is_touched = false;
	for (size_t i = 0; i < group->n; i++) {
		struct alert *alert = group->alerts[i];
		alert->is_muted = is_muted(alerts, &alert->row, now_ms);
		look(alert, &v, now_ms);
	}
	if (group->told_ms > now_ms)
		group->told_ms = now_ms; /* the clock was set back */
	int64_t due = due_of(alerts, group, &v);
	if (due <= now_ms) {
		for (size_t i = 0; i < alerts->n_targets; i++)
			tell(alerts, group, &alerts->targets[i], reason_of(&v), !v.news, now_ms,
			     out);
		note_told(alerts, group, now_ms);
		due = now_ms + alerts->policy.repeat_ms;
	}
	alerts_due_at(alerts, earlier(due, v.look_ms));
	release_over(alerts, group);
}

void alerts_settle(struct alerts *alerts, bool all, int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; all && i < alerts->n_groups; i++)
		touch(alerts, alerts->groups[i]);
	while (alerts->n_touched > 0) {
		struct alert_group *group = alerts->touched[--alerts->n_touched];
		settle(alerts, group, now_ms, out);
		if (group->n == 0)
			drop_group(alerts, group);
	}
	alerts_emit(alerts, out);
}

void alerts_tell_target(struct alerts *alerts, const char *name, int64_t now_ms,
			struct alert_changes *out)
{
	for (size_t t = 0; t < alerts->n_targets; t++) {
		if (strcmp(alerts->targets[t].name, name) != 0)
			continue;
		for (size_t i = 0; i < alerts->n_groups; i++) {
			struct alert_group *group = alerts->groups[i];
			if (group->told_ms != TIMESTAMP_NONE) /* else it is told soon, to all */
				tell(alerts, group, &alerts->targets[t], NOTIFICATION_OPENED, true,
				     now_ms, out);
		}
	}
}
