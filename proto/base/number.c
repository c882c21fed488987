#include "proto/base/number.h"

#include <stddef.h>

#include "proto/base/text.h"

bool number_take(const char **at, int64_t *out)
{
	const char *text = *at;
	bool negative = *text == '-';
	int64_t value = 0; /* below zero, where int64_t holds one more */

	text += negative;
	const char *first = text;
	for (; text_is_digit(*text); text++) {
		int digit = *text - '0';
		if (value < (INT64_MIN + digit) / 10)
			return false;
		value = value * 10 - digit;
	}
	if (text == first || (!negative && value == INT64_MIN))
		return false;
	*out = negative ? value : -value;
	*at = text;
	return true;
}

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
	int64_t value;

	if (!text || !number_take(&text, &value) || *text != '\0' || value < min || value > max)
		return false;
	*out = value;
	return true;
}
