#include "agent/options.h"

#include <stdlib.h>
#include <string.h>

#include "agent/files.h"
#include "agent/number.h"
#include "agent/probe.h"
#include "agent/send.h"
#include "proto/ipv4.h"
#include "proto/report.h"
#include "proto/text.h"

struct reading {
	struct options *options;
	struct arena *arena;
	const char *error; /* NULL: none so far */
};

/* Applies a value; says what a value has to be where it is not that, else NULL. */
typedef const char *apply_fn(struct reading *r, const char *value);

static const char *set_text(const char **where, const char *value)
{
	if (*value == '\0' || strlen(value) > OPTIONS_MAX_TEXT)
		return "a text of 1 to 1000 bytes";
	*where = value;
	return NULL;
}

static const char *set_collector(struct reading *r, const char *value)
{
	if (!send_is_url(value))
		return "an http:// or https:// URL";
	return set_text(&r->options->collector, value);
}

static const char *set_state_dir(struct reading *r, const char *value)
{
	return set_text(&r->options->state_dir, value);
}

static const char *set_windows_root(struct reading *r, const char *value)
{
	return set_text(&r->options->windows_root, value);
}

static const char *set_ca_file(struct reading *r, const char *value)
{
	return set_text(&r->options->ca_file, value);
}

static const char *set_interval(struct reading *r, const char *value)
{
	return number_parse(value, 1, REPORT_MAX_INTERVAL, &r->options->interval_s)
		       ? NULL
		       : "a whole number of seconds from 1 to 86400";
}

static const char *set_probe_limit(struct reading *r, const char *value)
{
	int64_t seconds = 0;

	if (!number_parse(value, PROBE_MIN_LIMIT_MS / 1000, PROBE_MAX_LIMIT_MS / 1000, &seconds))
		return "a whole number of seconds from 1 to 60";
	r->options->probe_limit_ms = (uint32_t)seconds * 1000;
	return NULL;
}

/* Adds the addresses of "10.0.0.6,10.0.0.7" to `peer`. */
static bool add_addresses(struct reading *r, const char *list, struct peer *peer)
{
	for (;;) {
		size_t n = strcspn(list, ",");
		uint32_t address = 0;

		if (!ipv4_parse(arena_strndup(r->arena, list, n), &address) ||
		    !peers_usable_address(address) || !peers_add_address(peer, address))
			return false;
		if (list[n] == '\0')
			return true;
		list += n + 1;
	}
}

static const char *add_peer(struct reading *r, const char *value)
{
	const char *equals = strchr(value, '=');
	struct peer peer = { 0 };

	if (!equals || equals == value || equals - value > REPORT_MAX_STRING ||
	    !add_addresses(r, equals + 1, &peer))
		return "NAME=ADDRESS[,ADDRESS...] with IPv4 addresses of another server";
	peer.name = arena_strndup(r->arena, value, (size_t)(equals - value));
	peers_add(&r->options->peers, &peer);
	return r->options->peers.left_out == 0 ? NULL : "one of at most 64 peers";
}

/* A switch: on the command line it stands alone, in a file it is yes or no. */
static const char *set_switch(bool *where, const char *value)
{
	if (text_equal(value, "yes"))
		*where = true;
	else if (text_equal(value, "no"))
		*where = false;
	else
		return "yes or no";
	return NULL;
}

static const char *set_disk_only(struct reading *r, const char *value)
{
	return set_switch(&r->options->disk_only, value);
}

static const char *set_once(struct reading *r, const char *value)
{
	return set_switch(&r->options->once, value);
}

static const char *set_json(struct reading *r, const char *value)
{
	return set_switch(&r->options->json, value);
}

static const char *set_no_color(struct reading *r, const char *value)
{
	return set_switch(&r->options->no_color, value);
}

#define IN(command) (1U << (command))
#define EVERYWHERE  (IN(COMMAND_RUN) | IN(COMMAND_REPORT) | IN(COMMAND_CHECK))

