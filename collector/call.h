/*
 * A call: one request on its way through a handler, and its answer.
 *
 * A handler answers every call exactly once, now or later. A call lives until it is answered, also
 * when its client goes away meanwhile: then `request` is NULL and the answer is dropped. So a
 * completion that comes later never meets a client that is gone. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/answer.h"
#include "collector/caller.h"
#include "collector/http.h"
#include "collector/route.h"
#include "proto/arena.h"

struct client;
struct listen_address;

struct call {
	struct http_request *request; /* NULL once the client is gone; use it before deferring */
	const char *params[ROUTE_MAX_PARAMS]; /* of the route's pattern, decoded; in `arena` */
	void *context;                        /* what the server was opened with */
	struct caller caller;                 /* who calls; the route serves their role */
	struct arena arena;                   /* for the handler; freed after the answer */
	uint64_t begun_ns;                    /* when the request was complete */
	struct client *client;                /* private */
};

/* Ends the call; `answer` and its texts are borrowed until this returns, but for the body. */
void call_answer(struct call *call, const struct answer *answer);

/* The client's address. False once it is gone, or the system does not know it any more. */
bool call_peer(const struct call *call, struct listen_address *out);

/* Can nobody on the way read what is said? */
bool call_is_encrypted(const struct call *call);

/* Does If-None-Match name `etag` (weak comparison)? False once the client is gone. */
bool call_has_etag(const struct call *call, const char *etag);

/* 304 for that etag, without a body. */
void call_answer_not_modified(struct call *call, const char *etag);
