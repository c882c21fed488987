#include "collector/pipeline/alerting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/model/record_alert.h"
#include "collector/pipeline/alerting_internal.h"
#include "collector/pipeline/self_check.h"
#include "collector/pipeline/surroundings.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

/* The timer's lower bound, so that a due time in the past cannot make it spin. */
#define MIN_SLEEP_MS INT64_C(20)
#define MAX_SLEEP_MS (INT64_C(60) * 1000)

/* To look at all servers of a large fleet takes some milliseconds: not more often than this. */
#define SURROUNDINGS_LOOK_MS 250

/* How often it is looked whether many silent servers are heard of again. */
#define SURROUNDINGS_END_MS 5000

/* How often old alerts are dropped. */
#define TRIM_MS (INT64_C(3600) * 1000)

static void schedule(struct alerting *a)
{
	int64_t now_ms = a->options.now_ms();
	int64_t due_ms = alerts_next_due(a->alerts);

	if (a->is_stopped || !a->is_ready)
		return;
	if (due_ms > a->look_ms)
		due_ms = a->look_ms;
	if (alerts_count_firing(a->alerts, CONDITION_SURROUNDINGS) > 0 &&
	    due_ms > a->surroundings_ms + SURROUNDINGS_END_MS)
		due_ms = a->surroundings_ms + SURROUNDINGS_END_MS;
	int64_t sleep_ms = due_ms <= now_ms ? 0 : due_ms - now_ms;
	sleep_ms = sleep_ms < MIN_SLEEP_MS ? MIN_SLEEP_MS : sleep_ms;
	loop_timer_start(a->timer, (uint64_t)(sleep_ms < MAX_SLEEP_MS ? sleep_ms : MAX_SLEEP_MS));
}

/* Whom to notify; after every change of the hooks. */
static void set_targets(struct alerting *a)
{
	size_t n = hooks_count(a->options.hooks);
	size_t n_targets = 0;

	a->targets = mem_realloc(a->targets, (n + 1) * sizeof *a->targets);
	for (size_t i = 0; i < n; i++) {
		const struct hook *hook = hooks_at(a->options.hooks, i);
		if (!hook_is_notified(hook))
			continue;
		struct alert_target *target = &a->targets[n_targets++];
		*target = (struct alert_target){
			.name = hook->name,
			.route = &hook->route,
			.disabled = outbox_is_disabled(a->outbox, hook->name),
			.is_stuck = outbox_is_stuck(a->outbox, hook->name),
			.shows_acknowledgements = hook_shows_acknowledgements(hook),
			.keeps_incidents = hook_keeps_incidents(hook),
		};
		target->report_minute = hook_report_minute(hook, &target->zone);
	}
	alerts_set_targets(a->alerts, a->targets, n_targets);
}

/* The servers, and those that should be there and never reported; false: nobody can say. */
static bool list_servers(const struct alerting *a, struct arena *arena, struct server_list *out)
{
	char error[STORE_ERROR_SIZE];

	if (!a->options.inventory || !a->fleet)
		return false;
	if (inventory_list(a->options.inventory, a->fleet, arena, out, error) == STATUS_OK)
		return true;
	log_error("could not look who is expected: %s", error);
	return false;
}

static void count_table(const struct server_table *table, const struct hook_route *route,
			struct notification_fleet *out)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct fleet_row *row = &table->rows[i];
		const struct fleet_place *place = &table->places[row->site];
		if (!hook_route_takes_site(route, place->organization, place->site))
			continue;
		out->servers++;
		out->fixed += row->verdict == VERDICT_PROTECTED;
		out->silent += row->silent;
		out->not_monitored += row->not_monitored;
	}
}

/* For daily reports. */
static void count_fleet(void *user, const struct hook_route *route, struct notification_fleet *out)
{
	struct server_list list;
	struct arena arena;

	arena_init(&arena);
	if (list_servers(user, &arena, &list)) {
		count_table(&list.known, route, out);
		count_table(&list.missing, route, out);
	}
	arena_deinit(&arena);
}

static void update_expected(struct alerting *a, int64_t now_ms, struct alert_changes *out)
{
	struct server_list list;
	struct arena arena;

	arena_init(&arena);
	if (list_servers(a, &arena, &list)) {
		alerts_begin_expected(a->alerts);
		for (size_t i = 0; i < list.missing.n; i++)
			alerts_update_expected(a->alerts, list.missing.rows[i].view, now_ms, out);
		alerts_end_expected(a->alerts, now_ms, out);
	}
	arena_deinit(&arena);
}

