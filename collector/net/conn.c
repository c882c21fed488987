#include "collector/net/conn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "collector/net/backlog.h"
#include "proto/base/mem.h"

/* While it finishes: a peer that takes nothing of what waits for it gets this long. */
#define FINISH_MS 30000

enum life {
	LIFE_OPEN,
	LIFE_FINISHING, /* what waits is being written, then the shutdown */
	LIFE_CLOSING,
};

struct conn {
	uv_tcp_t tcp;
	uv_timer_t clock;
	unsigned open_handles; /* initialised and not yet closed; 0 frees us */
	enum life life;
	bool reading;    /* what comes is wanted */
	bool watching;   /* libuv looks whether something comes */
	bool peer_ended; /* nothing more will arrive */
	bool shut_down;  /* all is written, nothing will follow */
	bool congested;
	const struct conn_events *events; /* NULL: not accepted, frees itself unseen */
	void *user;
	struct sockaddr_in6 peer; /* or a sockaddr_in, which is smaller */

	uint64_t idle_ms;        /* 0: no such clock */
	uint64_t last_moved;     /* loop time when bytes last moved */
	uint64_t total_deadline; /* loop time; UINT64_MAX: no such clock */
	uint64_t taken_at_tick;  /* what the peer had taken when the clock last looked */

	struct backlog_share share;
	uint64_t n_given;   /* bytes that the owner gave us to write so far */
	size_t out_bytes;   /* memory of writes in flight */
	size_t owner_bytes; /* memory of the owner's, by conn_set_owner_bytes() */
	size_t max_read;    /* bytes at once */
};

/* A write in flight; owns its bytes unless they are static. */
struct outgoing {
	uv_write_t req;
	char *owned;
	size_t memory;
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;
	assert(c->life == LIFE_CLOSING && c->open_handles > 0);
	if (--c->open_handles > 0)
		return;
	if (c->events)
		c->events->closed(c->user);
	free(c);
}

static size_t queued(const struct conn *c)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
}

/*
 * Resets the connection if data is still queued, so that a truncated answer is not taken for a
 * complete one. Not by uv_tcp_close_reset(), which fails after uv_shutdown().
 */
static void close_tcp(struct conn *c)
{
	static const struct linger reset = { .l_onoff = 1 };
	int fd;

	assert(c->life == LIFE_CLOSING);
	if (queued(c) > 0 && uv_fileno((const uv_handle_t *)&c->tcp, &fd) == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset); /* or it ends mildly */
	uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

void conn_close(struct conn *c)
{
	if (c->life == LIFE_CLOSING)
		return;
	c->life = LIFE_CLOSING;
	backlog_leave(&c->share);
	close_tcp(c);
	uv_close((uv_handle_t *)&c->clock, on_handle_closed);
}

static uint64_t now_of(const struct conn *c)
{
	return uv_now(c->tcp.loop);
}

/* Bytes that the kernel has taken and the peer has not; 0 for a peer that is gone. */
static size_t in_kernel(const struct conn *c)
{
	int fd;
	int n = 0;

	if (uv_fileno((const uv_handle_t *)&c->tcp, &fd) != 0 || ioctl(fd, SIOCOUTQ, &n) != 0)
		return 0;
	return (size_t)n;
}

static uint64_t taken_by_peer(const struct conn *c)
{
	size_t waiting = queued(c) + in_kernel(c);
	return c->n_given > waiting ? c->n_given - waiting : 0; /* a FIN counts as a byte there */
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Loop time at which the nearer clock runs out; UINT64_MAX: none does. */
static uint64_t next_deadline(const struct conn *c)
{
	return least(c->idle_ms ? c->last_moved + c->idle_ms : UINT64_MAX, c->total_deadline);
}

static uint64_t next_check(const struct conn *c)
{
	return c->out_bytes > 0 ? backlog_next_check(&c->share) : UINT64_MAX;
}

/*
 * libuv has no event for what the peer takes: the kernel takes more of us when much of its buffer
 * is free again, which may be long on a slow line.
 */
static void note_progress(struct conn *c)
{
	if (c->out_bytes == 0)
		return;
	uint64_t now_taken = taken_by_peer(c);
	if (now_taken > c->taken_at_tick)
		c->last_moved = now_of(c);
	c->taken_at_tick = now_taken;
}

static void start_clock(struct conn *c);

static void on_clock(uv_timer_t *timer)
{
	struct conn *c = timer->data;

	note_progress(c);
	bool is_late = now_of(c) >= next_deadline(c);
	bool is_slow = now_of(c) >= next_check(c) && backlog_is_too_slow(&c->share, now_of(c));
	if (is_slow || (is_late && c->life == LIFE_FINISHING)) {
		conn_close(c);
	} else if (!is_late) {
		start_clock(c);
	} else {
		conn_set_clocks(c, CONN_NO_CLOCK, CONN_NO_CLOCK);
		c->events->timed_out(c, c->user);
	}
}

/*
 * Bytes that move only push the end back, so the timer sleeps to the end it knew and looks again.
 */
static void start_clock(struct conn *c)
{
	uint64_t end = least(next_deadline(c), next_check(c));
	uint64_t now = now_of(c);

	if (c->life == LIFE_CLOSING)
		return;
	if (end == UINT64_MAX)
		uv_timer_stop(&c->clock);
	else
		uv_timer_start(&c->clock, on_clock, end > now ? end - now : 0, 0);
}

/* The system forgets it as soon as the peer is gone, when the log still has to name it. */
static void note_peer(struct conn *c)
{
	int size = sizeof c->peer;
	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&c->peer, &size) != 0)
		memset(&c->peer, 0, sizeof c->peer);
}

