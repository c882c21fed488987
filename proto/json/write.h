/*
 * Writes JSON text member by member at the end of a buffer, and knows where a comma belongs: the
 * last byte says whether something stands before what comes next. So parts may be written by
 * several functions, or be JSON already. The result is always valid UTF-8, whatever goes in: bytes
 * that are no UTF-8 (names that came from a system) become U+FFFD.
 *
 *   struct buffer out = { 0 };
 *   json_open_object(&out, NULL);
 *   json_put_text(&out, "name", "EXCH1");
 *   json_close_object(&out);
 *
 * `name` is the member's name, plain ASCII of ours; NULL for an element of an array, for the
 * outermost value, and behind json_put_name(). Opening and closing must match; nothing checks that.
 * Texts that come from outside are read elsewhere (proto/json/fields.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

void json_open_object(struct buffer *out, const char *name);
void json_close_object(struct buffer *out);

/* Closes the outermost object and ends its line. */
void json_finish(struct buffer *out);

void json_open_array(struct buffer *out, const char *name);
void json_close_array(struct buffer *out);

/* The name of a member whose value is written by somebody else. */
void json_put_name(struct buffer *out, const char *name);

/* Begins a line in front of the next element, for people who read the text; not an empty one. */
void json_put_line(struct buffer *out);

void json_put_null(struct buffer *out, const char *name);

/* A string; NULL becomes null. */
void json_put_text(struct buffer *out, const char *name, const char *text);

/* A string of at most `max` bytes, cut at the end of a character. */
void json_put_text_cut(struct buffer *out, const char *name, const char *text, size_t max);

/* An array of strings. */
void json_put_texts(struct buffer *out, const char *name, const char *const *texts, size_t n);

void json_put_integer(struct buffer *out, const char *name, int64_t value);

/* null where the value is the one that stands for "not known". */
void json_put_integer_unless(struct buffer *out, const char *name, int64_t value, int64_t unknown);

/* A number that programs must not calculate with, as a string of its digits. */
void json_put_id(struct buffer *out, const char *name, int64_t id);

/* A moment as an RFC 3339 string; TIMESTAMP_NONE becomes null. */
void json_put_time(struct buffer *out, const char *name, int64_t ms);

void json_put_bool(struct buffer *out, const char *name, bool value);

/* A text that is JSON already; without a name, it may be members of the open object, too. */
void json_put_json(struct buffer *out, const char *name, const char *json);
