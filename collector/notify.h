/*
 * Notifications: the hook is told when a server becomes `exposed` or `failing` (event "fired"), and
 * when it recovers from that (event "resolved").
 *
 * It is a matter of state, not of events: for each server the store keeps what the hook was last
 * told. Where that differs from the published view, a notification is due, whether the change was
 * seen just now or happened before a restart; it is over when the hook has taken it and the store
 * knows. So nothing is lost, and at worst something is told twice, with the same id.
 *
 * A change between `exposed` and `failing` is told as "fired". `unknown` is no recovery: a server
 * that was exposed and of which too little is known now stays as it was told. A change that is
 * undone before it could be told is not told.
 *
 * Notifications run one at a time, in the order in which they became due. While the hook fails it
 * is tried again, after pauses that double from NOTIFY_RETRY_MIN_MS to NOTIFY_RETRY_MAX_MS.
 *
 * What the hook gets on its standard input:
 *   {"id": "exch1.17", "event": "fired", "server": {the server object, as GET /v1/servers has it},
 *    "previous_verdict": "clear"}
 * `id` is the same for each attempt at the same notification; `previous_verdict` is null where the
 * verdict before is not known.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/hook_command.h"
#include "collector/store.h"
#include "collector/view.h"

#define NOTIFY_RETRY_MIN_MS 1000
#define NOTIFY_RETRY_MAX_MS 300000

struct notify;

struct notify_options {
	uv_loop_t *loop;
	struct store *store;
	struct hook_command_options hook; /* copied */
	int64_t (*now_ms)(void);          /* the clock for age_s */
};

struct notify *notify_new(const struct notify_options *options);

/*
 * Ends: a hook that runs is killed (it is run again after the next start), then `closed` is called
 * from the loop, once, and the notifier is no more. To be called before store_close().
 */
void notify_close(struct notify *notify, void (*closed)(void *user), void *user);

/*
 * Reads from the store what was told so far; at start, before the first notify_view(). On failure
 * `error` says why and nothing is known.
 */
enum status notify_load(struct notify *notify, char error[STORE_ERROR_SIZE]);

/*
 * A view was published. Call it for every view of a published change set, and once for every view
 * that fleet_load() published at once. Takes a reference where it must.
 */
void notify_view(struct notify *notify, struct view *view);

/* Notifications that wait or are under way. */
size_t notify_due(const struct notify *notify);