static struct alert_changes *begin_changes(void)
{
	struct alert_changes *changes = mem_alloc(sizeof *changes);
	alert_changes_init(changes);
	return changes;
}

static void end_changes(struct alert_changes *changes)
{
	alert_changes_deinit(changes);
	free(changes);
}

static void fill_store_change(struct store_change *change, const struct alert_changes *changes)
{
	change->alerts = changes->alerts;
	change->n_alerts = changes->n_alerts;
	change->dropped_alerts = changes->dropped;
	change->n_dropped_alerts = changes->n_dropped;
	change->deliveries = changes->deliveries;
	change->n_deliveries = changes->n_deliveries;
	change->summaries = changes->summaries;
	change->n_summaries = changes->n_summaries;
}

void alerting_finish(struct alerting *a, struct alert_changes *changes, bool durable)
{
	if (!changes)
		return;
	for (size_t i = 0; durable && a->options.changed && i < changes->n_alerts; i++)
		a->options.changed(a->options.user, changes->alerts[i]);
	for (size_t i = 0; durable && i < changes->n_deliveries; i++)
		outbox_put(a->outbox, changes->deliveries[i]);
	if (durable && !a->is_stopped && changes->n_alerts > 0)
		hooks_changed(a->options.hooks);
	end_changes(changes);
}

static void on_stored(void *user, enum status status, const char *error)
{
	struct alerting_change *pending = user;
	struct alerting *a = pending->alerting;

	alerting_finish(a, pending->changes, status == STATUS_OK);
	if (status != STATUS_OK && a->failed)
		a->failed(a->failed_user, error);
	if (pending->done)
		pending->done(pending->user, status, error);
	arena_deinit(&pending->arena);
	free(pending);
}

struct alerting_change *alerting_begin(struct alerting *a, alerting_done *done, void *user)
{
	struct alerting_change *pending = mem_alloc(sizeof *pending);
	*pending = (struct alerting_change){
		.alerting = a, .changes = begin_changes(), .done = done, .user = user
	};
	arena_init(&pending->arena);
	return pending;
}

void alerting_drop(struct alerting_change *pending)
{
	end_changes(pending->changes);
	arena_deinit(&pending->arena);
	free(pending);
}

enum status alerting_submit(struct alerting_change *pending, struct store_change *change)
{
	struct alerting *a = pending->alerting;

	fill_store_change(change, pending->changes);
	change->done = on_stored;
	change->user = pending;
	enum status status = store_submit(a->options.store, change);
	if (status != STATUS_OK) {
		alerting_drop(pending);
		if (a->failed)
			a->failed(a->failed_user, "too many changes wait for the store");
	}
	schedule(a);
	return status;
}

static void submit_own(struct alerting_change *pending, bool trim)
{
	struct store_change change = { .trim_alerts_ms =
					       trim ? pending->alerting->options.now_ms() : 0 };

	if (alert_changes_are_empty(pending->changes) && !trim) {
		schedule(pending->alerting);
		alerting_drop(pending);
		return;
	}
	(void)alerting_submit(pending, &change); /* a refusal leads to another reading */
}

static void check_own_conditions(struct alerting *a, int64_t now_ms, struct alert_changes *out)
{
	struct arena arena;

	if (now_ms < a->look_ms && a->look_ms - now_ms <= ALERTING_LOOK_MS)
		return;
	a->look_ms = now_ms + ALERTING_LOOK_MS;
	update_expected(a, now_ms, out);
	struct outbox_stuck stuck = outbox_find_stuck(a->outbox);
	struct store_loss loss = store_last_loss(a->options.store);
	arena_init(&arena);
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (!condition_is_own((enum condition)i))
			continue;
		struct self_check_facts facts = {
			.data = a->data,
			.certificate_end_ms =
				a->options.certificate_end_ms
					? a->options.certificate_end_ms(a->options.user)
					: TIMESTAMP_NONE,
			.lost_commits = loss.n_commits,
			.lost_ms = loss.at_ms,
			.is_asynchronous = store_is_asynchronous(a->options.store),
			.last_dead_ms = outbox_last_dead_ms(a->outbox),
			.stuck_hook = stuck.hook,
			.stuck_ms = stuck.since_ms,
			.away = a->options.away ? a->options.away(a->options.user, &arena) : NULL,
			.clocks_apart = a->options.clocks_apart
						? a->options.clocks_apart(a->options.user, &arena)
						: NULL,
		};
		const struct alert_ill ill =
			self_check_run(&facts, (enum condition)i, now_ms, &arena);
		alerts_update_self_check(a->alerts, (enum condition)i, &ill, now_ms, out);
	}
	arena_deinit(&arena);
}

