#include "collector/model/drift_marks.h"

#include <string.h>

#include "proto/base/timestamp.h"
#include "proto/json/slice.h"
#include "proto/json/write.h"

bool drift_next_mark(const char **at, struct drift_mark *out)
{
	struct json_slice entry;
	struct json_slice after;

	while (json_slice_next(at, &entry)) {
		if (!json_slice_member(entry.at, "after", &after) || after.size <= strlen("[]"))
			continue;
		*out = (struct drift_mark){ entry.at, entry.size };
		return true;
	}
	return false;
}

bool drift_has_mark(const char *text)
{
	struct drift_mark mark;

	return text && drift_next_mark(&text, &mark);
}

int64_t drift_since(const char *text)
{
	char at[TIMESTAMP_TEXT_SIZE];
	int64_t since_ms = TIMESTAMP_NONE;
	struct drift_mark mark;
	struct json_slice value;

	while (text && drift_next_mark(&text, &mark)) {
		int64_t at_ms;
		if (!json_slice_member(mark.json, "at", &value) || value.size < 2 ||
		    value.size - 2 >= sizeof at)
			continue;
		memcpy(at, value.at + 1, value.size - 2);
		at[value.size - 2] = '\0';
		if (timestamp_parse(at, &at_ms) == STATUS_OK &&
		    (since_ms == TIMESTAMP_NONE || at_ms < since_ms))
			since_ms = at_ms;
	}
	return since_ms;
}

static bool has_same_member(const struct drift_mark *a, const struct drift_mark *b,
			    const char *name)
{
	struct json_slice x;
	struct json_slice y;

	return json_slice_member(a->json, name, &x) && json_slice_member(b->json, name, &y) &&
	       x.size == y.size && memcmp(x.at, y.at, x.size) == 0;
}

static bool is_among(const struct drift_mark *mark, const char *text)
{
	struct drift_mark other;

	while (text && drift_next_mark(&text, &other)) {
		if (has_same_member(mark, &other, "kind") && has_same_member(mark, &other, "of") &&
		    has_same_member(mark, &other, "at"))
			return true;
	}
	return false;
}

size_t drift_add_new_marks(const char *text, const char *other, const char *name,
			   struct buffer *out)
{
	struct drift_mark mark;
	size_t n = 0;

	json_open_array(out, name);
	while (text && drift_next_mark(&text, &mark)) {
		if (is_among(&mark, other))
			continue;
		buffer_add_text(out, n++ ? "," : "");
		buffer_add(out, mark.json, mark.size);
	}
	json_close_array(out);
	return n;
}

void drift_add_marks(const char *text, const char *name, struct buffer *out)
{
	drift_add_new_marks(text, NULL, name, out);
}
