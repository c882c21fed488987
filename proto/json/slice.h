/*
 * Parts of a JSON text as they stand there: not read further, not copied. For texts that are known
 * to be JSON, such as stored ones; of another text a part may be anything, but none ends behind it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_slice {
	const char *at;
	size_t size;
};

/* The value of the member `name`, which needs no escapes, of the object that `text` begins with. */
bool json_slice_member(const char *text, const char *name, struct json_slice *out);

/*
 * The next member of an object; its name is with its quotes. `*at` is where the object begins, then
 * behind the member. False: there are no more.
 */
bool json_slice_next_member(const char **at, struct json_slice *name, struct json_slice *value);

/* Is that the name of a member, which needs no escapes? */
bool json_slice_is_name(const struct json_slice *slice, const char *name);

/*
 * The next element of an array; `*at` is where the array begins, then behind the element. False:
 * there are no more.
 */
bool json_slice_next(const char **at, struct json_slice *out);
