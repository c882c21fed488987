/*
 * What the connections of a server hold in memory for slow peers: answers that are written and not
 * yet taken (over TLS as ciphertext: OpenSSL keeps none of it), requests that wait for an answer
 * before theirs, and what has arrived of one that is not complete. Bodies have a room of their own
 * (collector/http/http.h).
 *
 * The sum is bounded, in two pools: strangers have a small one, so that they cannot take what is
 * meant for those who have shown a key or token. Who makes a pool overflow does not lose by that:
 * the slowest of the pool go, those that have waited longest first among the equally slow, until an
 * eighth of it is free. The loop's thread only; time comes in as a parameter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* The limit of both pools together, unless the administrator says otherwise. */
#define BACKLOG_MAX_BYTES ((size_t)64 * 1024 * 1024)

/* Strangers have one part in so many. */
#define BACKLOG_STRANGERS 4

/*
 * A reader for whom something waits has to take so many bytes a second, over a span of time that
 * evens out what the line loses. A modem of 28.8 kbit/s carries some 2,900 bytes a second; ten
 * connections that share one still have a tenth more than this each. Who reads a byte now and then
 * is far below.
 */
#define BACKLOG_MIN_BYTES_PER_S 256
#define BACKLOG_WINDOW_MS       (UINT64_C(60) * 1000)

struct backlog_share;

struct backlog_events {
	/* Bytes that the peer has taken since the connection began. */
	uint64_t (*taken)(void *user);
	/* Ends the connection; it has left the backlog already. */
	void (*cut)(void *user);
};

TAILQ_HEAD(backlog_list, backlog_share);

struct backlog_pool {
	size_t max;
	size_t used;
	struct backlog_list shares; /* that hold something, the longest there first */
	size_t n_shares;
};

struct backlog {
	struct backlog_pool known;
	struct backlog_pool strangers;
	const struct backlog_events *events;
	uint64_t window_ms;
	uint64_t n_slow;    /* cut for their rate so far */
	uint64_t n_crowded; /* cut for want of room so far */
};

/* The memory of one connection; its owner embeds it. In a pool's list while `bytes` is not 0. */
struct backlog_share {
	struct backlog *backlog;
	struct backlog_pool *pool;
	void *user;
	size_t bytes;
	uint64_t window_start_ms; /* the window began */
	uint64_t taken_at_start;  /* when it began */
	bool has_left;            /* for good: its bytes stay 0 */
	TAILQ_ENTRY(backlog_share) link;
};

void backlog_init(struct backlog *backlog, size_t max, const struct backlog_events *events);

/* A stranger, who holds nothing. */
void backlog_enter(struct backlog *backlog, struct backlog_share *share, void *user);

/* For good. */
void backlog_leave(struct backlog_share *share);

/* Moves the share from the strangers' pool to that of the known. */
void backlog_mark_known(struct backlog_share *share);

/*
 * The share's connection needs so many bytes now. May cut others, and that one. The window begins
 * with the first byte.
 */
void backlog_set_bytes(struct backlog_share *share, size_t bytes, uint64_t now_ms);

/* Begins the share's window anew, because another answer is waited for. */
void backlog_restart_window(struct backlog_share *share, uint64_t now_ms);

/* Loop time at which backlog_is_too_slow() wants to be asked; UINT64_MAX: nothing is held. */
uint64_t backlog_next_check(const struct backlog_share *share);

/*
 * Has it taken too little in its window? False before the end of that; there the next one begins.
 */
bool backlog_is_too_slow(struct backlog_share *share, uint64_t now_ms);

/* The bytes of both pools. */
size_t backlog_bytes(const struct backlog *backlog);