/* Whoever is silent is so only some intervals later. */
static void hear_from(struct alerting *a, int64_t ms)
{
	a->heard_from_ms = ms;
	alerts_start_grace(a->alerts, ms);
}

/* Nobody was silent in a time that the clock left out. */
static void look_at_clock(struct alerting *a)
{
	int64_t gap_ms = a->options.last_gap_ms();

	if (gap_ms > a->heard_from_ms)
		hear_from(a, gap_ms);
}

/* Before a silence is told of, for it may be one of many. */
static void update_surroundings(struct alerting *a, int64_t now_ms, struct alert_changes *out)
{
	int64_t past_ms = now_ms - a->surroundings_ms;

	if (!a->fleet || (past_ms >= 0 && past_ms < SURROUNDINGS_LOOK_MS))
		return;
	a->surroundings_ms = now_ms;
	surroundings_update(a->alerts, a->fleet, a->heard_from_ms, now_ms, out);
}

static bool has_silent(const struct changes *changes)
{
	for (size_t i = 0; i < changes->n_views; i++) {
		if (changes->views[i]->silent)
			return true;
	}
	return false;
}

/* Hooks that are new hear of what fires already, and are known from now on. */
static void notify_new_hooks(struct alerting *a, int64_t now_ms)
{
	if (!a->is_ready || a->is_stopped)
		return;
	for (size_t i = 0; i < hooks_count(a->options.hooks); i++) {
		const struct hook *hook = hooks_at(a->options.hooks, i);
		if (!hook_is_notified(hook) || outbox_is_known(a->outbox, hook->name))
			continue;
		struct alerting_change *pending = alerting_begin(a, NULL, NULL);
		pending->hook = (struct record_hook){ arena_strdup(&pending->arena, hook->name),
						      false, now_ms };
		struct store_change change = { .hook = &pending->hook };
		alerts_notify_target(a->alerts, hook->name, now_ms, pending->changes);
		outbox_mark_known(a->outbox, hook->name);
		(void)alerting_submit(pending, &change); /* a refusal leads to another reading */
	}
}

static void on_time(void *user)
{
	struct alerting *a = user;
	int64_t now_ms = a->options.now_ms();

	if (!a->is_ready || a->is_stopped)
		return;
	struct alerting_change *pending = alerting_begin(a, NULL, NULL);
	bool trim = now_ms >= a->trim_ms;
	if (trim)
		a->trim_ms = now_ms + TRIM_MS;
	set_targets(a);
	look_at_clock(a);
	check_own_conditions(a, now_ms, pending->changes);
	update_surroundings(a, now_ms, pending->changes);
	if (alerts_next_due(a->alerts) <= now_ms)
		alerts_advance(a->alerts, now_ms, pending->changes);
	submit_own(pending, trim);
	notify_new_hooks(a, now_ms);
}

void alerting_look_soon(struct alerting *a)
{
	a->look_ms = a->options.now_ms();
	schedule(a);
}

/* What a change of the outbox means is worked out soon, not in the midst of what it does. */
static void on_outbox_changed(void *user)
{
	alerting_look_soon(user);
}

void alerting_configure(struct alerting *a, const struct alerting_settings *settings)
{
	free(a->url);
	a->url = NULL;
	if (settings->url) {
		size_t n = strlen(settings->url);
		a->url = mem_alloc(n + 2);
		snprintf(a->url, n + 2, "%s%s", settings->url,
			 n > 0 && settings->url[n - 1] == '/' ? "" : "/");
	}
	alerts_configure(a->alerts, settings->policy, a->url);
	set_targets(a);
	notify_new_hooks(a, a->options.now_ms());
	if (a->is_ready)
		outbox_retry_now(a->outbox);
	schedule(a);
}

struct alerting *alerting_new(const struct alerting_options *options)
{
	struct alerting *a = mem_alloc(sizeof *a);
	struct outbox_options outbox = {
		.loop = options->loop,
		.store = options->store,
		.hooks = options->hooks,
		.now_ms = options->now_ms,
		.changed = on_outbox_changed,
		.user = a,
		.may_send = options->may_act,
		.may_user = options->user,
	};

	a->options = *options;
	a->alerts = alerts_new();
	a->remarks = remarks_new();
	alerts_set_remarks(a->alerts, a->remarks);
	alerts_set_fleet(a->alerts, count_fleet, a);
	a->outbox = outbox_new(&outbox);
	a->timer = loop_timer_new(options->loop, on_time, a);
	a->data = mem_strdup(options->data);
	alerting_configure(a, &options->settings);
	return a;
}

