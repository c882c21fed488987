#include "agent/command.h"

#include <stdlib.h>

#include "agent/log.h"
#include "agent/options.h"
#include "agent/run.h"
#include "agent/signals.h"

int command_run(const struct call *call)
{
	if (!call->options->collector) {
		log_error("run needs --collector: where to send the reports");
		return EXIT_TROUBLE;
	}
	return run(call->host, call->config, signals_stopped, NULL) == STATUS_OK ? EXIT_SUCCESS
										 : EXIT_TROUBLE;
}
