/*
 * The answer to a request, and its head as bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/buffer.h"

struct answer {
	int status;
	const char *content_type; /* NULL: no body */
	const char *etag;         /* with its quotes, or NULL; the answer may be stored then */
	const char *fields;       /* further header lines, each with its CRLF, or NULL */
	char *body;               /* from malloc; taken */
	const char *static_body;  /* instead of `body`: lives as long as the process */
	size_t size;              /* of the body */
};

/* Adds status line and header fields, up to the empty line; `closes`: the connection ends after it.
 */
void answer_add_head(const struct answer *answer, bool closes, struct buffer *out);
