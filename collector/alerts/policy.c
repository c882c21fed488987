#include "collector/alerts/policy.h"

#include <string.h>

#include "collector/config/duration.h"
#include "collector/config/value_list.h"
#include "proto/base/number.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

static const struct alert_policy defaults = {
	.hold_ms = {
#define X(id, name, word, kind, key, scope, hold, severity, alertname, summary)                    \
	[CONDITION_##id] = (hold),
#include "collector/model/conditions.def"
#undef X
	},
	.repeat_ms = INT64_C(4) * 3600 * 1000,
	.group_interval_ms = INT64_C(30) * 1000,
	.flap_changes = 6,
	.flap_window_ms = INT64_C(3600) * 1000,
	.storm_after = 5,
	.digest_until_ms = ALERT_POLICY_NO_DIGEST,
};

struct alert_rule alert_policy_rule(const struct alert_policy *policy, enum condition condition)
{
	return (struct alert_rule){ .hold_ms = policy->hold_ms[condition],
				    .flap_changes = policy->flap_changes,
				    .flap_window_ms = policy->flap_window_ms };
}

/* Of a key whose value is a span of time. */
#define DEFINE_TIME(name, member, least_ms)                                                        \
	static const char *set_##name(void *into, const char *value, struct arena *arena)          \
	{                                                                                          \
		struct alert_policy *policy = into;                                                \
		(void)arena;                                                                       \
		return set_time(&policy->member, value, least_ms);                                 \
	}

static const char *set_time(int64_t *where, const char *value, int64_t least_ms)
{
	if (!duration_parse(value, where))
		return DURATION_EXPECTED;
	return *where >= least_ms ? NULL : "a time of at least 1s";
}

#define X(id, name, word, kind, key, scope, hold, severity, alertname, summary)                    \
	DEFINE_TIME(hold_##id, hold_ms[CONDITION_##id], 0)
#include "collector/model/conditions.def"
#undef X
DEFINE_TIME(repeat, repeat_ms, 1000)
DEFINE_TIME(group_wait, group_wait_ms, 0)
DEFINE_TIME(group_interval, group_interval_ms, 0)
DEFINE_TIME(flap_window, flap_window_ms, 1000)

/* "6", or "0": flapping is not looked for. */
static const char *set_flap_changes(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	int64_t number;
	(void)arena;

	if (!number_parse(value, 0, ALERT_MAX_CHANGES, &number) || number == 1)
		return "2 to 32, or 0: flapping is not looked for";
	policy->flap_changes = (unsigned)number;
	return NULL;
}

/* "5", or "0": there are no summaries. */
static const char *set_storm_after(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	int64_t number;
	(void)arena;

	if (!number_parse(value, 0, ALERT_POLICY_MAX_STORM_AFTER, &number))
		return "1 to 100, or 0: nothing is summed up";
	policy->storm_after = (size_t)number;
	return NULL;
}

static const char *set_digest_until(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	(void)arena;

	if (strcmp(value, "no") == 0) {
		policy->digest_until_ms = 0; /* long ago, whatever `init` wrote */
		return NULL;
	}
	return timestamp_parse(value, &policy->digest_until_ms) == STATUS_OK
		       ? NULL
		       : "a time such as 2026-12-01T08:00:00Z, or no";
}

static const struct section_key alert_keys[] = {
#define X(id, name, word, kind, key, scope, hold, severity, alertname, summary)                    \
	{ key, false, false, set_hold_##id },
#include "collector/model/conditions.def"
#undef X
	{ "repeat", false, false, set_repeat },
	{ "group-wait", false, false, set_group_wait },
	{ "group-interval", false, false, set_group_interval },
	{ "flap-changes", false, false, set_flap_changes },
	{ "flap-window", false, false, set_flap_window },
	{ "storm-after", false, false, set_storm_after },
	{ "digest-until", false, false, set_digest_until },
};

static const char *set_days(void *into, const char *value, struct arena *arena)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	static const char wanted[] = "some of mon tue wed thu fri sat sun";
	struct maintenance *window = into;
	char *rest = arena_strdup(arena, value);

	for (char *word = strtok_r(rest, " \t,", &rest); word;
	     word = strtok_r(NULL, " \t,", &rest)) {
		size_t i = 0;
		while (i < 7 && !text_equal(names[i], word))
			i++;
		if (i == 7)
			return wanted;
		window->days |= 1U << i;
	}
	return window->days ? NULL : wanted;
}

static const char *set_minute(unsigned *minute, const char *value)
{
	return minute_of_day_parse(value, minute) ? NULL : "HH:MM, a time of the day in UTC";
}

static const char *set_from(void *into, const char *value, struct arena *arena)
{
	struct maintenance *window = into;
	(void)arena;
	return set_minute(&window->from_min, value);
}

static const char *set_to(void *into, const char *value, struct arena *arena)
{
	struct maintenance *window = into;
	(void)arena;
	return set_minute(&window->to_min, value);
}

/* Adds the patterns of `value`, each of which has to be `valid`. */
static const char *add_patterns(const char ***list, size_t *n, bool (*valid)(const char *word),
				const char *wanted, const char *value, struct arena *arena)
{
	const char *word = NULL;

	if (!*list)
		*list = arena_alloc_array(arena, ALERT_POLICY_MAX_PATTERNS, sizeof **list);
	while ((word = value_list_next(&value, arena))) {
		if (!valid(word))
			return wanted;
		if (*n == ALERT_POLICY_MAX_PATTERNS)
			return "at most 64 of them";
		(*list)[(*n)++] = word;
	}
	return *n > 0 ? NULL : wanted;
}

static const char *set_sites(void *into, const char *value, struct arena *arena)
{
	struct maintenance *window = into;
	return add_patterns(&window->sites, &window->n_sites, value_is_site_pattern,
			    SITE_PATTERN_EXPECTED, value, arena);
}

static bool is_server_pattern(const char *word)
{
	return !strchr(word, '/');
}

static const char *set_servers(void *into, const char *value, struct arena *arena)
{
	struct maintenance *window = into;
	return add_patterns(&window->servers, &window->n_servers, is_server_pattern,
			    "names of servers, such as EXCH1 or EX*; several with commas", value,
			    arena);
}

static const struct section_key maintenance_keys[] = {
	{ "days", false, false, set_days },      { "from", true, false, set_from },
	{ "to", true, false, set_to },           { "sites", false, true, set_sites },
	{ "servers", false, true, set_servers },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void read_window(const struct section *section, struct alert_policy *policy,
			struct arena *arena, struct faults *faults)
{
	struct maintenance *window = arena_alloc(arena, sizeof *window);

	window->name = section->name;
	window->next = policy->windows;
	section_read(section, maintenance_keys, COUNT(maintenance_keys), window, arena, faults);
	if (window->days == 0)
		window->days = 0x7f;
	policy->windows = window;
}

void alert_policy_read(const struct sections *sections, struct alert_policy *out,
		       struct arena *arena, struct faults *faults)
{
	*out = defaults;
	for (const struct section *s = sections->first; s; s = s->next) {
		if (strcmp(s->kind, "alerts") == 0)
			section_read(s, alert_keys, COUNT(alert_keys), out, arena, faults);
		else if (strcmp(s->kind, "maintenance") == 0)
			read_window(s, out, arena, faults);
	}
}
