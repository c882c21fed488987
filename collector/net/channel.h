/*
 * A connection as its client sees it: plain bytes in and out, whether TLS is around them or not. It
 * joins conn and tls, and lets handshakes have their turn.
 *
 * A channel frees itself after `closed`, as a conn does; what conn.h says of each call of the same
 * name holds here too. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/net/address.h"

#define CHANNEL_NO_CLOCK 0

struct backlog;
struct channel;
struct handshakes;
struct tls_context;
struct uv_stream_s; /* libuv: a listening socket */

struct channel_events {
	/* The TLS handshake is over. Not called without TLS: such a channel begins ready. */
	void (*ready)(void *user);
	void (*bytes)(const char *bytes, size_t n, void *user);
	void (*eof)(void *user);
	void (*drained)(void *user);
	void (*timed_out)(void *user);
	void (*closed)(void *user);
};

/* What channels need to speak TLS; without it all are NULL. Borrowed for the channels' lives. */
struct channel_security {
	const struct tls_context *tls; /* for new channels; those that are there keep theirs */
	struct handshakes *handshakes;
	const char *plain_answer; /* for a peer that speaks plain HTTP: it knows no alert of TLS */
};

/* For handshakes_init(): whose turn it is is a channel's matter. */
struct handshake_events;
extern const struct handshake_events channel_handshake_events;

/* `backlog` is one of conns: conn_backlog_events. */
struct channel *channel_accept(struct uv_stream_s *listener, struct backlog *backlog,
			       const struct channel_security *security,
			       const struct channel_events *events, void *user);

/* Until it is, nothing can be written. */
bool channel_is_ready(const struct channel *channel);

/* Takes `bytes`, from malloc. */
void channel_write(struct channel *channel, char *bytes, size_t n);
void channel_write_static(struct channel *channel, const char *bytes, size_t n);

bool channel_is_congested(const struct channel *channel);
bool channel_is_open(const struct channel *channel);
/* Memory of a part of a TLS record, which is kept until the rest comes; 0: there is none. */
size_t channel_partial_record_bytes(const struct channel *channel);

void channel_mark_known(struct channel *channel);
void channel_set_owner_bytes(struct channel *channel, size_t bytes);

bool channel_is_encrypted(const struct channel *channel);
bool channel_peer(const struct channel *channel, struct net_address *out);

/*
 * While it is paused nothing more is read. What the last read brought is told all the same, but the
 * end only by channel_resume().
 */
void channel_pause(struct channel *channel);
void channel_resume(struct channel *channel);

void channel_set_clocks(struct channel *channel, uint64_t idle_ms, uint64_t total_ms);
void channel_finish(struct channel *channel);
void channel_close(struct channel *channel);

/* Closes one whose handshake has taken too long, and says so on the log. */
void channel_give_up(struct channel *channel);
