#include "collector/cli/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum status complain(char *error, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 2, 3)));

static enum status complain(char *error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error, ARGUMENTS_ERROR_SIZE, format, args);
	va_end(args);
	return STATUS_INVALID;
}

/* The option whose name is `n` bytes of `name`, or NULL. */
static struct arguments_option *find(struct arguments_option *options, size_t n_options,
				     const char *name, size_t n)
{
	for (size_t i = 0; i < n_options; i++) {
		if (strlen(options[i].name) == n && memcmp(options[i].name, name, n) == 0)
			return &options[i];
	}
	return NULL;
}

/* "--name value", "--name=value" or "--switch" at argv[*at]. */
static enum status read_option(int argc, char **argv, int *at, struct arguments_option *options,
			       size_t n_options, char *error)
{
	const char *text = argv[*at] + 2;
	size_t n = strcspn(text, "=");
	const char *value = text[n] == '=' ? text + n + 1 : NULL;
	struct arguments_option *option = find(options, n_options, text, n);

	if (!option)
		return complain(error, "there is no option \"--%.*s\"", (int)n, text);
	if (!option->value && value)
		return complain(error, "--%s takes no value", option->name);
	if (!option->value)
		value = "yes";
	else if (!value && *at + 1 < argc)
		value = argv[++*at];
	if (!value || *value == '\0')
		return complain(error, "--%s needs a value: --%s %s", option->name, option->name,
				option->value);
	if (option->n == option->max)
		return complain(error, "--%s is given too often", option->name);
	option->values[option->n++] = value;
	return STATUS_OK;
}

enum status arguments_read(struct arguments *out, int argc, char **argv,
			   struct arguments_option *options, size_t n_options,
			   char error[ARGUMENTS_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	bool only_words = false;

	*out = (struct arguments){ .words = argv };
	for (int i = 0; i < argc && status == STATUS_OK; i++) {
		if (only_words || strncmp(argv[i], "--", 2) != 0)
			out->words[out->n_words++] = argv[i];
		else if (argv[i][2] == '\0')
			only_words = true;
		else
			status = read_option(argc, argv, &i, options, n_options, error);
	}
	return status;
}
