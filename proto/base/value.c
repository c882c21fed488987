#include "proto/base/value.h"

#include <stdbool.h>
#include <string.h>

#include "proto/base/number.h"
#include "proto/base/text.h"

const char *value_apply(const struct value *value, const char *text, void *into,
			struct arena *arena)
{
	const struct value_target to = { (char *)into + value->offset, value, arena };

	return value->read(&to, text);
}

const char *value_switch(const struct value_target *to, const char *text)
{
	bool is_on = text_equal(text, "yes");

	if (!is_on && !text_equal(text, "no"))
		return "yes or no";
	*(bool *)to->member = is_on;
	return NULL;
}

const char *value_number(const struct value_target *to, const char *text)
{
	const struct value *v = to->value;

	if (number_parse(text, v->min, v->max, to->member))
		return NULL;
	return arena_printf(to->arena, "a whole number from %ld to %ld", (long)v->min,
			    (long)v->max);
}

const char *value_size(const struct value_target *to, const char *text)
{
	const struct value *v = to->value;
	int64_t number;

	if (!number_parse(text, v->min, v->max, &number))
		return v->expected
			       ? v->expected
			       : arena_printf(to->arena, "%ld to %ld", (long)v->min, (long)v->max);
	*(size_t *)to->member = (size_t)number;
	return NULL;
}

const char *value_choice(const struct value_target *to, const char *text)
{
	const char *words = "one of";

	for (unsigned i = 0; to->value->choices[i]; i++) {
		words = arena_printf(to->arena, "%s %s", words, to->value->choices[i]);
		if (strcmp(text, to->value->choices[i]) != 0)
			continue;
		*(unsigned *)to->member = i;
		return NULL;
	}
	return to->value->expected ? to->value->expected : words;
}

const char *value_text(const struct value_target *to, const char *text)
{
	if (*text == '\0')
		return to->value->expected ? to->value->expected : "a text that is not empty";
	*(const char **)to->member = arena_strdup(to->arena, text);
	return NULL;
}

const char *value_text_or_none(const struct value_target *to, const char *text)
{
	*(const char **)to->member = *text ? arena_strdup(to->arena, text) : NULL;
	return NULL;
}
