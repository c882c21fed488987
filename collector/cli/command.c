#include "collector/cli/command.h"
#include <stdio.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "proto/base/suggest.h"

bool command_asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

/* Text that could not be written is a failure. */
static int finish_output(FILE *out)
{
	return fflush(out) != 0 || ferror(out) != 0;
}

static int print_text(const char *text)
{
	fputs(text, stdout);
	return finish_output(stdout);
}

static int print_help(FILE *out, const struct command *commands, size_t n, const char *about)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(commands[i].name);
		width = length > width ? length : width;
	}
	fprintf(out, "%s\nCommands:\n", about);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %-*s  %s\n", (int)width, commands[i].name, commands[i].summary);
	fputs("\nOptions:\n  --version\n  --help   also after a command\n", out);
	return finish_output(out);
}

static const struct command *find_command(const struct command *commands, size_t n,
					  const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* The name that was probably meant, or NULL. */
static const char *nearest(const struct command *commands, size_t n, const char *name)
{
	struct suggestion best = suggest_begin(name);

	for (size_t i = 0; i < n; i++)
		suggest_try(&best, commands[i].name);
	return best.name;
}

static int refuse_name(const struct command *commands, size_t n, const char *name)
{
	const char *meant = nearest(commands, n, name);

	return meant ? terminal_refuse("there is no command '%s'; did you mean '%s'?", name, meant)
		     : terminal_refuse("there is no command '%s'; see mtawatch-collector --help",
				       name);
}

int command_main(const struct command *commands, size_t n, const char *about, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command = find_command(commands, n, name);

	if (command)
		return command->help && command_asks_for_help(argc - 2, argv + 2)
			       ? print_text(command->help)
			       : command->run(argc - 2, argv + 2);
	if (strcmp(name, "--version") == 0)
		return print_text("mtawatch-collector " MTAWATCH_VERSION "\n");
	if (command_asks_for_help(argc - 1, argv + 1))
		return print_help(stdout, commands, n, about);
	if (*name != '\0')
		return refuse_name(commands, n, name);
	print_help(stderr, commands, n, about);
	fputs("\nmtawatch-collector: expected a command\n", stderr);
	return COMMAND_EXIT_USAGE;
}
