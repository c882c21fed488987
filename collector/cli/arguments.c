#include "collector/cli/arguments.h"

#include <string.h>

#include "collector/cli/terminal.h"
#include "proto/base/argument.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"

/* A command line that is being read. */
struct reading {
	struct arguments *out;
	struct argument_reader in;
	const char *command; /* its name, `length` bytes */
	int length;
	struct arguments_option *options;
	size_t n_options;
};

#define refuse(r, format, ...)                                                                     \
	terminal_refuse(format "; see mtawatch-collector %.*s --help", __VA_ARGS__, (r)->length,   \
			(r)->command)

static struct arguments_option *find_option(const struct reading *r, const struct argument *a)
{
	for (size_t i = 0; i < r->n_options; i++) {
		if (argument_is(a, r->options[i].name))
			return &r->options[i];
	}
	return NULL;
}

static int read_option(struct reading *r, const struct argument *a)
{
	struct arguments_option *option = find_option(r, a);
	const char *value = "yes";

	if (!option)
		return refuse(r, "there is no option \"--%.*s\"", (int)a->n, a->name);
	if (!option->value && a->value)
		return refuse(r, "--%s takes no value", option->name);
	if (option->value)
		value = argument_value(&r->in, a);
	if (!value || *value == '\0')
		return refuse(r, "--%s needs a value: --%s %s", option->name, option->name,
			      option->value);
	if (option->n == option->max)
		return refuse(r, "--%s is given too often", option->name);
	option->values[option->n++] = value;
	return TERMINAL_EXIT_OK;
}

/* Does a word of the command line stand for this one of a form? */
static bool is_meant(const char *word, const char *form, size_t n)
{
	if (*form >= 'a' && *form <= 'z')
		return strlen(word) == n && memcmp(word, form, n) == 0;
	return !memchr(form, '/', n) || strchr(word, '/');
}

static bool has_form(const struct arguments *a, const char *form)
{
	size_t i = 0;

	for (form += strcspn(form, " "); *form; form += strcspn(form, " ")) {
		form++;
		if (i < a->n_words && !is_meant(a->words[i], form, strcspn(form, " ")))
			return false;
		if (i == a->n_words && *form != '[')
			return false;
		if (i < a->n_words)
			i = strstr(form, "...") ? a->n_words : i + 1;
	}
	return i == a->n_words;
}

/* "expected "hook list" or "hook test NAME"" */
static int refuse_words(const struct reading *r, const struct arguments_forms *forms)
{
	struct buffer text;

	if (forms->n == 1 && !strchr(forms->list[0], ' '))
		return refuse(r, "\"%s\" is no option; %s takes nothing else", r->out->words[0],
			      forms->list[0]);
	buffer_init(&text);
	for (size_t i = 0; i < forms->n; i++)
		buffer_printf(&text, "%s\"%s\"",
			      i == 0             ? ""
			      : i + 1 < forms->n ? ", "
						 : " or ",
			      forms->list[i]);
	int rc = refuse(r, "expected %s", text.bytes);
	buffer_deinit(&text);
	return rc;
}

static int read_all(struct reading *r)
{
	struct argument a;
	bool only_words = false;
	int rc = TERMINAL_EXIT_OK;

	while (rc == TERMINAL_EXIT_OK && argument_next(&r->in, &a)) {
		if (only_words || !a.name)
			r->out->words[r->out->n_words++] = a.text;
		else if (a.text[2] == '\0')
			only_words = true;
		else
			rc = read_option(r, &a);
	}
	return rc;
}

int arguments_read(struct arguments *out, int argc, char **argv,
		   const struct arguments_forms *forms, struct arguments_option *options,
		   size_t n_options)
{
	struct reading r = { .out = out,
			     .in = { argc, argv, 0 },
			     .command = forms->list[0],
			     .length = (int)strcspn(forms->list[0], " "),
			     .options = options,
			     .n_options = n_options };

	*out = (struct arguments){ .words = argv };
	int rc = read_all(&r);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	argv[out->n_words] = NULL;
	while (out->form < forms->n && !has_form(out, forms->list[out->form]))
		out->form++;
	return out->form < forms->n ? rc : refuse_words(&r, forms);
}

int arguments_time(const char *option, const char *text, int64_t *out_ms)
{
	if (!text || timestamp_parse(text, out_ms) == STATUS_OK)
		return TERMINAL_EXIT_OK;
	return terminal_refuse("--%s: '%s' is no time such as 2026-11-22T10:45:23Z", option, text);
}
