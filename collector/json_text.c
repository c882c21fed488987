#include "collector/json_text.h"

#include <inttypes.h>
#include <stddef.h>

#include "proto/timestamp.h"

/* The short escape of a character, or 0. */
static char short_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

void json_add_string(struct buffer *out, const char *text)
{
	if (!text) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_char(out, '"');
	const char *plain = text; /* not added yet, nothing to escape in it */
	for (; *text; text++) {
		char escape = short_escape(*text);
		if (!escape && (unsigned char)*text >= 0x20)
			continue;
		buffer_add(out, plain, (size_t)(text - plain));
		plain = text + 1;
		if (escape)
			buffer_printf(out, "\\%c", escape);
		else
			buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)*text);
	}
	buffer_add(out, plain, (size_t)(text - plain));
	buffer_add_char(out, '"');
}

void json_add_number(struct buffer *out, int64_t number)
{
	buffer_printf(out, "%" PRId64, number);
}

void json_add_time(struct buffer *out, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	json_add_string(out, ms == TIMESTAMP_NONE ? NULL : timestamp_format(ms, text));
}
