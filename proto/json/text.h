/*
 * Writes JSON text member by member. What comes out is always valid JSON in valid UTF-8, whatever
 * goes in: bytes that are no UTF-8 (names that came from a system) become U+FFFD.
 *
 *   struct json_text t = { 0 };
 *   json_text_open(&t, NULL, '{');
 *   json_text_string(&t, "name", "EXCH1");
 *   json_text_close(&t, '}');
 *   char *text = json_text_take(&t);
 *
 * `name` is the member's name, plain ASCII of ours; NULL for an element of an array and for the
 * outermost value. Opening and closing must match; nothing checks that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed one is empty. Owns its bytes until they are taken. */
struct json_text {
	char *text; /* private, as all of it */
	size_t size;
	size_t room;
	bool comma;        /* something stands before the next value */
	size_t max_string; /* 0: none */
};

/* From now on longer strings are cut to `max` bytes, at the end of a character. */
void json_text_limit_strings(struct json_text *t, size_t max);

/* `bracket` is '{' or '[' */
void json_text_open(struct json_text *t, const char *name, char bracket);
/* `bracket` is '}' or ']' */
void json_text_close(struct json_text *t, char bracket);

void json_text_string(struct json_text *t, const char *name, const char *value);
void json_text_integer(struct json_text *t, const char *name, int64_t value);
void json_text_bool(struct json_text *t, const char *name, bool value);
void json_text_null(struct json_text *t, const char *name);

/* A string, or null where `value` is NULL. */
void json_text_string_or_null(struct json_text *t, const char *name, const char *value);

/* The text, to be passed to free(); `t` is empty again. */
char *json_text_take(struct json_text *t);
