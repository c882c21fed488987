#include "collector/base/file_open.h"
#include "collector/config/value_list.h"
#include "collector/daemon/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/daemon/settings.h"
#include "collector/hooks/settings.h"
#include "proto/base/argument.h"
#include "proto/base/option_help.h"
#include "proto/base/text.h"
#include "proto/base/text_file.h"
#include "proto/base/timestamp.h"

#define HELP_COLUMN 27 /* where the explanation of an option begins */

/* Origins, told apart by their addresses. */
static const char command_line[] = "command line";
static const char by_default[] = "default";

/* A reading under way. What was said first stays: the command line before the file. */
struct reading {
	struct options *options;
	struct faults *faults;
	struct arena *arena;
};

#define add_error(r, ...) faults_add((r)->faults, (r)->arena, __VA_ARGS__)

/* The row whose name is `n` bytes of `name`, or NULL. */
static const struct setting *find_setting(const char *name, size_t n)
{
	for (size_t i = 0; i < settings_n; i++) {
		if (strlen(settings[i].value.name) == n &&
		    memcmp(settings[i].value.name, name, n) == 0)
			return &settings[i];
	}
	return NULL;
}

static void add_unknown_fault(struct reading *r, const char *place, const char *what,
			      const char *name, size_t n)
{
	struct suggestion meant = suggest_begin(arena_strndup(r->arena, name, n));

	for (size_t i = 0; i < settings_n; i++)
		suggest_try(&meant, settings[i].value.name);
	faults_add_unknown(r->faults, r->arena, place, what, &meant,
			   "see mtawatch-collector serve --help");
}

static void add_fault(struct reading *r, const struct setting *setting, const char *value,
		      const char *origin)
{
	size_t i = (size_t)(setting - settings);

	if (r->options->values[i] && r->options->origins[i] != command_line && origin != by_default)
		add_error(r, "%s: %s was set before: %s", origin, setting->value.name,
			  r->options->origins[i]);
	if (r->options->values[i])
		return;
	r->options->values[i] = value;
	r->options->origins[i] = origin;
	const char *wanted = value_apply(&setting->value, value, r->options, r->arena);
	if (wanted)
		add_error(r, "%s: %s \"%s\": expected %s", origin, setting->value.name,
			  value_shown(value, r->arena), wanted);
}

static void read_argument(struct reading *r, struct argument_reader *in, const struct argument *a)
{
	const struct setting *setting = a->name ? find_setting(a->name, a->n) : NULL;
	const char *value = "yes";

	if (!a->name || a->n == 0) {
		add_error(r, "\"%s\" is no option; serve takes nothing else", a->text);
	} else if (argument_is(a, "check-config")) {
		r->options->check_only = true;
	} else if (argument_is(a, "print-config")) {
		r->options->print_only = true;
	} else if (!setting && !argument_is(a, "config")) {
		add_unknown_fault(r, command_line, "option", a->name, a->n);
	} else {
		if (a->value || !setting || setting->argument)
			value = argument_value(in, a);
		if (!value)
			add_error(r, "%s needs a value: %s %s", a->text, a->text,
				  setting ? setting->argument : "FILE");
		else if (setting)
			add_fault(r, setting, value, command_line);
		else
			r->options->config = value;
	}
}

/*
 * The value without the quotes around it, if it has them. NULL where one begins it that does not
 * end, which is complained of.
 */
static char *unquote(struct reading *r, char *value, const char *origin)
{
	size_t n = strlen(value);
	char quote = *value;

	if (quote != '"' && quote != '\'')
		return value;
	if (n > 1 && value[n - 1] == quote) {
		value[n - 1] = '\0';
		return value + 1;
	}
	if (quote == '\'')
		return value;
	add_error(r, "%s: the quote in front of the value does not end behind it", origin);
	return NULL;
}

