#include "collector/config/duration.h"

#include <string.h>

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

const char *duration_read(const struct value_target *to, const char *text)
{
	const struct value *v = to->value;
	int64_t ms;

	if (!duration_parse(text, &ms) || ms < v->min || (v->max > 0 && ms > v->max))
		return v->expected ? v->expected : DURATION_EXPECTED;
	*(int64_t *)to->member = ms;
	return NULL;
}

bool minute_of_day_parse(const char *text, unsigned *out)
{
	static const char digits[] = "0123456789";

	if (strlen(text) != 5 || text[2] != ':' || strspn(text, digits) != 2 ||
	    strspn(text + 3, digits) != 2)
		return false;
	unsigned hours = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	unsigned minutes = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
	if (hours >= 24 || minutes >= 60)
		return false;
	*out = hours * 60 + minutes;
	return true;
}
