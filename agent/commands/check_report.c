/* The commands that only look: one cycle that changes nothing. */
#include "agent/commands/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/commands/check_page.h"
#include "agent/config/options.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "agent/platform/terminal.h"
#include "agent/run/cycle.h"
#include "agent/service/signals.h"
#include "agent/uplink/upstream.h"
#include "proto/report/json.h"

static enum status look_once(const struct call *call, struct report *report)
{
	struct cycle *cycle = arena_alloc(call->arena, sizeof *cycle);
	struct moment at;
	enum status status = cycle_open(cycle, call->host, call->options, false, signals_stopped);

	if (status == STATUS_OK)
		status = cycle_run(cycle, call->arena, report, &at);
	if (status == STATUS_TIMED_OUT)
		log_error("stopped before the cycle was done");
	cycle_close(cycle);
	return status;
}

int command_report(const struct call *call)
{
	struct report report;

	if (look_once(call, &report) != STATUS_OK)
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

static int exit_of_restart(enum restart restart)
{
	static const int exits[] = {
		[RESTART_NO] = EXIT_ALARM,
		[RESTART_CANNOT_TELL] = EXIT_CANNOT_TELL,
		[RESTART_YES] = EXIT_SUCCESS,
	};

	return exits[restart];
}

/* What the agent that runs noted of its collectors; NULL: nothing. */
static const char *noted(const struct call *call)
{
	const char *state_dir = call->options->state_dir;

	if (!state_dir)
		state_dir = files_default_state_dir(call->arena);
	return state_dir ? upstream_read_note(state_dir, call->arena) : NULL;
}

int command_check(const struct call *call)
{
	const struct options *options = call->options;
	struct check_page_style style = { options->json, !options->no_color && terminal_has_color(),
					  options->before_restart, noted(call) };
	struct check_page_answer answer;
	struct report report;

	if (look_once(call, &report) != STATUS_OK)
		return EXIT_TROUBLE;
	if (check_page_print(stdout, &report, &style, &answer) != STATUS_OK) {
		log_error("could not print the verdict");
		return EXIT_TROUBLE;
	}
	if (options->before_restart)
		return exit_of_restart(answer.restart);
	return verdict_is_alarm(answer.verdict) ? EXIT_ALARM : EXIT_SUCCESS;
}
