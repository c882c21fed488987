/*
 * JSON text under construction: a growing buffer and the few things that need care, strings and
 * commas. For the answers that are put together from parts that already are JSON; texts that come
 * from outside are read elsewhere (proto/report_json.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct json_text {
	char *bytes; /* NUL-terminated as soon as something was put */
	size_t size; /* without the NUL */
	size_t room; /* private */
};

/* An empty one; nothing is allocated yet. */
void json_text_init(struct json_text *out);
void json_text_deinit(struct json_text *out);

/* Hands the text over, to be passed to free(); `out` is empty afterwards. */
char *json_text_take(struct json_text *out);

/* As they are: punctuation, names of members, and whole values that are JSON already. */
void json_text_put(struct json_text *out, const char *text);
void json_text_put_bytes(struct json_text *out, const char *bytes, size_t n);

/* A string in quotes, escaped (RFC 8259 section 7); NULL becomes null. */
void json_text_put_string(struct json_text *out, const char *text);
void json_text_put_number(struct json_text *out, int64_t number);

/* A moment as an RFC 3339 string; TIMESTAMP_NONE becomes null. */
void json_text_put_time(struct json_text *out, int64_t ms);
