/*
 * HTTP/1.1 requests out of bytes, without I/O (RFC 9110, RFC 9112). llhttp reads the grammar; what
 * it leaves to its user is closed here: folded header lines, Host, version, sizes, codings.
 *
 * The owner of a parser moves the bytes:
 *
 *   switch (http_read(h, bytes, n, &used)) {
 *   case HTTP_EVENT_MORE:   all was used, the request goes on
 *   case HTTP_EVENT_HEAD:   the head is there: choose http_set_body_limit(), then read on, with
 *                           n = 0 where nothing is left
 *   case HTTP_EVENT_DONE:   http_request() is complete; http_next() makes room for the next one
 *   case HTTP_EVENT_FAILED: http_failure() says how to answer; nothing more can be read
 *   }
 *
 * Bytes that were not used belong to what follows and are to be given again. Between requests it
 * holds no memory for them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

#define HTTP_MAX_HEAD_BYTES ((size_t)16 * 1024) /* request line and header fields; past it 431 */
#define HTTP_MAX_FIELDS     64                  /* header fields; past it 431 */

/*
 * Bytes of one body as sent, chunk sizes included. A body above its route's limit is read up to
 * here and dropped, so that the connection stays usable after the 413; past this it does not.
 */
#define HTTP_MAX_BODY_READ ((size_t)8 * 1024 * 1024)

/*
 * The bodies of all requests under way, in bytes as they arrived, from the first byte to
 * http_next(). One for which there is no room is read and dropped like one above its limit.
 */
struct http_room {
	size_t max;
	size_t used;
	uint64_t n_refused; /* bodies without room so far */
};

enum http_method {
	HTTP_METHOD_OTHER, /* a method that no route here has */
	HTTP_METHOD_GET,
	HTTP_METHOD_HEAD,
	HTTP_METHOD_POST,
	HTTP_METHOD_PUT,
	HTTP_METHOD_DELETE,
};

struct http_field {
	const char *name;
	const char *value; /* without the white space around it */
};

/* Everything in it lives until http_next(). */
struct http_request {
	enum http_method method;
	const char *path;  /* as sent, percent-encoded, from the first "/" */
	const char *query; /* what follows the "?", NULL without one */
	const struct http_field *fields;
	size_t n_fields;
	struct buffer body;    /* empty if it was dropped */
	bool body_too_large;   /* for http_set_body_limit() */
	bool body_has_no_room; /* among those of the others */
	bool awaits_continue;  /* "Expect: 100-continue" of HTTP/1.1 with a body that is to come */
	bool keep_alive;
	bool takes_chunks; /* HTTP/1.1: an answer may come in chunks */
};

/* How to answer what is no request; the connection has to end then. */
struct http_failure {
	int status;         /* 400, 413, 417, 431, 501, 505 */
	const char *code;   /* stable, for programs: "malformed_request" ... */
	const char *detail; /* a sentence */
};

enum http_event { HTTP_EVENT_MORE, HTTP_EVENT_HEAD, HTTP_EVENT_DONE, HTTP_EVENT_FAILED };

struct http;

/* `room` is borrowed for its life, and shared with others; NULL: there is always some. */
struct http *http_new(struct http_room *room);
void http_free(struct http *http);

/* Reads up to `n` bytes; `*used` is how many it took. Not to be called after HTTP_EVENT_FAILED. */
enum http_event http_read(struct http *http, const char *bytes, size_t n, size_t *used);

/*
 * Between HTTP_EVENT_HEAD and the next http_read(): the largest body to keep. It is 0 without this.
 */
void http_set_body_limit(struct http *http, size_t limit);

/* Forgets the request; the next bytes begin another one. */
void http_next(struct http *http);

/* Is a request under way, of which at least one byte has arrived? */
bool http_has_begun(const struct http *http);

/* Memory of a request that has begun, but for its body. */
size_t http_memory(const struct http *http);

struct http_request *http_request(struct http *http);
const struct http_failure *http_failure(const struct http *http);

/* The value of the first field of that name (without ASCII case), or NULL. */
const char *http_field(const struct http_request *request, const char *name);

/* How many fields have that name. */
size_t http_count_fields(const struct http_request *request, const char *name);

/* "GET" ...; "" for HTTP_METHOD_OTHER. */
const char *http_method_name(enum http_method method);

/* "Not Found" ...; never NULL. */
const char *http_status_phrase(int status);
