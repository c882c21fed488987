#include <stdio.h>

#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "collector/query/inventory_change.h"
#include "collector/query/inventory_text.h"
#include "proto/base/buffer.h"

const char inventory_help[] =
	"mtawatch-collector inventory: tell which servers there should be.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector inventory import servers.csv --dry-run\n"
	"  mtawatch-collector inventory import servers.csv\n"
	"  net view | mtawatch-collector inventory import -\n"
	"  mtawatch-collector inventory restore\n"
	"  mtawatch-collector inventory list\n"
	"  mtawatch-collector inventory remove EXCH7\n"
	"\n"
	"The file has a name a line, or is a table with the columns name, organization, site\n"
	"between commas, semicolons or tabs, perhaps with a heading and others; or it is what\n"
	"`net view` prints, or a collector's servers.csv. It takes the place of what was imported\n"
	"before, which `restore` brings back. A server of the inventory that has never reported "
	"is\n"
	"shown as not monitored.\n"
	"\n"
	"Options:\n"
	"  --dry-run          say what an import or restore adds and drops, and change nothing\n"
	"  --yes              import also what is empty or drops more than half of the "
	"list\n" LOCAL_HELP_DATA "\n"
	"A collector that runs knows of the change with the next query. Exit status: 0 done, 1 "
	"not\n"
	"done, 2 wrong usage.\n";

/* What the command line says. */
struct inventory_options {
	const char *dry_run;
	const char *yes;
};

static int change_inventory(struct local *t, struct store_change *change, const char *action,
			    const char *object)
{
	char error[STORE_ERROR_SIZE];
	struct record_audit audit = {
		.at_ms = loop_wall_ms(),
		.who = t->who,
		.origin = "terminal",
		.action = action,
		.kind = *object ? RECORD_KIND_SERVER : RECORD_KIND_NONE,
		.object = object,
	};

	change->audit = &audit;
	if (store_admin_change(t->store, change, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

/*
 * Says what `after` changes, and puts it in the place of what is expected now. What drops most
 * needs the administrator's yes where `asks`.
 */
static int replace(struct local *t, const struct inventory_options *o, struct inventory_list *after,
		   bool asks, const char *action)
{
	struct inventory_list before = { .arena = &t->arena };
	struct inventory_change difference;
	char error[STORE_ERROR_SIZE];

	if (store_admin_read_expected(t->store, inventory_list_add, &before, error) != STATUS_OK)
		return terminal_fail("%s", error);
	inventory_change_find(&before, after->rows, after->n, &t->arena, &difference);
	terminal_print("%s\n", inventory_change_text(&difference, &t->arena));
	fflush(stdout); /* before what may be said of it */
	if (asks && !o->yes && inventory_change_needs_consent(&difference))
		return terminal_fail("nothing was changed: %s; add --yes if that is meant",
				     after->n == 0 ? "the list is empty"
						   : "it drops more than half of the servers");
	if (o->dry_run) {
		terminal_print("nothing was changed\n");
		return TERMINAL_EXIT_OK;
	}
	struct store_change change_all = { .expect = STORE_EXPECT_REPLACE,
					   .expected = after->rows,
					   .n_expected = after->n };
	int rc = inventory_change_is_none(&difference)
			 ? TERMINAL_EXIT_OK
			 : change_inventory(t, &change_all, action, "");
	if (rc == TERMINAL_EXIT_OK)
		terminal_print("%zu servers are expected\n", after->n);
	return rc;
}

static int import(struct local *t, const struct inventory_options *o, const char *name)
{
	struct inventory_list list = { .arena = &t->arena };
	char error[INVENTORY_ERROR_SIZE];
	struct buffer text;
	int rc = TERMINAL_EXIT_FAILED;

	buffer_init(&text);
	if (terminal_read_file(name, INVENTORY_MAX_BYTES, &text)) {
		if (inventory_text_read(text.size ? text.bytes : "", text.size, loop_wall_ms(),
					&t->arena, &list.rows, &list.n, error) != STATUS_OK)
			terminal_fail("'%s', %s", name, error);
		else
			rc = replace(t, o, &list, true, "inventory.replace");
	}
	buffer_deinit(&text);
	return rc;
}

static int restore_inventory(struct local *t, const struct inventory_options *o)
{
	struct inventory_list former = { .arena = &t->arena };
	char error[STORE_ERROR_SIZE];

	if (store_admin_read_former_expected(t->store, inventory_list_add, &former, error) !=
	    STATUS_OK)
		return terminal_fail("%s", error);
	if (former.n == 0)
		return terminal_fail("there is no former list to bring back");
	return replace(t, o, &former, false, "inventory.restore");
}

static enum status print_one(void *user, const struct record_expected *row)
{
	(void)user;
	terminal_print("%-24s %-24s %s\n", row->server, row->organization, row->site);
	return STATUS_OK;
}

static int list(struct local *t)
{
	char error[STORE_ERROR_SIZE];

	terminal_print("%-24s %-24s %s\n", "HOST", "ORGANIZATION", "SITE");
	if (store_admin_read_expected(t->store, print_one, NULL, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static int remove_one(struct local *t, const char *name)
{
	char key[SERVER_KEY_SIZE];
	char error[STORE_ERROR_SIZE];
	struct inventory_list list = { .arena = &t->arena };
	struct record_expected row = { .key = server_key(name, key) };
	struct store_change drop = { .expect = STORE_EXPECT_DROP,
				     .expected = &row,
				     .n_expected = 1 };

	if (store_admin_read_expected(t->store, inventory_list_add, &list, error) != STATUS_OK)
		return terminal_fail("%s", error);
	if (!inventory_list_find(&list, key))
		return terminal_fail("no server of the name '%s' is expected", key);
	return change_inventory(t, &drop, "inventory.remove", key);
}

static int carry_out(struct local *t, const struct inventory_options *o,
		     const struct arguments *words)
{
	switch (words->form) {
	case 0:
		return import(t, o, words->words[1]);
	case 1:
		return restore_inventory(t, o);
	case 2:
		return list(t);
	default:
		return remove_one(t, words->words[1]);
	}
}

int inventory_main(int argc, char **argv)
{
	static const char *const forms[] = { "inventory import FILE", "inventory restore",
					     "inventory list", "inventory remove HOST" };
	struct inventory_options o = { .dry_run = NULL };
	struct local_place place = { 0 };
	struct arguments_option options[] = {
		{ "dry-run", NULL, &o.dry_run, 1, 0 },
		{ "yes", NULL, &o.yes, 1, 0 },
		LOCAL_OPTIONS(&place),
	};
	struct arguments words;
	struct local local;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = local_open(&local, &place, false);
	if (rc == TERMINAL_EXIT_OK)
		rc = carry_out(&local, &o, &words);
	local_close(&local);
	return rc;
}
