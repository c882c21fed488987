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

#include "collector/http/answer.h"
#include "collector/http/http.h"
#include "collector/http/route.h"
#include "collector/model/principal.h"
#include "proto/base/arena.h"

struct client;
struct net_address;
struct problem;

struct call {
	struct http_request *request; /* NULL once the client is gone; use it before deferring */
	const char *params[ROUTE_MAX_PARAMS]; /* of the route's pattern, decoded; in `arena` */
	void *context;                        /* what the server was opened with */
	struct principal caller;              /* who calls; the route serves their role */
	struct arena arena;                   /* for the handler; freed after the answer */
	uint64_t begun_ns;                    /* when the request was complete */
	struct client *client;                /* private; so what follows */
	const struct call_stream *stream;     /* of an answer in pieces that has begun */
	void *stream_user;
	bool in_chunks;
	bool closes; /* the connection ends behind the answer */
};

/* Ends the call; `answer` and its texts are borrowed until this returns, but for the body. */
void call_answer(struct call *call, const struct answer *answer);

void call_answer_problem(struct call *call, const struct problem *problem);

/* 503: nothing can be stored at this moment. */
void call_answer_not_stored(struct call *call);

/*
 * An answer in pieces, for what is large or has no end: call_begin(), call_write() as often as
 * needed, call_end(). Whoever writes waits for `more` when call_write() says so; then what is not
 * read yet stays bounded, however slow the reader.
 */
struct call_stream {
	void (*more)(void *user); /* the reader has caught up; never from call_write() */

	/* The client has gone or is too slow, or the server ends: the call is no more. Never from
	 * call_write(), nor after call_end(). */
	void (*gone)(void *user);

	bool endless; /* nobody waits for its end when the server closes */
};

/*
 * Begins one; `head` has no body. False: nothing is to follow (HEAD), the call is ended. `stream`
 * lives as long as the process. Only while there is a request: not after deferring.
 */
bool call_begin(struct call *call, const struct answer *head, const struct call_stream *stream,
		void *user);

/* Takes `bytes`, from malloc; n > 0. False: `more` tells when to go on. */
bool call_write(struct call *call, char *bytes, size_t n);

void call_end(struct call *call);

/* Ends it in its midst, so that nobody takes it for a whole one; `gone` follows. */
void call_break(struct call *call);

/*
 * The client's address; behind a trusted proxy, what that says of it. False once it is gone, or the
 * system does not know it any more.
 */
bool call_peer(const struct call *call, struct net_address *out);

/* call_peer() as a number; 0 where it is no IPv4 address, or one of this machine's loopback. */
uint32_t call_peer_ipv4(const struct call *call);

/* Can nobody on the way read what is said, as far as it can be told here? */
bool call_is_encrypted(const struct call *call);

/* client_is_of_trusted_proxy() */
bool call_is_of_trusted_proxy(const struct call *call);

/*
 * Answers 304, without a body, where If-None-Match names `etag` (weak comparison): the client has
 * it. False: the call is to be answered.
 */
bool call_answer_not_modified(struct call *call, const char *etag);
