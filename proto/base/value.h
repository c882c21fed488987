/*
 * A value that an administrator writes as text, and the member of a structure that takes it: what
 * the tables of settings and of keys of both programs are made of. What a value may be is told by
 * the function that reads it; those that both programs need are here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

/* A number of a macro as text, for words and helps. */
#define VALUE_DIGITS(number)    VALUE_DIGITS_OF(number)
#define VALUE_DIGITS_OF(digits) #digits

struct value;

/* Where a value goes. */
struct value_target {
	void *member;
	const struct value *value;
	struct arena *arena; /* for what the member points to, and for words */
};

/*
 * Reads `text` into the member. Returns what a value has to be where it is not that, and then
 * leaves the member as it was; else NULL.
 */
typedef const char *value_read(const struct value_target *to, const char *text);

struct value {
	const char *name; /* of the setting, the option or the key */
	value_read *read;
	size_t offset;              /* of the member in its structure */
	int64_t min, max;           /* of a number, or of a span of time in milliseconds */
	const char *expected;       /* what it has to be; NULL: as its function says */
	const char *const *choices; /* the texts that it may be, behind them a NULL */
};

/*
 * A row: its name, its function, the offset, and what else it needs, in the order of the members.
 */
#define VALUE(its_name, its_read, its_offset, ...)                                                 \
	{                                                                                          \
		.name = (its_name), .read = (its_read), .offset = (its_offset), __VA_ARGS__        \
	}

/* Reads `text` into the member of the structure `into`; as value_read. */
const char *value_apply(const struct value *value, const char *text, void *into,
			struct arena *arena);

/* Into a bool: yes or no. */
value_read value_switch;

/* Whole numbers from `min` to `max`, into an int64_t or a size_t. */
value_read value_number;
value_read value_size;

/* A text of `choices`; its number among them goes into an enumeration. */
value_read value_choice;

/* Into a const char *, copied into the arena; of the second an empty text becomes NULL. */
value_read value_text;
value_read value_text_or_none;
