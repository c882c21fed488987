#include <stdio.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/model/record_identity.h"
#include "collector/model/server_key.h"
#include "proto/base/timestamp.h"

const char agents_help[] =
	"mtawatch-collector agents: list the agents that have enrolled, release one.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector agents list\n"
	"  mtawatch-collector agents release EXCH1\n"
	"\n"
	"A host name belongs to the agent that enrolled it first. After a release the next agent\n"
	"with a valid enrolment secret may have it, such as that of a reinstalled server.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA "\n"
	"A collector that runs knows of a release within a second. Exit status: 0 done, 1 not\n"
	"done, 2 wrong usage.\n";

static enum status print_one(void *user, const struct record_identity *agent)
{
	char enrolled[TIMESTAMP_TEXT_SIZE];
	(void)user;

	terminal_print("%-24s %-37s %-20s %s\n", agent->name, agent->id ? agent->id : "?",
		       timestamp_format(agent->made_at_ms / 1000 * 1000, enrolled), agent->made_by);
	return STATUS_OK;
}

static int list(struct local *local)
{
	char error[STORE_ERROR_SIZE];

	terminal_print("%-24s %-37s %-20s %s\n", "HOST", "ID", "ENROLLED", "SECRET");
	if (store_admin_read_identities(local->store, RECORD_KIND_AGENT, print_one, NULL, error) !=
	    STATUS_OK)
		return terminal_fail("%s", error);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static int release(struct local *local, const char *host)
{
	char key[SERVER_KEY_SIZE];
	char error[STORE_ERROR_SIZE];
	struct record_identity agent = { .kind = RECORD_KIND_AGENT };

	if (strlen(host) >= SERVER_KEY_SIZE)
		return terminal_fail("no agent is enrolled under so long a name");
	agent.name = server_key(host, key);
	switch (local_drop(local, &agent, "agent.release", error)) {
	case STATUS_OK:
		return TERMINAL_EXIT_OK;
	case STATUS_NOT_FOUND:
		return terminal_fail("no agent is enrolled under the name '%s'", agent.name);
	default:
		return terminal_fail("%s", error);
	}
}

int agents_main(int argc, char **argv)
{
	static const char *const forms[] = { "agents list", "agents release HOST" };
	struct local_place place = { 0 };
	struct arguments_option options[] = { LOCAL_OPTIONS(&place) };
	struct arguments words;
	struct local local;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = local_open(&local, &place, false);
	if (rc == TERMINAL_EXIT_OK)
		rc = words.form == 0 ? list(&local) : release(&local, words.words[1]);
	local_close(&local);
	return rc;
}
