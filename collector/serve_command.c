#include <stdio.h>

#include "collector/command.h"
#include "collector/options.h"
#include "collector/serve.h"
#include "proto/arena.h"

const char serve_help[] =
	"mtawatch-collector serve: take reports, judge the servers, show them on a page.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector serve --data /var/lib/mtawatch\n"
	"  mtawatch-collector serve --listen 127.0.0.1:0 --data ./data\n"
	"  mtawatch-collector serve --config /etc/mtawatch/collector.conf\n"
	"\n"
	"Options (each but --config also as \"key = value\" in the file):\n"
	"  --listen ADDRESS:PORT   default " OPTIONS_DEFAULT_LISTEN
	"; port 0 lets the system choose\n"
	"  --allow-plain           allow plain HTTP on an address that other machines reach\n"
	"  --data DIRECTORY        default " OPTIONS_DEFAULT_DATA "; made if it is not there\n"
	"  --hook-command PROGRAM  run when a server becomes exposed or failing, and when it\n"
	"                          recovers; gets JSON on its standard input\n"
	"  --config FILE           what is not said here is read from there\n"
	"\n"
	"Prints the address that it listens on. SIGTERM or SIGINT ends it cleanly.\n"
	"Exit status: 0 ended as asked, 1 could not begin, 2 wrong usage.\n";

int serve_main(int argc, char **argv)
{
	struct arena arena;
	struct options options;
	char error[OPTIONS_ERROR_SIZE];
	int rc = COMMAND_EXIT_USAGE;

	arena_init(&arena);
	if (options_read(&options, argc, argv, &arena, error) == STATUS_OK)
		rc = serve_run(&options);
	else
		fprintf(stderr, "mtawatch-collector: %s\n", error);
	arena_deinit(&arena);
	return rc;
}
