/*
 * What happens, told to whoever follows: GET /v1/events as Server-Sent Events (WHATWG HTML, section
 * 9.2). The latest events are kept in a ring, so that who was away for a while goes on where they
 * were; who was away for longer, or before this run of the collector, gets a `reset` and asks for
 * everything again. A follower who reads slowly is no burden: nothing is queued for them beyond
 * what one connection may hold, and what the ring loses meanwhile is a `reset` too.
 *
 * The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

/* Events that are kept, and the bytes of their texts, whichever is less. */
#define EVENT_STREAM_MAX       4096
#define EVENT_STREAM_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* Followers at a time; past it a call gets 503. Each is a connection as well. */
#define EVENT_STREAM_MAX_FOLLOWERS 2048

/* Followers by one token and its sessions; past it a call gets 429. */
#define EVENT_STREAM_MAX_OF_ONE 256

/* Events gather so long, so that a burst is one write. */
#define EVENT_STREAM_GATHER_MS 20

/*
 * A comment is sent at least so often. A connection that moves no byte for CLIENT_STALL_MS is
 * closed; proxies have such limits, too.
 */
#define EVENT_STREAM_PING_MS 10000

/*
 * So long after the last follower went nothing is told any more: they come again soon, or ask for
 * everything anyway.
 */
#define EVENT_STREAM_KEEP_MS 60000

/* A client is asked to wait so long before it comes again after a connection was lost. */
#define EVENT_STREAM_RETRY_MS 2000

struct call;
struct event_stream;
struct uv_loop_s; /* libuv: the event loop */

/*
 * `first_id` is the id of the first event, larger than any of a run before: then followers of that
 * run are told to ask again.
 */
struct event_stream *event_stream_new(struct uv_loop_s *loop, uint64_t first_id);

/* When nobody follows any more, the server being closed. NULL is allowed. */
void event_stream_close(struct event_stream *events);

/* An event: `kind` is its name, `data` JSON, of which the bytes are taken. */
void event_stream_add(struct event_stream *events, const char *kind, struct buffer *data);

/*
 * Does nobody follow, nor did lately? Then what would be added need not be written: it is skipped,
 * and whoever followed before is told to ask again.
 */
bool event_stream_skip(struct event_stream *events);

/* Nothing that was told counts any more: everybody is to ask again. */
void event_stream_reset(struct event_stream *events);

/*
 * Answers the call with everything behind the id `last` (NULL: from now on) and what comes, until
 * the client goes or the server ends.
 */
void event_stream_follow(struct event_stream *events, struct call *call, const char *last);

/* How many follow. */
size_t event_stream_followers(const struct event_stream *events);
