/*
 * The hook that is an Alertmanager which the users run already. It wants to know the state, not
 * events: everything that fires is sent again every minute, and what is resolved for 5 minutes
 * (its document alerts_api.md). So nothing of it stands in the outbox: what is lost on the way
 * comes with the next turn.
 */
#pragma once

#include <stddef.h>

#include "collector/base/buffer.h"
#include "collector/hooks/http.h"

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

struct hook_alertmanager;
struct uv_loop_s; /* libuv: the event loop */

/* Posts `json`, a list of alerts, to one of the settings' URLs. */
struct transfer *hook_alertmanager_send(const struct hook_line *line,
					const struct hook_settings *settings, const char *url,
					const struct buffer *json, transfer_done *done, void *user);

/* Keeps the Alertmanager at `url` in step with `source`; all are borrowed until the end. */
struct hook_alertmanager *hook_alertmanager_start(struct uv_loop_s *loop,
						  const struct hook_line *line,
						  const struct hook_settings *settings,
						  const char *url,
						  const struct hooks_source *source);

/* Alerts changed: the next turn comes at once. */
void hook_alertmanager_hurry(struct hook_alertmanager *alertmanager);
void hook_alertmanager_stop(struct hook_alertmanager *alertmanager);
