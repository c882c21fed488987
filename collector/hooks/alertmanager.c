/*
 * The hook that is an Alertmanager which the users run already. It wants to know the state, not
 * events: everything that fires is sent again every minute, and what is resolved for 5 minutes
 * (its document alerts_api.md). So nothing of it stands in the outbox: what is lost on the way
 * comes with the next turn.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/hooks/alertmanager_state.h"
#include "collector/hooks/internal.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

#define HOOK_ALERTMANAGER_TURN_MS  60000 /* from one turn to the next */
#define HOOK_ALERTMANAGER_AGAIN_MS 10000 /* after a turn that failed */
#define HOOK_ALERTMANAGER_SOON_MS  100   /* after a change: others may follow it */

/* Turns that hurry take this part of the loop's time at most, however many alerts there are. */
#define HOOK_ALERTMANAGER_LOOP_PART 10

/*
 * Without a further word a firing alert counts as over after so long: four turns, as Prometheus has
 * it (rules/manager.go).
 */
#define HOOK_ALERTMANAGER_END_MS (INT64_C(4) * HOOK_ALERTMANAGER_TURN_MS)

#define HOOK_ALERTMANAGER_BATCH 256 /* alerts in one request */

/* A request of a turn. */
struct batch {
	struct buffer json;
	size_t n;
	struct batch *next;
};

struct hook_alertmanager {
	const struct hook_line *line;
	const struct hook_settings *settings;
	const char *url;
	const struct hooks_source *source;
	struct loop_timer *timer;
	struct batch *first; /* of the turn under way; the first is on its way */
	struct batch *last;
	struct alertmanager_state *state;
	struct transfer *transfer;
	bool hurries;     /* something changed during the turn */
	bool is_soon;     /* the next turn is about to begin */
	uint64_t cost_ms; /* of putting the last turn together */
	bool failed;
};

/* Posts `json`, a list of alerts, to one of the settings' URLs. */
static struct transfer *send_alerts(const struct hook_line *line,
				    const struct hook_settings *settings, const char *url,
				    const struct buffer *json, transfer_done *done, void *user)
{
	struct arena arena;

	arena_init(&arena);
	size_t n = strlen(url);
	const char *whole =
		arena_printf(&arena, "%s%sapi/v2/alerts", url, url[n - 1] == '/' ? "" : "/");
	struct transfer_request request = hook_http_request(line, settings, whole, &arena);
	request.fields[request.n_fields++] = "Content-Type: application/json";
	request.body = json->bytes;
	request.size = json->size;
	struct transfer *transfer = transfer_start(line->transfers, &request, done, user);
	arena_deinit(&arena);
	return transfer;
}

/* A firing alert that is not seen any more is told to Alertmanager as resolved. */
static void add_firing(void *visitor, const struct notification_alert *alert)
{
	struct hook_alertmanager *am = visitor;

	if (alert->resolved_ms == TIMESTAMP_NONE &&
	    hook_route_takes(&am->settings->route, alert->condition, alert->organization,
			     alert->site))
		alertmanager_state_put(am->state, alert);
}

static struct batch *add_batch(struct hook_alertmanager *am)
{
	struct batch *batch = mem_alloc(sizeof *batch);

	buffer_init(&batch->json);
	if (am->last)
		am->last->next = batch;
	else
		am->first = batch;
	am->last = batch;
	return batch;
}

static void add_alert(void *user, const struct buffer *json)
{
	struct hook_alertmanager *am = user;
	struct batch *batch = am->last;

	if (!batch || batch->n == HOOK_ALERTMANAGER_BATCH)
		batch = add_batch(am);
	if (batch->n++ == 0)
		json_open_array(&batch->json, NULL);
	json_put_json(&batch->json, NULL, json->bytes);
}

static void drop_first(struct hook_alertmanager *am)
{
	struct batch *batch = am->first;

	am->first = batch->next;
	if (!am->first)
		am->last = NULL;
	buffer_deinit(&batch->json);
	free(batch);
}

/* Changes that go on do not put it off. */
static void begin_soon(struct hook_alertmanager *am)
{
	uint64_t pause_ms = am->cost_ms * HOOK_ALERTMANAGER_LOOP_PART;

	if (!am->is_soon)
		loop_timer_start(am->timer, pause_ms > HOOK_ALERTMANAGER_SOON_MS
						    ? pause_ms
						    : HOOK_ALERTMANAGER_SOON_MS);
	am->is_soon = true;
}

