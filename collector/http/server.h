/*
 * The server: a listening socket and the clients that came through it. The loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "collector/http/clients.h"
#include "collector/net/address.h"
#include "proto/base/status.h"

/* Files that are open for other reasons: the store, hooks, the loop itself. */
#define SERVER_RESERVED_FILES 64

/* How long server_close() waits for answers that are due. */
#define SERVER_CLOSE_MS 5000

#define SERVER_ERROR_SIZE 256

struct networks;
struct server;
struct tls_context;

struct server_options {
	uv_loop_t *loop;
	struct net_address address;
	const struct route *routes; /* borrowed for the server's life */
	size_t n_routes;
	void *context;           /* for the handlers */
	client_admit *admit;     /* NULL: everybody may do everything */
	client_refused *refused; /* may be NULL */
	struct client_clocks clocks;
	struct http_stats *stats; /* counts what is answered; NULL: nobody does */
	size_t max_connections;   /* 0: CLIENTS_MAX, or what the limit of open files leaves */
	size_t max_of_address;    /* connections; 0: CLIENTS_MAX_OF_ADDRESS */
	const struct networks *trusted_proxies; /* borrowed; NULL: none */
	size_t max_body_bytes;                  /* of all at a time; 0: CLIENTS_MAX_BODY_BYTES */
	size_t max_answer_bytes;                /* that wait; 0: BACKLOG_MAX_BYTES */
	uint64_t slow_window_ms;                /* 0: BACKLOG_WINDOW_MS */
	unsigned max_requests;                  /* on one connection; 0: CLIENT_MAX_REQUESTS */
	const struct tls_context *tls; /* NULL: plain HTTP; borrowed until another is set */
};

/*
 * Listens. On failure `error` says what was tried and why it failed.
 *
 * STATUS_CONFLICT  the port is taken
 * STATUS_DENIED    the system does not allow it
 * STATUS_SYSTEM    anything else
 */
enum status server_open(struct server **out, const struct server_options *options,
			char error[SERVER_ERROR_SIZE]);

/* For connections that come from now on; those that are there keep theirs. */
void server_set_tls(struct server *server, const struct tls_context *tls);

/* Where it listens, with the port that the system chose if it was asked to. */
const struct net_address *server_address(const struct server *server);

struct server_counts {
	size_t connections;   /* open now */
	size_t body_bytes;    /* of requests under way */
	size_t waiting_bytes; /* in memory for slow peers: collector/net/backlog.h */

	/* Since the server was opened. */
	uint64_t accepted;
	uint64_t turned_away;    /* of these: there were too many */
	uint64_t bodies_refused; /* for want of room */
	uint64_t displaced;      /* closed because others needed their places */
	uint64_t slow;           /* cut: took less than they have to */
	uint64_t crowded;        /* cut: the slowest when too much waited */
	uint64_t handshakes_done;
	uint64_t handshakes_failed;
};

struct server_counts server_counts(const struct server *server);

/* The certificate and key of new connections; NULL: plain HTTP. */
const struct tls_context *server_tls(const struct server *server);

/* Ends the answers of those who may not have the rest: see clients_recheck_access(). */
void server_recheck_access(struct server *server, client_is_still_allowed *is_allowed);

/*
 * Stops listening, lets answers that are due go out, closes the rest after SERVER_CLOSE_MS, and
 * calls `closed`, once, from the loop. The server is no more then.
 */
void server_close(struct server *server, void (*closed)(void *user), void *user);