static void read_line(struct reading *r, char *line, const char *origin)
{
	line = text_trim(line);
	if (*line == '\0' || *line == '#')
		return;
	if (*line == '[') {
		sections_begin(&r->options->sections, line, origin, r->arena, r->faults);
		return;
	}
	char *equals = strchr(line, '=');
	if (!equals) {
		add_error(r, "%s: expected \"key = value\"", origin);
		return;
	}
	*equals = '\0';
	const char *name = text_trim(line);
	const char *value = unquote(r, text_trim(equals + 1), origin);
	if (!value)
		return;
	if (r->options->sections.first) {
		sections_add(&r->options->sections, name, value, origin, r->arena);
		return;
	}
	const struct setting *setting = find_setting(name, strlen(name));
	if (setting)
		add_fault(r, setting, value, origin);
	else
		add_unknown_fault(r, origin, "key", name, strlen(name));
}

/* The text of a file as lines of UTF-8; NULL where it is none, which is complained of. */
static char *decode(struct reading *r, const char *path, const char *bytes, size_t n)
{
	struct text_file file;
	const char *wrong = text_file_decode_utf8(r->arena, bytes, n, &file);

	if (!wrong)
		return file.text;
	add_error(r, "could not read %s: %s", path, wrong);
	return NULL;
}

/* NULL where it cannot be read; that is complained of. */
static char *load_file(struct reading *r, const char *path)
{
	const char *why = NULL;
	FILE *file = file_open(path, &why);

	if (!file) {
		add_error(r, "could not open %s: %s", path, why);
		return NULL;
	}
	char *text = arena_alloc(r->arena, OPTIONS_MAX_FILE_BYTES + 1);
	size_t n = fread(text, 1, OPTIONS_MAX_FILE_BYTES + 1, file);
	bool failed = ferror(file) != 0;
	fclose(file); /* only read: nothing can be lost */
	if (failed)
		add_error(r, "could not read %s", path);
	else if (n > OPTIONS_MAX_FILE_BYTES)
		add_error(r, "%s has more than %zu bytes", path, OPTIONS_MAX_FILE_BYTES);
	else
		return decode(r, path, text, n);
	return NULL;
}

static void read_file(struct reading *r, const char *path)
{
	char *text = load_file(r, path);

	unsigned number = 1;

	if (!text)
		return;
	for (char *line = NULL; (line = text_file_next_line(&text)) != NULL; number++)
		read_line(r, line, arena_printf(r->arena, "%s, line %u", path, number));
}

/* The line of a file of the data directory that `init` wrote; NULL: there is none. */
static const char *line_of_init(struct reading *r, const char *name, const char **path)
{
	*path = arena_printf(r->arena, "%s/%s", r->options->store.directory, name);
	if (access(*path, F_OK) != 0)
		return NULL;
	char *text = load_file(r, *path);
	return text ? text_file_next_line(&text) : NULL;
}

static void read_digest_file(struct reading *r)
{
	int64_t *until_ms = &r->options->alerts.digest_until_ms;
	const char *path = NULL;
	const char *line = *until_ms == ALERT_POLICY_NO_DIGEST
				   ? line_of_init(r, OPTIONS_DIGEST_FILE, &path)
				   : NULL;

	if (line && timestamp_parse(line, until_ms) != STATUS_OK)
		add_error(r, "%s: \"%s\" is no time such as 2026-12-01T08:00:00Z", path, line);
}

static void check_options(struct reading *r)
{
	const char *at = NULL;
	const char *why = settings_contradict(r->options, &at);

	if (!why)
		return;
	size_t i = (size_t)(find_setting(at, strlen(at)) - settings);
	add_error(r, "%s: %s \"%s\": %s", r->options->origins[i], at, r->options->values[i], why);
}

enum status options_read(struct options *out, int argc, char **argv, struct arena *arena,
			 struct faults *faults)
{
	struct options options = { 0 };
	struct reading r = { &options, faults, arena };
	struct argument_reader in = { argc, argv, 0 };
	struct argument argument;

	*faults = (struct faults){ .n = 0 };
	while (argument_next(&in, &argument))
		read_argument(&r, &in, &argument);
	if (options.config)
		read_file(&r, options.config);
	for (size_t i = 0; i < settings_n; i++) {
		const char *fallback = settings_fallback(&settings[i], &options);
		if (fallback)
			add_fault(&r, &settings[i], fallback, by_default);
	}
	settings_complete(&options);
	alert_policy_read(&options.sections, &options.alerts, arena, faults);
	read_digest_file(&r);
	options.hooks = hook_settings_read(&options.sections, options.hook_command, arena, faults);
	if (faults->n == 0)
		check_options(&r);
	if (faults->n > 0)
		return STATUS_INVALID;
	*out = options;
	return STATUS_OK;
}

