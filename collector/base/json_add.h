/*
 * The parts of JSON text that need care, added to a buffer: for answers that are put together from
 * parts that already are JSON. Punctuation and whole values go in with buffer_add_text(). Texts
 * that come from outside are read elsewhere (proto/report/json.h).
 */
#pragma once

#include <stdint.h>

#include "collector/base/buffer.h"

/* A string in quotes, escaped (RFC 8259 section 7); NULL becomes null. */
void json_add_string(struct buffer *out, const char *text);

void json_add_number(struct buffer *out, int64_t number);

/* A moment as an RFC 3339 string; TIMESTAMP_NONE becomes null. */
void json_add_time(struct buffer *out, int64_t ms);
