#include "collector/hooks/keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/base/file_open.h"
#include "collector/base/time_zone.h"
#include "collector/config/duration.h"
#include "collector/config/secret_file.h"
#include "collector/config/value_list.h"
#include "collector/transfer/mail_address.h"

/* The length of PagerDuty's keys, as its answer to others says. */
#define PAGERDUTY_KEY_LENGTH 32

static const char *read_sites(const struct value_target *to, const char *value)
{
	struct hook_route *route = &((struct hook_settings *)to->member)->route;
	const char *word = NULL;

	if (!route->sites)
		route->sites = arena_alloc_array(to->arena, HOOK_MAX_SITES, sizeof *route->sites);
	while ((word = value_list_next(&value, to->arena))) {
		if (!value_is_site_pattern(word))
			return SITE_PATTERN_EXPECTED;
		if (route->n_sites == HOOK_MAX_SITES)
			return "at most 64 of them";
		route->sites[route->n_sites++] = word;
	}
	return route->n_sites > 0 ? NULL : SITE_PATTERN_EXPECTED;
}

static const char *read_conditions(const struct value_target *to, const char *value)
{
	struct hook_route *route = &((struct hook_settings *)to->member)->route;
	enum condition condition = CONDITION_FAILING;
	const char *word = NULL;

	route->conditions = 0;
	while ((word = value_list_next(&value, to->arena))) {
		if (!condition_from_name(word, &condition))
			return condition_names();
		route->conditions |= CONDITION_BIT(condition);
	}
	if (route->conditions & CONDITION_BIT(CONDITION_SILENT)) /* what is inside is not told */
		route->conditions |= CONDITION_BIT(CONDITION_SURROUNDINGS);
	return route->conditions ? NULL : "at least one condition, such as failing";
}

/* "SCHEME://" and something behind it that is printable ASCII. */
static bool is_url(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	if (strncmp(text, scheme, n) != 0 || strncmp(text + n, "://", 3) != 0)
		return false;
	for (text += n + 3; *text; text++) {
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	}
	return text[-1] != '/' || text[-2] != '/';
}

