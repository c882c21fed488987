/* The command that tells why the collector cannot be reached. */
#include "agent/commands/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/config/options.h"
#include "agent/doctor/doctor.h"
#include "agent/platform/log.h"
#include "agent/platform/terminal.h"
#include "agent/service/signals.h"

int command_doctor(const struct call *call)
{
	const struct options *options = call->options;
	struct doctor_findings *findings = arena_alloc(call->arena, sizeof *findings);

	doctor_examine(call->host, call->config, signals_stopped, call->arena, findings);
	bool printed = options->json
			       ? doctor_print_json(stdout, findings)
			       : doctor_print_text(stdout, findings,
						   !options->no_color && terminal_has_color());
	if (!printed) {
		log_error("could not print what was found");
		return EXIT_TROUBLE;
	}
	return doctor_is_well(findings) ? EXIT_SUCCESS : EXIT_ALARM;
}
