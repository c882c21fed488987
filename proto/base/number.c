#include "proto/base/number.h"

#include <stddef.h>

bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = text && *text == '-';
	int64_t value = 0;

	if (negative)
		text++;
	if (!text || *text == '\0')
		return false;
	for (; *text; text++) {
		int digit = *text - '0';
		if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (negative)
		value = -value;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}
