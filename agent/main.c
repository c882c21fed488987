#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/check.h"
#include "agent/cycle.h"
#include "agent/help.h"
#include "agent/host.h"
#include "agent/log.h"
#include "agent/options.h"
#include "agent/run.h"
#include "agent/signals.h"
#include "agent/terminal.h"
#include "proto/report_json.h"

#define EXIT_ALARM   1 /* check: exposed or failing */
#define EXIT_TROUBLE 2

/* One cycle that changes nothing, for the commands that only look. */
static enum status look(struct host *host, const struct options *options, struct arena *arena,
			struct report *report)
{
	struct cycle *cycle = arena_alloc(arena, sizeof *cycle);
	struct moment at;
	enum status st = cycle_open(cycle, host, options, false, signals_stopped);

	if (st == STATUS_OK)
		st = cycle_run(cycle, arena, report, &at);
	if (st == STATUS_TIMED_OUT)
		log_error("stopped before the cycle was done");
	cycle_close(cycle);
	return st;
}

static int do_report(struct host *host, const struct options *options, struct arena *arena)
{
	struct report report;

	if (look(host, options, arena, &report) != STATUS_OK)
		return EXIT_TROUBLE;
	char *json = report_json_write(&report);
	int printed = puts(json);
	free(json);
	if (printed < 0 || fflush(stdout) != 0) {
		log_error("could not print the report");
		return EXIT_TROUBLE;
	}
	return EXIT_SUCCESS;
}

static int do_check(struct host *host, const struct options *options, struct arena *arena)
{
	struct check_style style = { options->json, !options->no_color && terminal_has_color() };
	enum verdict verdict = VERDICT_UNKNOWN;
	struct report report;

	if (look(host, options, arena, &report) != STATUS_OK)
		return EXIT_TROUBLE;
	if (check_print(stdout, &report, &style, &verdict) != STATUS_OK) {
		log_error("could not print the verdict");
		return EXIT_TROUBLE;
	}
	return check_is_alarm(verdict) ? EXIT_ALARM : EXIT_SUCCESS;
}

static int do_command(const struct options *options, struct arena *arena)
{
	struct host_options where = { options->windows_root, options->disk_only };
	struct host_error error;
	struct host *host = NULL;
	int code = EXIT_TROUBLE;

	if (host_open(&host, &where, &error) != STATUS_OK) {
		log_error("could not look at this machine: %s", error.text);
		return EXIT_TROUBLE;
	}
	if (signals_start(host) != STATUS_OK)
		log_error("could not prepare for signals");
	else if (options->command == COMMAND_RUN)
		code = run(host, options, signals_stopped) == STATUS_OK ? EXIT_SUCCESS
									: EXIT_TROUBLE;
	else if (options->command == COMMAND_REPORT)
		code = do_report(host, options, arena);
	else
		code = do_check(host, options, arena);
	host_close(host);
	return code;
}

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_TROUBLE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arena arena;
	const char *error = NULL;
	int code = EXIT_TROUBLE;

	arena_init(&arena);
	struct options *options = arena_alloc(&arena, sizeof *options);
	enum status st = options_read(argc > 0 ? argc - 1 : 0, argv + 1, &arena, options, &error);
	if (st != STATUS_OK)
		log_error("%s; see mtawatch-agent --help", error);
	else if (options->version)
		code = print("mtawatch-agent " MTAWATCH_VERSION "\n");
	else if (options->help)
		code = print(help_text(options->command));
	else
		code = do_command(options, &arena);
	arena_deinit(&arena);
	return code;
}
