#include "tests/unit/collector/http/server_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "proto/base/mem.h"

static void answer_text(struct call *call, const char *text)
{
	call_answer(call, &(struct answer){ .status = 200,
					    .content_type = "text/plain",
					    .static_body = text,
					    .size = strlen(text) });
}

static struct server_play *play_of(struct call *call)
{
	struct server_play *play = call->context;
	play->n_calls++;
	return play;
}

static void echo(struct call *call)
{
	struct answer answer = { .status = 200, .content_type = "text/plain" };
	play_of(call);
	answer.body = buffer_take(&call->request->body, &answer.size);
	call_answer(call, &answer);
}

static void show_param(struct call *call)
{
	play_of(call);
	answer_text(call, "param");
}

static void on_closed(void *user)
{
	(void)user;
}

void server_play_close(struct server_play *play)
{
	if (play->is_closing)
		return;
	play->is_closing = true;
	server_close(play->server, on_closed, NULL);
	uv_close((uv_handle_t *)&play->over, NULL);
}

struct later {
	struct loop_timer *timer;
	struct call *call;
};

static void answer_later(void *user)
{
	struct later *later = user;
	answer_text(later->call, "later");
	loop_timer_close(later->timer);
	free(later);
}

static void later(struct call *call)
{
	struct server_play *play = play_of(call);
	struct later *l = mem_alloc(sizeof *l);
	l->call = call;
	l->timer = loop_timer_new(&play->loop, answer_later, l);
	loop_timer_start(l->timer, SERVER_PLAY_LATER_MS);
	if (play->close_early)
		server_play_close(play);
}

static void big(struct call *call)
{
	struct answer answer = { .status = 200,
				 .content_type = "text/plain",
				 .size = SERVER_PLAY_BIG_BYTES };
	play_of(call);
	answer.body = mem_alloc(SERVER_PLAY_BIG_BYTES);
	memset(answer.body, 'b', SERVER_PLAY_BIG_BYTES);
	call_answer(call, &answer);
}

static void other(struct call *call)
{
	struct server_play *play = play_of(call);
	play->other(call);
}

static const struct route routes[] = {
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/other", 0, other },
	{ HTTP_METHOD_POST, ACCESS_ANYBODY, "/echo", 16, echo },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/later", 0, later },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/big", 0, big },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/things/{name}", 0, show_param },
};

static void on_over(uv_async_t *handle)
{
	server_play_close(handle->data);
}

static void *run_client(void *user)
{
	struct server_play *play = user;
	play->client(play);
	uv_async_send(&play->over);
	return NULL;
}

void server_play_through(struct server_play *play, void (*client)(struct server_play *play))
{
	char error[SERVER_ERROR_SIZE];

	play->client = client;
	assert_int_equal(uv_loop_init(&play->loop), 0);
	assert_int_equal(uv_async_init(&play->loop, &play->over, on_over), 0);
	play->over.data = play;
	play->options.loop = &play->loop;
	play->options.routes = routes;
	play->options.n_routes = sizeof routes / sizeof *routes;
	play->options.context = play;
	assert_int_equal(net_address_parse("127.0.0.1:0", &play->options.address), STATUS_OK);
	assert_int_equal(server_open(&play->server, &play->options, error), STATUS_OK);
	memcpy(&play->address, server_address(play->server), sizeof play->address);

	assert_int_equal(pthread_create(&play->thread, NULL, run_client, play), 0);
	uv_run(&play->loop, UV_RUN_DEFAULT);
	assert_int_equal(pthread_join(play->thread, NULL), 0);
	assert_int_equal(uv_loop_close(&play->loop), 0);
}

struct server_play server_play_new(void)
{
	return (struct server_play){ .options.clocks = CLIENT_CLOCKS_DEFAULT };
}

void server_play_free(struct server_play *play)
{
	for (size_t i = 0; i < play->n_got; i++)
		free(play->got[i]);
}

size_t server_play_count(const char *text, const char *part)
{
	size_t n = 0;
	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

/* On the thread from here: no assertions, only notes. */

int server_play_dial_from(struct server_play *play, unsigned source)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + source);
	if (source > 0 && bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
		abort();
	if (connect(fd, (struct sockaddr *)&play->address, sizeof play->address) != 0)
		abort();
	return fd;
}

void server_play_say(int fd, const char *text)
{
	size_t n = strlen(text);
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

void server_play_hear(struct server_play *play, int fd)
{
	static char bytes[65536];
	struct buffer got;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n = 0;

	buffer_init(&got);
	while (poll(&ready, 1, SERVER_PLAY_PATIENCE_MS) == 1 &&
	       (n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		buffer_add(&got, bytes, (size_t)n);
	if (n < 0)
		buffer_add_text(&got, "[reset]");
	close(fd);
	size_t i = play->n_got++;
	play->got[i] = buffer_take(&got, &play->got_size[i]);
}

int server_play_dial(struct server_play *play)
{
	return server_play_dial_from(play, 0);
}
