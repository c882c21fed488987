/*
 * The answer to a request, and its head as bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buffer.h"

/* How a reader knows where the body ends. */
enum answer_length {
	ANSWER_OF_KNOWN_SIZE,
	ANSWER_IN_CHUNKS,    /* Transfer-Encoding: chunked */
	ANSWER_TO_THE_CLOSE, /* the connection ends behind it: for HTTP/1.0 */
};

struct answer {
	int status;
	const char *content_type;  /* NULL: no body */
	const char *etag;          /* with its quotes, or NULL; the answer may be stored then */
	const char *fields;        /* further header lines, each with its CRLF, or NULL */
	char *body;                /* from malloc; taken */
	const char *static_body;   /* instead of `body`: lives as long as the process */
	size_t size;               /* of the body */
	enum answer_length length; /* a body of unknown size is not in here: call_begin() */
};

/*
 * Adds status line and header fields, up to the empty line; `closes`: the connection ends after it.
 */
void answer_add_head(const struct answer *answer, bool closes, struct buffer *out);
