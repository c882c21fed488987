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
#include "proto/base/number.h"

/* Of a key of PagerDuty's, as its answer to others says. */
#define PAGERDUTY_KEY_LENGTH 32

static const char *set_type(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	for (unsigned i = 0; i < HOOK_TYPE_COUNT; i++) {
		if (strcmp(value, hook_type_name((enum hook_type)i)) != 0)
			continue;
		hook->type = (enum hook_type)i;
		return NULL;
	}
	return hook_type_names();
}

static const char *set_switch(bool *where, const char *value)
{
	*where = strcmp(value, "yes") == 0;
	return *where || strcmp(value, "no") == 0 ? NULL : "yes or no";
}

static const char *set_send_resolved(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;
	return set_switch(&hook->route.send_resolved, value);
}

static const char *set_github(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;
	return set_switch(&hook->github, value);
}

static const char *set_sites(void *into, const char *value, struct arena *arena)
{
	struct hook_route *route = &((struct hook_settings *)into)->route;
	const char *word = NULL;

	if (!route->sites)
		route->sites = arena_alloc_array(arena, HOOK_MAX_SITES, sizeof *route->sites);
	while ((word = value_list_next(&value, arena))) {
		if (!value_is_site_pattern(word))
			return SITE_PATTERN_EXPECTED;
		if (route->n_sites == HOOK_MAX_SITES)
			return "at most 64 of them";
		route->sites[route->n_sites++] = word;
	}
	return route->n_sites > 0 ? NULL : SITE_PATTERN_EXPECTED;
}

static const char *set_conditions(void *into, const char *value, struct arena *arena)
{
	struct hook_route *route = &((struct hook_settings *)into)->route;
	enum condition condition = CONDITION_FAILING;
	const char *word = NULL;

	route->conditions = 0;
	while ((word = value_list_next(&value, arena))) {
		if (!condition_from_name(word, &condition))
			return condition_names();
		route->conditions |= CONDITION_BIT(condition);
	}
	if (route->conditions & CONDITION_BIT(CONDITION_SILENT)) /* what is inside is not told */
		route->conditions |= CONDITION_BIT(CONDITION_SURROUNDINGS);
	return route->conditions ? NULL : "at least one condition, such as failing";
}

static const char *set_limit(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	return duration_parse(value, &hook->limit_ms) && hook->limit_ms >= HOOK_MIN_LIMIT_MS &&
			       hook->limit_ms <= HOOK_MAX_LIMIT_MS
		       ? NULL
		       : "a time from 1s to 10m";
}

