#include <stdio.h>
#include <stdlib.h>

#include "agent/commands/command.h"
#include "agent/commands/command_line.h"
#include "agent/commands/help.h"
#include "agent/config/config.h"
#include "agent/config/options.h"
#include "agent/host/host.h"
#include "agent/platform/arguments.h"
#include "agent/platform/log.h"
#include "agent/platform/process.h"
#include "agent/service/signals.h"

/* Runs a command on this machine, or on the directory that stands for its disk. */
static int run_on_host(const struct command *command, struct call *call)
{
	struct host_options where = { .image_root = call->options->image_root,
				      .disk_only = call->options->disk_only };
	struct os_error error;
	int code = EXIT_TROUBLE;

	if (host_open(&call->host, &where, &error) != STATUS_OK) {
		log_error("could not look at this machine: %s", error.text);
		return EXIT_TROUBLE;
	}
	config_use_host(call->config, call->host);
	if (signals_start(call->host) == STATUS_OK)
		code = command->run(call);
	else
		log_error("could not prepare for signals");
	host_close(call->host);
	return code;
}

static int do_command(const struct command_line *line, struct arena *arena)
{
	struct config *config = NULL;
	const char *error = NULL;
	int code = EXIT_TROUBLE;

	if (config_open(&config, &line->options, line->config_file, &error) != STATUS_OK) {
		log_error("%s; see mtawatch-agent --help", error);
		return EXIT_TROUBLE;
	}
	struct call call = { .options = config_options(config), .config = config, .arena = arena };
	if (line->command->needs_host)
		code = run_on_host(line->command, &call);
	else
		code = line->command->run(&call);
	config_close(config);
	return code;
}

int main(int argc, char **argv)
{
	struct arena arena;
	struct command_line line;
	const char *error = NULL;
	char **arguments = NULL;
	int n = 0;
	int code = EXIT_TROUBLE;

	process_begin();
	arena_init(&arena);
	arguments_get(argc, argv, &arena, &arguments, &n);
	if (command_line_read(n, arguments, &arena, &line, &error) != STATUS_OK)
		log_error("%s; see mtawatch-agent --help", error);
	else if (line.version)
		code = help_print_version(stdout) ? EXIT_SUCCESS : EXIT_TROUBLE;
	else if (line.help)
		code = help_print(stdout, line.command) ? EXIT_SUCCESS : EXIT_TROUBLE;
	else
		code = do_command(&line, &arena);
	arena_deinit(&arena);
	if (fflush(NULL) != 0 && code == EXIT_SUCCESS)
		code = EXIT_TROUBLE; /* somebody waits for what could not be written */
	process_end(code);
}
