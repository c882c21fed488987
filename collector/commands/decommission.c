#include <stdio.h>

#include "collector/cli/api_client.h"
#include "collector/cli/arguments.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "proto/base/arena.h"

const char decommission_help[] =
	"mtawatch-collector decommission: take a server out of the fleet that is no more.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector decommission EXCH3 --reason \"sold\"\n"
	"\n"
	"It is no longer shown and alarms nobody; what it reported stays in the store as long as\n"
	"other reports do. A report that it makes afterwards brings it back. A collector has to "
	"run.\n"
	"\n"
	"Options:\n"
	"  --reason TEXT      for those who look for it later\n" API_CLIENT_HELP "\n"
	"The token's role is operator or admin. Exit status: 0 done, 1 not done, 2 wrong usage.\n";

static int decommission(struct api_client *client, const char *name, const char *reason)
{
	struct arena arena;
	struct api_client_answer answer;
	const char *error = NULL;

	arena_init(&arena);
	struct api_client_call call = { .method = "DELETE" };
	call.path = arena_printf(&arena, "/v1/servers/%s%s%s", api_client_escape(client, name),
				 reason ? "?reason=" : "",
				 reason ? api_client_escape(client, reason) : "");
	enum api_client_result result = api_client_call(client, &call, &answer, &error);
	arena_deinit(&arena);
	if (result != API_CLIENT_OK)
		return terminal_fail("could not take '%s' out of the fleet: %s", name, error);
	terminal_print("%s is no longer watched\n", name);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

int decommission_main(int argc, char **argv)
{
	static const char *const forms[] = { "decommission NAME" };
	const char *reason = NULL;
	struct api_client_options parsed = { 0 };
	struct arguments_option options[] = { { "reason", "TEXT", &reason, 1, 0 },
					      API_CLIENT_OPTIONS(&parsed) };
	struct api_client *client = NULL;
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc == TERMINAL_EXIT_OK)
		rc = api_client_open(&client, &parsed);
	if (rc == TERMINAL_EXIT_OK)
		rc = decommission(client, words.words[0], reason);
	api_client_close(client);
	return rc;
}
