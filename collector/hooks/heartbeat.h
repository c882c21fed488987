/*
 * The hook that is a dead man's switch: it beats while the collector does what it is for, so that
 * somebody else notices when it no longer does.
 */
#pragma once

#include "collector/hooks/http.h"

struct hook_heartbeat;
struct uv_loop_s; /* libuv: the event loop */

/* One beat; `done` as for transfer_start(), judged by hook_http_judge(). */
struct transfer *hook_heartbeat_send(const struct hook_line *line,
				     const struct hook_settings *settings, int64_t now_ms,
				     transfer_done *done, void *user);

/* Beats now and then every interval, while `source` is ready; all are borrowed until the end. */
struct hook_heartbeat *hook_heartbeat_start(struct uv_loop_s *loop, const struct hook_line *line,
					    const struct hook_settings *settings,
					    const struct hooks_source *source);
void hook_heartbeat_stop(struct hook_heartbeat *heartbeat);
