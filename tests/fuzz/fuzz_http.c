/*
 * Any bytes as what a client sends on one connection. Read whole, byte by byte and cut in two, they
 * are the same requests with the same end; and a request that is complete keeps the reader's word.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/percent.h"
#include "collector/http/http.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_LIMIT 64
#define CUTS       64 /* places to cut a long input at; a short one is cut everywhere */

/* What a connection said, one line a request and one for its end. */
static void note_request(struct buffer *told, const struct http_request *r)
{
	buffer_printf(told, "%d %s ? %s, keep %d, continue %d, too large %d %d\n", (int)r->method,
		      r->path, r->query ? r->query : "(none)", r->keep_alive, r->awaits_continue,
		      r->body_too_large, r->body_has_no_room);
	for (size_t i = 0; i < r->n_fields; i++)
		buffer_printf(told, "%s: %s\n", r->fields[i].name, r->fields[i].value);
	buffer_add(told, r->body.bytes ? r->body.bytes : "", r->body.size);
	buffer_add_char(told, '\n');
}

static size_t count_fields(const struct http_request *r, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_fields; i++) {
		struct http_request one = { .fields = &r->fields[i], .n_fields = 1 };
		n += http_field(&one, name) != NULL;
	}
	return n;
}

static void check_path(const char *path)
{
	char *decoded = mem_alloc(strlen(path) + 1);

	if (*path != '/' && strcmp(path, "*") != 0)
		abort();
	if (strpbrk(path, "?# \r\n"))
		abort();
	if (percent_decode(path, strlen(path), decoded) && strlen(decoded) > strlen(path))
		abort();
	free(decoded);
}

static void check_request(const struct http_request *r)
{
	check_path(r->path);
	if (r->n_fields > HTTP_MAX_FIELDS || count_fields(r, "Host") > 1)
		abort();
	if (count_fields(r, "Content-Length") + count_fields(r, "Transfer-Encoding") > 1)
		abort();
	for (size_t i = 0; i < r->n_fields; i++) {
		if (!*r->fields[i].name || strpbrk(r->fields[i].name, " \t\r\n:") ||
		    strpbrk(r->fields[i].value, "\r\n"))
			abort();
	}
	if (r->body.size > BODY_LIMIT || (r->body_too_large && r->body.size > 0))
		abort();
}

/* Reads on in `n` bytes. False once nothing more may be read. */
static bool read_piece(struct http *http, const char *bytes, size_t n, struct buffer *told)
{
	enum http_event event = HTTP_EVENT_HEAD;
	size_t used = 0;

	for (; n > 0 || event != HTTP_EVENT_MORE; bytes += used, n -= used) {
		event = http_read(http, bytes, n, &used);
		if (used > n || (event == HTTP_EVENT_MORE && used < n))
			abort();
		if (event == HTTP_EVENT_FAILED) {
			buffer_printf(told, "failed: %d\n", http_failure(http)->status);
			return false;
		}
		if (event == HTTP_EVENT_HEAD)
			http_set_body_limit(http, BODY_LIMIT);
		if (event != HTTP_EVENT_DONE)
			continue;
		struct http_request *r = http_request(http);
		bool goes_on = r->keep_alive;
		check_request(r);
		note_request(told, r);
		http_next(http);
		if (!goes_on)
			return false;
	}
	return true;
}

/* What the client says if its bytes come in a first piece and then in pieces of `step`. */
static struct buffer tell(const char *bytes, size_t size, size_t first, size_t step)
{
	struct http_room room = { .max = 4096 };
	struct http *http = http_new(&room);
	struct buffer told;
	bool goes_on = true;
	size_t n;

	buffer_init(&told);
	for (size_t at = 0; at < size && goes_on; at += n) {
		n = at == 0 ? first : step;
		n = n < size - at ? n : size - at;
		goes_on = read_piece(http, bytes + at, n, &told);
	}
	if (goes_on)
		buffer_add_text(&told, http_has_begun(http) ? "unfinished\n" : "silent\n");
	http_free(http);
	if (room.used != 0)
		abort();
	return told;
}

static void check_cut(const char *bytes, size_t size, size_t first, size_t step,
		      const struct buffer *whole)
{
	struct buffer cut = tell(bytes, size, first, step);

	if (cut.size != whole->size || memcmp(cut.bytes, whole->bytes, cut.size) != 0)
		abort();
	buffer_deinit(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	size_t apart = size / CUTS + 1;

	if (size == 0)
		return 0;
	struct buffer whole = tell(bytes, size, size, size);
	check_cut(bytes, size, 1, 1, &whole);
	for (size_t first = apart; first < size; first += apart)
		check_cut(bytes, size, first, size, &whole);
	buffer_deinit(&whole);
	return 0;
}
