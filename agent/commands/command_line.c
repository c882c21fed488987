#include "agent/commands/command_line.h"

#include <string.h>

#include "proto/base/argument.h"

struct reading {
	struct command_line *line;
	struct arena *arena;
	struct options *scratch; /* takes the values, to see whether they are valid */
	struct argument_reader in;
	const char *error; /* NULL: none so far */
};

static enum status invalid(struct reading *r, const char *error)
{
	r->error = error;
	return STATUS_INVALID;
}

static enum status take_option(struct reading *r, const struct setting *setting, const char *value)
{
	const char *where = arena_printf(r->arena, "--%s", setting->value.name);
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

static enum status read_option(struct reading *r, const struct argument *option)
{
	const struct setting *setting = setting_find(option->name, option->n);

	if (!setting)
		return invalid(r, arena_printf(r->arena, "unknown option --%.*s", (int)option->n,
					       option->name));
	if (!(setting->group & r->line->command->options))
		return invalid(r, arena_printf(r->arena, "--%s is no option of %s",
					       setting->value.name, r->line->command->name));
	if (!setting->argument && !option->value)
		return take_option(r, setting, "yes");
	return take_option(r, setting, argument_value(&r->in, option));
}

/* Takes what is asked of every command; what is left is its own, in `rest`. */
static enum status read_common(struct reading *r, char **rest, int *n_rest)
{
	struct argument a;

	while (argument_next(&r->in, &a)) {
		if (argument_is(&a, "config")) {
			r->line->config_file = argument_value(&r->in, &a);
			if (!r->line->config_file)
				return invalid(r, "--config needs a value");
		} else if (strcmp(a.text, "--help") == 0 || strcmp(a.text, "-h") == 0) {
			r->line->help = true;
		} else if (strcmp(a.text, "--version") == 0) {
			r->line->version = true;
		} else {
			rest[(*n_rest)++] = a.text;
		}
	}
	return STATUS_OK;
}

static enum status read_command(struct reading *r)
{
	struct argument a;

	if (!argument_next(&r->in, &a))
		return invalid(r, "no command");
	if (a.text[0] == '-')
		return invalid(r, arena_printf(r->arena, "expected a command before %s", a.text));
	r->line->command = command_find(a.text);
	if (!r->line->command)
		return invalid(r, arena_printf(r->arena, "unknown command %s", a.text));
	if (r->line->config_file && !(r->line->command->options & SETTING_CONFIGURED))
		return invalid(r, arena_printf(r->arena, "--config is no option of %s", a.text));
	return STATUS_OK;
}

static enum status read_rest(struct reading *r)
{
	enum status status = read_command(r);
	struct argument a;

	while (status == STATUS_OK && argument_next(&r->in, &a)) {
		if (a.name)
			status = read_option(r, &a);
		else
			status = invalid(r,
					 arena_printf(r->arena, "unexpected argument %s", a.text));
	}
	return status;
}

enum status command_line_read(int n, char *const *arguments, struct arena *arena,
			      struct command_line *out, const char **error)
{
	char **rest = arena_alloc_array(arena, (size_t)n, sizeof *rest);
	struct reading r = { .line = out, .arena = arena, .in = { n, arguments, 0 } };
	int n_rest = 0;

	*out = (struct command_line){ .options = { .arena = arena } };
	r.scratch = arena_alloc(arena, sizeof *r.scratch);
	options_init(r.scratch);
	enum status status = read_common(&r, rest, &n_rest);
	r.in = (struct argument_reader){ n_rest, rest, 0 };
	if (status == STATUS_OK && (out->help || out->version))
		out->command = n_rest > 0 ? command_find(rest[0]) : NULL; /* mistakes may wait */
	else if (status == STATUS_OK)
		status = read_rest(&r);
	if (status != STATUS_OK)
		*error = r.error;
	return status;
}
