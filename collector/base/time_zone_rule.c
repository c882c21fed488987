#include "collector/base/time_zone_rule.h"

#include <string.h>
#include <time.h>

#include "proto/base/number.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

#define DAY_S         INT64_C(86400)
#define MAX_OFFSET_H  24
#define MAX_TIME_H    167 /* RFC 9636 section 3.3.1: up to a week before or after the day */
#define DEFAULT_TIME  7200
#define SUMMER_STEP_S 3600

/* "CET" or "<+0330>". */
static bool take_name(const char **at, char out[TIME_ZONE_RULE_NAME_SIZE])
{
	bool is_quoted = **at == '<';
	const char *begin = *at + is_quoted;
	size_t n = 0;

	while (text_is_letter(begin[n]) ||
	       (is_quoted && begin[n] && strchr("+-0123456789", begin[n])))
		n++;
	if (n < 3 || n >= TIME_ZONE_RULE_NAME_SIZE || (is_quoted && begin[n] != '>'))
		return false;
	memcpy(out, begin, n);
	out[n] = '\0';
	*at = begin + n + is_quoted;
	return true;
}

static bool take_number(const char **at, int64_t min, int64_t max, int *out)
{
	int64_t number = 0;

	if (**at < '0' || **at > '9' || !number_take(at, &number) || number < min || number > max)
		return false;
	*out = (int)number;
	return true;
}

/* "[+-]hh[:mm[:ss]]" */
static bool take_time(const char **at, int max_hours, int32_t *out_s)
{
	int sign = **at == '-' ? -1 : 1;
	int parts[3] = { 0 };

	*at += **at == '-' || **at == '+';
	if (!take_number(at, 0, max_hours, &parts[0]))
		return false;
	for (int i = 1; i < 3 && **at == ':'; i++) {
		++*at;
		if (!take_number(at, 0, 59, &parts[i]))
			return false;
	}
	*out_s = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
	return true;
}

static bool take_letter(const char **at, char letter)
{
	bool is_there = **at == letter;
	*at += is_there;
	return is_there;
}

/* "M3.5.0", "J60" or "59", and perhaps "/3" */
static bool take_day(const char **at, struct time_zone_day *out)
{
	bool taken = false;

	out->time_s = DEFAULT_TIME;
	if (take_letter(at, 'M')) {
		out->kind = TIME_ZONE_DAY_MONTH;
		taken = take_number(at, 1, 12, &out->month) && take_letter(at, '.') &&
			take_number(at, 1, 5, &out->week) && take_letter(at, '.') &&
			take_number(at, 0, 6, &out->day);
	} else if (take_letter(at, 'J')) {
		out->kind = TIME_ZONE_DAY_NO_LEAP;
		taken = take_number(at, 1, 365, &out->day);
	} else {
		out->kind = TIME_ZONE_DAY_YEAR;
		taken = take_number(at, 0, 365, &out->day);
	}
	return taken && (!take_letter(at, '/') || take_time(at, MAX_TIME_H, &out->time_s));
}

bool time_zone_rule_read(const char *text, struct time_zone_rule *out)
{
	struct time_zone_rule rule = { .standard_s = 0 };
	int32_t west_s = 0;

	if (!take_name(&text, rule.standard) || !take_time(&text, MAX_OFFSET_H, &west_s))
		return false;
	rule.standard_s = -west_s;
	*out = rule;
	if (*text == '\0')
		return true;
	if (!take_name(&text, rule.summer))
		return false;
	rule.summer_s = rule.standard_s + SUMMER_STEP_S;
	if (*text != ',') {
		if (!take_time(&text, MAX_OFFSET_H, &west_s))
			return false;
		rule.summer_s = -west_s;
	}
	if (!take_letter(&text, ',') || !take_day(&text, &rule.begin) || !take_letter(&text, ',') ||
	    !take_day(&text, &rule.end) || *text != '\0')
		return false;
	*out = rule;
	return true;
}

/* Seconds since 1970 of 00:00 of the first day of a month, as clocks show them. */
static int64_t month_s(int year, int month)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 1 };
	return timegm(&tm);
}

static int64_t weekday_of(int64_t seconds)
{
	return ((seconds / DAY_S + 4) % 7 + 7) % 7; /* 1970 began with a Thursday */
}

/* When clocks show that day and time. */
static int64_t moment_of(const struct time_zone_day *day, int year)
{
	int64_t january = month_s(year, 1);

	if (day->kind == TIME_ZONE_DAY_YEAR)
		return january + (int64_t)day->day * DAY_S + day->time_s;
	if (day->kind == TIME_ZONE_DAY_NO_LEAP)
		return january +
		       (day->day - 1 + (timestamp_is_leap_year(year) && day->day >= 60)) * DAY_S +
		       day->time_s;
	int64_t first = month_s(year, day->month);
	int64_t next = day->month == 12 ? month_s(year + 1, 1) : month_s(year, day->month + 1);
	int64_t at = first + (day->day - weekday_of(first) + 7) % 7 * DAY_S;
	for (int week = 1; week < day->week && at + 7 * DAY_S < next; week++)
		at += 7 * DAY_S;
	return at + day->time_s;
}

static bool is_summer(const struct time_zone_rule *rule, int64_t seconds)
{
	time_t local = (time_t)(seconds + rule->standard_s);
	struct tm tm;

	if (!*rule->summer || !gmtime_r(&local, &tm))
		return false;
	int64_t begin = moment_of(&rule->begin, tm.tm_year + 1900) - rule->standard_s;
	int64_t end = moment_of(&rule->end, tm.tm_year + 1900) - rule->summer_s;
	if (begin < end)
		return seconds >= begin && seconds < end;
	return seconds >= begin || seconds < end; /* in the south it is over new year */
}

const char *time_zone_rule_at(const struct time_zone_rule *rule, int64_t seconds, int32_t *offset_s)
{
	bool summer = is_summer(rule, seconds);

	*offset_s = summer ? rule->summer_s : rule->standard_s;
	return summer ? rule->summer : rule->standard;
}
