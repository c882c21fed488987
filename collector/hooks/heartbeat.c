/*
 * The hook that is a dead man's switch: it beats while the collector does what it is for, so that
 * somebody else notices when it no longer does.
 */
#include "collector/hooks/internal.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

struct hook_heartbeat {
	const struct hook_line *line;
	const struct hook_settings *settings;
	const struct hooks_source *source;
	struct loop_timer *timer;
	struct transfer *transfer; /* under way, or NULL */
	bool failed;
};

static struct transfer *send_beat(const struct hook_line *line,
				  const struct hook_settings *settings, int64_t now_ms,
				  transfer_done *done, void *user)
{
	char now[TIMESTAMP_TEXT_SIZE];
	struct arena arena;

	arena_init(&arena);
	struct transfer_request request =
		hook_http_request(line, settings, settings->urls[0], &arena);
	request.method = settings->get ? "GET" : NULL;
	if (!settings->get) {
		request.fields[request.n_fields++] = "Content-Type: application/json";
		request.body = arena_printf(&arena, "{\"hook\":\"%s\",\"at\":\"%s\"}\n",
					    settings->name, timestamp_format(now_ms, now));
		request.size = strlen(request.body);
	}
	struct transfer *transfer = transfer_start(line->transfers, &request, done, user);
	arena_deinit(&arena);
	return transfer;
}

static void on_done(void *user, const struct transfer_result *answer)
{
	struct hook_heartbeat *heartbeat = user;
	char text[HOOK_TEXT_SIZE];
	struct hook_result result;

	heartbeat->transfer = NULL;
	hook_http_judge(answer, text, &result);
	hook_http_log(&heartbeat->failed, heartbeat->settings->name, &result);
}

/* A request that hangs is ended by its time limit. */
static void beat(void *user)
{
	struct hook_heartbeat *heartbeat = user;

	loop_timer_start(heartbeat->timer, (uint64_t)heartbeat->settings->interval_ms);
	if (heartbeat->transfer || !heartbeat->source->is_ready(heartbeat->source->user))
		return;
	heartbeat->transfer =
		send_beat(heartbeat->line, heartbeat->settings, loop_wall_ms(), on_done, heartbeat);
}

static void *run(struct uv_loop_s *loop, const struct hook_line *line,
		 const struct hook_settings *settings, const char *url,
		 const struct hooks_source *source)
{
	struct hook_heartbeat *heartbeat = mem_alloc(sizeof *heartbeat);
	(void)url; /* it has one */

	heartbeat->line = line;
	heartbeat->settings = settings;
	heartbeat->source = source;
	heartbeat->timer = loop_timer_new(loop, beat, heartbeat);
	beat(heartbeat);
	return heartbeat;
}

static void stop(void *running)
{
	struct hook_heartbeat *heartbeat = running;

	if (heartbeat->transfer)
		transfer_cancel(heartbeat->transfer);
	loop_timer_close(heartbeat->timer);
	free(heartbeat);
}

/* A try beats once. */
static void start(struct hook_attempt *attempt, const struct notification *notification)
{
	(void)notification;
	attempt->judge = hook_http_judge;
	attempt->transfer = send_beat(attempt->line, attempt->settings, loop_wall_ms(),
				      hook_attempt_on_transfer, attempt);
}

const struct hook_ops hook_heartbeat_ops = {
	.limit_ms = HOOK_DEFAULT_LIMIT_MS,
	.start = start,
	.run = run,
	.stop = stop,
};
