/*
 * Any bytes as what a client sends, whole and in pieces whose size is the first byte: both must be
 * read as the same requests and end the same way, and no limit may be passed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/http.h"
#include "collector/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_LIMIT 64

/* What reading came to: how many requests, how it ended, and a hash over all that was understood.
 */
struct outcome {
	size_t n_requests;
	bool failed;
	uint64_t hash;
};

static void mix(struct outcome *o, const void *bytes, size_t n)
{
	o->hash = o->hash * UINT64_C(1099511628211) ^ snapshot_hash(bytes, n);
}

static void mix_text(struct outcome *o, const char *text)
{
	mix(o, text ? text : "-", text ? strlen(text) : 1);
}

static void note_request(struct outcome *o, struct http_request *r)
{
	if (r->n_fields > HTTP_MAX_FIELDS || r->body.size > BODY_LIMIT)
		abort();
	if (r->body_too_large && r->body.size > 0)
		abort();
	o->n_requests++;
	mix_text(o, http_method_name(r->method));
	mix_text(o, r->path);
	mix_text(o, r->query);
	for (size_t i = 0; i < r->n_fields; i++) {
		mix_text(o, r->fields[i].name);
		mix_text(o, r->fields[i].value);
	}
	mix(o, r->body.size ? r->body.bytes : "", r->body.size);
}

/* One step; returns how many bytes it took. False in `*goes_on`: nothing more can be read. */
static size_t step(struct http *http, const char *bytes, size_t n, struct outcome *o, bool *goes_on)
{
	size_t used;
	switch (http_read(http, bytes, n, &used)) {
	case HTTP_EVENT_HEAD:
		http_set_body_limit(http, BODY_LIMIT);
		break;
	case HTTP_EVENT_DONE:
		note_request(o, http_request(http));
		*goes_on = http_request(http)->keep_alive;
		http_next(http);
		break;
	case HTTP_EVENT_FAILED:
		o->failed = true;
		*goes_on = false;
		break;
	case HTTP_EVENT_MORE:
		if (used != n)
			abort();
		break;
	}
	if (used > n)
		abort();
	return used;
}

static struct outcome read_all(const char *bytes, size_t size, size_t piece)
{
	struct outcome o = { 0 };
	struct http *http = http_new();
	bool goes_on = true;

	for (size_t at = 0; at < size && goes_on;) {
		size_t n = size - at < piece ? size - at : piece;
		at += step(http, bytes + at, n, &o, &goes_on);
	}
	if (goes_on) /* what needs no further byte */
		step(http, "", 0, &o, &goes_on);
	http_free(http);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	size_t piece = data[0] > 0 ? data[0] : 1;
	const char *bytes = (const char *)data + 1;
	struct outcome whole = read_all(bytes, size - 1, SIZE_MAX);
	struct outcome pieces = read_all(bytes, size - 1, piece);

	/* Which of two faults is named may depend on the pieces; that there is one may not. */
	if (whole.n_requests != pieces.n_requests || whole.hash != pieces.hash ||
	    whole.failed != pieces.failed)
		abort();
	return 0;
}
