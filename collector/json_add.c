#include "collector/json_add.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "proto/json_text.h"
#include "proto/timestamp.h"

/* Does it stand for itself, as nearly every text does? */
static bool is_plain(const char *text, size_t *size)
{
	const char *at = text;

	while ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f && *at != '"' && *at != '\\')
		at++;
	*size = (size_t)(at - text);
	return *at == '\0';
}

void json_add_string(struct buffer *out, const char *text)
{
	struct json_text value = { 0 };
	size_t size;

	if (!text) {
		buffer_add_text(out, "null");
		return;
	}
	if (is_plain(text, &size)) {
		buffer_add_char(out, '"');
		buffer_add(out, text, size);
		buffer_add_char(out, '"');
		return;
	}
	json_text_string(&value, NULL, text);
	char *json = json_text_take(&value);
	buffer_add_text(out, json);
	free(json);
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
