#include "collector/http/http.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <llhttp.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"

enum phase {
	PHASE_HEAD,      /* reading the request line and the fields */
	PHASE_HEAD_READ, /* all fields are there; the owner chooses the body's limit */
	PHASE_BODY,
	PHASE_COMPLETE,
	PHASE_FAILED,
};

/* Where a field's texts begin in `head`; they become pointers when the head is complete. */
struct span {
	size_t name;
	size_t value;
};

/* State that only exists while a request is under way. */
struct message {
	size_t head_bytes; /* as sent */
	size_t body_bytes; /* as sent, chunk sizes and trailers included */
	size_t body_limit;
	size_t charged;     /* bytes of the body that are counted in the room */
	char last;          /* the byte of the head before the next one */
	bool folded;        /* a line of the head began with white space */
	bool in_field;      /* a field's name has begun, its value is not complete */
	struct buffer head; /* target, names and values, each with a NUL behind it */
	struct span spans[HTTP_MAX_FIELDS];
	size_t n_spans;
	bool too_many_fields;
	struct http_field fields[HTTP_MAX_FIELDS];
	struct http_request request;
};

struct http {
	llhttp_t parser;
	enum phase phase;
	struct message *message; /* NULL between requests */
	struct http_room *room;  /* NULL: there is always some */
	struct http_failure failure;
};

static struct http *http_of(llhttp_t *parser)
{
	return parser->data;
}

static bool is_trailer(const llhttp_t *parser)
{
	return (parser->flags & F_TRAILING) != 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t n)
{
	buffer_add(&http_of(parser)->message->head, at, n);
	return HPE_OK;
}

static int on_url_complete(llhttp_t *parser)
{
	buffer_add_char(&http_of(parser)->message->head, '\0');
	return HPE_OK;
}

static int on_field(llhttp_t *parser, const char *at, size_t n)
{
	struct message *m = http_of(parser)->message;
	if (is_trailer(parser))
		return HPE_OK; /* read and dropped: nothing here has use for one */
	if (!m->in_field) {
		m->in_field = true;
		if (m->n_spans == HTTP_MAX_FIELDS)
			m->too_many_fields = true;
		else
			m->spans[m->n_spans++].name = m->head.size;
	}
	buffer_add(&m->head, at, n);
	return HPE_OK;
}

static int on_field_complete(llhttp_t *parser)
{
	struct message *m = http_of(parser)->message;
	if (is_trailer(parser))
		return HPE_OK;
	if (m->too_many_fields) /* told here, where the name is known to be one however it came */
		return HPE_USER;
	buffer_add_char(&m->head, '\0');
	m->spans[m->n_spans - 1].value = m->head.size;
	return HPE_OK;
}

static int on_value(llhttp_t *parser, const char *at, size_t n)
{
	if (!is_trailer(parser))
		buffer_add(&http_of(parser)->message->head, at, n);
	return HPE_OK;
}

static int on_value_complete(llhttp_t *parser)
{
	struct message *m = http_of(parser)->message;
	if (is_trailer(parser))
		return HPE_OK;
	buffer_add_char(&m->head, '\0');
	m->in_field = false;
	return HPE_OK;
}

static int on_headers_complete(llhttp_t *parser)
{
	http_of(parser)->phase = PHASE_HEAD_READ;
	parser->upgrade = 0; /* an upgrade that is not taken up is an ordinary request */
	return HPE_PAUSED;
}

static bool has_room(const struct http *http, size_t n)
{
	return !http->room || n <= http->room->max - http->room->used;
}

static void charge_body(struct http *http, size_t n)
{
	http->message->charged += n;
	if (http->room)
		http->room->used += n;
	assert(!http->room || http->room->used <= http->room->max);
}

static void drop_body(struct http *http)
{
	struct message *m = http->message;

	assert(!http->room || http->room->used >= m->charged);
	buffer_deinit(&m->request.body);
	if (http->room)
		http->room->used -= m->charged;
	m->charged = 0;
}

static void drop_for_want_of_room(struct http *http)
{
	http->message->request.body_has_no_room = true;
	http->room->n_refused++;
	drop_body(http);
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
	struct http *http = http_of(parser);
	struct http_request *r = &http->message->request;

	if (n > http->message->body_limit - r->body.size) {
		r->body_too_large = true;
		drop_body(http);
	} else if (!r->body_too_large && !r->body_has_no_room && !has_room(http, n)) {
		drop_for_want_of_room(http);
	}
	if (r->body_too_large || r->body_has_no_room)
		return HPE_OK;
	charge_body(http, n);
	buffer_add(&r->body, at, n);
	return HPE_OK;
}

