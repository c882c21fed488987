#include "collector/net/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/crypto/tls.h"
#include "collector/net/conn.h"
#include "collector/net/handshakes.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"

/*
 * Read of a peer before its handshake's turn: the first message of one, and no more, since all may
 * have to wait at once.
 */
#define FIRST_READ_BYTES ((size_t)2048)

/* State that only exists until the handshake is over. */
struct opening {
	struct handshake turn;
	struct buffer held; /* arrived before its turn */
};

struct channel {
	struct conn *conn;
	struct tls *tls; /* NULL: plain */
	struct handshakes *handshakes;
	const char *plain_answer;
	struct opening *opening; /* from the first byte to the end of the handshake */
	bool ready;
	bool paused;           /* the client wants nothing more for now, not even the end */
	bool got_close_notify; /* the peer has told the end of its text (close_notify) */
	const struct channel_events *events;
	void *user;
};

static void send_output(struct channel *ch)
{
	const char *bytes;
	size_t n = tls_output(&bytes);
	if (n > 0)
		conn_write_copy(ch->conn, bytes, n);
}

static void end_opening(struct channel *ch)
{
	if (!ch->opening)
		return;
	handshakes_leave(ch->handshakes, &ch->opening->turn);
	buffer_deinit(&ch->opening->held);
	free(ch->opening);
	ch->opening = NULL;
}

static const char *peer_text(const struct channel *ch, char text[NET_ADDRESS_TEXT_SIZE])
{
	struct net_address peer;
	return conn_peer(ch->conn, &peer) ? net_address_format(&peer, text)
					  : "a client that is gone";
}

static void log_failure(struct channel *ch, const char *why)
{
	char text[NET_ADDRESS_TEXT_SIZE];
	handshakes_log_failure(ch->handshakes, peer_text(ch, text), why);
}

/* The peer knows from the alert that is on its way. */
static void on_tls_failed(struct channel *ch)
{
	char text[NET_ADDRESS_TEXT_SIZE];

	if (ch->ready) {
		log_debug("the TLS connection with %s failed: %s", peer_text(ch, text),
			  tls_failure(ch->tls));
	} else {
		log_failure(ch, tls_failure(ch->tls));
		if (ch->plain_answer && tls_got_http(ch->tls))
			conn_write_static(ch->conn, ch->plain_answer, strlen(ch->plain_answer));
	}
	end_opening(ch);
	conn_finish(ch->conn);
}

static void note_ready(struct channel *ch)
{
	if (ch->ready || !tls_is_ready(ch->tls))
		return;
	assert(ch->opening);
	ch->ready = true;
	ch->handshakes->n_done++;
	end_opening(ch);
	ch->events->ready(ch->user);
}

/* The end is no news while answers are due to what came before it. */
static void report_eof(struct channel *ch)
{
	ch->got_close_notify = true;
	if (!ch->paused)
		ch->events->eof(ch->user);
}

/* Reads one record of the bytes that were fed; false when there is no more to do. */
static bool decrypt_record(struct channel *ch)
{
	static char plain[TLS_RECORD_BYTES];
	size_t n;
	enum tls_result result = tls_read(ch->tls, plain, sizeof plain, &n);

	send_output(ch);
	if (!conn_is_open(ch->conn))
		return false;
	if (result == TLS_FAILED) {
		on_tls_failed(ch);
		return false;
	}
	note_ready(ch);
	if (result == TLS_PLAIN && conn_is_open(ch->conn))
		ch->events->bytes(plain, n, ch->user);
	else if (result == TLS_ENDED && conn_is_open(ch->conn))
		report_eof(ch);
	return result == TLS_PLAIN && conn_is_open(ch->conn);
}

/* Pauses reading if handshake output piles up: its peer could make us buffer without limit. */
static void decrypt(struct channel *ch, const char *bytes, size_t n)
{
	assert(ch->tls);
	tls_feed(ch->tls, bytes, n);
	while (decrypt_record(ch))
		;
	tls_feed(ch->tls, NULL, 0);
	if (conn_is_open(ch->conn) && conn_is_congested(ch->conn))
		conn_pause(ch->conn);
}

/* The first bytes: is it this channel's turn? Until then nothing more is read. */
static void open_or_wait(struct channel *ch, const char *bytes, size_t n)
{
	assert(!ch->opening && !ch->ready);
	ch->opening = mem_alloc(sizeof *ch->opening);
	buffer_init(&ch->opening->held);
	if (handshakes_enter(ch->handshakes, &ch->opening->turn, ch)) {
		conn_set_max_read(ch->conn, CONN_READ_BYTES);
		decrypt(ch, bytes, n);
		return;
	}
	buffer_add(&ch->opening->held, bytes, n);
	conn_pause(ch->conn);
}

static void on_admit(void *user)
{
	struct channel *ch = user;
	struct buffer held = ch->opening->held;

	assert(!ch->ready && ch->opening->turn.place == HANDSHAKE_RUNNING);
	buffer_init(&ch->opening->held);
	conn_set_max_read(ch->conn, CONN_READ_BYTES);
	conn_resume(ch->conn);
	if (conn_is_open(ch->conn))
		decrypt(ch, held.bytes, held.size);
	buffer_deinit(&held);
}

