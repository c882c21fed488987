#include "collector/base/json_add.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/timestamp.h"
#include "proto/json/quoted.h"
#include "proto/json/text.h"

/* With escapes, or it is no UTF-8. */
static void add_unusual(struct buffer *out, const char *text)
{
	struct json_text value = { 0 };

	json_text_string(&value, NULL, text);
	char *json = json_text_take(&value);
	buffer_add_text(out, json);
	free(json);
}

void json_add_string(struct buffer *out, const char *text)
{
	size_t size = text ? strlen(text) : 0;

	if (!text) {
		buffer_add_text(out, "null");
	} else if (json_plain_length(text, size) == size) {
		buffer_add_char(out, '"');
		buffer_add(out, text, size);
		buffer_add_char(out, '"');
	} else {
		add_unusual(out, text);
	}
}

void json_add_number(struct buffer *out, int64_t number)
{
	if (number < 0)
		buffer_add_char(out, '-');
	buffer_add_number(out, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void json_add_time(struct buffer *out, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	json_add_string(out, ms == TIMESTAMP_NONE ? NULL : timestamp_format(ms, text));
}
