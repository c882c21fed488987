#include <inttypes.h>
#include <stdio.h>

#include "collector/cli/arguments.h"
#include "collector/cli/command.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/commands/revived.h"
#include "collector/store/backup.h"
#include "collector/store/check.h"

const char backup_help[] =
	"mtawatch-collector backup: copy the store into a file, also while a collector runs.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector backup /var/backups/mtawatch-monday.db\n"
	"  mtawatch-collector backup --replace /var/backups/mtawatch.db\n"
	"\n"
	"The file holds the store as it was at one moment, checked, without the space that is "
	"free\n"
	"in it. It is there whole or not at all. It has the hashes of tokens and keys in it, so "
	"only\n"
	"its owner may read it. Certificates and their keys are files of their own in the data\n"
	"directory: copy them once, after `init`.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA "  --replace          replace an older backup of that name\n"
	"\n"
	"Exit status: 0 done, 1 not done, 2 wrong usage.\n";

const char restore_help[] =
	"mtawatch-collector restore: make the store from a backup.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector restore --data ./data backup.db\n"
	"\n"
	"  systemctl stop mtawatch-collector\n"
	"  cd /var/lib/mtawatch && runuser -u mtawatch -- mkdir before && mv mtawatch.db* before\n"
	"  runuser -u mtawatch -- mtawatch-collector restore --present before \\\n"
	"    /var/backups/mtawatch.db\n"
	"\n"
	"No collector may run, and a store that is there has to be moved away first: nothing is\n"
	"overwritten. The backup is checked, and brought up to date where an older version wrote "
	"it.\n"
	"Run it as the user that the collector runs as.\n"
	"\n"
	"A backup brings back to life what was revoked, released and removed since. With the "
	"store\n"
	"that was moved away (--present) it is revoked, released and removed again; without it is\n"
	"told who may call again. Everybody who was logged in has to log in again.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA
	"  --present DIR      the directory with the store that was in use before\n"
	"\n"
	"Exit status: 0 done, 1 not done, 2 wrong usage.\n";

const char check_help[] =
	"mtawatch-collector check: find out whether the store, or a backup, is whole.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector check\n"
	"  mtawatch-collector check /var/backups/mtawatch.db\n"
	"\n"
	"Reads everything, also while a collector runs, changes nothing, and prints each fault on "
	"a\n"
	"line of its own.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA "\n"
	"Exit status: 0 it is whole, 1 it is not or cannot be read, 2 wrong usage.\n";

/* The options of their own; NULL: not said. */
struct said {
	const char *replace;
	const char *present;
};

/* One of the three. */
struct job {
	const char *name;
	const char *usage; /* what is expected behind the name */
	size_t min_words;
	size_t max_words;
	bool may_replace; /* knows --replace */
	bool may_compare; /* knows --present */
	int (*run)(struct local *local, const char *file, const struct said *said);
};

static void tell(const char *fault)
{
	terminal_print("%s\n", fault);
}

static int back_up(struct local *local, const char *file, const struct said *said)
{
	char error[STORE_ERROR_SIZE];

	if (local_look(local, local->data) != TERMINAL_EXIT_OK)
		return TERMINAL_EXIT_FAILED;
	if (store_backup(local->engine, local->data, file, said->replace != NULL, error) !=
	    STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

static int restore_beside(struct local *local, const char *file, struct store_admin *present)
{
	char error[STORE_ERROR_SIZE];

	if (store_restore(local->engine, file, local->data, tell, error) != STATUS_OK ||
	    store_admin_open(&local->store, local->engine, local->data, false, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return revived_put_to_rest(local, present);
}

/* What cannot be read is told before anything is made. */
static int restore(struct local *local, const char *file, const struct said *said)
{
	struct store_admin *present = NULL;
	char error[STORE_ERROR_SIZE];

	if (local_look(local, local->data) != TERMINAL_EXIT_OK ||
	    (said->present && local_look(local, said->present) != TERMINAL_EXIT_OK))
		return TERMINAL_EXIT_FAILED;
	if (said->present &&
	    store_admin_open(&present, local->engine, said->present, false, error) != STATUS_OK)
		return terminal_fail("%s", error);
	int rc = restore_beside(local, file, present);
	store_admin_close(present);
	return rc;
}

static int check(struct local *local, const char *file, const struct said *unused)
{
	char error[STORE_ERROR_SIZE];
	struct store_check found;
	const char *location =
		file ? file : store_locate(local->engine, local->data, &local->arena);
	(void)unused;

	if (!file && local_look(local, local->data) != TERMINAL_EXIT_OK)
		return TERMINAL_EXIT_FAILED;
	if (store_check(local->engine, location, tell, &found, error) != STATUS_OK)
		return terminal_fail("%s", error);
	if (found.faults > 0)
		return terminal_fail("'%s' is damaged: %zu faults", location, found.faults);
	printf("ok: %" PRId64 " servers, %" PRId64 " reports, %" PRId64 " changes\n", found.servers,
	       found.reports, found.changes);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static int run(const struct job *job, int argc, char **argv)
{
	struct said said = { NULL, NULL };
	struct arguments_option replace = { "replace", NULL, &said.replace, 1, 0 };
	struct arguments_option present = { "present", "DIR", &said.present, 1, 0 };
	struct arguments words;
	struct local_place place;
	struct local local;

	int rc = local_read(argc, argv, job->name, job->may_replace ? &replace : &present,
			    job->may_replace || job->may_compare, &words, &place);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (words.n_words < job->min_words || words.n_words > job->max_words)
		return terminal_refuse("expected \"%s %s\"; see mtawatch-collector %s --help",
				       job->name, job->usage, job->name);
	rc = local_prepare(&local, &place);
	if (rc == TERMINAL_EXIT_OK)
		rc = job->run(&local, words.n_words > 0 ? words.words[0] : NULL, &said);
	local_close(&local);
	return rc;
}

int backup_main(int argc, char **argv)
{
	static const struct job job = { "backup", "FILE", 1, 1, true, false, back_up };
	return run(&job, argc, argv);
}

int restore_main(int argc, char **argv)
{
	static const struct job job = { "restore", "FILE", 1, 1, false, true, restore };
	return run(&job, argc, argv);
}

int check_main(int argc, char **argv)
{
	static const struct job job = { "check", "[FILE]", 0, 1, false, false, check };
	return run(&job, argc, argv);
}
