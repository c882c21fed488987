#include "collector/alerts/policy.h"

#include <string.h>

#include "collector/config/duration.h"
#include "collector/config/value_list.h"
#include "proto/base/count.h"
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
	int64_t hold_ms = policy->hold_ms[condition];

	return (struct alert_rule){ .hold_ms = hold_ms == CONDITION_NEVER ? 0 : hold_ms,
				    .flap_changes = policy->flap_changes,
				    .flap_window_ms = policy->flap_window_ms };
}

static const char *read_hold(const struct value_target *to, const char *value)
{
	if (strcmp(value, "no") == 0)
		*(int64_t *)to->member = CONDITION_NEVER;
	else if (duration_read(to, value))
		return DURATION_EXPECTED ", or no: never";
	return NULL;
}

unsigned alert_policy_off(const struct alert_policy *policy)
{
	unsigned off = 0;

	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (policy->hold_ms[i] == CONDITION_NEVER)
			off |= CONDITION_BIT(i);
	}
	return off;
}

/* "6", or "0": flapping is not looked for. */
static const char *read_flap_changes(const struct value_target *to, const char *value)
{
	int64_t number;

	if (!number_parse(value, 0, ALERT_MAX_CHANGES, &number) || number == 1)
		return "2 to 32, or 0: flapping is not looked for";
	*(unsigned *)to->member = (unsigned)number;
	return NULL;
}

static const char *read_digest_until(const struct value_target *to, const char *value)
{
	if (strcmp(value, "no") == 0) {
		*(int64_t *)to->member = 0; /* long ago, whatever `init` wrote */
		return NULL;
	}
	return timestamp_parse(value, to->member) == STATUS_OK
		       ? NULL
		       : "a time such as 2026-12-01T08:00:00Z, or no";
}

#define AT(member) offsetof(struct alert_policy, member)
#define PERIOD     1000, 0, "a time of at least 1s"

/* A time that is none is told in other words than one that is too short. */
static const char *read_period(const struct value_target *to, const char *value)
{
	int64_t ms;

	return duration_parse(value, &ms) ? duration_read(to, value) : DURATION_EXPECTED;
}

static const struct section_key alert_keys[] = {
#define X(id, name, word, kind, key, scope, hold, severity, alertname, summary)                    \
	{ VALUE(key, read_hold, AT(hold_ms[CONDITION_##id])), false, false },
#include "collector/model/conditions.def"
#undef X
	{ VALUE("repeat", read_period, AT(repeat_ms), PERIOD), false, false },
	{ VALUE("group-wait", duration_read, AT(group_wait_ms)), false, false },
	{ VALUE("group-interval", duration_read, AT(group_interval_ms)), false, false },
	{ VALUE("flap-changes", read_flap_changes, AT(flap_changes)), false, false },
	{ VALUE("flap-window", read_period, AT(flap_window_ms), PERIOD), false, false },
	{ VALUE("storm-after", value_size, AT(storm_after), 0, ALERT_POLICY_MAX_STORM_AFTER,
		"1 to 100, or 0: nothing is summed up"),
	  false, false },
	{ VALUE("digest-until", read_digest_until, AT(digest_until_ms)), false, false },
};

static const char *read_days(const struct value_target *to, const char *value)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	static const char wanted[] = "some of mon tue wed thu fri sat sun";
	struct maintenance *window = to->member;
	char *rest = arena_strdup(to->arena, value);

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

static const char *read_minute(const struct value_target *to, const char *value)
{
	return minute_of_day_parse(value, to->member) ? NULL : "HH:MM, a time of the day in UTC";
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

static const char *read_sites(const struct value_target *to, const char *value)
{
	struct maintenance *window = to->member;
	return add_patterns(&window->sites, &window->n_sites, value_is_site_pattern,
			    SITE_PATTERN_EXPECTED, value, to->arena);
}

static bool is_server_pattern(const char *word)
{
	return !strchr(word, '/');
}

static const char *read_servers(const struct value_target *to, const char *value)
{
	struct maintenance *window = to->member;
	return add_patterns(&window->servers, &window->n_servers, is_server_pattern,
			    "names of servers, such as EXCH1 or EX*; several with commas", value,
			    to->arena);
}

static const struct section_key maintenance_keys[] = {
	{ VALUE("days", read_days, 0), false, false },
	{ VALUE("from", read_minute, offsetof(struct maintenance, from_min)), true, false },
	{ VALUE("to", read_minute, offsetof(struct maintenance, to_min)), true, false },
	{ VALUE("sites", read_sites, 0), false, true },
	{ VALUE("servers", read_servers, 0), false, true },
};

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
