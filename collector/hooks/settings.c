#include "collector/hooks/settings.h"

#include <string.h>

#include "collector/hooks/internal.h"
#include "collector/hooks/keys.h"

const char *const hook_types[] = {
#define X(id, name) [HOOK_TYPE_##id] = #name,
#include "collector/hooks/types.def"
#undef X
	NULL,
};

const char *const hook_formats[] = {
#define X(id, name) [HOOK_FORMAT_##id] = #name,
#include "collector/hooks/formats.def"
#undef X
	NULL,
};

/* For a message. */
static const char one_of_types[] = "one of"
#define X(id, name) " " #name
#include "collector/hooks/types.def"
#undef X
	;

/* Does it go where nobody can listen: over TLS, or not out of this machine? */
static bool is_private(const char *url)
{
	static const char *const local[] = { "localhost", "127.0.0.1", "[::1]" };
	const char *host = strstr(url, "://") + 3;
	size_t n = strcspn(host, *host == '[' ? "/?#" : ":/?#");

	if (strncmp(url, "https:", 6) == 0 || strncmp(url, "smtps:", 6) == 0)
		return true;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
		size_t length = strlen(local[i]);
		if (strncmp(host, local[i], length) == 0 && (n == length || host[length] == ':'))
			return true;
	}
	return false;
}

static bool all_are_private(const struct hook_settings *hook)
{
	for (size_t i = 0; i < hook->n_urls; i++) {
		bool is_tls = strncmp(hook->urls[i], "https:", 6) == 0;
		if (!is_private(hook->urls[i]) || (hook->proxy && !is_tls))
			return false; /* a proxy reads what is not encrypted */
	}
	return !hook->smtp || hook->starttls == TRANSFER_STARTTLS_REQUIRED ||
	       is_private(hook->smtp);
}

/* Checks settings against each other. NULL: they go together. */
static const char *contradiction(const struct hook_settings *hook)
{
	if (!hook->user != !hook->password)
		return "user and password-file go together";
	if (!hook->proxy_user != !hook->proxy_password || (hook->proxy_user && !hook->proxy))
		return "proxy, proxy-user and proxy-password-file go together";
	if (hook->token && hook->user)
		return "it is either token-file or user and password-file";
	if (!hook->client_cert != !hook->client_key)
		return "client-cert and client-key go together";
	if (hook->github && hook->n_secrets == 0)
		return "github-signature needs a secret-file";
	if (!hook->routing_key != (hook->format != HOOK_FORMAT_PAGERDUTY))
		return "routing-key-file and format = pagerduty go together";
	if (hook->report_minute >= 0 && hook->format == HOOK_FORMAT_PAGERDUTY)
		return "a daily report would be an incident of PagerDuty's; send it by mail";
	if ((hook->password || hook->token || hook->routing_key) && !all_are_private(hook))
		return "a password, token or key would go where others can read it; use https://, "
		       "smtps:// or starttls = required";
	return NULL;
}

static const char *words_of(const struct section *section, struct arena *arena)
{
	const char *words = "";
	for (const struct section_entry *e = section->first; e; e = e->next)
		words = arena_printf(arena, "%s%s = %s\n", words, e->key, e->value);
	return words;
}

static struct hook_settings *new_settings(const char *name, struct arena *arena)
{
	struct hook_settings *hook = arena_alloc(arena, sizeof *hook);

	hook->name = name;
	hook->type = HOOK_TYPE_COUNT;
	hook->route.conditions = CONDITION_ALL;
	hook->route.send_resolved = true;
	hook->interval_ms = HOOK_DEFAULT_INTERVAL_MS;
	hook->max_alerts = NOTIFICATION_MAX_ALERTS;
	hook->report_minute = -1;
	return hook;
}

static void find_type(struct hook_settings *hook, const struct section *section)
{
	for (const struct section_entry *e = section->first; e; e = e->next) {
		for (unsigned i = 0; strcmp(e->key, "type") == 0 && i < HOOK_TYPE_COUNT; i++) {
			if (strcmp(e->value, hook_types[i]) == 0)
				hook->type = (enum hook_type)i;
		}
	}
}

static struct hook_settings *read_one(const struct section *section, struct arena *arena,
				      struct faults *faults)
{
	struct hook_settings *hook = new_settings(section->name, arena);
	struct section_key keys[HOOK_MAX_KEYS];
	size_t before = faults->n;

	hook->words = words_of(section, arena);
	find_type(hook, section);
	if (hook->type == HOOK_TYPE_COUNT) {
		faults_add(faults, arena, "%s: [hook %s] needs a type, %s", section->place,
			   section->name, one_of_types);
		return hook;
	}
	hook->limit_ms = hook_ops_of(hook->type)->limit_ms;
	section_read(section, keys, hook_keys_of(hook->type, keys), hook, arena, faults);
	const char *why = faults->n == before ? contradiction(hook) : NULL;
	if (why)
		faults_add(faults, arena, "%s: [hook %s]: %s", section->place, section->name, why);
	return hook;
}

static struct hook_settings *short_form(const char *command, struct arena *arena)
{
	struct hook_settings *hook = new_settings("command", arena);

	hook->type = HOOK_TYPE_COMMAND;
	hook->command = command;
	hook->words = command;
	hook->limit_ms = hook_ops_of(hook->type)->limit_ms;
	hook->route.conditions =
		CONDITION_BIT(CONDITION_FAILING) | CONDITION_BIT(CONDITION_EXPOSED);
	return hook;
}

const struct hook_settings *hook_settings_read(const struct sections *sections,
					       const char *hook_command, struct arena *arena,
					       struct faults *faults)
{
	const struct hook_settings *first = NULL;
	const struct hook_settings **end = &first;
	size_t n = 0;

	if (hook_command) {
		struct hook_settings *hook = short_form(hook_command, arena);
		*end = hook;
		end = &hook->next;
		n++;
	}
	for (const struct section *s = sections->first; s; s = s->next) {
		if (strcmp(s->kind, "hook") != 0)
			continue;
		if (hook_command && strcmp(s->name, "command") == 0)
			faults_add(faults, arena,
				   "%s: [hook command] and hook-command are the same hook; say it "
				   "once",
				   s->place);
		if (++n == HOOK_MAX_HOOKS + 1)
			faults_add(faults, arena, "%s: there may be at most %d hooks", s->place,
				   HOOK_MAX_HOOKS);
		struct hook_settings *hook = read_one(s, arena, faults);
		*end = hook;
		end = &hook->next;
	}
	return first;
}
