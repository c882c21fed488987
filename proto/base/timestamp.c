#include "proto/base/timestamp.h"

#include <stdbool.h>

#include "proto/base/text.h"

#define MS_PER_DAY INT64_C(86400000)

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z */
#define FIRST_MS INT64_C(-62167219200000)
#define LAST_MS  INT64_C(253402300799999)

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; March begins the year. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
	*month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

bool timestamp_is_leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && timestamp_is_leap_year(year) ? 29 : days[month - 1];
}

/* Exactly `n` digits; advances `*at`. Returns -1 where there are fewer. */
static int get_digits(const char **at, int n)
{
	int value = 0;
	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static bool get_char(const char **at, const char *allowed)
{
	for (; *allowed; allowed++) {
		if (**at == *allowed) {
			(*at)++;
			return true;
		}
	}
	return false;
}

/* ".123456": at least one digit after the point. Returns milliseconds, -1 if malformed. */
static int get_fraction(const char **at)
{
	int ms = 0;
	int digits = 0;

	if (!get_char(at, "."))
		return 0;
	for (; text_is_digit(**at); (*at)++, digits++) {
		if (digits < 3)
			ms = ms * 10 + (**at - '0');
	}
	if (digits == 0)
		return -1;
	for (; digits < 3; digits++)
		ms *= 10;
	return ms;
}

/* "Z" or "+01:00". Returns false if malformed. */
static bool get_offset(const char **at, int *minutes)
{
	*minutes = 0;
	if (get_char(at, "Zz"))
		return true;

	bool west = **at == '-';
	if (!get_char(at, "+-"))
		return false;
	int hours = get_digits(at, 2);
	if (hours < 0 || hours > 23 || !get_char(at, ":"))
		return false;
	int rest = get_digits(at, 2);
	if (rest < 0 || rest > 59)
		return false;
	*minutes = (hours * 60 + rest) * (west ? -1 : 1);
	return true;
}

/* In UTC: an offset or a leap second can lead out of the years that RFC 3339 can write. */
static bool has_four_digit_year(int64_t ms)
{
	return ms >= FIRST_MS && ms <= LAST_MS;
}

enum status timestamp_parse(const char *text, int64_t *out_ms)
{
	const char *at = text;

	int year = get_digits(&at, 4);
	if (year < 0 || !get_char(&at, "-"))
		return STATUS_MALFORMED;
	int month = get_digits(&at, 2);
	if (month < 1 || month > 12 || !get_char(&at, "-"))
		return STATUS_MALFORMED;
	int day = get_digits(&at, 2);
	if (day < 1 || day > days_in_month(year, month) || !get_char(&at, "Tt "))
		return STATUS_MALFORMED;
	int hour = get_digits(&at, 2);
	if (hour < 0 || hour > 23 || !get_char(&at, ":"))
		return STATUS_MALFORMED;
	int minute = get_digits(&at, 2);
	if (minute < 0 || minute > 59 || !get_char(&at, ":"))
		return STATUS_MALFORMED;
	int second = get_digits(&at, 2);
	if (second < 0 || second > 60) /* 60: a leap second */
		return STATUS_MALFORMED;
	int ms = get_fraction(&at);
	int offset_minutes = 0;
	if (ms < 0 || !get_offset(&at, &offset_minutes) || *at != '\0')
		return STATUS_MALFORMED;

	int64_t seconds = (int64_t)hour * 3600 + ((int64_t)minute - offset_minutes) * 60 + second;
	int64_t result = days_from_date(year, month, day) * MS_PER_DAY + seconds * 1000 + ms;
	if (!has_four_digit_year(result))
		return STATUS_MALFORMED;
	*out_ms = result;
	return STATUS_OK;
}

/* The last `n` digits of a number; returns what is behind them. */
static char *put_digits(char *at, int number, int n)
{
	for (int i = n; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + n;
}

static char *put_char(char *at, char c)
{
	*at = c;
	return at + 1;
}

/*
 * Digit by digit: times are in most of what is sent and stored, and snprintf() takes ten times as
 * long.
 */
char *timestamp_format(int64_t ms, char text[TIMESTAMP_TEXT_SIZE])
{
	int64_t moment = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
	int64_t days = moment / MS_PER_DAY - (moment % MS_PER_DAY < 0);
	int rest = (int)(moment - days * MS_PER_DAY);
	int seconds = rest / 1000;
	int64_t year = 0;
	int month = 0;
	int day = 0;
	date_from_days(days, &year, &month, &day);

	char *at = put_digits(text, (int)year, 4);
	at = put_digits(put_char(at, '-'), month, 2);
	at = put_digits(put_char(at, '-'), day, 2);
	at = put_digits(put_char(at, 'T'), seconds / 3600, 2);
	at = put_digits(put_char(at, ':'), seconds / 60 % 60, 2);
	at = put_digits(put_char(at, ':'), seconds % 60, 2);
	if (rest % 1000 != 0)
		at = put_digits(put_char(at, '.'), rest % 1000, 3);
	*put_char(at, 'Z') = '\0';
	return text;
}