enum status options_read_one(struct options *out, const char *name, const char *value,
			     struct arena *arena, struct faults *faults)
{
	char *argv[] = { arena_printf(arena, "--%s", name), arena_strdup(arena, value) };

	return options_read(out, 2, argv, arena, faults);
}

/* The explanation as a comment. */
static void add_comment(struct buffer *out, const char *text)
{
	buffer_add_text(out, "# ");
	for (; *text; text++)
		buffer_printf(out, *text == '\n' ? "\n# " : "%c", *text);
	buffer_add_char(out, '\n');
}

static void add_section(struct buffer *out, const struct section *section)
{
	buffer_printf(out, "# (%s)\n[%s%s%s]\n", section->place, section->kind,
		      *section->name ? " " : "", section->name);
	for (const struct section_entry *e = section->first; e; e = e->next)
		buffer_printf(out, "%s = %s\n", e->key, e->value);
	buffer_add_char(out, '\n');
}

void options_print(const struct options *options, struct buffer *out)
{
	for (size_t i = 0; i < settings_n; i++) {
		const char *value = options->values[i];
		bool said = value && options->origins[i] != by_default;

		add_comment(out, settings[i].help);
		if (said)
			buffer_printf(out, "# (%s)\n", options->origins[i]);
		buffer_printf(out, "%s%s = %s\n\n", said ? "" : "#", settings[i].value.name,
			      value ? value : "");
	}
	for (const struct section *s = options->sections.first; s; s = s->next)
		add_section(out, s);
}

const char *options_without_store(const struct store_location *store, struct arena *arena)
{
	const char *fleet = arena_printf(arena, "%s/" STORE_FLEET, store->directory);
	if (!store->address && access(fleet, F_OK) == 0)
		return "its store is in a database, which --store or --config has to name";
	const char *where =
		store->address ? arena_printf(arena, " --store '%s'", store->address) : "";

	return arena_printf(arena, "first run: mtawatch-collector init --data %s%s --host NAME",
			    store->directory, where);
}

bool options_is_said(const struct options *options, const char *name)
{
	size_t i = (size_t)(find_setting(name, strlen(name)) - settings);
	return options->values[i] && options->origins[i] != by_default;
}

bool options_browsers_use_https(const struct options *options)
{
	return options->external_url && strncmp(options->external_url, "https://", 8) == 0;
}

/* The words about a setting end with what it is by default. */
static void add_help(struct buffer *out, const struct setting *setting)
{
	struct buffer option = { 0 };
	struct buffer words = { 0 };

	buffer_printf(&option, "--%s", setting->value.name);
	buffer_add_text(&words, setting->help);
	if (setting->argument && setting->fallback)
		buffer_printf(&words, " (%s)", setting->fallback);
	option_help_add(out, HELP_COLUMN, option.bytes, setting->argument, words.bytes);
	buffer_deinit(&option);
	buffer_deinit(&words);
}

void options_help(struct buffer *out)
{
	for (size_t i = 0; i < settings_n; i++)
		add_help(out, &settings[i]);
	option_help_add(out, HELP_COLUMN, "--config", "FILE",
			"what is not said here is read from there");
	option_help_add(out, HELP_COLUMN, "--check-config", NULL,
			"say what is wrong with all that, and end");
	option_help_add(out, HELP_COLUMN, "--print-config", NULL,
			"print every setting and where it comes from, and end");
}

size_t options_compare(const struct options *before, const struct options *after,
		       struct buffer *out)
{
	size_t n = 0;

	for (size_t i = 0; i < settings_n; i++) {
		const char *now = after->values[i];
		if (text_identical(before->values[i], now))
			continue;
		buffer_printf(out, "%s is %s%s\n", settings[i].value.name, now ? now : "not set",
			      settings[i].reloads ? "" : " from the next start on");
		n++;
	}
	return n;
}