static bool has_user(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static const char *read_url(const struct value_target *to, const char *value)
{
	struct hook_settings *hook = to->member;

	if (!is_url(value, "http") && !is_url(value, "https"))
		return "a URL that begins with https:// or http://";
	if (has_user(value))
		return "a URL without a user; say user and password-file instead";
	if (hook->n_urls == HOOK_MAX_URLS)
		return "at most 8 of them";
	hook->urls[hook->n_urls++] = value;
	return NULL;
}

static const char *read_smtp(const struct value_target *to, const char *value)
{
	if (!is_url(value, "smtp") && !is_url(value, "smtps"))
		return "smtp://HOST, smtp://HOST:PORT or smtps://HOST";
	if (has_user(value))
		return "a URL without a user; say user and password-file instead";
	*(const char **)to->member = value;
	return NULL;
}

/* A URL is shown and logged; a password has a file of its own. */
static const char *read_proxy(const struct value_target *to, const char *value)
{
	if (!is_url(value, "http") && !is_url(value, "https") && !is_url(value, "socks5h"))
		return "http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT";
	if (has_user(value))
		return "a URL without a user; say proxy-user and proxy-password-file instead";
	*(const char **)to->member = value;
	return NULL;
}

static const char *read_secret(const struct value_target *to, const char *value)
{
	struct hook_settings *hook = to->member;
	const char *why = NULL;
	const char *text = secret_file_read(value, to->arena, &why);

	if (!text)
		return why;
	if (hook->n_secrets == HOOK_MAX_SECRETS)
		return "at most 2 of them: the new secret and the old one";
	if (signature_key_read(text, &hook->secrets[hook->n_secrets]) != STATUS_OK)
		return "a file with \"whsec_\" and the base64 of 24 to 64 random bytes, such as "
		       "from: echo \"whsec_$(openssl rand -base64 32)\"";
	hook->n_secrets++;
	return NULL;
}

static const char *read_proxy_user(const struct value_target *to, const char *value)
{
	return strchr(value, ':') ? "a name without a colon" : value_text(to, value);
}

static const char *read_file(const struct value_target *to, const char *value)
{
	const char *why = file_fault(value);

	*(const char **)to->member = value;
	return why ? arena_printf(to->arena, "a file that can be read (%s)", why) : NULL;
}

static const char *read_command(const struct value_target *to, const char *value)
{
	*(const char **)to->member = value;
	if (*value != '/')
		return "the whole path of a program";
	if (access(value, X_OK) == 0)
		return NULL;
	return arena_printf(to->arena, "a program that can be run (%s)", strerror(errno));
}

static const char *read_method(const struct value_target *to, const char *value)
{
	bool is_get = strcmp(value, "GET") == 0;

	*(bool *)to->member = is_get;
	return is_get || strcmp(value, "POST") == 0 ? NULL : "POST or GET";
}

static const char *read_from(const struct value_target *to, const char *value)
{
	*(const char **)to->member = value;
	return mail_address_is_valid(value) ? NULL : "an address such as mtawatch@example.com";
}

static const char *read_to(const struct value_target *to, const char *value)
{
	struct hook_settings *hook = to->member;
	const char *word = NULL;

	while ((word = value_list_next(&value, to->arena))) {
		if (!mail_address_is_valid(word))
			return "addresses such as postmaster@example.com; several with commas";
		if (hook->n_to == TRANSFER_MAX_RECEIVERS)
			return "at most 64 of them";
		hook->to[hook->n_to++] = word;
	}
	return hook->n_to > 0 ? NULL : "an address such as postmaster@example.com";
}

static const char *read_routing_key(const struct value_target *to, const char *value)
{
	const char *why = secret_file_value(to, value);

	if (!why && strlen(*(const char **)to->member) != PAGERDUTY_KEY_LENGTH)
		return "a file with the 32 characters of an integration key of Events API V2";
	return why;
}

static const char *read_zone(const struct value_target *to, const char *value)
{
	const char *why = NULL;

	*(const struct time_zone **)to->member = time_zone_load(value, to->arena, &why);
	return why ? arena_printf(to->arena, "the name of a time zone, and this %s", why) : NULL;
}

static const char *read_daily_report(const struct value_target *to, const char *value)
{
	unsigned minute;

	if (!minute_of_day_parse(value, &minute))
		return "HH:MM, a time of the day in the hook's time-zone";
	*(int *)to->member = (int)minute;
	return NULL;
}

/* A bit for each type: WEBHOOK, ALERTMANAGER, ... */
enum {
#define X(id, name) id = 1U << HOOK_TYPE_##id,
#include "collector/hooks/types.def"
#undef X
};

#define OVER_HTTP (WEBHOOK | ALERTMANAGER | HEARTBEAT)
#define ALERTS    (WEBHOOK | ALERTMANAGER | COMMAND | EMAIL)
#define TOLD      (WEBHOOK | COMMAND | EMAIL) /* by notifications */

static const char *const starttls[] = {
	[TRANSFER_STARTTLS_REQUIRED] = "required",
	[TRANSFER_STARTTLS_OFFERED] = "offered",
	[TRANSFER_STARTTLS_NEVER] = "never",
	NULL,
};

#define AT(member) offsetof(struct hook_settings, member)

/* Every key, and the types that have it. Of an offset of 0 the whole structure is read into. */
static const struct {
	unsigned types;
	bool required;
	bool repeats;
	struct value value;
} rows[] = {
	{ ~0U, true, false, VALUE("type", value_choice, AT(type), .choices = hook_types) },
	{ ~0U, false, false,
	  VALUE("time-limit", duration_read, AT(limit_ms), HOOK_MIN_LIMIT_MS, HOOK_MAX_LIMIT_MS,
		"a time from 1s to 10m") },
	{ ALERTS, false, true, VALUE("sites", read_sites, 0) },
	{ ALERTS, false, false, VALUE("conditions", read_conditions, 0) },
	{ TOLD, false, false, VALUE("send-resolved", value_switch, AT(route.send_resolved)) },
	{ WEBHOOK | HEARTBEAT, true, false, VALUE("url", read_url, 0) },
	{ ALERTMANAGER, true, true, VALUE("url", read_url, 0) },
	{ WEBHOOK, false, true, VALUE("secret-file", read_secret, 0) },
	{ WEBHOOK, false, false,
	  VALUE("format", value_choice, AT(format), .choices = hook_formats) },
	{ WEBHOOK, false, false, VALUE("routing-key-file", read_routing_key, AT(routing_key)) },
	{ TOLD, false, false,
	  VALUE("max-alerts", value_size, AT(max_alerts), 1, NOTIFICATION_MAX_ALERTS,
		"a number from 1 to " VALUE_DIGITS(NOTIFICATION_MAX_ALERTS)) },
	{ TOLD, false, false, VALUE("time-zone", read_zone, AT(zone)) },
	{ TOLD, false, false, VALUE("daily-report", read_daily_report, AT(report_minute)) },
	{ WEBHOOK, false, false, VALUE("github-signature", value_switch, AT(github)) },
	{ OVER_HTTP, false, false, VALUE("token-file", secret_file_value, AT(token)) },
	{ HEARTBEAT, false, false,
	  VALUE("interval", duration_read, AT(interval_ms), HOOK_MIN_INTERVAL_MS) },
	{ HEARTBEAT, false, false, VALUE("method", read_method, AT(get)) },
	{ COMMAND, true, false, VALUE("command", read_command, AT(command)) },
	{ EMAIL, true, false, VALUE("smtp", read_smtp, AT(smtp)) },
	{ EMAIL, true, false, VALUE("from", read_from, AT(from)) },
	{ EMAIL, true, true, VALUE("to", read_to, 0) },
	{ EMAIL, false, false,
	  VALUE("starttls", value_choice, AT(starttls), .expected = "required, offered or never",
		.choices = starttls) },
	{ OVER_HTTP | EMAIL, false, false,
	  VALUE("user", value_text, AT(user), .expected = "a name") },
	{ OVER_HTTP | EMAIL, false, false,
	  VALUE("password-file", secret_file_value, AT(password)) },
	{ OVER_HTTP | EMAIL, false, false, VALUE("ca-file", read_file, AT(ca_file)) },
	{ OVER_HTTP | EMAIL, false, false, VALUE("client-cert", read_file, AT(client_cert)) },
	{ OVER_HTTP | EMAIL, false, false, VALUE("client-key", read_file, AT(client_key)) },
	{ OVER_HTTP, false, false, VALUE("proxy", read_proxy, AT(proxy)) },
	{ OVER_HTTP, false, false,
	  VALUE("proxy-user", read_proxy_user, AT(proxy_user),
		.expected = "a name without a colon") },
	{ OVER_HTTP, false, false,
	  VALUE("proxy-password-file", secret_file_value, AT(proxy_password)) },
};
#define N_ROWS (sizeof rows / sizeof *rows)

_Static_assert(N_ROWS <= HOOK_MAX_KEYS, "a hook has no room for so many keys");

size_t hook_keys_of(enum hook_type type, struct section_key out[HOOK_MAX_KEYS])
{
	size_t n = 0;

	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].types & (1U << type))
			out[n++] = (struct section_key){ rows[i].value, rows[i].required,
							 rows[i].repeats };
	}
	return n;
}
