#include "collector/alert_policy.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

static const struct alert_policy defaults = {
	.hold_ms = {
		[CONDITION_AT_RISK] = INT64_C(600) * 1000,
		[CONDITION_UNKNOWN] = INT64_C(3600) * 1000,
		[CONDITION_DISK] = INT64_C(60) * 1000,
	},
	.repeat_ms = INT64_C(4) * 3600 * 1000,
	.group_interval_ms = INT64_C(30) * 1000,
	.flap_changes = 6,
	.flap_window_ms = INT64_C(3600) * 1000,
};

struct alert_rule alert_policy_rule(const struct alert_policy *policy, enum condition condition)
{
	return (struct alert_rule){ .hold_ms = policy->hold_ms[condition],
				    .flap_changes = policy->flap_changes,
				    .flap_window_ms = policy->flap_window_ms };
}

static bool read_number(const char *value, int64_t least, int64_t most, int64_t *out)
{
	size_t n = strspn(value, "0123456789");
	int64_t number = 0;

	if (n == 0 || value[n] != '\0')
		return false;
	for (; *value && number <= most; value++)
		number = number * 10 + (*value - '0');
	*out = number;
	return number >= least && number <= most;
}

static const char *set_seconds(int64_t *ms, const char *value, int64_t least)
{
	int64_t seconds = 0;
	if (!read_number(value, least, ALERT_POLICY_MAX_SECONDS, &seconds))
		return least > 0 ? "1 to 31622400 seconds" : "0 to 31622400 seconds";
	*ms = seconds * 1000;
	return NULL;
}

#define DEFINE_HOLD(name, condition)                                                               \
	static const char *set_hold_##name(void *into, const char *value, struct arena *arena)     \
	{                                                                                          \
		struct alert_policy *policy = into;                                                \
		(void)arena;                                                                       \
		return set_seconds(&policy->hold_ms[condition], value, 0);                         \
	}
DEFINE_HOLD(failing, CONDITION_FAILING)
DEFINE_HOLD(exposed, CONDITION_EXPOSED)
DEFINE_HOLD(at_risk, CONDITION_AT_RISK)
DEFINE_HOLD(unknown, CONDITION_UNKNOWN)
DEFINE_HOLD(silent, CONDITION_SILENT)
DEFINE_HOLD(disk, CONDITION_DISK)
DEFINE_HOLD(certificate, CONDITION_CERTIFICATE)
DEFINE_HOLD(dead_letters, CONDITION_DEAD_LETTERS)

static const char *set_repeat(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	(void)arena;
	return set_seconds(&policy->repeat_ms, value, 1);
}

static const char *set_group_wait(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	(void)arena;
	return set_seconds(&policy->group_wait_ms, value, 0);
}

static const char *set_group_interval(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	(void)arena;
	return set_seconds(&policy->group_interval_ms, value, 0);
}

static const char *set_flap_changes(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	int64_t number = 0;
	(void)arena;

	if (strcmp(value, "0") != 0 && !read_number(value, 2, ALERT_MAX_CHANGES, &number))
		return "2 to 32, or 0: flapping is not looked for";
	policy->flap_changes = (size_t)number;
	return NULL;
}

static const char *set_flap_window(void *into, const char *value, struct arena *arena)
{
	struct alert_policy *policy = into;
	(void)arena;
	return set_seconds(&policy->flap_window_ms, value, 1);
}

static const struct section_key alert_keys[] = {
	{ "hold-failing-seconds", false, false, set_hold_failing },
	{ "hold-exposed-seconds", false, false, set_hold_exposed },
	{ "hold-at-risk-seconds", false, false, set_hold_at_risk },
	{ "hold-unknown-seconds", false, false, set_hold_unknown },
	{ "hold-silent-seconds", false, false, set_hold_silent },
	{ "hold-disk-seconds", false, false, set_hold_disk },
	{ "hold-certificate-seconds", false, false, set_hold_certificate },
	{ "hold-dead-letters-seconds", false, false, set_hold_dead_letters },
	{ "repeat-seconds", false, false, set_repeat },
	{ "group-wait-seconds", false, false, set_group_wait },
	{ "group-interval-seconds", false, false, set_group_interval },
	{ "flap-changes", false, false, set_flap_changes },
	{ "flap-window-seconds", false, false, set_flap_window },
};

static const char *set_days(void *into, const char *value, struct arena *arena)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	struct maintenance *window = into;
	char *rest = arena_strdup(arena, value);

	for (char *word = strtok_r(rest, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
		size_t i = 0;
		while (i < 7 && !text_equal(names[i], word))
			i++;
		if (i == 7)
			return "some of mon tue wed thu fri sat sun";
		window->days |= 1U << i;
	}
	return window->days ? NULL : "some of mon tue wed thu fri sat sun";
}

/* "22:00" */
static const char *set_minute(unsigned *minute, const char *value)
{
	static const char wanted[] = "HH:MM, a time of the day in UTC";
	static const char digits[] = "0123456789";

	if (strlen(value) != 5 || value[2] != ':' || strspn(value, digits) != 2 ||
	    strspn(value + 3, digits) != 2)
		return wanted;
	unsigned hours = (unsigned)(value[0] - '0') * 10 + (unsigned)(value[1] - '0');
	unsigned minutes = (unsigned)(value[3] - '0') * 10 + (unsigned)(value[4] - '0');
	*minute = hours * 60 + minutes;
	return hours < 24 && minutes < 60 ? NULL : wanted;
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

static void add_pattern(const char ***list, size_t *n, const char *value, struct arena *arena)
{
	const char **longer = arena_alloc_array(arena, *n + 1, sizeof *longer);

	for (size_t i = 0; i < *n; i++)
		longer[i] = (*list)[i];
	longer[*n] = arena_strdup(arena, value);
	*list = longer;
	++*n;
}

static const char *set_sites(void *into, const char *value, struct arena *arena)
{
	struct maintenance *window = into;
	if (!strchr(value, '/'))
		return "ORGANIZATION/SITE, with * and ? as in ORG/*; one a line";
	add_pattern(&window->sites, &window->n_sites, value, arena);
	return NULL;
}

static const char *set_servers(void *into, const char *value, struct arena *arena)
{
	struct maintenance *window = into;
	if (!*value)
		return "the name of a server, with * and ? as in EX*; one a line";
	add_pattern(&window->servers, &window->n_servers, value, arena);
	return NULL;
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