void alerting_on_failure(struct alerting *a, void (*failed)(void *user, const char *error),
			 void *user)
{
	a->failed = failed;
	a->failed_user = user;
}

void alerting_stop(struct alerting *a)
{
	a->is_stopped = true;
	loop_timer_close(a->timer);
	outbox_stop(a->outbox);
}

void alerting_free(struct alerting *a)
{
	if (!a)
		return;
	alerts_free(a->alerts);
	remarks_free(a->remarks);
	outbox_free(a->outbox);
	free(a->targets);
	free(a->url);
	free(a->data);
	free(a);
}

static enum status restore_alert(void *user, const struct record_alert *row)
{
	alerts_restore(user, row);
	return STATUS_OK;
}

static enum status restore_summary(void *user, const struct record_summary *row)
{
	alerts_restore_summary(user, row);
	return STATUS_OK;
}

static enum status restore_silence(void *user, const struct record_silence *row)
{
	alerts_restore_silence(user, row);
	return STATUS_OK;
}

static enum status restore_remark(void *user, const struct record_remark *row)
{
	remarks_put(user, row);
	return STATUS_OK;
}

enum status alerting_load(struct alerting *a, char error[STORE_ERROR_SIZE])
{
	struct store *store = a->options.store;
	int64_t last_id = 0;

	alerts_reset(a->alerts);
	remarks_clear(a->remarks);
	enum status status =
		store_read_silences(store_reader(store), restore_silence, a->alerts, error);
	if (status == STATUS_OK)
		status = store_read_remarks(store_reader(store), restore_remark, a->remarks, error);
	if (status == STATUS_OK)
		status = store_read_open_alerts(store_reader(store), restore_alert, a->alerts,
						error);
	if (status == STATUS_OK)
		status = store_read_summaries(store_reader(store), restore_summary, a->alerts,
					      error);
	if (status == STATUS_OK)
		status = store_read_last_alert_id(store_reader(store), &last_id, error);
	if (status == STATUS_OK)
		status = outbox_load(a->outbox, error);
	alerts_restore_id(a->alerts, last_id);
	return status;
}

static void update_all_servers(struct alerting *a, int64_t now_ms, struct alert_changes *out)
{
	size_t n = 0;
	const struct fleet_row *rows = fleet_rows(a->fleet, &n);
	struct view **views = mem_alloc_array(n + 1, sizeof(struct view *));

	for (size_t i = 0; i < n; i++)
		views[i] = rows[i].view;
	alerts_update_servers(a->alerts, views, n, now_ms, out);
	free(views);
}

void alerting_resume(struct alerting *a, const struct fleet *fleet)
{
	int64_t now_ms = a->options.now_ms();
	struct alerting_change *pending = alerting_begin(a, NULL, NULL);

	a->is_ready = true;
	a->fleet = fleet;
	set_targets(a);
	hear_from(a, now_ms);
	update_all_servers(a, now_ms, pending->changes);
	update_expected(a, now_ms, pending->changes);
	alerts_forget_unseen(a->alerts, now_ms, pending->changes);
	submit_own(pending, false);
	notify_new_hooks(a, now_ms);
}

void alerting_suspend(struct alerting *a)
{
	a->is_ready = false;
	if (!a->is_stopped)
		loop_timer_stop(a->timer);
}

struct alert_changes *alerting_prepare(struct alerting *a, const struct changes *changes,
				       struct store_change *change)
{
	int64_t now_ms = a->options.now_ms();
	struct alert_changes *out = begin_changes();

	look_at_clock(a);
	if (has_silent(changes))
		update_surroundings(a, now_ms, out);
	if (changes->removal)
		alerts_forget(a->alerts, changes->removal->key, now_ms, out);
	alerts_update_servers(a->alerts, changes->views, changes->n_views, now_ms, out);
	fill_store_change(change, out);
	schedule(a);
	return out;
}

const struct remarks *alerting_remarks(const struct alerting *a)
{
	return a->remarks;
}

const struct alerts *alerting_alerts(const struct alerting *a)
{
	return a->alerts;
}

struct outbox *alerting_outbox(struct alerting *a)
{
	return a->outbox;
}

struct hooks *alerting_hooks(struct alerting *a)
{
	return a->options.hooks;
}

const char *alerting_url(const struct alerting *a)
{
	return a->url;
}
