/*
 * The TLS handshakes that a server has under way: so many at once, the others wait for their turn
 * in order. A handshake costs as much as fifty requests, so after a restart, when every agent comes
 * back at once, those that have begun should end before others begin. One that has its turn and
 * does not end gives way to those that wait.
 *
 * Also says on the log why handshakes fail, a limited number of times. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proto/base/status.h"

/* At once. */
#define HANDSHAKES_MAX 256

/* While others wait, one may take this long: some round trips over a slow line. */
#define HANDSHAKES_CROWDED_MS 2000

/* Failures that are told in each span of time; the others are counted. */
#define HANDSHAKES_MAX_LOGGED    10
#define HANDSHAKES_LOG_WINDOW_MS (UINT64_C(60) * 1000)

struct uv_loop_s; /* libuv */
struct loop_timer;

/* One handshake; its owner embeds it, zeroed. */
struct handshake {
	enum { HANDSHAKE_OUTSIDE, HANDSHAKE_WAITING, HANDSHAKE_RUNNING } place;
	uint64_t since_ms; /* of the loop's clock: began to run */
	void *user;
	TAILQ_ENTRY(handshake) link;
};

TAILQ_HEAD(handshake_list, handshake);

struct handshake_events {
	void (*admit)(void *user); /* its turn has come */
	void (*evict)(void *user); /* it took too long, and has been taken out */
};

struct handshakes {
	struct uv_loop_s *loop;
	struct loop_timer *timer;
	const struct handshake_events *events;
	size_t limit;
	size_t n_running;
	struct handshake_list running; /* the oldest first */
	struct handshake_list waiting;
	uint64_t log_window_start_ms;
	unsigned n_logged;
	unsigned n_unlogged;
	uint64_t n_done; /* in all */
	uint64_t n_failed;
};

void handshakes_init(struct handshakes *handshakes, struct uv_loop_s *loop, size_t limit,
		     const struct handshake_events *events);
void handshakes_deinit(struct handshakes *handshakes);

/* True: it may run. False: it waits, and `admit` will be called, from the loop. */
bool handshakes_enter(struct handshakes *handshakes, struct handshake *handshake, void *user);

/* The handshake ended, well or not, or waits no longer. Does nothing for one that is outside. */
void handshakes_leave(struct handshakes *handshakes, struct handshake *handshake);

/* Counts and logs that the handshake with `peer` failed, and why. */
void handshakes_log_failure(struct handshakes *handshakes, const char *peer, const char *why);
