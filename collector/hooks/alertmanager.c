#include "collector/hooks/alertmanager.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/hooks/alertmanager_state.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

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
	struct alert_mirror *mirror;
	struct transfer *transfer;
	bool hurries;     /* something changed during the turn */
	bool is_soon;     /* the next turn is about to begin */
	uint64_t cost_ms; /* of putting the last turn together */
	bool failed;
};

struct transfer *hook_alertmanager_send(const struct hook_line *line,
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

/* Those that are resolved are known to be over by not being seen. */
static void see(void *visitor, const struct notification_alert *alert)
{
	struct hook_alertmanager *am = visitor;

	if (alert->resolved_ms == TIMESTAMP_NONE &&
	    hook_route_takes(&am->settings->route, alert->condition, alert->organization,
			     alert->site))
		alert_mirror_see(am->mirror, alert);
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
	buffer_add_char(&batch->json, batch->n++ ? ',' : '[');
	buffer_add(&batch->json, json->bytes, json->size);
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
		am->transfer = hook_alertmanager_send(am->line, am->settings, am->url,
						      &am->first->json, on_done, am);
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
	alert_mirror_begin(am->mirror);
	am->source->each(am->source->user, see, am);
	alert_mirror_end(am->mirror, now_ms);
	alert_mirror_each(am->mirror, now_ms + HOOK_ALERTMANAGER_END_MS, add_alert, am);
	for (struct batch *batch = am->first; batch; batch = batch->next)
		buffer_add_char(&batch->json, ']');
	am->cost_ms = loop_monotonic_ms() - began_ms;
	send_first(am);
}

struct hook_alertmanager *hook_alertmanager_start(struct uv_loop_s *loop,
						  const struct hook_line *line,
						  const struct hook_settings *settings,
						  const char *url,
						  const struct hooks_source *source)
{
	struct hook_alertmanager *am = mem_alloc(sizeof *am);

	am->line = line;
	am->settings = settings;
	am->url = url;
	am->source = source;
	am->mirror = alert_mirror_new();
	am->timer = loop_timer_new(loop, begin_turn, am);
	begin_soon(am);
	return am;
}

void hook_alertmanager_hurry(struct hook_alertmanager *am)
{
	if (am->transfer)
		am->hurries = true;
	else if (!am->failed)
		begin_soon(am);
}

void hook_alertmanager_stop(struct hook_alertmanager *am)
{
	if (am->transfer)
		transfer_cancel(am->transfer);
	while (am->first)
		drop_first(am);
	alert_mirror_free(am->mirror);
	loop_timer_close(am->timer);
	free(am);
}
