#include "collector/http/server.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "collector/net/conn.h"
#include "collector/net/handshakes.h"
#include "proto/base/mem.h"

static const char plain_answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
				   "Content-Type: text/plain\r\nContent-Length: 53\r\n\r\n"
				   "This port speaks HTTPS: the URL begins with https://\n";

#define BACKLOG 1024 /* the kernel cuts it to its own limit (net.core.somaxconn) */

struct server {
	uv_tcp_t listener;
	uv_timer_t deadline;
	unsigned open_handles; /* initialised and not yet closed */
	bool closing;
	struct net_address address;
	struct handshakes handshakes;
	struct clients clients;
	void (*closed)(void *user); /* NULL: it never opened */
	void *closed_user;
};

/* The end is there when both the handles and the clients are gone. */
static void end_if_empty(struct server *s)
{
	if (!s->closing || s->open_handles > 0 || s->clients.n > 0)
		return;
	if (s->closed)
		s->closed(s->closed_user);
	free(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct server *s = handle->data;
	assert(s->closing && s->open_handles > 0);
	s->open_handles--;
	end_if_empty(s);
}

/* The timers live until the last client is gone: a client needs them. */
static void close_timers_if_empty(struct server *s)
{
	if (!s->closing || s->clients.n > 0 || uv_is_closing((uv_handle_t *)&s->deadline))
		return;
	handshakes_deinit(&s->handshakes);
	uv_close((uv_handle_t *)&s->deadline, on_handle_closed);
}

static void on_client_gone(void *user)
{
	struct server *s = user;
	close_timers_if_empty(s);
	end_if_empty(s);
}

static void on_connection(uv_stream_t *listener, int rc)
{
	struct server *s = listener->data;
	if (rc < 0)
		return; /* this one connection failed before it was ours */
	clients_accept(&s->clients, listener);
}

/* Connections that the limit of open files allows; raises the limit as far as it goes. */
static size_t connections_by_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return CLIENTS_MAX;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &files) != 0)
		return CLIENTS_MAX;
	if (files.rlim_cur == RLIM_INFINITY)
		return CLIENTS_MAX;
	size_t kept = SERVER_RESERVED_FILES + CLIENTS_MAX_TURNED_AWAY;
	return files.rlim_cur > kept + 1 ? (size_t)files.rlim_cur - kept : 1;
}

static size_t choose_max_connections(size_t wanted)
{
	size_t possible = connections_by_files();
	size_t most = wanted ? wanted : CLIENTS_MAX;
	return possible < most ? possible : most;
}

static void close_handles(struct server *s)
{
	assert(!s->closing);
	s->closing = true;
	uv_close((uv_handle_t *)&s->listener, on_handle_closed);
	close_timers_if_empty(s);
}

static enum status explain(int rc, const struct net_address *address, char error[SERVER_ERROR_SIZE])
{
	char text[NET_ADDRESS_TEXT_SIZE];
	snprintf(error, SERVER_ERROR_SIZE, "could not listen on %s: %s",
		 net_address_format(address, text), uv_strerror(rc));
	if (rc == UV_EADDRINUSE)
		return STATUS_CONFLICT;
	return rc == UV_EACCES || rc == UV_EPERM ? STATUS_DENIED : STATUS_SYSTEM;
}

static int start_listening(struct server *s)
{
	int size = sizeof s->address.address;
	int rc = uv_tcp_bind(&s->listener, (const struct sockaddr *)&s->address.address, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
	if (rc == 0)
		rc = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&s->address.address,
					&size);
	return rc;
}

static struct server *server_new(const struct server_options *options)
{
	struct server *s = mem_alloc(sizeof *s);
	s->address = options->address;
	s->clients = (struct clients){
		.routes = options->routes,
		.n_routes = options->n_routes,
		.context = options->context,
		.admit = options->admit,
		.refused = options->refused,
		.clocks = options->clocks,
		.max_requests = options->max_requests ? options->max_requests : CLIENT_MAX_REQUESTS,
		.max = choose_max_connections(options->max_connections),
		.max_of_address =
			options->max_of_address ? options->max_of_address : CLIENTS_MAX_OF_ADDRESS,
		.bodies.max =
			options->max_body_bytes ? options->max_body_bytes : CLIENTS_MAX_BODY_BYTES,
		.trusted_proxies = options->trusted_proxies,
		.stats = options->stats,
		.security = { options->tls, &s->handshakes, plain_answer },
		.gone = on_client_gone,
		.user = s,
	};
	clients_init(&s->clients);
	backlog_init(&s->clients.backlog,
		     options->max_answer_bytes ? options->max_answer_bytes : BACKLOG_MAX_BYTES,
		     &conn_backlog_events);
	if (options->slow_window_ms)
		s->clients.backlog.window_ms = options->slow_window_ms;
	return s;
}

enum status server_open(struct server **out, const struct server_options *options,
			char error[SERVER_ERROR_SIZE])
{
	struct server *s = server_new(options);
	int rc = uv_tcp_init(options->loop, &s->listener);
	if (rc != 0) {
		free(s);
		return explain(rc, &options->address, error);
	}
	uv_timer_init(options->loop, &s->deadline); /* cannot fail */
	handshakes_init(&s->handshakes, options->loop, HANDSHAKES_MAX, &channel_handshake_events);
	s->listener.data = s->deadline.data = s;
	s->open_handles = 2;

	rc = start_listening(s);
	if (rc != 0) {
		close_handles(s); /* frees itself unseen */
		return explain(rc, &options->address, error);
	}
	*out = s;
	return STATUS_OK;
}

void server_set_tls(struct server *server, const struct tls_context *tls)
{
	server->clients.security.tls = tls;
}

const struct net_address *server_address(const struct server *server)
{
	return &server->address;
}

struct server_counts server_counts(const struct server *server)
{
	return (struct server_counts){
		.connections = server->clients.n,
		.body_bytes = server->clients.bodies.used,
		.waiting_bytes = backlog_bytes(&server->clients.backlog),
		.displaced = server->clients.n_all_displaced,
		.slow = server->clients.backlog.n_slow,
		.crowded = server->clients.backlog.n_crowded,
		.bodies_refused = server->clients.bodies.n_refused,
		.accepted = server->clients.n_all,
		.turned_away = server->clients.n_all_turned_away,
		.handshakes_done = server->handshakes.n_done,
		.handshakes_failed = server->handshakes.n_failed,
	};
}

const struct tls_context *server_tls(const struct server *server)
{
	return server->clients.security.tls;
}

void server_recheck_access(struct server *server, client_is_still_allowed *is_allowed)
{
	clients_recheck_access(&server->clients, is_allowed);
}

static void on_deadline(uv_timer_t *timer)
{
	struct server *s = timer->data;
	clients_close(&s->clients);
}

void server_close(struct server *s, void (*closed)(void *user), void *user)
{
	s->closed = closed;
	s->closed_user = user;
	clients_end(&s->clients);
	close_handles(s);
	if (s->clients.n > 0)
		uv_timer_start(&s->deadline, on_deadline, SERVER_CLOSE_MS, 0);
}
