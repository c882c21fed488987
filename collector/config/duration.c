#include "collector/config/duration.h"

#include "proto/base/number.h"

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
	int64_t number;

	if (!number_take(&text, &number) || number < 0)
		return false;
	int64_t unit = unit_ms(*text);
	if (unit == 0 || text[1] != '\0' || number > DURATION_MAX_MS / unit)
		return false;
	*out_ms = number * unit;
	return true;
}
