#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/base/percent.h"
#include "collector/http/http.h"
#include "proto/base/buffer.h"
#include "tests/unit/rows.h"

#define BODY_LIMIT 16

/* Reads `text` in pieces of at most `step` bytes up to the next whole request or failure. */
static enum http_event read_one(struct http *http, const char *text, size_t size, size_t step,
				size_t *at)
{
	enum http_event event = HTTP_EVENT_MORE;
	while (event == HTTP_EVENT_MORE || event == HTTP_EVENT_HEAD) {
		size_t used;
		size_t n = size - *at < step ? size - *at : step;
		if (n == 0 && event == HTTP_EVENT_MORE)
			break;
		event = http_read(http, text + *at, n, &used);
		*at += used;
		if (event == HTTP_EVENT_HEAD)
			http_set_body_limit(http, BODY_LIMIT);
	}
	return event;
}

static int failure_of_bytes(const char *text, size_t size, size_t step)
{
	struct http *http = http_new(NULL);
	size_t at = 0;
	enum http_event event = read_one(http, text, size, step, &at);
	int status = event == HTTP_EVENT_FAILED ? http_failure(http)->status : 0;
	if (event == HTTP_EVENT_MORE)
		status = -1;
	http_free(http);
	return status;
}

static void a_request_is_the_same_in_pieces_of_any_size(void **state)
{
	(void)state;
	static const char text[] =
		"POST /v1/reports?a=b%20c HTTP/1.1\r\n"
		"Host: collector\r\n"
		"X-Empty:\r\n"
		"X-Spaces: \t two words \t\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"5;extension=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";

	for (size_t step = 1; step <= sizeof text; step++) {
		struct http *http = http_new(NULL);
		size_t at = 0;
		assert_int_equal(read_one(http, text, sizeof text - 1, step, &at), HTTP_EVENT_DONE);
		assert_int_equal(at, sizeof text - 1);
		struct http_request *r = http_request(http);
		assert_int_equal(r->method, HTTP_METHOD_POST);
		assert_string_equal(r->path, "/v1/reports");
		assert_string_equal(r->query, "a=b%20c");
		assert_int_equal(r->n_fields, 4);
		assert_string_equal(http_field(r, "x-empty"), "");
		assert_string_equal(http_field(r, "X-SPACES"), "two words");
		assert_null(http_field(r, "Trailer"));
		assert_string_equal(r->body.bytes, "hello world");
		assert_true(r->keep_alive);
		http_free(http);
	}
}

static void pipelined_requests_come_out_one_by_one(void **state)
{
	(void)state;
	static const char text[] = "GET /1 HTTP/1.1\r\nHost: c\r\n\r\n"
				   "POST /2 HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nabc"
				   "GET /3 HTTP/1.0\r\n\r\n";

	for (size_t step = 1; step <= sizeof text; step++) {
		struct http *http = http_new(NULL);
		size_t at = 0;
		for (int i = 1; i <= 3; i++) {
			char path[8];
			snprintf(path, sizeof path, "/%d", i);
			assert_int_equal(read_one(http, text, sizeof text - 1, step, &at),
					 HTTP_EVENT_DONE);
			assert_string_equal(http_request(http)->path, path);
			assert_int_equal(http_request(http)->body.size, i == 2 ? 3 : 0);
			assert_int_equal(http_request(http)->keep_alive, i < 3);
			http_next(http);
			assert_false(http_has_begun(http));
		}
		assert_int_equal(at, sizeof text - 1);
		http_free(http);
	}
}

static void a_request_cut_anywhere_waits_for_the_rest(void **state)
{
	(void)state;
	static const char text[] = "POST /2 HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nabc";
	for (size_t n = 0; n < sizeof text - 1; n++)
		assert_int_equal(failure_of_bytes(text, n, sizeof text), -1);
}

