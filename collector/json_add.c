#include "collector/json_add.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/json_text.h"
#include "proto/timestamp.h"

void json_add_string(struct buffer *out, const char *text)
{
	struct json_text value = { 0 };

	if (text)
		json_text_string(&value, NULL, text);
	else
		json_text_null(&value, NULL);
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
