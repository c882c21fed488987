#include "agent/commands/release.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/commands/forget.h"
#include "agent/config/options.h"
#include "agent/config/send_options.h"
#include "agent/platform/files.h"
#include "agent/platform/keystore.h"
#include "agent/platform/log.h"
#include "agent/uplink/enroll.h"

static enum status remove_state(const struct call *call, const char *state_dir)
{
	bool keep_spool = call->options->keep_state;
	const char *what = NULL;
	enum status status = forget_state(state_dir, keep_spool, call->arena, &what);

	if (status != STATUS_OK)
		log_error("could not remove %s: %s", what, status_text(status));
	else
		printf("state     %s removed%s\n", state_dir,
		       keep_spool ? ", but for the unsent reports" : "");
	return status;
}

/* The first of the collectors that can be told. */
static void give_name_back(const struct call *call, const char *state_dir)
{
	const struct options *o = call->options;
	const struct send_options send = send_options_of(o);
	const char *words = "no collector is set";

	for (size_t i = 0; i < o->collectors.n; i++) {
		const char *collector = o->collectors.list[i];
		enum status status = enroll_release(call->host, state_dir, collector, &send,
						    call->arena, &words);
		if (status == STATUS_OK) {
			printf("collector %s: this server's name is free\n", collector);
			return;
		}
	}
	log_warning("could not give this server's name back to the collector (%s): an operator "
		    "has to release it there before the server can be enrolled again",
		    words);
}

enum status release_agent(const struct call *call)
{
	const char *state_dir = call->options->state_dir;
	char *key = NULL;

	if (!state_dir)
		state_dir = files_default_state_dir(call->arena);
	if (!state_dir)
		return STATUS_OK;
	const char *fault = files_dir_fault(state_dir, call->arena);
	if (fault) {
		log_error("nothing is removed there: %s", fault);
		return STATUS_DENIED;
	}
	if (keystore_load(state_dir, &key) != STATUS_NOT_FOUND)
		give_name_back(call, state_dir);
	free(key);
	return remove_state(call, state_dir);
}

int command_forget(const struct call *call)
{
	return release_agent(call) == STATUS_OK ? EXIT_SUCCESS : EXIT_TROUBLE;
}
