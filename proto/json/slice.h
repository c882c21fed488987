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
 * The next element of an array; `*at` is where the array begins, then behind the element. False:
 * there are no more.
 */
bool json_slice_next(const char **at, struct json_slice *out);
