/*
 * One TCP connection on the loop: bytes in, bytes out, two clocks. It knows nothing of what the
 * bytes mean.
 *
 * A conn frees itself after its last handle is closed. conn_close() and conn_finish() are safe to
 * call twice and from any callback of the same conn. One static buffer serves all reads of the
 * process, so a conn that waits costs its handles only. The loop's thread only.
 *
 * Clocks: conn_set_clocks() starts both. The idle clock begins anew whenever bytes move, in or out;
 * the total clock does not. When one runs out `timed_out` is called, once; the owner then still may
 * write and finish. Bytes move out when the peer has taken them, not when the kernel has.
 *
 * What a conn holds in memory is counted in the backlog, which cuts it when its peer is too slow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "collector/net/address.h"

#define CONN_READ_BYTES ((size_t)64 * 1024) /* most that one `bytes` brings */

/*
 * Bytes of answers that may wait for a slow reader before nothing more is read of it, and answers
 * in pieces pause. The kernel's own buffers keep a fast one busy.
 */
#define CONN_MAX_QUEUED ((size_t)32 * 1024)

/* A finished conn reads and drops this long, so that the peer gets to see the last answer. */
#define CONN_LINGER_MS 2000

#define CONN_NO_CLOCK 0

struct conn;
struct backlog;
struct backlog_events;

extern const struct backlog_events conn_backlog_events;

struct conn_events {
	/* `n` bytes arrived, borrowed until this returns. */
	void (*bytes)(struct conn *conn, const char *bytes, size_t n, void *user);
	/* The peer will send no more; it may still read. */
	void (*eof)(struct conn *conn, void *user);
	/* Fewer than CONN_MAX_QUEUED bytes wait again, after conn_is_congested() was true. */
	void (*drained)(struct conn *conn, void *user);
	/* A clock ran out; both are stopped. */
	void (*timed_out)(struct conn *conn, void *user);
	/* The conn no longer exists. Called exactly once per successful accept. */
	void (*closed)(void *user);
};

/*
 * Returns NULL if nothing could be accepted; `closed` is then not called. Reading has begun. The
 * backlog's events are conn_backlog_events; its peer is a stranger to it until conn_mark_known().
 */
struct conn *conn_accept(uv_stream_t *listener, struct backlog *backlog,
			 const struct conn_events *events, void *user);

void conn_mark_known(struct conn *conn);

/*
 * Memory that the owner keeps of what was read; the backlog counts it beside what is to be written.
 */
void conn_set_owner_bytes(struct conn *conn, size_t bytes);

/* A call of `bytes` brings so many at most; CONN_READ_BYTES until another number is given. */
void conn_set_max_read(struct conn *conn, size_t bytes);

/* Takes `bytes` (from malloc) whatever happens; failure closes the conn. */
void conn_write(struct conn *conn, char *bytes, size_t n);

/*
 * Like conn_write(), with bytes that are borrowed until this returns: those that cannot be written
 * yet are copied.
 */
void conn_write_copy(struct conn *conn, const char *bytes, size_t n);

/* Like conn_write(), with bytes that live as long as the process. */
void conn_write_static(struct conn *conn, const char *bytes, size_t n);

/* Do so many bytes wait to be written that nothing should be added? */
bool conn_is_congested(const struct conn *conn);

/* Stops and starts reading; the kernel's window then holds the peer back. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/* The peer's address, also of one that has gone; false if it had gone when it was accepted. */
bool conn_peer(const struct conn *conn, struct net_address *out);

/* Neither finished nor closed. */
bool conn_is_open(const struct conn *conn);

/* Milliseconds, or CONN_NO_CLOCK. */
void conn_set_clocks(struct conn *conn, uint64_t idle_ms, uint64_t total_ms);

/* Writes what waits, tells the peer that nothing follows, lingers, and closes. */
void conn_finish(struct conn *conn);

/* Begins the end; what waits is not written, but the peer gets a reset in its place. */
void conn_close(struct conn *conn);
