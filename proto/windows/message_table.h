/*
 * The texts of a Windows message file, which an event only numbers: "An attempt to listen over RPC
 * has failed. NT Error: %1." Pure: a message table (the resource RT_MESSAGETABLE) as bytes that
 * nothing is believed of, and the event's strings put into one of its texts.
 *
 * FormatMessage of the system does the same, but walks through a damaged table without a look at
 * where that ends, and takes more arguments from its caller than an event may have strings.
 *
 * Formats: MESSAGE_RESOURCE_DATA of winnt.h; escape sequences of FormatMessage and of the message
 * compiler mc.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

/* A text of a table, borrowed from it. */
struct message_table_entry {
	const uint8_t *bytes;
	size_t size; /* up to the first NUL */
	bool utf16;  /* little-endian; otherwise in the ANSI code page of the system */
};

/*
 * Finds the text of `id`, with its severity and facility. False where the table of `size` bytes
 * holds none, or is damaged before it comes to it; `*out` is then as it was.
 */
bool message_table_find(const void *table, size_t size, uint32_t id,
			struct message_table_entry *out);

/*
 * The text `pattern` with the `n` strings for %1, %2 ... %99; their formats (%1!s!) are not looked
 * at, for an event has nothing but strings, and a number without a string stays as it is. %% is a
 * per cent sign, %0 ends the text. Strings are put in as they are, without a second look.
 *
 * Control characters and line breaks become blanks (CR LF one), those at the end are left out.
 * Gives UTF-8 (bytes that are none become U+FFFD), cut between two characters to the
 * REPORT_MAX_STRING bytes that a report allows; in `arena`.
 */
char *message_table_fill(const char *pattern, const char *const *strings, size_t n,
			 struct arena *arena);