static const struct setting {
	const char *name;
	apply_fn *apply;
	bool is_switch;
	bool in_file;
	unsigned commands; /* that take it on the command line */
} settings[] = {
	{ "collector", set_collector, false, true, EVERYWHERE },
	{ "peer", add_peer, false, true, EVERYWHERE },
	{ "interval", set_interval, false, true, EVERYWHERE },
	{ "probe-limit", set_probe_limit, false, true, EVERYWHERE },
	{ "state-dir", set_state_dir, false, true, EVERYWHERE },
	{ "windows-root", set_windows_root, false, true, EVERYWHERE },
	{ "disk-only", set_disk_only, true, true, EVERYWHERE },
	{ "ca-file", set_ca_file, false, true, EVERYWHERE },
	{ "once", set_once, true, false, IN(COMMAND_RUN) },
	{ "json", set_json, true, false, IN(COMMAND_CHECK) },
	{ "no-color", set_no_color, true, false, IN(COMMAND_CHECK) },
};

static const struct setting *find_setting(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (strlen(settings[i].name) == n && strncmp(settings[i].name, name, n) == 0)
			return &settings[i];
	}
	return NULL;
}

static const char *const command_names[] = { "mtawatch-agent", "run", "report", "check" };

const char *command_name(enum command command)
{
	return command_names[command];
}

/* The value of an option: behind its '=', or the next argument. NULL: there is none. */
static const char *value_of(const struct setting *setting, const char *equals, int n,
			    char *const *arguments, int *at)
{
	if (equals)
		return equals + 1;
	if (setting->is_switch)
		return "yes";
	return *at + 1 < n ? arguments[++*at] : NULL;
}

static enum status invalid(struct reading *r, const char *error)
{
	r->error = error;
	return STATUS_INVALID;
}

/* One "--name", "--name=value" or "--name value"; `--config` was read before. */
static enum status read_option(struct reading *r, int n, char *const *arguments, int *at)
{
	const char *argument = arguments[*at];
	size_t length = strcspn(argument + 2, "=");
	const char *equals = argument[2 + length] == '=' ? argument + 2 + length : NULL;
	const struct setting *setting = find_setting(argument + 2, length);

	if (!setting)
		return invalid(r, arena_printf(r->arena, "unknown option %s", argument));
	if (!(setting->commands & IN(r->options->command)))
		return invalid(r, arena_printf(r->arena, "--%s is no option of %s", setting->name,
					       command_name(r->options->command)));
	const char *value = value_of(setting, equals, n, arguments, at);
	if (!value)
		return invalid(r, arena_printf(r->arena, "--%s needs a value", setting->name));
	const char *wanted = setting->apply(r, value);
	if (wanted)
		return invalid(r, arena_printf(r->arena, "--%s %s: expected %s", setting->name,
					       value, wanted));
	return STATUS_OK;
}

static char *trim(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text + strspn(text, " \t");
}

/* Applies one line of a file; says what is wrong with it, else NULL. */
static const char *read_line(struct reading *r, char *line)
{
	char *key = trim(line);
	char *equals = strchr(key, '=');

	if (*key == '\0' || *key == '#' || *key == ';')
		return NULL;
	if (!equals)
		return "expected KEY = VALUE";
	*equals = '\0';
	key = trim(key);
	const char *value = arena_strdup(r->arena, trim(equals + 1));
	const struct setting *setting = find_setting(key, strlen(key));
	if (!setting || !setting->in_file)
		return arena_printf(r->arena, "unknown key %s", key);
	const char *wanted = setting->apply(r, value);
	return wanted ? arena_printf(r->arena, "%s = %s: expected %s", key, value, wanted) : NULL;
}

