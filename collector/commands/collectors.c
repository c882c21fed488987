#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/cluster/collectors.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "proto/base/timestamp.h"

const char collectors_help[] =
	"mtawatch-collector collectors: show which collectors share a database, and who judges.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector collectors list\n"
	"  mtawatch-collector collectors handover mon2\n"
	"  mtawatch-collector collectors forget mon3\n"
	"\n"
	"They read the database themselves, also where no collector runs. `handover` asks the one\n"
	"that judges to leave that to another one, and waits until that does; `forget` takes one\n"
	"out of the list that does not run any more.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA "\n"
	"Exit status: 0 done, 1 not done, 2 wrong usage; of a list 3 where nobody judges.\n";

#define EXIT_NOBODY 3

/* How long a handover is waited for, and how often it is looked. */
#define HANDOVER_S 60
#define LOOK_S     1

static void print_one(const struct store_look *look, const struct record_collector *c,
		      struct arena *arena)
{
	const struct record_collector *judge = collectors_judge(look);
	bool runs = collectors_runs(look, c);
	char since[TIMESTAMP_TEXT_SIZE];
	const char *differ = judge && runs ? collectors_differ(judge, c, arena) : "";
	const char *state = record_collector_state_name(c->state);
	bool is_gone = !runs && c->state != RECORD_COLLECTOR_ENDED;

	terminal_print("%-24s %-10s %-20s %8.1f  %-10s %9.1f  %s%s%s\n", c->node,
		       is_gone ? "silent" : state,
		       timestamp_format(c->since_ms / 1000 * 1000, since),
		       (double)(look->now_ms - c->seen_ms) / 1000, c->version,
		       (double)collectors_clock_ahead_ms(c) / 1000, c->url[0] ? c->url : "-",
		       differ[0] ? "  has other settings: " : "", differ);
}

static int list(struct local *local)
{
	char error[STORE_ERROR_SIZE];
	struct store_look look;

	if (store_admin_look(local->store, &local->arena, &look, error) != STATUS_OK)
		return terminal_fail("%s", error);
	terminal_print("%-24s %-10s %-20s %8s  %-10s %9s  %s\n", "NODE", "STATE", "SINCE",
		       "SEEN (S)", "VERSION", "CLOCK (S)", "ADDRESS");
	for (size_t i = 0; i < look.n; i++)
		print_one(&look, &look.collectors[i], &local->arena);
	if (fflush(stdout) != 0)
		return TERMINAL_EXIT_FAILED;
	return collectors_judge(&look) ? TERMINAL_EXIT_OK : EXIT_NOBODY;
}

static enum status change(struct local *local, struct store_change *change, const char *action,
			  const char *node, char error[STORE_ERROR_SIZE])
{
	struct record_audit audit = {
		.at_ms = loop_wall_ms(),
		.who = local->who,
		.origin = "terminal",
		.action = action,
		.object = node,
	};

	change->audit = &audit;
	return store_admin_change(local->store, change, error);
}

static int fail_unknown(const char *node)
{
	return terminal_fail("no collector '%s' shares the database; `collectors list` shows which "
			     "do",
			     node);
}

/* Until it judges, or for a minute. */
static int wait_for(struct local *local, const char *node)
{
	char error[STORE_ERROR_SIZE] = "";
	struct store_look look;

	for (int s = 0; s < HANDOVER_S; s += LOOK_S) {
		if (store_admin_look(local->store, &local->arena, &look, error) != STATUS_OK)
			return terminal_fail("%s", error);
		const struct record_collector *judge = collectors_judge(&look);
		if (judge && strcmp(judge->node, node) == 0 &&
		    judge->state == RECORD_COLLECTOR_JUDGING)
			return TERMINAL_EXIT_OK;
		sleep(LOOK_S);
	}
	return terminal_fail("%s was asked to judge and does not yet; `collectors list` shows who "
			     "does",
			     node);
}

static int hand_over(struct local *local, const char *node)
{
	char error[STORE_ERROR_SIZE];
	struct store_look look;

	enum status status = store_admin_look(local->store, &local->arena, &look, error);
	if (status != STATUS_OK)
		return terminal_fail("%s", error);
	status = collectors_may_judge(&look, node);
	if (status == STATUS_NOT_FOUND)
		return fail_unknown(node);
	if (status != STATUS_OK)
		return terminal_fail("%s does not stand by", node);
	status = change(local, &(struct store_change){ .hand_over_to = node }, "collector.handover",
			node, error);
	return status == STATUS_OK ? wait_for(local, node) : terminal_fail("%s", error);
}

static int forget(struct local *local, const char *node)
{
	char error[STORE_ERROR_SIZE];
	struct store_look look;

	enum status status = store_admin_look(local->store, &local->arena, &look, error);
	if (status != STATUS_OK)
		return terminal_fail("%s", error);
	status = collectors_may_be_forgotten(&look, node);
	if (status == STATUS_NOT_FOUND)
		return fail_unknown(node);
	if (status != STATUS_OK)
		return terminal_fail("%s runs: it would be there again at once", node);
	status = change(local, &(struct store_change){ .forget_collector = node },
			"collector.forget", node, error);
	return status == STATUS_OK ? TERMINAL_EXIT_OK : terminal_fail("%s", error);
}

int collectors_main(int argc, char **argv)
{
	static const char *const forms[] = { "collectors list", "collectors handover NODE",
					     "collectors forget NODE" };
	struct local_place place = { .data = NULL };
	struct arguments_option options[] = { LOCAL_OPTIONS(&place) };
	struct arguments words;
	struct local local;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = local_open(&local, &place, false);
	if (rc == TERMINAL_EXIT_OK && words.form == 0)
		rc = list(&local);
	else if (rc == TERMINAL_EXIT_OK && words.form == 1)
		rc = hand_over(&local, words.words[1]);
	else if (rc == TERMINAL_EXIT_OK)
		rc = forget(&local, words.words[1]);
	local_close(&local);
	return rc;
}
