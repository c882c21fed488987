/*
 * A client: one connection and the requests on it. It joins channel (bytes), http (requests) and
 * route (handlers): requests are answered one after the other in their order; while one is being
 * answered, or answers wait for a slow reader, nothing more is read.
 *
 * Answers to what is no request come from here: 400, 408, 413, 431, 501, 505. The loop's thread
 * only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call;

/* May whoever made this call have the rest of its answer? */
typedef bool client_is_still_allowed(const struct call *call);

/* Requests on one connection; the answer to the last one ends it. */
#define CLIENT_MAX_REQUESTS 100000

/*
 * Between two requests. Longer than the 300 s at which agents report by default, so that they keep
 * their connection.
 */
#define CLIENT_KEEP_ALIVE_MS (UINT64_C(400) * 1000)

/*
 * While the head of a request arrives, its body, or an answer leaves: without a byte moved, and in
 * all. An answer has no such end: its reader's rate counts (collector/net/backlog.h).
 */
#define CLIENT_STALL_MS   (UINT64_C(20) * 1000)
#define CLIENT_REQUEST_MS (UINT64_C(60) * 1000)

/* From the connection's beginning to the end of the TLS handshake, waiting for a turn included. */
#define CLIENT_HANDSHAKE_MS (UINT64_C(20) * 1000)

/* A server's limits of time, as one value so that tests can shorten them. */
struct client_clocks {
	uint64_t keep_alive_ms;
	uint64_t stall_ms;
	uint64_t request_ms;
	uint64_t handshake_ms;
};
#define CLIENT_CLOCKS_DEFAULT                                                                      \
	((struct client_clocks){ CLIENT_KEEP_ALIVE_MS, CLIENT_STALL_MS, CLIENT_REQUEST_MS,         \
				 CLIENT_HANDSHAKE_MS })