static enum status read_lines(struct reading *r, const char *path, char *text)
{
	for (unsigned line = 1; text; line++) {
		char *end = strchr(text, '\n');
		if (end)
			*end = '\0';
		const char *wrong = read_line(r, text);
		if (wrong)
			return invalid(r, arena_printf(r->arena, "%s:%u: %s", path, line, wrong));
		text = end ? end + 1 : NULL;
	}
	return STATUS_OK;
}

static enum status read_file(struct reading *r, const char *path)
{
	char *text = NULL;
	size_t n = 0;
	enum status st = files_read(path, OPTIONS_MAX_FILE, &text, &n);

	if (st != STATUS_OK) {
		r->error = arena_printf(r->arena, "could not read %s: %s", path, status_text(st));
		return st;
	}
	bool has_bom = strncmp(text, "\xef\xbb\xbf", 3) == 0; /* Notepad writes one */
	st = strlen(text) == n ? read_lines(r, path, has_bom ? text + 3 : text)
			       : invalid(r, arena_printf(r->arena, "%s: it is no text", path));
	free(text);
	return st;
}

/* Takes out what says what to do: the command, --help, --version, --config. The rest moves up. */
static enum status read_command(struct reading *r, int n, char *const *arguments, char **rest,
				int *n_rest)
{
	enum status st = STATUS_OK;

	*n_rest = 0;
	for (int i = 0; i < n && st == STATUS_OK; i++) {
		const char *argument = arguments[i];
		if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
			r->options->help = true;
		} else if (strcmp(argument, "--version") == 0) {
			r->options->version = true;
		} else if (strncmp(argument, "--config=", 9) == 0) {
			st = read_file(r, argument + 9);
		} else if (strcmp(argument, "--config") == 0) {
			st = i + 1 < n ? read_file(r, arguments[++i])
				       : invalid(r, "--config needs a value");
		} else {
			rest[(*n_rest)++] = arguments[i];
		}
	}
	return st;
}

static bool set_command(struct options *options, const char *name)
{
	for (int i = COMMAND_RUN; i <= COMMAND_CHECK; i++) {
		if (strcmp(command_names[i], name) == 0) {
			options->command = (enum command)i;
			return true;
		}
	}
	return false;
}

static enum status read_rest(struct reading *r, int n, char *const *rest)
{
	enum status st = STATUS_OK;

	if (n == 0)
		return invalid(r, "no command");
	if (rest[0][0] == '-')
		return invalid(r, arena_printf(r->arena, "expected a command before %s", rest[0]));
	if (!set_command(r->options, rest[0]))
		return invalid(r, arena_printf(r->arena, "unknown command %s", rest[0]));
	for (int i = 1; i < n && st == STATUS_OK; i++) {
		if (strncmp(rest[i], "--", 2) == 0)
			st = read_option(r, n, rest, &i);
		else
			st = invalid(r, arena_printf(r->arena, "unexpected argument %s", rest[i]));
	}
	if (st == STATUS_OK && r->options->disk_only && !r->options->windows_root)
		st = invalid(r, "--disk-only needs --windows-root: the disk that is to be judged");
	if (st == STATUS_OK && r->options->command == COMMAND_RUN && !r->options->collector)
		st = invalid(r, "run needs --collector: where to send the reports");
	return st;
}

enum status options_read(int n, char *const *arguments, struct arena *arena, struct options *out,
			 const char **error)
{
	struct reading r = { .options = out, .arena = arena };
	char **rest = arena_alloc_array(arena, (size_t)n, sizeof *rest);
	int n_rest = 0;

	*out = (struct options){ .probe_limit_ms = PROBE_DEFAULT_LIMIT_MS };
	enum status st = read_command(&r, n, arguments, rest, &n_rest);
	if (st == STATUS_OK && (out->help || out->version))
		(void)(n_rest > 0 && set_command(out, rest[0])); /* help wins over mistakes */
	else if (st == STATUS_OK)
		st = read_rest(&r, n_rest, rest);
	if (st != STATUS_OK)
		*error = r.error;
	return st;
}
