/*
 * The clients of one server: accepts them, counts them in all and of each address, turns away those
 * that are too many, ends them. The loop's thread only.
 *
 * One that is too many learns so by 503 or 429; when too many have to be told, the newest is closed
 * unheard.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/http/client.h"
#include "collector/http/http.h"
#include "collector/http/route.h"
#include "collector/model/principal.h"
#include "collector/net/backlog.h"
#include "collector/net/channel.h"
#include "collector/net/sources.h"

/* Connections at a time, unless the limit of open files is lower; past it a client gets 503. */
#define CLIENTS_MAX 16384

/*
 * Of these from one address; past it a client gets 429. Many agents may share an address behind a
 * translator or a proxy, so the administrator can change it.
 */
#define CLIENTS_MAX_OF_ADDRESS 1024

/*
 * One part in so many of the connections is kept for those who have shown a key or token once: when
 * strangers have the rest, the one of them that came first goes. A connection over TLS that only
 * waits costs 15 KB.
 */
#define CLIENTS_KNOWN_PART 4

/*
 * One part in so many of the connections is kept free of known clients who only wait for their next
 * request: past it the one of them that has waited longest goes, as a client has to expect. So no
 * number of kept connections, which cost those 15 KB each, keeps others away or takes more memory
 * than that.
 */
#define CLIENTS_ROOM_PART 16

/*
 * What the bodies of all requests that are being received or answered may take together; past it a
 * request gets 503. Every body has its route's limit; this one keeps many large ones at a time from
 * taking the machine's memory. Never less than the largest body of a route.
 */
#define CLIENTS_MAX_BODY_BYTES ((size_t)256 * 1024 * 1024)

/* Clients that are told so at the same time; past that they are closed unheard. */
#define CLIENTS_MAX_TURNED_AWAY 256

struct client;
struct networks;
struct http_stats;
struct uv_stream_s; /* libuv: a listening socket */

/*
 * Who calls, as a trusted proxy says, if one is before it, and whether that is encrypted. False:
 * the connection has gone.
 */
bool client_peer(const struct client *client, const struct http_request *request,
		 struct net_address *out);
bool client_is_encrypted(const struct client *client, const struct http_request *request);

/*
 * Does the connection itself come from a trusted proxy, so that what it says of its client counts?
 */
bool client_is_of_trusted_proxy(const struct client *client);

/*
 * May this request go to that route? Says in `*caller` who asks. NULL: yes; otherwise the problem
 * that is the answer, which lives as long as the process.
 */
struct problem;
typedef const struct problem *client_admit(void *context, const struct client *client,
					   const struct http_request *request,
					   const struct route *route, struct principal *caller);

/* A problem of client_admit is being answered: once a request, even if that was asked twice. */
typedef void client_refused(void *context, const struct client *client,
			    const struct http_request *request, const struct problem *problem);

struct clients {
	const struct route *routes;
	size_t n_routes;
	void *context;           /* for the handlers */
	client_admit *admit;     /* NULL: everybody may do everything */
	client_refused *refused; /* may be NULL */
	struct client_clocks clocks;
	unsigned max_requests; /* on one connection */
	size_t max;
	size_t max_of_address;
	const struct networks *trusted_proxies; /* of these counts what they say; NULL: of none */
	struct http_room bodies;
	struct backlog backlog;
	struct channel_security security;
	struct http_stats *stats; /* counts what is answered; NULL: nobody does */
	void (*gone)(void *user); /* one of them is no more */
	void *user;

	size_t n;       /* with those that are being turned away */
	uint64_t n_all; /* that there ever were */
	uint64_t n_all_turned_away;
	size_t n_turned_away;     /* being turned away */
	size_t n_displaced;       /* closed, and not gone yet */
	uint64_t n_all_displaced; /* closed so far because others needed their places */
	struct client *first;     /* private */
	TAILQ_HEAD(client_list, client) strangers; /* private: the first to come first */
	struct client_list waiting;                /* private: the first to wait first */
	size_t n_strangers;                        /* private */
	struct sources sources;                    /* private */
};

/* Nobody is a client yet. */
void clients_init(struct clients *clients);

/* Accepts one connection from the listener. */
void clients_accept(struct clients *clients, struct uv_stream_s *listener);

/* Ends each one after the answer that is due, at once where none is. */
void clients_end(struct clients *clients);

/*
 * Ends the answers in pieces of those who may not: what has an end of its own does not look whole.
 */
void clients_recheck_access(struct clients *clients, client_is_still_allowed *is_allowed);

/* Closes all connections now. */
void clients_close(struct clients *clients);
