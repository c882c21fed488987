#include <stdio.h>
#include <stdlib.h>

#include "agent/arguments.h"
#include "agent/command.h"
#include "agent/help.h"
#include "agent/host.h"
#include "agent/log.h"
#include "agent/options.h"
#include "agent/signals.h"

/* Runs a command on this machine, or on the directory that stands for its disk. */
static int run_on_host(struct call *call)
{
	const struct options *options = call->options;
	struct host_options where = { .windows_root = options->windows_root,
				      .disk_only = options->disk_only };
	struct host_error error;
	int code = EXIT_TROUBLE;

	if (host_open(&call->host, &where, &error) != STATUS_OK) {
		log_error("could not look at this machine: %s", error.text);
		return EXIT_TROUBLE;
	}
	if (signals_start(call->host) == STATUS_OK)
		code = options->command->run(call);
	else
		log_error("could not prepare for signals");
	host_close(call->host);
	return code;
}

static int do_command(const struct options *options, struct arena *arena)
{
	struct call call = { .options = options, .arena = arena };

	return options->command->needs_host ? run_on_host(&call) : options->command->run(&call);
}

int main(int argc, char **argv)
{
	struct arena arena;
	const char *error = NULL;
	char **arguments = NULL;
	int n = 0;
	int code = EXIT_TROUBLE;

	arena_init(&arena);
	arguments_get(argc, argv, &arena, &arguments, &n);
	struct options *options = arena_alloc(&arena, sizeof *options);
	if (options_read(n, arguments, &arena, options, &error) != STATUS_OK)
		log_error("%s; see mtawatch-agent --help", error);
	else if (options->version)
		code = help_print_version(stdout) ? EXIT_SUCCESS : EXIT_TROUBLE;
	else if (options->help)
		code = help_print(stdout, options->command) ? EXIT_SUCCESS : EXIT_TROUBLE;
	else
		code = do_command(options, &arena);
	arena_deinit(&arena);
	return code;
}