static void end_turn(struct hook_alertmanager *am)
{
	while (am->first)
		drop_first(am);
	if (am->failed)
		loop_timer_start(am->timer, HOOK_ALERTMANAGER_AGAIN_MS);
	else if (am->hurries)
		begin_soon(am);
	else
		loop_timer_start(am->timer, HOOK_ALERTMANAGER_TURN_MS);
}

static void send_first(struct hook_alertmanager *am);

static void on_done(void *user, const struct transfer_result *answer)
{
	struct hook_alertmanager *am = user;
	char text[HOOK_TEXT_SIZE];
	struct hook_result result;

	am->transfer = NULL;
	hook_http_judge(answer, text, &result);
	hook_http_log(&am->failed, am->settings->name, &result);
	if (am->failed) {
		end_turn(am);
		return;
	}
	drop_first(am);
	send_first(am);
}

static void send_first(struct hook_alertmanager *am)
{
	if (am->first)
		am->transfer =
			send_alerts(am->line, am->settings, am->url, &am->first->json, on_done, am);
	else
		end_turn(am);
}

static void begin_turn(void *user)
{
	struct hook_alertmanager *am = user;

	int64_t now_ms = loop_wall_ms();
	uint64_t began_ms = loop_monotonic_ms();

	am->hurries = false;
	am->is_soon = false;
	alertmanager_state_begin(am->state);
	am->source->each(am->source->user, add_firing, am);
	alertmanager_state_end(am->state, now_ms);
	alertmanager_state_each(am->state, now_ms + HOOK_ALERTMANAGER_END_MS, add_alert, am);
	for (struct batch *batch = am->first; batch; batch = batch->next)
		json_close_array(&batch->json);
	am->cost_ms = loop_monotonic_ms() - began_ms;
	send_first(am);
}

static void *run(struct uv_loop_s *loop, const struct hook_line *line,
		 const struct hook_settings *settings, const char *url,
		 const struct hooks_source *source)
{
	struct hook_alertmanager *am = mem_alloc(sizeof *am);

	am->line = line;
	am->settings = settings;
	am->url = url;
	am->source = source;
	am->state = alertmanager_state_new();
	am->timer = loop_timer_new(loop, begin_turn, am);
	begin_soon(am);
	return am;
}

static void sync_now(void *running)
{
	struct hook_alertmanager *am = running;

	if (am->transfer)
		am->hurries = true;
	else if (!am->failed)
		begin_soon(am);
}

static void stop(void *running)
{
	struct hook_alertmanager *am = running;

	if (am->transfer)
		transfer_cancel(am->transfer);
	while (am->first)
		drop_first(am);
	alertmanager_state_free(am->state);
	loop_timer_close(am->timer);
	free(am);
}

static void send_try(struct hook_attempt *attempt);

/* A try goes on to the next URL while they work. */
static void on_try(void *user, const struct transfer_result *answer)
{
	struct hook_attempt *attempt = user;
	char text[HOOK_TEXT_SIZE];
	struct hook_result result;

	hook_http_judge(answer, text, &result);
	if (result.outcome == HOOK_DELIVERED && ++attempt->at_url < attempt->settings->n_urls)
		send_try(attempt);
	else
		hook_attempt_finish(attempt, &result);
}

static void send_try(struct hook_attempt *attempt)
{
	const struct hook_settings *settings = attempt->settings;

	attempt->transfer = send_alerts(attempt->line, settings, settings->urls[attempt->at_url],
					&attempt->json, on_try, attempt);
}

/* A try sends the alerts of the notification to each URL. */
static void start(struct hook_attempt *attempt, const struct notification *notification)
{
	json_open_array(&attempt->json, NULL);
	for (size_t i = 0; i < notification->n_alerts; i++) {
		const struct notification_alert *alert = &notification->alerts[i];
		alertmanager_state_write(alert,
					 alert->resolved_ms == TIMESTAMP_NONE
						 ? loop_wall_ms() + HOOK_ALERTMANAGER_END_MS
						 : alert->resolved_ms,
					 &attempt->json);
	}
	json_close_array(&attempt->json);
	send_try(attempt);
}

const struct hook_ops hook_alertmanager_ops = {
	.limit_ms = HOOK_DEFAULT_LIMIT_MS,
	.start = start,
	.run = run,
	.sync_now = sync_now,
	.stop = stop,
};
