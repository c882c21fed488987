#include "collector/alerts/mute.h"

#include <inttypes.h>

#include "collector/base/pattern.h"

#define MINUTES_A_DAY 1440
#define MS_A_DAY      (INT64_C(86400) * 1000)
#define EPOCH_DAY     3 /* 1970-01-01 was a Thursday; Monday is 0 */

bool silence_is_in_effect(const struct record_silence *silence, int64_t now_ms)
{
	return silence->starts_ms <= now_ms && now_ms < silence->ends_ms;
}

static bool is_right(const char *pattern, const char *text)
{
	return *pattern == '\0' || pattern_matches(pattern, text);
}

bool silence_matches_server(const struct record_silence *silence,
			    const struct mute_subject *subject)
{
	return is_right(silence->server, subject->server) &&
	       is_right(silence->organization, subject->organization) &&
	       is_right(silence->site, subject->site);
}

bool silence_matches(const struct record_silence *silence, const struct mute_subject *subject)
{
	return silence_matches_server(silence, subject) &&
	       is_right(silence->condition, condition_name(subject->condition));
}

const char *silence_text(const struct record_silence *silence, struct arena *arena)
{
	const char *const matchers[][2] = { { "server", silence->server },
					    { "organization", silence->organization },
					    { "site", silence->site },
					    { "condition", silence->condition } };
	const char *text = arena_printf(arena, "%" PRId64, silence->id);

	for (size_t i = 0; i < sizeof matchers / sizeof *matchers; i++) {
		if (*matchers[i][1])
			text = arena_printf(arena, "%s %s=%s", text, matchers[i][0],
					    matchers[i][1]);
	}
	return *silence->comment ? arena_printf(arena, "%s: %s", text, silence->comment) : text;
}

static bool has_day(const struct maintenance *window, int64_t day)
{
	return window->days & (1U << (unsigned)((day + EPOCH_DAY) % 7));
}

bool maintenance_is_open(const struct maintenance *window, int64_t now_ms)
{
	int64_t day = now_ms / MS_A_DAY;
	unsigned minute = (unsigned)(now_ms % MS_A_DAY / 60000);

	if (window->from_min < window->to_min)
		return has_day(window, day) && minute >= window->from_min &&
		       minute < window->to_min;
	return (has_day(window, day) && minute >= window->from_min) ||
	       (has_day(window, day - 1) && minute < window->to_min);
}

bool maintenance_matches(const struct maintenance *window, const struct mute_subject *subject)
{
	if (condition_is_own(subject->condition))
		return false;
	if (window->n_sites == 0 && window->n_servers == 0)
		return true;
	for (size_t i = 0; i < window->n_servers; i++) {
		if (pattern_matches(window->servers[i], subject->server))
			return true;
	}
	for (size_t i = 0; i < window->n_sites; i++) {
		if (pattern_matches_place(window->sites[i], subject->organization, subject->site))
			return true;
	}
	return false;
}
