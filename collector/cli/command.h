/*
 * The commands of the program: rows of a table in main.c. A command has a file of its own, with
 * its help and its function; --help and suggestions for a mistyped name come from the table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_EXIT_USAGE 2

struct command {
	const char *name;
	const char *summary; /* one line for the list, lower case, no full stop */
	const char *help;    /* all of `... NAME --help`; NULL: `run` prints it */

	/* `argv` begins behind the name. Returns the exit status of the program. */
	int (*run)(int argc, char **argv);
};

/* --help or -h, anywhere before "--", which ends the options? `argv` begins behind the name. */
bool command_asks_for_help(int argc, char **argv);

/*
 * Runs what main()'s arguments name: a command, --help, --version. `about` begins the help, before
 * the list of commands.
 */
int command_main(const struct command *commands, size_t n, const char *about, int argc,
		 char **argv);
