#include "collector/transfer/transfer.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include <cmocka.h>

/* A peer on loopback: answers what is in `script`, then closes. */
struct peer {
	uv_tcp_t listener;
	uv_tcp_t conn;
	bool accepted;
	char heard[8192];
	size_t n_heard;
	const char *script; /* NULL: it never answers */
	const char *until;  /* it answers when it has heard that */
	uint16_t port;
	char url[64];
};

/* How a transfer ended. */
struct ending {
	int n;
	long status;
	bool completed;
	int64_t retry_s;
	size_t size;
	bool is_cut;
	char body[64];
	char error[TRANSFER_ERROR_SIZE];
};

static uv_loop_t loop;
static struct transfers *transfers;
static struct peer peer;
static struct ending ending;

static atomic_int n_lookups;

/* In the place of the C library's, for the threads of libcurl: every name is this machine's. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *found = dlsym(RTLD_NEXT, "getaddrinfo");
	(void)name;

	memcpy(&real, &found, sizeof real); /* ISO C knows no conversion */
	n_lookups++;
	return real("127.0.0.1", service, hints, out);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	(void)handle;
	(void)size;
	*buf = uv_buf_init(peer.heard + peer.n_heard,
			   (unsigned)(sizeof peer.heard - 1 - peer.n_heard));
}

static void on_heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	(void)buf;
	if (n < 0) {
		uv_close((uv_handle_t *)stream, NULL);
		return;
	}
	peer.n_heard += (size_t)n;
	if (!peer.script || !strstr(peer.heard, peer.until))
		return;
	uv_buf_t answer =
		uv_buf_init((char *)(uintptr_t)peer.script, (unsigned)strlen(peer.script));
	assert_int_equal(uv_try_write(stream, &answer, 1), (int)answer.len);
	uv_read_stop(stream);
	uv_close((uv_handle_t *)stream, NULL);
}

static void on_connection(uv_stream_t *listener, int rc)
{
	assert_int_equal(rc, 0);
	assert_int_equal(uv_tcp_init(&loop, &peer.conn), 0);
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer.conn), 0);
	assert_int_equal(uv_read_start((uv_stream_t *)&peer.conn, on_alloc, on_heard), 0);
	peer.accepted = true;
}

