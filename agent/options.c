#include "agent/options.h"

#include <stdlib.h>
#include <string.h>

#include "agent/files.h"

struct reading {
	struct options *options;
	struct arena *arena;
	const char *error; /* NULL: none so far */
};

/* The value of an option: behind its '=', or the next argument. NULL: there is none. */
static const char *value_of(const struct setting *setting, const char *equals, int n,
			    char *const *arguments, int *at)
{
	if (equals)
		return equals + 1;
	if (setting->kind == SETTING_IS_SWITCH)
		return "yes";
	return *at + 1 < n ? arguments[++*at] : NULL;
}

static enum status invalid(struct reading *r, const char *error)
{
	r->error = error;
	return STATUS_INVALID;
}

/* A value that was refused, for the message; a password is left out. */
static const char *shown(struct arena *arena, const char *before, const char *value)
{
	return setting_is_secret(value) ? "" : arena_printf(arena, "%s%s", before, value);
}

/* One "--name", "--name=value" or "--name value"; `--config` was read before. */
static enum status read_option(struct reading *r, int n, char *const *arguments, int *at)
{
	const char *argument = arguments[*at];
	size_t length = strcspn(argument + 2, "=");
	const char *equals = argument[2 + length] == '=' ? argument + 2 + length : NULL;
	const struct setting *setting = setting_find(argument + 2, length);

	if (!setting)
		return invalid(r, arena_printf(r->arena, "unknown option %s", argument));
	if (!(setting->group & r->options->command->options))
		return invalid(r, arena_printf(r->arena, "--%s is no option of %s", setting->name,
					       r->options->command->name));
	const char *value = value_of(setting, equals, n, arguments, at);
	if (!value)
		return invalid(r, arena_printf(r->arena, "--%s needs a value", setting->name));
	const char *wanted = setting_apply(setting, value, r->arena, r->options);
	if (wanted)
		return invalid(r, arena_printf(r->arena, "--%s%s: expected %s", setting->name,
					       shown(r->arena, " ", value), wanted));
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
	const char *value = trim(equals + 1);
	const struct setting *setting = setting_find(key, strlen(key));
	if (!setting || !(setting->group & SETTING_CONFIGURED))
		return arena_printf(r->arena, "unknown key %s", key);
	const char *wanted = setting_apply(setting, value, r->arena, r->options);
	return wanted ? arena_printf(r->arena, "%s%s: expected %s", key,
				     shown(r->arena, " = ", value), wanted)
		      : NULL;
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

static enum status read_rest(struct reading *r, int n, char *const *rest)
{
	enum status st = STATUS_OK;

	if (n == 0)
		return invalid(r, "no command");
	if (rest[0][0] == '-')
		return invalid(r, arena_printf(r->arena, "expected a command before %s", rest[0]));
	r->options->command = command_find(rest[0]);
	if (!r->options->command)
		return invalid(r, arena_printf(r->arena, "unknown command %s", rest[0]));
	for (int i = 1; i < n && st == STATUS_OK; i++) {
		if (strncmp(rest[i], "--", 2) == 0)
			st = read_option(r, n, rest, &i);
		else
			st = invalid(r, arena_printf(r->arena, "unexpected argument %s", rest[i]));
	}
	if (st == STATUS_OK && r->options->disk_only && !r->options->windows_root)
		st = invalid(r, "--disk-only needs --windows-root: the disk that is to be judged");
	return st;
}

static void set_fallbacks(struct options *options)
{
	size_t n = 0;
	const struct setting *all = setting_list(&n);

	*options = (struct options){ .log_level = LOG_LEVEL_INFO };
	for (size_t i = 0; i < n; i++) {
		if (all[i].kind == SETTING_IS_NUMBER)
			*(int64_t *)(void *)((char *)options + all[i].offset) = all[i].fallback;
	}
}

enum status options_read(int n, char *const *arguments, struct arena *arena, struct options *out,
			 const char **error)
{
	struct reading r = { .options = out, .arena = arena };
	char **rest = arena_alloc_array(arena, (size_t)n, sizeof *rest);
	int n_rest = 0;

	set_fallbacks(out);
	enum status st = read_command(&r, n, arguments, rest, &n_rest);
	if (st == STATUS_OK && (out->help || out->version))
		out->command = n_rest > 0 ? command_find(rest[0]) : NULL; /* mistakes may wait */
	else if (st == STATUS_OK)
		st = read_rest(&r, n_rest, rest);
	if (st != STATUS_OK)
		*error = r.error;
	return st;
}