static int on_complete(llhttp_t *parser)
{
	http_of(parser)->phase = PHASE_COMPLETE;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_url_complete = on_url_complete,
	.on_header_field = on_field,
	.on_header_field_complete = on_field_complete,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

struct http *http_new(struct http_room *room)
{
	struct http *http = mem_alloc(sizeof *http);
	llhttp_init(&http->parser, HTTP_REQUEST, &settings);
	http->parser.data = http;
	http->room = room;
	return http;
}

void http_next(struct http *http)
{
	struct message *m = http->message;
	if (!m)
		return;
	buffer_deinit(&m->head);
	drop_body(http);
	free(m);
	http->message = NULL;
	http->phase = PHASE_HEAD;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http_next(http);
	free(http);
}

static enum http_event fail_request(struct http *http, int status, const char *code,
				    const char *detail)
{
	http->phase = PHASE_FAILED;
	http->failure = (struct http_failure){ status, code, detail };
	return HTTP_EVENT_FAILED;
}

static enum http_event fail_malformed(struct http *http, const char *detail)
{
	return fail_request(http, 400, "malformed_request", detail);
}

static enum http_event fail_folded(struct http *http)
{
	return fail_malformed(http, "A header line begins with white space.");
}

/* Fills `fields` from `spans`; `head` does not move any more. */
static void point_fields(struct message *m)
{
	for (size_t i = 0; i < m->n_spans; i++) {
		char *value = m->head.bytes + m->spans[i].value;
		size_t n = strlen(value);
		while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
			value[--n] = '\0';
		m->fields[i].name = m->head.bytes + m->spans[i].name;
		m->fields[i].value = value;
	}
	m->request.fields = m->fields;
	m->request.n_fields = m->n_spans;
}

size_t http_count_fields(const struct http_request *request, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < request->n_fields; i++)
		n += text_equal(request->fields[i].name, name);
	return n;
}

/*
 * Splits the target into path and query. Takes origin-form, and absolute-form as RFC 9112 3.2.2
 * demands; the authority of the latter says nothing here. "*" has no path and finds no route.
 */
static bool split_target(struct message *m)
{
	char *target = m->head.bytes;
	if (text_has_prefix(target, "http://") || text_has_prefix(target, "https://")) {
		target = strchr(strstr(target, "//") + 2, '/');
		if (!target)
			return false;
	}
	if (*target != '/' && strcmp(target, "*") != 0)
		return false;
	if (strchr(target, '#'))
		return false;

	char *query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	m->request.path = target;
	m->request.query = query;
	return true;
}

static enum http_method method_of(const llhttp_t *parser)
{
	switch (parser->method) {
	case HTTP_GET:
		return HTTP_METHOD_GET;
	case HTTP_HEAD:
		return HTTP_METHOD_HEAD;
	case HTTP_POST:
		return HTTP_METHOD_POST;
	case HTTP_PUT:
		return HTTP_METHOD_PUT;
	case HTTP_DELETE:
		return HTTP_METHOD_DELETE;
	default:
		return HTTP_METHOD_OTHER;
	}
}

/* How the body is framed: RFC 9112 6.1 and 6.3. */
static enum http_event check_framing(struct http *http)
{
	struct http_request *r = &http->message->request;
	size_t codings = http_count_fields(r, "Transfer-Encoding");
	size_t lengths = http_count_fields(r, "Content-Length");

	if (lengths > 1)
		return fail_malformed(http, "Content-Length is there more than once.");
	if (codings == 0)
		return HTTP_EVENT_HEAD;
	if (lengths > 0)
		return fail_malformed(http,
				      "Content-Length and Transfer-Encoding exclude each other.");
	if (http->parser.http_minor == 0)
		return fail_malformed(http, "HTTP/1.0 has no Transfer-Encoding.");
	if (codings > 1 || !text_equal(http_field(r, "Transfer-Encoding"), "chunked"))
		return fail_request(http, 501, "unsupported_transfer_encoding",
				    "The only Transfer-Encoding understood here is chunked.");
	return HTTP_EVENT_HEAD;
}

static enum http_event check_expectation(struct http *http)
{
	struct http_request *r = &http->message->request;
	const char *expect = http_field(r, "Expect");
	if (!expect || http->parser.http_minor == 0) /* RFC 9110 10.1.1: ignored from 1.0 */
		return HTTP_EVENT_HEAD;
	if (!text_equal(expect, "100-continue"))
		return fail_request(http, 417, "unknown_expectation",
				    "The only expectation understood here is 100-continue.");
	r->awaits_continue =
		http->parser.content_length > 0 || (http->parser.flags & F_CHUNKED) != 0;
	return HTTP_EVENT_HEAD;
}

/* The head is complete: what llhttp left open about it. */
static enum http_event check_head(struct http *http)
{
	struct message *m = http->message;
	struct http_request *r = &m->request;