bool conn_peer(const struct conn *c, struct net_address *out)
{
	*out = (struct net_address){ 0 };
	memcpy(&out->address, &c->peer, sizeof c->peer);
	return out->address.ss_family != 0;
}

bool conn_is_open(const struct conn *c)
{
	return c->life == LIFE_OPEN;
}

void conn_set_clocks(struct conn *c, uint64_t idle_ms, uint64_t total_ms)
{
	c->last_moved = now_of(c);
	c->idle_ms = idle_ms;
	c->total_deadline = total_ms ? c->last_moved + total_ms : UINT64_MAX;
	if (c->out_bytes > 0)
		c->taken_at_tick = taken_by_peer(c);
	start_clock(c);
}

static void count_memory(struct conn *c)
{
	backlog_set_bytes(&c->share, c->out_bytes + c->owner_bytes, now_of(c));
}

/* The clocks look whether the peer takes anything; until now that was the kernel's matter. */
static void begin_waiting(struct conn *c)
{
	c->taken_at_tick = taken_by_peer(c);
	backlog_restart_window(&c->share, now_of(c));
	start_clock(c);
}

void conn_set_owner_bytes(struct conn *c, size_t bytes)
{
	c->owner_bytes = bytes;
	count_memory(c);
}

void conn_mark_known(struct conn *c)
{
	backlog_mark_known(&c->share);
}

void conn_set_max_read(struct conn *c, size_t bytes)
{
	assert(bytes > 0 && bytes <= CONN_READ_BYTES);
	c->max_read = bytes;
}

/* libuv runs this before on_handle_closed, also for writes it cancels. */
static void on_written(uv_write_t *req, int rc)
{
	struct outgoing *w = req->data;
	struct conn *c = req->handle->data;

	assert(c->out_bytes >= w->memory);
	c->out_bytes -= w->memory;
	free(w->owned);
	free(w);
	count_memory(c);
	if (rc < 0) {
		conn_close(c);
		return;
	}
	c->last_moved = now_of(c);
	if (c->congested && !conn_is_congested(c)) {
		c->congested = false;
		if (c->life == LIFE_OPEN)
			c->events->drained(c, c->user);
	}
}

/* Writes at once what the kernel takes; returns how much. The rest has to wait. */
static size_t write_now(struct conn *c, const char *bytes, size_t n)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)n);
	if (c->life != LIFE_OPEN || queued(c) > 0)
		return 0;
	int written = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
	if (written > 0)
		c->last_moved = now_of(c);
	return written > 0 ? (size_t)written : 0;
}

static void count_write(struct conn *c, struct outgoing *w, size_t n)
{
	bool begins = c->out_bytes == 0;

	w->memory = sizeof *w + (w->owned ? n : 0);
	c->out_bytes += w->memory;
	c->congested = c->congested || conn_is_congested(c);
	count_memory(c);
	if (begins)
		begin_waiting(c);
}

static void write_later(struct conn *c, const char *bytes, size_t n, char *owned)
{
	struct outgoing *w = mem_alloc(sizeof *w);
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)n);

	w->owned = owned;
	w->req.data = w;
	if (c->life == LIFE_OPEN &&
	    uv_write(&w->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) == 0) {
		count_write(c, w, n);
		return;
	}
	free(owned);
	free(w);
	conn_close(c);
}

/* The copy takes no more memory than it needs: the caller's buffer has room to grow. */
void conn_write_copy(struct conn *c, const char *bytes, size_t n)
{
	size_t written = write_now(c, bytes, n);
	c->n_given += n;
	if (written == n)
		return;
	char *rest = mem_strndup(bytes + written, n - written);
	write_later(c, rest, n - written, rest);
}

