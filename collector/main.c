#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collector/assess.h"
#include "collector/options.h"
#include "collector/serve.h"
#include "proto/arena.h"

#define EXIT_USAGE 2

static const char help[] =
	"mtawatch-collector finds Exchange 5.5 servers whose MTA will not start (Q285350).\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector serve --data /var/lib/mtawatch\n"
	"  mtawatch-collector assess exch1.json exch2.json\n"
	"\n"
	"Commands:\n"
	"  serve    take reports from agents, judge the servers, show them on a page\n"
	"  assess   judge report files, print verdicts as JSON\n"
	"\n"
	"Options:\n"
	"  --version\n"
	"  --help   also after a command\n";

static const char help_serve[] =
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

static const char help_assess[] =
	"mtawatch-collector assess: judge report files as a running collector would.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector assess exch1.json exch2.json\n"
	"  mtawatch-collector assess --at 2026-11-22T10:45:23Z reports/*.json\n"
	"  mtawatch-agent report | mtawatch-collector assess -\n"
	"\n"
	"Options:\n"
	"  --at TIME   judge as of this moment (RFC 3339); default: now\n"
	"\n"
	"Prints one JSON array, ordered by server. Exit status: 0 nothing alarming, 1 a server is\n"
	"exposed or failing, 2 a file was no valid report or the usage is wrong.\n";

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

/* Returns the exit status: text that could not be written is a failure. */
static int print(const char *text)
{
	return fputs(text, stdout) == EOF || fflush(stdout) == EOF;
}

static int serve(int argc, char **argv)
{
	struct arena arena;
	struct options options;
	char error[OPTIONS_ERROR_SIZE];
	int rc = EXIT_USAGE;

	arena_init(&arena);
	if (options_read(&options, argc, argv, &arena, error) == STATUS_OK)
		rc = serve_run(&options);
	else
		fprintf(stderr, "mtawatch-collector: %s\n", error);
	arena_deinit(&arena);
	return rc;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "serve") == 0)
		return asks_for_help(argc, argv) ? print(help_serve) : serve(argc - 2, argv + 2);
	if (strcmp(command, "assess") == 0)
		return asks_for_help(argc, argv) ? print(help_assess)
						 : assess_main(argc - 2, argv + 2);
	if (strcmp(command, "--version") == 0)
		return print("mtawatch-collector " MTAWATCH_VERSION "\n");
	if (asks_for_help(argc, argv))
		return print(help);
	fprintf(stderr, "%s\nmtawatch-collector: expected a command: serve or assess\n", help);
	return EXIT_USAGE;
}