/* Each row is refused whole and byte by byte. */
static void refuses_what_is_malformed_or_ambiguous(void **state)
{
	(void)state;
#define HEAD "POST / HTTP/1.1\r\nHost: c\r\n"
	static const struct {
		const char *what;
		const char *text;
		int status;
	} cases[] = {
		{ "coding and length",
		  HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 400 },
		{ "length and coding",
		  HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400 },
		{ "two lengths", HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400 },
		{ "the same length twice", HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		  400 },
		{ "a list of lengths", HEAD "Content-Length: 3, 3\r\n\r\nabc", 400 },
		{ "signed length", HEAD "Content-Length: +2\r\n\r\nab", 400 },
		{ "empty length", HEAD "Content-Length:\r\n\r\n", 400 },
		{ "length of 20 digits", HEAD "Content-Length: 99999999999999999999\r\n\r\n", 400 },
		{ "bare line feeds", "GET / HTTP/1.1\nHost: c\n\n", 400 },
		{ "space before the colon", "GET / HTTP/1.1\r\nHost : c\r\n\r\n", 400 },
		{ "field without a name", HEAD ": x\r\n\r\n", 400 },
		{ "first field without a name", "GET / HTTP/1.1\r\n:Host: c\r\n\r\n", 400 },
		{ "no Host", "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "two Hosts", "GET / HTTP/1.1\r\nHost: c\r\nhost: c\r\n\r\n", 400 },
		{ "two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: c\r\nhost: c\r\n\r\n", 400 },
		{ "folded field", HEAD "X: a\r\n b\r\n\r\n", 400 },
		{ "field folded with a tab", HEAD "X: a\r\n\tb\r\n\r\n", 400 },
		{ "field folded at once", HEAD "X:\r\n b\r\n\r\n", 400 },
		{ "field folded into nothing", HEAD "X: a\r\n \r\n\r\n", 400 },
		{ "folded first field", "GET / HTTP/1.1\r\n Host: c\r\n\r\n", 400 },
		{ "chunk size overflow",
		  HEAD "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", 400 },
		{ "negative chunk size", HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400 },
		{ "carriage return alone", HEAD "X: a\rb\r\n\r\n", 400 },
		{ "unknown coding", HEAD "Transfer-Encoding: xchunked\r\n\r\n", 501 },
		{ "unknown coding and length",
		  HEAD "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc", 400 },
		{ "coding after chunked", HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n", 400 },
		{ "coding before chunked", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
		{ "coding twice",
		  HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
		{ "coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		  400 },
		{ "HTTP/2.0", "GET / HTTP/2.0\r\nHost: c\r\n\r\n", 505 },
		{ "HTTP/1.2", "GET / HTTP/1.2\r\nHost: c\r\n\r\n", 400 },
		{ "HTTP/0.9", "GET /\r\n\r\n", 505 },
		{ "TLS", "\x16\x03\x01\x02\x01\x01", 400 },
		{ "no method", "FETCHALL / HTTP/1.1\r\nHost: c\r\n\r\n", 400 },
		{ "lower case method", "get / HTTP/1.1\r\nHost: c\r\n\r\n", 400 },
		{ "tunnel", "CONNECT c:443 HTTP/1.1\r\nHost: c\r\n\r\n", 501 },
		{ "fragment", "GET /#x HTTP/1.1\r\nHost: c\r\n\r\n", 400 },
		{ "target without a path", "GET http://c HTTP/1.1\r\nHost: c\r\n\r\n", 400 },
		{ "unknown expectation", HEAD "Expect: 200-ok\r\nContent-Length: 3\r\n\r\n", 417 },
	};
	for_each_row(i, cases) {
		size_t n = strlen(cases[i].text);
		int whole = failure_of_bytes(cases[i].text, n, n);
		int bytewise = failure_of_bytes(cases[i].text, n, 1);
		assert_int_equal(whole, cases[i].status);
		assert_int_equal(bytewise, cases[i].status);
	}
}

static void refuses_a_nul_in_a_field(void **state)
{
	(void)state;
	static const char text[] = "GET / HTTP/1.1\r\nHost: c\r\nX: a\0b\r\n\r\n";
	assert_int_equal(failure_of_bytes(text, sizeof text - 1, 1), 400);
	assert_int_equal(failure_of_bytes(text, sizeof text - 1, sizeof text), 400);
}

/* A head of exactly `size` bytes. */
static char *head_of_size(size_t size)
{
	static const char begin[] = "GET / HTTP/1.1\r\nHost: c\r\nX: ";
	char *text = malloc(size + 1);
	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, begin, sizeof begin - 1);
	memcpy(text + size - 4, "\r\n\r\n", 5);
	return text;
}

static void the_head_has_a_limit_of_bytes(void **state)
{
	(void)state;
	for (size_t step = 1; step <= 65536; step *= 256) {
		char *text = head_of_size(HTTP_MAX_HEAD_BYTES);
		assert_int_equal(failure_of_bytes(text, HTTP_MAX_HEAD_BYTES, step), 0);
		free(text);
		text = head_of_size(HTTP_MAX_HEAD_BYTES + 1);
		assert_int_equal(failure_of_bytes(text, HTTP_MAX_HEAD_BYTES + 1, step), 431);
		free(text);
	}
}

static int failure_of_fields(size_t n)
{
	struct buffer text;
	buffer_init(&text);
	buffer_add_text(&text, "GET / HTTP/1.1\r\nHost: c\r\n");
	for (size_t i = 1; i < n; i++)
		buffer_printf(&text, "X-%zu: y\r\n", i);
	buffer_add_text(&text, "\r\n");
	int status = failure_of_bytes(text.bytes, text.size, text.size);
	buffer_deinit(&text);
	return status;
}

static void the_head_has_a_limit_of_fields(void **state)
{
	(void)state;
	assert_int_equal(failure_of_fields(HTTP_MAX_FIELDS), 0);
	assert_int_equal(failure_of_fields(HTTP_MAX_FIELDS + 1), 431);
}

/* Reads one request and tells whether its body was too large for BODY_LIMIT. */
static bool is_too_large(const char *text)
{
	struct http *http = http_new(NULL);
	size_t at = 0;
	assert_int_equal(read_one(http, text, strlen(text), 7, &at), HTTP_EVENT_DONE);
	assert_int_equal(at, strlen(text));
	bool too_large = http_request(http)->body_too_large;
	if (too_large)
		assert_int_equal(http_request(http)->body.size, 0);
	http_free(http);
	return too_large;
}

static void a_body_past_its_limit_is_read_and_dropped(void **state)
{
	(void)state;
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
	assert_false(is_too_large(HEAD "Content-Length: 16\r\n\r\n0123456789abcdef"));
	assert_true(is_too_large(HEAD "Content-Length: 17\r\n\r\n0123456789abcdefg"));
	assert_false(is_too_large(CHUNKED "8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n"));
	assert_true(is_too_large(CHUNKED "8\r\n01234567\r\n9\r\n89abcdefg\r\n0\r\n\r\n"));
}

/* Reads one request, and tells whether there was room for its body. */
static bool finds_room(struct http *http, const char *text)
{
	size_t at = 0;
	assert_int_equal(read_one(http, text, strlen(text), 7, &at), HTTP_EVENT_DONE);
	const struct http_request *r = http_request(http);
	assert_false(r->body_too_large);
	if (r->body_has_no_room)
		assert_int_equal(r->body.size, 0);
	return !r->body_has_no_room;
}

static void all_bodies_together_have_a_limit(void **state)
{
	(void)state;
	struct http_room room = { .max = 20 };
	struct http *one = http_new(&room);
	struct http *two = http_new(&room);

	assert_true(finds_room(one, HEAD "Content-Length: 16\r\n\r\n0123456789abcdef"));
	assert_true(finds_room(two, HEAD "Content-Length: 4\r\n\r\n0123"));
	assert_int_equal(room.used, room.max);
	http_next(two);
	assert_false(finds_room(two, HEAD "Content-Length: 5\r\n\r\n01234"));
	http_next(two);
	assert_true(finds_room(two, CHUNKED "2\r\n01\r\n2\r\n23\r\n0\r\n\r\n"));
	http_next(two);
	assert_false(finds_room(two, CHUNKED "2\r\n01\r\n3\r\n234\r\n1\r\n5\r\n0\r\n\r\n"));
	assert_int_equal(room.used, 16);
	assert_int_equal(room.n_refused, 2);
	http_next(one);
	http_next(two);
	assert_int_equal(room.used, 0);
	assert_true(finds_room(two, HEAD "Content-Length: 5\r\n\r\n01234"));
	http_free(one);
	http_free(two); /* with a request that never ended */
	assert_int_equal(room.used, 0);
}

/* A body of any length in chunks of one byte: 6 bytes as sent for each. */
static int failure_of_chunks(size_t n)
{
	struct buffer text;
	buffer_init(&text);
	buffer_add_text(&text, CHUNKED);
	for (size_t i = 0; i < n; i++)
		buffer_add_text(&text, "1\r\nx\r\n");
	buffer_add_text(&text, "0\r\n\r\n");
	int status = failure_of_bytes(text.bytes, text.size, 65536);
	buffer_deinit(&text);
	return status;
}

static void what_is_read_of_a_body_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(failure_of_chunks((HTTP_MAX_BODY_READ - 5) / 6), 0);
	assert_int_equal(failure_of_chunks((HTTP_MAX_BODY_READ - 5) / 6 + 1), 413);
}

static void the_absolute_form_of_a_target_is_taken(void **state)
{
	(void)state;
	static const char text[] = "GET http://c:80/livez?x HTTP/1.1\r\nHost: c\r\n\r\n";
	struct http *http = http_new(NULL);
	size_t at = 0;
	assert_int_equal(read_one(http, text, sizeof text - 1, 1, &at), HTTP_EVENT_DONE);
	assert_string_equal(http_request(http)->path, "/livez");
	assert_string_equal(http_request(http)->query, "x");
	http_free(http);
}

static bool awaits_continue(const char *text)
{
	struct http *http = http_new(NULL);
	size_t used;
	assert_int_equal(http_read(http, text, strlen(text), &used), HTTP_EVENT_HEAD);
	bool awaits = http_request(http)->awaits_continue;
	http_free(http);
	return awaits;
}

static void only_a_1_1_request_with_a_body_awaits_continue(void **state)
{
	(void)state;
#define EXPECT "Expect: 100-Continue\r\n"
	assert_true(awaits_continue(HEAD EXPECT "Content-Length: 3\r\n\r\n"));
	assert_true(awaits_continue(HEAD EXPECT "Transfer-Encoding: chunked\r\n\r\n"));
	assert_false(awaits_continue(HEAD EXPECT "Content-Length: 0\r\n\r\n"));
	assert_false(awaits_continue(HEAD "Content-Length: 3\r\n\r\n"));
	assert_false(awaits_continue("POST / HTTP/1.0\r\n" EXPECT "Content-Length: 3\r\n\r\n"));
}

static void an_offered_upgrade_is_not_taken_up(void **state)
{
	(void)state;
	static const char text[] = "GET /1 HTTP/1.1\r\nHost: c\r\nConnection: Upgrade\r\n"
				   "Upgrade: h2c\r\n\r\nGET /2 HTTP/1.1\r\nHost: c\r\n\r\n";
	struct http *http = http_new(NULL);
	size_t at = 0;
	assert_int_equal(read_one(http, text, sizeof text - 1, 999, &at), HTTP_EVENT_DONE);
	http_next(http);
	assert_int_equal(read_one(http, text, sizeof text - 1, 999, &at), HTTP_EVENT_DONE);
	assert_string_equal(http_request(http)->path, "/2");
	http_free(http);
}

static void percent_decoding_refuses_what_is_cut_or_hides_a_nul(void **state)
{
	(void)state;
	char out[32];
	assert_true(percent_decode("a%2Fb%c3%a4", 11, out));
	assert_string_equal(out, "a/b\xc3\xa4");
	assert_true(percent_decode("", 0, out));
	assert_string_equal(out, "");
	static const char *const bad[] = { "%", "%4", "a%4", "%zz", "%4g", "a%00b" };
	for_each_row(i, bad)
		assert_false(percent_decode(bad[i], strlen(bad[i]), out));
}

static void the_first_fault_counts_however_the_bytes_come(void **state)
{
	static const char *const before[] = { "X: a\r\n b\r\n", "" };
	static const char *const behind[] = { "", " b\r\n" };
	static const int wanted[] = { 400, 431 };
	struct buffer fields;

	(void)state;
	buffer_init(&fields);
	for (size_t i = 0; i <= HTTP_MAX_FIELDS; i++)
		buffer_add_text(&fields, "a:\r\n");
	for_each_row(i, wanted) {
		struct buffer text;
		buffer_init(&text);
		buffer_add_text(&text, "GET / HTTP/1.1\r\nHost: c\r\n");
		buffer_printf(&text, "%s%s%s\r\n", before[i], fields.bytes, behind[i]);
		assert_int_equal(failure_of_bytes(text.bytes, text.size, text.size), wanted[i]);
		assert_int_equal(failure_of_bytes(text.bytes, text.size, 1), wanted[i]);
		buffer_deinit(&text);
	}
	buffer_deinit(&fields);
}

/* The name of the field that is one too many is malformed: that is what is wrong with it. */
static void a_malformed_name_past_the_limit_of_fields_is_malformed_however_it_comes(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text);
	buffer_add_text(&text, "GET / HTTP/1.1\r\nHost: c\r\n");
	for (size_t i = 1; i < HTTP_MAX_FIELDS; i++)
		buffer_add_text(&text, "a:\r\n");
	buffer_add_text(&text, "ab cd: e\r\n\r\n");
	assert_int_equal(failure_of_bytes(text.bytes, text.size, text.size), 400);
	assert_int_equal(failure_of_bytes(text.bytes, text.size, 1), 400);
	buffer_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_the_same_in_pieces_of_any_size),
		cmocka_unit_test(pipelined_requests_come_out_one_by_one),
		cmocka_unit_test(a_request_cut_anywhere_waits_for_the_rest),
		cmocka_unit_test(refuses_what_is_malformed_or_ambiguous),
		cmocka_unit_test(the_first_fault_counts_however_the_bytes_come),
		cmocka_unit_test(
			a_malformed_name_past_the_limit_of_fields_is_malformed_however_it_comes),
		cmocka_unit_test(refuses_a_nul_in_a_field),
		cmocka_unit_test(the_head_has_a_limit_of_bytes),
		cmocka_unit_test(the_head_has_a_limit_of_fields),
		cmocka_unit_test(a_body_past_its_limit_is_read_and_dropped),
		cmocka_unit_test(all_bodies_together_have_a_limit),
		cmocka_unit_test(what_is_read_of_a_body_has_a_limit),
		cmocka_unit_test(the_absolute_form_of_a_target_is_taken),
		cmocka_unit_test(only_a_1_1_request_with_a_body_awaits_continue),
		cmocka_unit_test(an_offered_upgrade_is_not_taken_up),
		cmocka_unit_test(percent_decoding_refuses_what_is_cut_or_hides_a_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