static const char *set_interval(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	return duration_parse(value, &hook->interval_ms) &&
			       hook->interval_ms >= HOOK_MIN_INTERVAL_MS
		       ? NULL
		       : DURATION_EXPECTED;
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

static const char *set_url(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	if (!is_url(value, "http") && !is_url(value, "https"))
		return "a URL that begins with https:// or http://";
	if (has_user(value))
		return "a URL without a user; say user and password-file instead";
	if (hook->n_urls == HOOK_MAX_URLS)
		return "at most 8 of them";
	hook->urls[hook->n_urls++] = value;
	return NULL;
}

static const char *set_smtp(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	if (!is_url(value, "smtp") && !is_url(value, "smtps"))
		return "smtp://HOST, smtp://HOST:PORT or smtps://HOST";
	if (has_user(value))
		return "a URL without a user; say user and password-file instead";
	hook->smtp = value;
	return NULL;
}

/* A URL is shown and logged; a password has a file of its own. */
static const char *set_proxy(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	if (!is_url(value, "http") && !is_url(value, "https") && !is_url(value, "socks5h"))
		return "http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT";
	if (has_user(value))
		return "a URL without a user; say proxy-user and proxy-password-file instead";
	hook->proxy = value;
	return NULL;
}

static const char *set_secret(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	const char *why = NULL;
	const char *text = secret_file_read(value, arena, &why);

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

static const char *set_password(void *into, const char *value, struct arena *arena)
{
	const char *why = NULL;
	((struct hook_settings *)into)->password = secret_file_read(value, arena, &why);
	return why;
}

static const char *set_token(void *into, const char *value, struct arena *arena)
{
	const char *why = NULL;
	((struct hook_settings *)into)->token = secret_file_read(value, arena, &why);
	return why;
}

static const char *set_user(void *into, const char *value, struct arena *arena)
{
	(void)arena;
	((struct hook_settings *)into)->user = value;
	return *value ? NULL : "a name";
}

static const char *set_proxy_user(void *into, const char *value, struct arena *arena)
{
	(void)arena;
	((struct hook_settings *)into)->proxy_user = value;
	return *value && !strchr(value, ':') ? NULL : "a name without a colon";
}

static const char *set_proxy_password(void *into, const char *value, struct arena *arena)
{
	const char *why = NULL;
	((struct hook_settings *)into)->proxy_password = secret_file_read(value, arena, &why);
	return why;
}

static const char *set_file(const char **where, const char *value, struct arena *arena)
{
	const char *why = file_fault(value);

	*where = value;
	return why ? arena_printf(arena, "a file that can be read (%s)", why) : NULL;
}

static const char *set_ca(void *into, const char *value, struct arena *arena)
{
	return set_file(&((struct hook_settings *)into)->ca_file, value, arena);
}

static const char *set_client_cert(void *into, const char *value, struct arena *arena)
{
	return set_file(&((struct hook_settings *)into)->client_cert, value, arena);
}

static const char *set_client_key(void *into, const char *value, struct arena *arena)
{
	return set_file(&((struct hook_settings *)into)->client_key, value, arena);
}

static const char *set_command(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;

	hook->command = value;
	if (*value != '/')
		return "the whole path of a program";
	if (access(value, X_OK) == 0)
		return NULL;
	return arena_printf(arena, "a program that can be run (%s)", strerror(errno));
}

static const char *set_method(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	hook->get = strcmp(value, "GET") == 0;
	return hook->get || strcmp(value, "POST") == 0 ? NULL : "POST or GET";
}

static const char *set_from(void *into, const char *value, struct arena *arena)
{
	(void)arena;
	((struct hook_settings *)into)->from = value;
	return mail_address_is_valid(value) ? NULL : "an address such as mtawatch@example.com";
}

static const char *set_to(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	const char *word = NULL;

	while ((word = value_list_next(&value, arena))) {
		if (!mail_address_is_valid(word))
			return "addresses such as postmaster@example.com; several with commas";
		if (hook->n_to == TRANSFER_MAX_RECEIVERS)
			return "at most 64 of them";
		hook->to[hook->n_to++] = word;
	}
	return hook->n_to > 0 ? NULL : "an address such as postmaster@example.com";
}

static const char *set_starttls(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	if (strcmp(value, "required") == 0)
		hook->starttls = TRANSFER_STARTTLS_REQUIRED;
	else if (strcmp(value, "offered") == 0)
		hook->starttls = TRANSFER_STARTTLS_OFFERED;
	else if (strcmp(value, "never") == 0)
		hook->starttls = TRANSFER_STARTTLS_NEVER;
	else
		return "required, offered or never";
	return NULL;
}

static const char *set_format(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	(void)arena;

	for (unsigned i = 0; i < HOOK_FORMAT_COUNT; i++) {
		if (strcmp(value, hook_format_name((enum hook_format)i)) != 0)
			continue;
		hook->format = (enum hook_format)i;
		return NULL;
	}
	return "one of"
#define X(id, name) " " #name
#include "collector/hooks/formats.def"
#undef X
		;
}

static const char *set_routing_key(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	const char *why = NULL;

	hook->routing_key = secret_file_read(value, arena, &why);
	if (hook->routing_key && strlen(hook->routing_key) != PAGERDUTY_KEY_LENGTH)
		return "a file with the 32 characters of an integration key of Events API V2";
	return why;
}

static const char *set_max_alerts(void *into, const char *value, struct arena *arena)
{
	struct hook_settings *hook = into;
	int64_t n = 0;

	if (!number_parse(value, 1, NOTIFICATION_MAX_ALERTS, &n))
		return arena_printf(arena, "a number from 1 to %d", NOTIFICATION_MAX_ALERTS);
	hook->max_alerts = (size_t)n;
	return NULL;
}

static const char *set_zone(void *into, const char *value, struct arena *arena)
{
	const char *why = NULL;
	((struct hook_settings *)into)->zone = time_zone_load(value, arena, &why);
	return why ? arena_printf(arena, "the name of a time zone, and this %s", why) : NULL;
}

static const char *set_daily_report(void *into, const char *value, struct arena *arena)
{
	unsigned minute;
	(void)arena;

	if (!minute_of_day_parse(value, &minute))
		return "HH:MM, a time of the day in the hook's time-zone";
	((struct hook_settings *)into)->report_minute = (int)minute;
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

/* Every key, and the types that have it. */
static const struct {
	struct section_key key;
	unsigned types;
} rows[] = {
	{ { "type", true, false, set_type }, ~0U },
	{ { "time-limit", false, false, set_limit }, ~0U },
	{ { "sites", false, true, set_sites }, ALERTS },
	{ { "conditions", false, false, set_conditions }, ALERTS },
	{ { "send-resolved", false, false, set_send_resolved }, WEBHOOK | COMMAND | EMAIL },
	{ { "url", true, false, set_url }, WEBHOOK | HEARTBEAT },
	{ { "url", true, true, set_url }, ALERTMANAGER },
	{ { "secret-file", false, true, set_secret }, WEBHOOK },
	{ { "format", false, false, set_format }, WEBHOOK },
	{ { "routing-key-file", false, false, set_routing_key }, WEBHOOK },
	{ { "max-alerts", false, false, set_max_alerts }, WEBHOOK | COMMAND | EMAIL },
	{ { "time-zone", false, false, set_zone }, WEBHOOK | COMMAND | EMAIL },
	{ { "daily-report", false, false, set_daily_report }, WEBHOOK | COMMAND | EMAIL },
	{ { "github-signature", false, false, set_github }, WEBHOOK },
	{ { "token-file", false, false, set_token }, OVER_HTTP },
	{ { "interval", false, false, set_interval }, HEARTBEAT },
	{ { "method", false, false, set_method }, HEARTBEAT },
	{ { "command", true, false, set_command }, COMMAND },
	{ { "smtp", true, false, set_smtp }, EMAIL },
	{ { "from", true, false, set_from }, EMAIL },
	{ { "to", true, true, set_to }, EMAIL },
	{ { "starttls", false, false, set_starttls }, EMAIL },
	{ { "user", false, false, set_user }, OVER_HTTP | EMAIL },
	{ { "password-file", false, false, set_password }, OVER_HTTP | EMAIL },
	{ { "ca-file", false, false, set_ca }, OVER_HTTP | EMAIL },
	{ { "client-cert", false, false, set_client_cert }, OVER_HTTP | EMAIL },
	{ { "client-key", false, false, set_client_key }, OVER_HTTP | EMAIL },
	{ { "proxy", false, false, set_proxy }, OVER_HTTP },
	{ { "proxy-user", false, false, set_proxy_user }, OVER_HTTP },
	{ { "proxy-password-file", false, false, set_proxy_password }, OVER_HTTP },
};
#define N_ROWS (sizeof rows / sizeof *rows)

_Static_assert(N_ROWS <= HOOK_MAX_KEYS, "a hook has no room for so many keys");

size_t hook_keys_of(enum hook_type type, struct section_key out[HOOK_MAX_KEYS])
{
	size_t n = 0;

	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].types & (1U << type))
			out[n++] = rows[i].key;
	}
	return n;
}
