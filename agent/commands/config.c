/* The command that tells each setting with its origin, and what does not count. */
#include "agent/commands/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/config/config.h"
#include "agent/config/options.h"
#include "agent/config/print.h"
#include "agent/platform/log.h"

int command_config(const struct call *call)
{
	bool printed = call->options->json ? config_print_json(stdout, call->config)
					   : config_print_text(stdout, call->config);

	if (!printed) {
		log_error("could not print the settings");
		return EXIT_TROUBLE;
	}
	return config_has_invalid(call->config) ? EXIT_ALARM : EXIT_SUCCESS;
}