	if (http->parser.http_major != 1 || http->parser.http_minor > 1)
		return fail_request(http, 505, "unsupported_http_version",
				    "This server speaks HTTP/1.1 and HTTP/1.0.");
	point_fields(m);
	if (http_count_fields(r, "") > 0)
		return fail_malformed(http, "A header field has no name.");
	size_t hosts = http_count_fields(r, "Host");
	if (hosts > 1)
		return fail_malformed(http, "Host is there more than once.");
	if (hosts == 0 && http->parser.http_minor == 1)
		return fail_malformed(http, "An HTTP/1.1 request must name its Host.");
	r->method = method_of(&http->parser);
	r->keep_alive = llhttp_should_keep_alive(&http->parser) != 0;
	r->takes_chunks = http->parser.http_minor == 1;
	if (http->parser.method == HTTP_CONNECT)
		return fail_request(http, 501, "unsupported_method", "This server is no proxy.");
	if (!split_target(m))
		return fail_malformed(http, "The request's target is no path.");
	enum http_event event = check_framing(http);
	return event == HTTP_EVENT_HEAD ? check_expectation(http) : event;
}

/* Notes a line of the head that begins with white space (obs-fold: llhttp joins such lines). */
static void note_folds(struct message *m, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (m->last == '\n' && (bytes[i] == ' ' || bytes[i] == '\t'))
			m->folded = true;
		m->last = bytes[i];
	}
}

/* The failure for the reason that stopped llhttp in the head. */
static enum http_event refuse_head(struct http *http)
{
	const struct message *m = http->message;
	if (m->folded)
		return fail_folded(http);
	if (m->too_many_fields && llhttp_get_errno(&http->parser) == HPE_CB_HEADER_FIELD_COMPLETE)
		return fail_request(http, 431, "too_many_header_fields",
				    "The request has too many header fields.");
	return fail_malformed(http, llhttp_get_error_reason(&http->parser));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Gives llhttp up to `n` bytes. False if it failed, `*used` then telling where; pauses are ours and
 * no failure.
 */
static bool run_parser(struct http *http, const char *bytes, size_t n, size_t *used)
{
	llhttp_errno_t error = llhttp_execute(&http->parser, n > 0 ? bytes : "", n);
	*used = n;
	if (error == HPE_OK)
		return true;
	if (n > 0)
		*used = (size_t)(llhttp_get_error_pos(&http->parser) - bytes);
	if (error != HPE_PAUSED)
		return false;
	llhttp_resume(&http->parser);
	return true;
}

static enum http_event read_head(struct http *http, const char *bytes, size_t n, size_t *used)
{
	struct message *m = http->message;

	bool good =
		run_parser(http, bytes, least(n, HTTP_MAX_HEAD_BYTES + 1 - m->head_bytes), used);
	m->head_bytes += *used;
	note_folds(m, bytes, *used);
	if (!good)
		return refuse_head(http);
	if (m->folded)
		return fail_folded(http);
	if (m->head_bytes > HTTP_MAX_HEAD_BYTES)
		return fail_request(http, 431, "header_too_large",
				    "The request's header is too large.");
	return http->phase == PHASE_HEAD ? HTTP_EVENT_MORE : check_head(http);
}

static enum http_event read_body(struct http *http, const char *bytes, size_t n, size_t *used)
{
	struct message *m = http->message;

	http->phase = PHASE_BODY;
	if (!run_parser(http, bytes, least(n, HTTP_MAX_BODY_READ + 1 - m->body_bytes), used))
		return fail_malformed(http, llhttp_get_error_reason(&http->parser));
	m->body_bytes += *used;
	if (m->body_bytes > HTTP_MAX_BODY_READ)
		return fail_request(http, 413, "body_too_large",
				    "The request's body is too large.");
	return http->phase == PHASE_COMPLETE ? HTTP_EVENT_DONE : HTTP_EVENT_MORE;
}

enum http_event http_read(struct http *http, const char *bytes, size_t n, size_t *used)
{
	*used = 0;
	switch (http->phase) {
	case PHASE_HEAD:
		if (n == 0)
			return HTTP_EVENT_MORE;
		if (!http->message)
			http->message = mem_alloc(sizeof *http->message);
		return read_head(http, bytes, n, used);
	case PHASE_HEAD_READ:
	case PHASE_BODY:
		return read_body(http, bytes, n, used);
	case PHASE_COMPLETE:
		return HTTP_EVENT_DONE;
	case PHASE_FAILED:
		break;
	}
	return HTTP_EVENT_FAILED;
}

void http_set_body_limit(struct http *http, size_t limit)
{
	struct message *m = http->message;
	assert(http->phase == PHASE_HEAD_READ);
	uint64_t length =
		(http->parser.flags & F_CONTENT_LENGTH) != 0 ? http->parser.content_length : 0;
	m->body_limit = limit;
	m->request.body_too_large = length > limit;
	if (length <= limit && !has_room(http, (size_t)length))
		drop_for_want_of_room(http);
}

size_t http_memory(const struct http *http)
{
	return http->message ? sizeof *http->message + http->message->head.size : 0;
}

bool http_has_begun(const struct http *http)
{
	return http->message != NULL;
}

struct http_request *http_request(struct http *http)
{
	assert(http->message);
	return &http->message->request;
}

const struct http_failure *http_failure(const struct http *http)
{
	return &http->failure;
}

const char *http_field(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_fields; i++) {
		if (text_equal(request->fields[i].name, name))
			return request->fields[i].value;
	}
	return NULL;
}
