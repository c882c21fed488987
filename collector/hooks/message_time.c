#include "collector/hooks/message_time.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "collector/base/time_zone.h"
#include "proto/base/buffer.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

#define MINUTE_MS (INT64_C(60) * 1000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

static struct tm calendar_of(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm tm = { .tm_mday = 1 };

	(void)gmtime_r(&seconds, &tm); /* moments of a notification are in the years 0 to 9999 */
	return tm;
}

static const char *day_of(const struct tm *tm, struct arena *arena)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	return arena_printf(arena, "%s %d %s %d", days[tm->tm_wday], tm->tm_mday,
			    months[tm->tm_mon], tm->tm_year + 1900);
}

const char *message_time(const struct time_zone *zone, int64_t ms, struct arena *arena)
{
	if (ms == TIMESTAMP_NONE)
		return "";
	struct time_zone_local local = time_zone_at(zone, ms);
	struct tm here = calendar_of(local.ms);
	struct tm utc = calendar_of(ms);
	const char *text = arena_printf(arena, "%s, %02d:%02d %s", day_of(&here, arena),
					here.tm_hour, here.tm_min, local.name);
	if (strcmp(local.name, "UTC") == 0)
		return text;
	const char *day =
		here.tm_mday == utc.tm_mday ? "" : arena_printf(arena, "%s, ", day_of(&utc, arena));
	return arena_printf(arena, "%s (%s%02d:%02d UTC)", text, day, utc.tm_hour, utc.tm_min);
}

const char *message_span(int64_t ms, struct arena *arena)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { DAY_MS, "day" }, { HOUR_MS, "hour" }, { MINUTE_MS, "minute" } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		int64_t n = ms / units[i].ms;
		if (n >= 2 || (n == 1 && units[i].ms == MINUTE_MS))
			return arena_printf(arena, "%" PRId64 " %s%s", n, units[i].name,
					    n == 1 ? "" : "s");
	}
	return "less than a minute";
}

/* Bytes of the moment that `text` begins with, "2026-11-23T19:31:07.123Z"; 0: with none. */
static size_t moment_at(const char *text, int64_t *out_ms)
{
	static const char form[] = "0000-00-00T00:00:00";
	char copy[TIMESTAMP_TEXT_SIZE];
	size_t n = 0;

	for (; form[n] != '\0'; n++) {
		bool is_digit = text_is_digit(text[n]);
		if (form[n] == '0' ? !is_digit : text[n] != form[n])
			return 0;
	}
	n += strspn(text + n, ".0123456789");
	if (text[n++] != 'Z' || n >= sizeof copy)
		return 0;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return timestamp_parse(copy, out_ms) == STATUS_OK ? n : 0;
}

const char *message_spoken(const struct time_zone *zone, const char *text, struct arena *arena)
{
	struct buffer out;
	int64_t ms = 0;

	buffer_init(&out);
	while (*text) {
		size_t n = moment_at(text, &ms);
		if (n > 0)
			buffer_add_text(&out, message_time(zone, ms, arena));
		else
			buffer_add_char(&out, *text);
		text += n > 0 ? n : 1;
	}
	const char *spoken = arena_strndup(arena, out.bytes, out.size);
	buffer_deinit(&out);
	return spoken ? spoken : "";
}