static void on_evict(void *user)
{
	struct channel *ch = user;
	assert(ch->opening && ch->opening->turn.place == HANDSHAKE_OUTSIDE);
	log_failure(ch, "it took too long while others waited");
	channel_close(ch);
}

const struct handshake_events channel_handshake_events = { .admit = on_admit, .evict = on_evict };

static void on_bytes(struct conn *conn, const char *bytes, size_t n, void *user)
{
	struct channel *ch = user;
	(void)conn;
	if (!ch->tls)
		ch->events->bytes(bytes, n, ch->user);
	else if (!ch->ready && !ch->opening)
		open_or_wait(ch, bytes, n);
	else
		decrypt(ch, bytes, n);
}

static void on_eof(struct conn *conn, void *user)
{
	struct channel *ch = user;
	(void)conn;
	if (ch->opening)
		log_failure(ch, "the client has hung up");
	ch->events->eof(ch->user);
}

static void on_drained(struct conn *conn, void *user)
{
	struct channel *ch = user;
	(void)conn;
	if (ch->ready)
		ch->events->drained(ch->user);
	else
		conn_resume(ch->conn);
}

static void on_timed_out(struct conn *conn, void *user)
{
	struct channel *ch = user;
	(void)conn;
	ch->events->timed_out(ch->user);
}

static void on_closed(void *user)
{
	struct channel *ch = user;
	end_opening(ch);
	tls_free(ch->tls);
	ch->events->closed(ch->user);
	free(ch);
}

static const struct conn_events events = {
	.bytes = on_bytes,
	.eof = on_eof,
	.drained = on_drained,
	.timed_out = on_timed_out,
	.closed = on_closed,
};

struct channel *channel_accept(struct uv_stream_s *listener, struct backlog *backlog,
			       const struct channel_security *security,
			       const struct channel_events *channel_events, void *user)
{
	struct channel *ch = mem_alloc(sizeof *ch);

	ch->conn = conn_accept(listener, backlog, &events, ch);
	if (!ch->conn) {
		free(ch);
		return NULL;
	}
	ch->events = channel_events;
	ch->user = user;
	ch->ready = !security->tls;
	if (security->tls) {
		ch->tls = tls_new(security->tls);
		ch->handshakes = security->handshakes;
		ch->plain_answer = security->plain_answer;
		conn_set_max_read(ch->conn, FIRST_READ_BYTES);
	}
	return ch;
}

bool channel_is_ready(const struct channel *ch)
{
	return ch->ready;
}

static void encrypt(struct channel *ch, const char *bytes, size_t n)
{
	assert(ch->ready);
	while (n > 0 && conn_is_open(ch->conn)) {
		size_t used;
		bool good = tls_write(ch->tls, bytes, n, &used);
		send_output(ch);
		if (!good) {
			conn_close(ch->conn);
			return;
		}
		bytes += used;
		n -= used;
	}
}

void channel_write(struct channel *ch, char *bytes, size_t n)
{
	if (!ch->tls) {
		conn_write(ch->conn, bytes, n);
		return;
	}
	encrypt(ch, bytes, n);
	free(bytes);
}

void channel_write_static(struct channel *ch, const char *bytes, size_t n)
{
	if (ch->tls)
		encrypt(ch, bytes, n);
	else
		conn_write_static(ch->conn, bytes, n);
}

bool channel_is_congested(const struct channel *ch)
{
	return conn_is_congested(ch->conn);
}

size_t channel_partial_record_bytes(const struct channel *ch)
{
	return ch->tls && ch->ready && tls_has_part(ch->tls) ? TLS_RECORD_BYTES : 0;
}

void channel_mark_known(struct channel *ch)
{
	conn_mark_known(ch->conn);
}

void channel_set_owner_bytes(struct channel *ch, size_t bytes)
{
	conn_set_owner_bytes(ch->conn, bytes);
}

bool channel_is_open(const struct channel *ch)
{
	return conn_is_open(ch->conn);
}

bool channel_is_encrypted(const struct channel *ch)
{
	return ch->tls != NULL;
}

bool channel_peer(const struct channel *ch, struct net_address *out)
{
	return conn_peer(ch->conn, out);
}

void channel_pause(struct channel *ch)
{
	ch->paused = true;
	conn_pause(ch->conn);
}

void channel_resume(struct channel *ch)
{
	ch->paused = false;
	conn_resume(ch->conn);
	if (ch->got_close_notify && conn_is_open(ch->conn))
		ch->events->eof(ch->user);
}

void channel_set_clocks(struct channel *ch, uint64_t idle_ms, uint64_t total_ms)
{
	conn_set_clocks(ch->conn, idle_ms, total_ms);
}

void channel_finish(struct channel *ch)
{
	if (ch->tls && conn_is_open(ch->conn)) {
		tls_end(ch->tls);
		send_output(ch);
	}
	end_opening(ch);
	conn_finish(ch->conn);
}

void channel_close(struct channel *ch)
{
	end_opening(ch);
	conn_close(ch->conn);
}

void channel_give_up(struct channel *ch)
{
	if (ch->opening)
		log_failure(ch, "it took too long");
	channel_close(ch);
}