static int set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(0x7f000001) };
	int size = sizeof address;
	(void)state;

	peer = (struct peer){ .until = "\r\n\r\n" };
	ending = (struct ending){ 0 };
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(uv_tcp_init(&loop, &peer.listener), 0);
	assert_int_equal(uv_tcp_bind(&peer.listener, (struct sockaddr *)&address, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&peer.listener, 1, on_connection), 0);
	assert_int_equal(uv_tcp_getsockname(&peer.listener, (struct sockaddr *)&address, &size), 0);
	peer.port = ntohs(address.sin_port);
	snprintf(peer.url, sizeof peer.url, "http://127.0.0.1:%d/hook", peer.port);
	transfers = transfers_new(&loop);
	assert_non_null(transfers);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	transfers_close(transfers);
	uv_close((uv_handle_t *)&peer.listener, NULL);
	if (peer.accepted && !uv_is_closing((uv_handle_t *)&peer.conn))
		uv_close((uv_handle_t *)&peer.conn, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void on_done(void *user, const struct transfer_result *result)
{
	assert_ptr_equal(user, &ending);
	ending.n++;
	ending.status = result->status;
	ending.completed = result->completed;
	ending.retry_s = result->retry_s;
	ending.size = result->size;
	ending.is_cut = result->is_cut;
	snprintf(ending.body, sizeof ending.body, "%s", result->body);
	snprintf(ending.error, sizeof ending.error, "%s", result->error ? result->error : "");
	uv_stop(&loop);
}

static struct transfer_request post(void)
{
	return (struct transfer_request){ .url = peer.url,
					  .limit_ms = 20000,
					  .fields = { "Content-Type: application/json", "X-Id: 7" },
					  .n_fields = 2,
					  .body = "{\"a\":1}",
					  .size = 7 };
}

static void run(const struct transfer_request *request)
{
	transfer_start(transfers, request, on_done, &ending);
	assert_int_equal(ending.n, 0);
	uv_run(&loop, UV_RUN_DEFAULT); /* until on_done() */
	assert_int_equal(ending.n, 1);
}

static void a_post_carries_fields_and_body_and_brings_the_answer(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater";
	peer.until = "{\"a\":1}";
	run(&request);
	assert_true(ending.completed);
	assert_int_equal(ending.status, 429);
	assert_int_equal(ending.retry_s, 7);
	assert_string_equal(ending.body, "later");
	assert_memory_equal(peer.heard, "POST /hook HTTP/1.1\r\n", 21);
	assert_non_null(strstr(peer.heard, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(peer.heard, "\r\nX-Id: 7\r\n"));
	assert_non_null(strstr(peer.heard, "\r\nUser-Agent: mtawatch-collector/"));
}

static void a_redirect_is_not_followed(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
		      "Content-Length: 0\r\n\r\n";
	run(&request);
	assert_true(ending.completed);
	assert_int_equal(ending.status, 302);
}

static void an_answer_is_kept_up_to_its_limit(void **state)
{
	static char script[TRANSFER_MAX_ANSWER + 4096];
	struct transfer_request request = post();
	(void)state;

	int n = snprintf(script, sizeof script, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
			 TRANSFER_MAX_ANSWER + 1);
	memset(script + n, 'x', TRANSFER_MAX_ANSWER + 1);
	peer.script = script;
	run(&request);
	assert_true(ending.completed);
	assert_int_equal(ending.size, TRANSFER_MAX_ANSWER);
	assert_true(ending.is_cut);
}

static void a_limit_of_its_own_keeps_an_answer_whole(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole";
	request.max_answer = 5;
	run(&request);
	assert_int_equal(ending.size, 5);
	assert_false(ending.is_cut);
}

static void another_method_goes_without_a_body(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "HTTP/1.1 204 No Content\r\n\r\n";
	request.method = "DELETE";
	request.body = "";
	request.size = 0;
	run(&request);
	assert_int_equal(ending.status, 204);
	assert_memory_equal(peer.heard, "DELETE /hook HTTP/1.1\r\n", 23);
	assert_null(strstr(peer.heard, "Content-Length"));
}

static void silence_ends_at_the_limit(void **state)
{
	struct transfer_request request = post();
	(void)state;

	request.limit_ms = 50;
	run(&request);
	assert_false(ending.completed);
	assert_int_equal(ending.status, 0);
	assert_non_null(strstr(ending.error, "timed out"));
}

static void a_peer_that_hangs_up_is_no_answer(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "";
	peer.until = "{";
	run(&request);
	assert_false(ending.completed);
	assert_string_not_equal(ending.error, "");
}

static void what_libcurl_does_not_take_ends_with_a_reason_and_is_not_sent(void **state)
{
	struct transfer_request request = post();
	(void)state;

	request.client_cert = "/nonexistent/cert.pem";
	request.url = "gopher://127.0.0.1/";
	run(&request);
	assert_false(ending.completed);
	assert_string_not_equal(ending.error, "");
	assert_false(peer.accepted);
}

static void a_pipe_in_the_place_of_a_file_is_not_waited_for(void **state)
{
	char folder[] = "/tmp/mtawatch-transfer-XXXXXX";
	char pipe[sizeof folder + 5];
	(void)state;

	assert_non_null(mkdtemp(folder));
	snprintf(pipe, sizeof pipe, "%s/pipe", folder);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	const struct transfer_request requests[] = {
		{ .url = "https://127.0.0.1:1/", .limit_ms = 5000, .ca_file = pipe },
		{ .url = "https://127.0.0.1:1/", .limit_ms = 5000, .client_cert = pipe },
		{ .url = "https://127.0.0.1:1/", .limit_ms = 5000, .client_key = pipe },
	};
	for (int i = 0; i < 3; i++) {
		ending = (struct ending){ 0 };
		run(&requests[i]);
		assert_non_null(strstr(ending.error, "/pipe: it is no file"));
	}
	unlink(pipe);
	rmdir(folder);
}

/* libcurl would keep the address by the system's clock, which somebody may set back. */
static void a_name_is_looked_up_for_each_connection(void **state)
{
	char url[64];
	struct transfer_request request = post();
	(void)state;

	snprintf(url, sizeof url, "http://receiver.example:%d/hook", peer.port);
	request.url = url;
	peer.script = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	peer.until = "{\"a\":1}";
	for (int i = 1; i <= 2; i++) {
		ending = (struct ending){ 0 };
		memset(peer.heard, 0, sizeof peer.heard);
		peer.n_heard = 0;
		run(&request);
		assert_int_equal(ending.status, 200);
		assert_int_equal(n_lookups, i);
	}
}

static void what_is_cancelled_or_closed_never_ends(void **state)
{
	struct transfer_request request = post();
	(void)state;

	struct transfer *t = transfer_start(transfers, &request, on_done, &ending);
	while (!peer.accepted)
		uv_run(&loop, UV_RUN_ONCE);
	transfer_cancel(t);
	transfer_start(transfers, &request, on_done, &ending); /* the teardown closes it */
	assert_int_equal(ending.n, 0);
}

static void close_all(void *user, const struct transfer_result *result)
{
	on_done(user, result);
	transfers_close(transfers);
	transfers = NULL;
}

static void the_end_of_one_may_close_all(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	peer.until = "{\"a\":1}";
	transfer_start(transfers, &request, close_all, &ending);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(ending.n, 1);
	assert_int_equal(ending.status, 200);
}

static void show(void *user, bool sent, const char *line)
{
	unsigned *lines = user;
	lines[sent] += strcmp(line, sent ? "{\"a\":1}" : "HTTP/1.1 200 OK") == 0;
}

static void who_wants_to_is_shown_what_goes_over_the_line(void **state)
{
	struct transfer_request request = post();
	unsigned lines[2] = { 0, 0 };
	(void)state;

	peer.script = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	peer.until = "{\"a\":1}";
	request.show = show;
	request.show_user = lines;
	run(&request);
	assert_int_equal(lines[false], 1);
	assert_int_equal(lines[true], 1);
}

static void a_get_has_no_body(void **state)
{
	struct transfer_request request = post();
	(void)state;

	peer.script = "HTTP/1.1 204 Fine\r\n\r\n";
	request.method = "GET";
	request.size = 0;
	run(&request);
	assert_int_equal(ending.status, 204);
	assert_int_equal(strncmp(peer.heard, "GET /hook HTTP/1.1\r\n", 20), 0);
	assert_null(strstr(peer.heard, "Content-Length"));
}

#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PEER(a_post_carries_fields_and_body_and_brings_the_answer),
		WITH_PEER(a_redirect_is_not_followed),
		WITH_PEER(an_answer_is_kept_up_to_its_limit),
		WITH_PEER(a_limit_of_its_own_keeps_an_answer_whole),
		WITH_PEER(another_method_goes_without_a_body),
		WITH_PEER(silence_ends_at_the_limit),
		WITH_PEER(a_peer_that_hangs_up_is_no_answer),
		WITH_PEER(what_libcurl_does_not_take_ends_with_a_reason_and_is_not_sent),
		WITH_PEER(a_pipe_in_the_place_of_a_file_is_not_waited_for),
		WITH_PEER(a_name_is_looked_up_for_each_connection),
		WITH_PEER(what_is_cancelled_or_closed_never_ends),
		WITH_PEER(the_end_of_one_may_close_all),
		WITH_PEER(who_wants_to_is_shown_what_goes_over_the_line),
		WITH_PEER(a_get_has_no_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
