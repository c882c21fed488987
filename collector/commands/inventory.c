#include "collector/commands/inventory.h"

#include <stdio.h>
#include <string.h>

#include "collector/base/buffer.h"
#include "collector/base/loop.h"
#include "collector/cli/command.h"
#include "collector/cli/terminal.h"
#include "collector/commands/local.h"
#include "collector/model/server_key.h"
#include "collector/query/inventory_text.h"

const char inventory_help[] =
	"mtawatch-collector inventory: tell which servers there should be.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector inventory import servers.csv\n"
	"  mtawatch-collector inventory import -\n"
	"  mtawatch-collector inventory list\n"
	"  mtawatch-collector inventory remove EXCH7\n"
	"\n"
	"The file has a name a line, or is CSV with the columns name, organization, site. It "
	"takes\n"
	"the place of what was imported before. A server of the inventory that has never reported\n"
	"is shown as not monitored.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA "\n"
	"A collector that runs knows of the change with the next query. Exit status: 0 done, 1 "
	"not\n"
	"done, 2 wrong usage.\n";

static int change(struct local *local, struct store_change *change, const char *action,
		  const char *object)
{
	char error[STORE_ERROR_SIZE];
	struct record_audit audit = {
		.at_ms = loop_wall_ms(),
		.who = local->who,
		.origin = "terminal",
		.action = action,
		.kind = *object ? RECORD_KIND_SERVER : RECORD_KIND_NONE,
		.object = object,
	};

	change->audit = &audit;
	if (store_aside_change(local->store, change, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

static int import(struct local *local, const char *name)
{
	struct store_change replace = { .expect = STORE_EXPECT_REPLACE };
	struct record_expected *rows = NULL;
	char error[INVENTORY_ERROR_SIZE];
	struct buffer text;
	int rc = TERMINAL_EXIT_FAILED;

	buffer_init(&text);
	if (terminal_read_file(name, INVENTORY_MAX_BYTES, &text)) {
		if (inventory_text_read(text.size ? text.bytes : "", text.size, loop_wall_ms(),
					&local->arena, &rows, &replace.n_expected,
					error) != STATUS_OK) {
			terminal_fail("'%s', %s", name, error);
		} else {
			replace.expected = rows;
			rc = change(local, &replace, "inventory.replace", "");
		}
	}
	buffer_deinit(&text);
	if (rc == TERMINAL_EXIT_OK)
		printf("%zu servers are expected\n", replace.n_expected);
	return rc;
}

static enum status print_one(void *user, const struct record_expected *row)
{
	(void)user;
	printf("%-24s %-24s %s\n", row->server, row->organization, row->site);
	return STATUS_OK;
}

static int list(struct local *local)
{
	char error[STORE_ERROR_SIZE];

	printf("%-24s %-24s %s\n", "HOST", "ORGANIZATION", "SITE");
	if (store_aside_read_expected(local->store, print_one, NULL, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static enum status look_for(void *user, const struct record_expected *row)
{
	struct record_expected *wanted = user;

	if (strcmp(row->key, wanted->key) == 0)
		wanted->server = wanted->key; /* found */
	return STATUS_OK;
}

static int remove_one(struct local *local, const char *name)
{
	char key[SERVER_KEY_SIZE];
	char error[STORE_ERROR_SIZE];
	struct record_expected row = { .key = server_key(name, key) };
	struct store_change drop = { .expect = STORE_EXPECT_DROP,
				     .expected = &row,
				     .n_expected = 1 };

	if (store_aside_read_expected(local->store, look_for, &row, error) != STATUS_OK)
		return terminal_fail("%s", error);
	if (!row.server)
		return terminal_fail("no server of the name '%s' is expected", key);
	return change(local, &drop, "inventory.remove", key);
}

int inventory_main(int argc, char **argv)
{
	struct local_place place;
	struct arguments words;
	struct local local;

	int rc = local_read(argc, argv, "inventory", &words, &place);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	bool lists = words.n_words == 1 && strcmp(words.words[0], "list") == 0;
	bool imports = words.n_words == 2 && strcmp(words.words[0], "import") == 0;
	bool removes = words.n_words == 2 && strcmp(words.words[0], "remove") == 0;
	if (!lists && !imports && !removes)
		return terminal_refuse("expected \"inventory import FILE\", \"inventory list\" or "
				       "\"inventory remove HOST\"; see mtawatch-collector "
				       "inventory --help");
	rc = local_open(&local, place.data, place.config, false);
	if (rc == TERMINAL_EXIT_OK && lists)
		rc = list(&local);
	else if (rc == TERMINAL_EXIT_OK)
		rc = imports ? import(&local, words.words[1]) : remove_one(&local, words.words[1]);
	local_close(&local);
	return rc;
}
