/*
 * When clocks change in the years to come: the last line of a zone's file, in the form of POSIX'
 * variable TZ ("CET-1CEST,M3.5.0,M10.5.0/3"; RFC 9636 section 3.3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIME_ZONE_RULE_NAME_SIZE 17

/* A day of each year, and a time on it. */
struct time_zone_day {
	enum {
		TIME_ZONE_DAY_MONTH,   /* the nth weekday of a month; the 5th: the last one */
		TIME_ZONE_DAY_NO_LEAP, /* of the year from 1, the 29th of February not counted */
		TIME_ZONE_DAY_YEAR,    /* of the year from 0 */
	} kind;
	int month;
	int week;
	int day; /* of the week from Sunday, 0, or of the year */
	int32_t time_s;
};

struct time_zone_rule {
	char standard[TIME_ZONE_RULE_NAME_SIZE];
	char summer[TIME_ZONE_RULE_NAME_SIZE]; /* "": there is none */
	int32_t standard_s;                    /* east of UTC */
	int32_t summer_s;
	struct time_zone_day begin;
	struct time_zone_day end;
};

/* False: the text is no such rule. */
bool time_zone_rule_read(const char *text, struct time_zone_rule *out);

/* The name of the time that clocks show then (seconds since 1970, UTC), and its offset. */
const char *time_zone_rule_at(const struct time_zone_rule *rule, int64_t seconds,
			      int32_t *offset_s);
