#include "agent/commands/command_line.h"

#include <string.h>

struct reading {
	struct command_line *line;
	struct arena *arena;
	struct options *scratch; /* takes the values, to see whether they are valid */
	char *const *arguments;
	int n;
	int at;
	const char *error; /* NULL: none so far */
};

static enum status invalid(struct reading *r, const char *error)
{
	r->error = error;
	return STATUS_INVALID;
}

/* The value of an option: behind its '=', or the next argument. NULL: there is none. */
static const char *value_of(struct reading *r, const char *equals)
{
	if (equals)
		return equals + 1;
	return r->at + 1 < r->n ? r->arguments[++r->at] : NULL;
}

static enum status take_option(struct reading *r, const struct setting *setting, const char *value)
{
	const char *where = arena_printf(r->arena, "--%s", setting->name);
	const char *wanted = NULL;

	if (!value)
		return invalid(r, arena_printf(r->arena, "%s needs a value", where));
	wanted = setting_apply(setting, value, r->arena, r->scratch);
	if (wanted)
		return invalid(r, arena_printf(r->arena, "%s%s%s: expected %s", where,
					       setting_is_secret(setting, value) ? "" : " ",
					       setting_is_secret(setting, value) ? "" : value,
					       wanted));
	layers_add(&r->line->options, setting, LAYER_COMMAND_LINE, where, value);
	return STATUS_OK;
}

/* Reads "--name", "--name=value" or "--name value". */
static enum status read_option(struct reading *r)
{
	const char *argument = r->arguments[r->at];
	size_t length = strcspn(argument + 2, "=");
	const char *equals = argument[2 + length] == '=' ? argument + 2 + length : NULL;
	const struct setting *setting = setting_find(argument + 2, length);

	if (!setting)
		return invalid(r, arena_printf(r->arena, "unknown option %.*s", (int)length + 2,
					       argument));
	if (!(setting->group & r->line->command->options))
		return invalid(r, arena_printf(r->arena, "--%s is no option of %s", setting->name,
					       r->line->command->name));
	if (setting->kind == SETTING_IS_SWITCH && !equals)
		return take_option(r, setting, "yes");
	return take_option(r, setting, value_of(r, equals));
}

static enum status read_config_option(struct reading *r)
{
	const char *equals = strchr(r->arguments[r->at], '=');

	r->line->config_file = value_of(r, equals);
	return r->line->config_file ? STATUS_OK : invalid(r, "--config needs a value");
}

static bool is_config_option(const char *argument)
{
	return strcmp(argument, "--config") == 0 || strncmp(argument, "--config=", 9) == 0;
}

/* Takes what is asked of every command; what is left is its own, in `rest`. */
static enum status read_common(struct reading *r, char **rest, int *n_rest)
{
	enum status st = STATUS_OK;

	for (r->at = 0; r->at < r->n && st == STATUS_OK; r->at++) {
		const char *argument = r->arguments[r->at];
		if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
			r->line->help = true;
		else if (strcmp(argument, "--version") == 0)
			r->line->version = true;
		else if (is_config_option(argument))
			st = read_config_option(r);
		else
			rest[(*n_rest)++] = r->arguments[r->at];
	}
	return st;
}

static enum status read_command(struct reading *r)
{
	if (r->n == 0)
		return invalid(r, "no command");
	const char *name = r->arguments[0];
	if (name[0] == '-')
		return invalid(r, arena_printf(r->arena, "expected a command before %s", name));
	r->line->command = command_find(name);
	if (!r->line->command)
		return invalid(r, arena_printf(r->arena, "unknown command %s", name));
	if (r->line->config_file && !(r->line->command->options & SETTING_CONFIGURED))
		return invalid(r, arena_printf(r->arena, "--config is no option of %s", name));
	return STATUS_OK;
}

static enum status read_rest(struct reading *r)
{
	enum status st = read_command(r);

	for (r->at = 1; r->at < r->n && st == STATUS_OK; r->at++) {
		if (strncmp(r->arguments[r->at], "--", 2) == 0)
			st = read_option(r);
		else
			st = invalid(r, arena_printf(r->arena, "unexpected argument %s",
						     r->arguments[r->at]));
	}
	return st;
}

enum status command_line_read(int n, char *const *arguments, struct arena *arena,
			      struct command_line *out, const char **error)
{
	char **rest = arena_alloc_array(arena, (size_t)n, sizeof *rest);
	struct reading r = { .line = out, .arena = arena, .arguments = arguments, .n = n };
	int n_rest = 0;

	*out = (struct command_line){ .options = { .arena = arena } };
	r.scratch = arena_alloc(arena, sizeof *r.scratch);
	options_init(r.scratch);
	enum status st = read_common(&r, rest, &n_rest);
	r.arguments = rest;
	r.n = n_rest;
	if (st == STATUS_OK && (out->help || out->version))
		out->command = n_rest > 0 ? command_find(rest[0]) : NULL; /* mistakes may wait */
	else if (st == STATUS_OK)
		st = read_rest(&r);
	if (st != STATUS_OK)
		*error = r.error;
	return st;
}
