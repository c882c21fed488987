#include "collector/model/condition.h"

#include <stdio.h>
#include <string.h>

static const struct condition_info rows[CONDITION_COUNT] = {
#define X(id, name, word, kind, key, scope, hold_ms, severity, alertname, summary)                 \
	[CONDITION_##id] = { name,    word,     CONDITION_##kind, CONDITION_SCOPE_##scope,         \
			     hold_ms, severity, alertname,        summary },
#include "collector/model/conditions.def"
#undef X
};

/* Each name with a comma and a blank behind it. */
static const char all_names[] =
#define X(id, name, word, kind, key, scope, hold_ms, severity, alertname, summary) name ", "
#include "collector/model/conditions.def"
#undef X
	"several with commas";

const struct condition_info *condition_info(enum condition condition)
{
	return &rows[condition];
}

enum condition condition_kind(enum condition condition)
{
	return rows[condition].kind;
}

bool condition_is_own(enum condition condition)
{
	return rows[condition].scope == CONDITION_SCOPE_COLLECTOR;
}

const char *condition_name(enum condition condition)
{
	return rows[condition].name;
}

const char *condition_word(enum condition condition)
{
	return rows[condition].word;
}

bool condition_from_name(const char *name, enum condition *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		*out = (enum condition)i;
		return true;
	}
	return false;
}

const char *condition_names(void)
{
	return all_names;
}

const char *condition_set_text(unsigned set, char text[CONDITION_SET_TEXT_SIZE])
{
	size_t n = 0;

	text[0] = '\0';
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (set & CONDITION_BIT(i))
			n += (size_t)snprintf(text + n, CONDITION_SET_TEXT_SIZE - n, "%s%s",
					      n > 0 ? " " : "", rows[i].name);
	}
	return text;
}

unsigned condition_set_from_text(const char *text)
{
	unsigned set = 0;

	while (*text) {
		size_t n = strcspn(text, " ");
		for (int i = 0; i < CONDITION_COUNT; i++) {
			if (strlen(rows[i].name) == n && memcmp(rows[i].name, text, n) == 0)
				set |= CONDITION_BIT(i);
		}
		text += n;
		text += *text == ' ';
	}
	return set;
}
