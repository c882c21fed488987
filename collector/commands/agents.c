#include <stdio.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/commands/show.h"
#include "collector/http/query_string.h"
#include "collector/model/record_identity.h"
#include "collector/model/server_key.h"
#include "proto/base/count.h"
#include "proto/base/timestamp.h"

const char agents_help[] =
	"mtawatch-collector agents: list the agents that have enrolled, release one.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector agents list\n"
	"  mtawatch-collector agents list --outdated\n"
	"  mtawatch-collector agents list --data /var/lib/mtawatch\n"
	"  mtawatch-collector agents release EXCH1\n"
	"\n"
	"`list` asks a collector that runs; with --data, --store or --config it reads the store\n"
	"itself, also where none runs, which knows only who enrolled. A host name belongs to the\n"
	"agent that enrolled it first. After a release the next agent with a valid enrolment\n"
	"secret may have it, such as that of a reinstalled server.\n"
	"\n"
	"Options of list:\n"
	"  --outdated         only agents that are older than the collector\n"
	"  --silent           only those that have stopped reporting\n"
	"  --not-monitored    only servers of the inventory that have never reported; of these\n"
	"                     three, several mean any of them\n"
	"  --json             print the collector's answer, for programs\n"
	"  --no-color         no colours (as with the variable NO_COLOR)\n" API_CLIENT_HELP "\n"
	"Options of both:\n" LOCAL_HELP_DATA "\n"
	"A collector that runs knows of a release within a second. Exit status: 0 done, 1 not\n"
	"done, 2 wrong usage; of a list 3 where one of it is silent or not monitored.\n";

static enum status print_one(void *user, const struct record_identity *agent)
{
	char enrolled[TIMESTAMP_TEXT_SIZE];
	(void)user;

	terminal_print("%-24s %-37s %-20s %s\n", agent->name, agent->id ? agent->id : "?",
		       timestamp_format(agent->made_at_ms / 1000 * 1000, enrolled), agent->made_by);
	return STATUS_OK;
}

static int list_stored(struct local *local)
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

/* "silent, outdated"; NULL: it reports, and is as new as the collector. */
static const char *make_state(struct show *show, struct json_reading *in,
			      const struct json_place *at)
{
	bool silent = false;
	bool outdated = false;
	bool missing = false;

	json_get_bool(in, at, "silent", &silent);
	json_get_bool(in, at, "outdated", &outdated);
	json_get_bool(in, at, "not_monitored", &missing);
	if (missing)
		return "not monitored";
	if (!silent && !outdated)
		return NULL;
	return arena_printf(&show->arena, "%s%s%s", silent ? "silent" : "",
			    silent && outdated ? ", " : "", outdated ? "outdated" : "");
}

static enum tint tint_agent(struct show *show, struct json_reading *in, const struct json_place *at)
{
	bool silent = false;
	bool missing = false;

	json_get_bool(in, at, "silent", &silent);
	json_get_bool(in, at, "not_monitored", &missing);
	if (missing)
		return show_note(show, "not_monitored", false);
	return silent ? show_note(show, "silent", false) : TINT_NONE;
}

static const struct show_column agent_columns[] = {
	{ "HOST", "host", .kind = SHOW_NAME },
	{ "STATE", .make = make_state },
	{ "VERSION", "version", .kind = SHOW_TEXT },
	{ "PLATFORM", "platform", .kind = SHOW_TEXT },
	{ "LAST SEEN", "reported_at", .kind = SHOW_SINCE },
	{ "ENROLLED", "enrolled_at", .kind = SHOW_SINCE },
	{ "SECRET", "secret", .kind = SHOW_TEXT },
	{ "ID", "id", .kind = SHOW_TEXT },
};
static const struct show_table agents_table = { agent_columns, COUNT(agent_columns), tint_agent };

/* What the command line says. */
struct agents_options {
	struct local_place place;
	struct show_options show;
	const char *outdated;
	const char *silent;
	const char *missing;
};

static int list_asked(const struct agents_options *o)
{
	struct buffer query = { 0 };
	struct arena arena;

	if (o->outdated)
		query_string_add(&query, "state", "outdated");
	if (o->silent)
		query_string_add(&query, "state", "silent");
	if (o->missing)
		query_string_add(&query, "state", "not_monitored");
	arena_init(&arena);
	struct show_list list = {
		.member = "agents",
		.table = &agents_table,
		.path = arena_printf(&arena, "/v1/agents?%s", query.size ? query.bytes : ""),
	};
	int rc = show_pages(&o->show, &list);
	arena_deinit(&arena);
	buffer_deinit(&query);
	return rc;
}

/* Does it have what only a collector that runs can be asked? */
static bool asks_collector(const struct agents_options *o)
{
	const struct api_client_options *client = &o->show.client;

	return o->outdated || o->silent || o->missing || o->show.json || client->url ||
	       client->token_file || client->ca_file;
}

static bool names_store(const struct agents_options *o)
{
	return o->place.data || o->place.store || o->place.password_file || o->place.config;
}

/* In the store itself: `host` is released, NULL: they are listed. */
static int work_locally(const struct agents_options *o, const char *host)
{
	struct local local;

	int rc = local_open(&local, &o->place, false);
	if (rc == TERMINAL_EXIT_OK)
		rc = host ? release(&local, host) : list_stored(&local);
	local_close(&local);
	return rc;
}

int agents_main(int argc, char **argv)
{
	static const char *const forms[] = { "agents list", "agents release HOST" };
	struct agents_options o = { .outdated = NULL };
	struct arguments_option options[] = {
		{ "outdated", NULL, &o.outdated, 1, 0 },
		{ "silent", NULL, &o.silent, 1, 0 },
		{ "not-monitored", NULL, &o.missing, 1, 0 },
		LOCAL_OPTIONS(&o.place),
		SHOW_OPTIONS(&o.show),
	};
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	const char *host = words.form == 1 ? words.words[1] : NULL;
	bool is_local = host || names_store(&o);
	if (is_local && asks_collector(&o))
		return terminal_refuse("%s works on the store itself; what a collector that runs "
				       "is asked, and which one, has no place there",
				       host ? "agents release"
					    : "agents list with --data, --store or --config");
	return is_local ? work_locally(&o, host) : list_asked(&o);
}
