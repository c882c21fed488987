#include "collector/config/duration.h"

#include <string.h>

static int64_t unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return 1000;
	case 'm':
		return (int64_t)60 * 1000;
	case 'h':
		return (int64_t)3600 * 1000;
	case 'd':
		return (int64_t)86400 * 1000;
	default:
		return 0;
	}
}

bool duration_parse(const char *text, int64_t *out_ms)
{
	size_t n = strspn(text, "0123456789");
	int64_t unit = n > 0 ? unit_ms(text[n]) : 0;
	int64_t number = 0;

	if (unit == 0 || text[n + 1] != '\0')
		return false;
	for (size_t i = 0; i < n && number <= DURATION_MAX_MS; i++)
		number = number * 10 + (text[i] - '0');
	if (number > DURATION_MAX_MS / unit)
		return false;
	*out_ms = number * unit;
	return true;
}