void conn_write(struct conn *c, char *bytes, size_t n)
{
	conn_write_copy(c, bytes, n);
	free(bytes);
}

void conn_write_static(struct conn *c, const char *bytes, size_t n)
{
	size_t written = write_now(c, bytes, n);
	c->n_given += n;
	if (written < n)
		write_later(c, bytes + written, n - written, NULL);
}

bool conn_is_congested(const struct conn *c)
{
	return queued(c) >= CONN_MAX_QUEUED;
}

/* No buffer, and libuv reads nothing: on_read gets UV_ENOBUFS. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char
		bytes[CONN_READ_BYTES]; /* emptied by on_read before the next one is asked for */
	const struct conn *c = handle->data;
	(void)suggested;
	*buf = uv_buf_init(bytes, c->reading ? (unsigned)c->max_read : 0);
}

static void stop_watching(struct conn *c)
{
	if (c->watching)
		uv_read_stop((uv_stream_t *)&c->tcp);
	c->watching = false;
}

/*
 * Between a request and its answer nothing comes from most clients: libuv goes on looking until
 * something does, which saves two calls of the system for each request.
 */
void conn_pause(struct conn *c)
{
	c->reading = false;
}

static void on_eof(struct conn *c)
{
	assert(!c->peer_ended);
	c->peer_ended = true;
	c->reading = false;
	stop_watching(c);
	if (c->life == LIFE_OPEN)
		c->events->eof(c, c->user);
	else if (c->shut_down)
		conn_close(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *c = stream->data;

	if (n == UV_ENOBUFS && !c->reading) {
		stop_watching(c);
	} else if (n == UV_EOF) {
		on_eof(c);
	} else if (n < 0) {
		conn_close(c);
	} else if (n > 0 && c->life == LIFE_OPEN) { /* else it finishes, and this is dropped */
		c->last_moved = now_of(c);
		c->events->bytes(c, buf->base, (size_t)n, c->user);
	}
}

void conn_resume(struct conn *c)
{
	if (c->reading || c->peer_ended || c->life == LIFE_CLOSING)
		return;
	c->reading = true;
	if (c->watching)
		return;
	assert(!c->peer_ended);
	if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
		conn_close(c);
	else
		c->watching = true;
}

static void on_shut_down(uv_shutdown_t *req, int rc)
{
	struct conn *c = req->handle->data;
	free(req);
	if (c->life != LIFE_FINISHING)
		return;
	assert(queued(c) == 0 || rc < 0);
	c->shut_down = true;
	if (rc < 0 || c->peer_ended)
		conn_close(c);
	else
		conn_set_clocks(c, CONN_NO_CLOCK, CONN_LINGER_MS);
}

void conn_finish(struct conn *c)
{
	if (c->life != LIFE_OPEN)
		return;
	uv_shutdown_t *req = mem_alloc(sizeof *req);
	if (uv_shutdown(req, (uv_stream_t *)&c->tcp, on_shut_down) != 0) {
		free(req);
		conn_close(c);
		return;
	}
	c->life = LIFE_FINISHING;
	conn_set_clocks(c, FINISH_MS, CONN_NO_CLOCK);
	conn_resume(c); /* reads to the end, so that the kernel does not reset the connection */
}

static uint64_t backlog_taken(void *user)
{
	return taken_by_peer(user);
}

static void backlog_cut(void *user)
{
	conn_close(user);
}

const struct backlog_events conn_backlog_events = { .taken = backlog_taken, .cut = backlog_cut };

struct conn *conn_accept(uv_stream_t *listener, struct backlog *backlog,
			 const struct conn_events *events, void *user)
{
	struct conn *c = mem_alloc(sizeof *c);

	if (uv_tcp_init(listener->loop, &c->tcp) != 0) {
		free(c);
		return NULL;
	}
	uv_timer_init(listener->loop, &c->clock); /* cannot fail */
	c->tcp.data = c->clock.data = c;
	c->open_handles = 2;
	c->total_deadline = UINT64_MAX;
	c->max_read = CONN_READ_BYTES;
	backlog_enter(backlog, &c->share, c);

	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || uv_tcp_nodelay(&c->tcp, 1) != 0 ||
	    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
		conn_close(c); /* events not set: frees itself unseen */
		return NULL;
	}
	assert(c->open_handles == 2);
	note_peer(c);
	c->reading = c->watching = true;
	c->events = events;
	c->user = user;
	return c;
}
