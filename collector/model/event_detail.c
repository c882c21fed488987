#include "collector/model/event_detail.h"

#include <string.h>

#include "proto/json/check.h"
#include "proto/json/quoted.h"
#include "proto/json/slice.h"

bool event_detail_is_valid(const char *detail)
{
	struct json_fault ignored;

	return json_check(detail, strlen(detail), &ignored) == STATUS_OK;
}

const char *event_detail_text(const char *detail, const char *member, struct arena *arena)
{
	struct json_slice value;

	if (!json_slice_member(detail, member, &value) || value.size < 2 || *value.at != '"')
		return "";
	struct json_quoted text = { .text = value.at + 1, .size = (uint32_t)value.size - 2 };
	text.escaped = memchr(text.text, '\\', text.size) != NULL;
	return json_quoted_copy(&text, arena);
}

bool event_detail_verdict(const char *detail, const char *member, enum verdict *out)
{
	struct json_slice name;

	if (!json_slice_member(detail, member, &name) || name.size < 2)
		return false;
	for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		const char *known = verdict_name(verdict);
		if (strlen(known) == name.size - 2 &&
		    memcmp(known, name.at + 1, name.size - 2) == 0) {
			*out = verdict;
			return true;
		}
	}
	return false;
}

bool event_detail_is_true(const char *detail, const char *member)
{
	struct json_slice value;

	return json_slice_member(detail, member, &value) && *value.at == 't';
}
