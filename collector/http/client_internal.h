/* One client: its struct and calls, for client.c, clients.c, call.c and call_stream.c only. */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include "collector/http/client.h"
#include "collector/http/route.h"
#include "proto/base/buffer.h"

struct answer;
struct call;
struct channel;
struct channel_events;
struct clients;
struct http;
struct http_request;
struct source;

/* Whatever the connection waits for decides which clocks run. */
enum waits_for {
	WAITS_FOR_NOTHING,   /* clocks not set yet */
	WAITS_FOR_HANDSHAKE, /* of TLS */
	WAITS_FOR_REQUEST,   /* the first byte of the next one */
	WAITS_FOR_REST,      /* of a request that has begun */
	WAITS_FOR_ANSWER,    /* of a handler */
	WAITS_FOR_READER,    /* too much is written and not yet taken */
	WAITS_FOR_STREAM,    /* an answer in pieces goes out */
};

/* Why a client is not heard. */
enum turn_away { TURN_AWAY_NOT, TURN_AWAY_TOO_MANY, TURN_AWAY_TOO_MANY_OF_ADDRESS };

struct client {
	struct clients *set;
	struct client *next;
	struct client **link;  /* where the pointer to this one is */
	struct source *source; /* where it is counted */
	TAILQ_ENTRY(client) place;
	struct channel *channel;
	struct http *http;
	struct call *call;         /* being answered, or NULL */
	const struct route *route; /* of the request that is read or answered, or NULL */
	struct buffer unread;      /* arrived and not yet read: it waits for the answer before it */
	size_t owner_bytes;        /* bytes, by channel_set_owner_bytes() */
	unsigned n_requests;
	enum waits_for waits_for;
	enum turn_away turn_away;
	unsigned clocks_request; /* `n_requests` when the clocks were set */
	bool is_displaced;
	bool is_known;
	bool is_stranger; /* in the set's list of them ... */
	bool is_waiting; /* ... or in that of known ones who wait for nothing but their next request */
	bool consuming; /* in consume(): answers need not continue it */
	bool last;      /* the next answer ends the connection */
	bool ended;     /* nothing more will be read */
};

/* A channel calls its client through these. */
extern const struct channel_events client_channel_events;

/* Sets the clocks, and turns away one that is to be and can be told so. */
void client_begin(struct client *client);

/* Ends it after the answer that is due, at once where none is. */
void client_end(struct client *client);

/* Breaks off an answer in pieces whose caller may not have it any more. */
void client_recheck_access(struct client *client, client_is_still_allowed *is_allowed);

/* Writes an answer, and frees its body. */
void client_send(struct client *client, const struct answer *answer, bool head_only, bool closes);

/* The answer to its call is out whole: the call is freed, and the next request may come. */
void client_answered(struct client *client, bool closes);

/* Does the connection end behind the answer to this request? */
bool client_closes_after(const struct client *client, const struct http_request *request);

/* Counts an answer to its call, or to nothing. */
void client_count_answer(const struct client *client, int status);

/* Nothing more is read; what is written still goes out. */
void client_finish(struct client *client);

/* Sets the clocks for what it waits for now. */
void client_set_clocks(struct client *client);

/* call.c: a call for the client's request, which is its call until it is freed. */
struct call *call_new(struct client *client);
void call_free(struct call *call);

/* call_stream.c: ends an answer in pieces that has no end of its own. */
void client_stop_stream(struct client *client);

/* clients.c: its caller has shown who they are. */
void clients_mark_known(struct client *client);

/* clients.c: says whether the client waits for nothing but its next request from now on. */
void clients_set_waiting(struct client *client, bool waits);

/* clients.c: the channel no longer exists; takes the client out of the set and frees it. */
void clients_remove(struct client *client);
