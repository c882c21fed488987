/*
 * The event loop of the process: the signals that ask it to end or to read its settings again, and
 * timers for modules that know nothing of libuv. One thread; everything with a handle belongs to
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "collector/base/histogram.h"
#include "proto/base/status.h"

struct loop;

/*
 * `asked_to_end` is called on the first SIGTERM or SIGINT. A second one ends the process at once,
 * as if it had no handler: nothing is lost by that which was acknowledged. Whoever opens it has no
 * threads yet, for the signals are blocked in all of them.
 *
 * STATUS_SYSTEM  the system has no resources for it
 */
enum status loop_open(struct loop **out, void (*asked_to_end)(void *user), void *user);

/* `reload` is called on each SIGHUP, which otherwise is ignored while the loop is open. */
void loop_on_reload(struct loop *loop, void (*reload)(void *user), void *user);

uv_loop_t *loop_uv(struct loop *loop);

/*
 * How long each turn of the loop took, waiting left out: so long whoever else wanted something was
 * held up.
 */
const struct histogram *loop_turns(const struct loop *loop);

/* Runs until nothing is left to do: after it was released and the end of all other modules. */
void loop_run(struct loop *loop);

/* Lets the loop run out: signals keep it alive no more, and do what they do without us. */
void loop_release(struct loop *loop);

/*
 * The same for whoever begins anew: signals are heard up to loop_close(), and what comes later
 * waits for the next loop_open(), of this program or of one that takes its place in the process
 * (execve(2)). So nobody who asks for the end is missed.
 */
void loop_release_and_listen(struct loop *loop);

/*
 * Frees it. STATUS_CONFLICT: a handle is still open, which is a mistake of ours; it is named on
 * standard error.
 */
enum status loop_close(struct loop *loop);

/* A timer of a module; fires once per loop_timer_start(). */
struct loop_timer;

struct loop_timer *loop_timer_new(uv_loop_t *loop, void (*fire)(void *user), void *user);

/*
 * Starts it, or starts it again. With 0 it fires in the next turn of the loop: libuv itself would
 * let one that starts itself anew fire on and on in the same turn, and nothing else would be heard.
 */
void loop_timer_start(struct loop_timer *timer, uint64_t ms);
void loop_timer_stop(struct loop_timer *timer);

/* Stops and frees it, the handle a little later. */
void loop_timer_close(struct loop_timer *timer);

/* A clock that nobody sets, in milliseconds. */
uint64_t loop_monotonic_ms(void);

/* The same clock when the loop began this turn, which costs nothing. */
uint64_t loop_turn_ms(const struct uv_loop_s *loop);

/* Nanoseconds since some fixed moment; never runs backwards. Any thread. */
uint64_t loop_monotonic_ns(void);

/* The system's clock: milliseconds since 1970-01-01T00:00:00Z. */
int64_t loop_wall_ms(void);
