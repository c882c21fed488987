#include <inttypes.h>
#include <stdio.h>

#include "collector/cli/arguments.h"
#include "collector/cli/command.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
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
	"  mv /var/lib/mtawatch/mtawatch.db* /root/\n"
	"  runuser -u mtawatch -- mtawatch-collector restore /var/backups/mtawatch.db\n"
	"\n"
	"No collector may run, and a store that is there has to be moved away first: nothing is\n"
	"overwritten. The backup is checked, and brought up to date where an older version wrote "
	"it.\n"
	"Run it as the user that the collector runs as.\n"
	"\n"
	"Options:\n" LOCAL_HELP_DATA "\n"
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

/* One of the three. */
struct job {
	const char *name;
	const char *usage; /* what is expected behind the name */
	size_t min_words;
	size_t max_words;
	bool may_replace; /* knows --replace */
	int (*run)(struct local *local, const char *file, bool replace);
};

static void tell(const char *fault)
{
	terminal_print("%s\n", fault);
}

static int back_up(struct local *local, const char *file, bool replace)
{
	char error[STORE_ERROR_SIZE];

	if (store_backup(local->engine, local->data, file, replace, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

static int restore(struct local *local, const char *file, bool unused)
{
	char error[STORE_ERROR_SIZE];
	(void)unused;

	if (store_restore(local->engine, file, local->data, tell, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

static int check(struct local *local, const char *file, bool unused)
{
	char error[STORE_ERROR_SIZE];
	struct store_check found;
	const char *location =
		file ? file : store_locate(local->engine, local->data, &local->arena);
	(void)unused;

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
	const char *replace = NULL;
	struct arguments_option own[] = { { "replace", NULL, &replace, 1, 0 } };
	struct arguments words;
	struct local_place place;
	struct local local;

	int rc = local_read(argc, argv, job->name, own, job->may_replace, &words, &place);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (words.n_words < job->min_words || words.n_words > job->max_words)
		return terminal_refuse("expected \"%s %s\"; see mtawatch-collector %s --help",
				       job->name, job->usage, job->name);
	rc = local_prepare(&local, &place);
	if (rc == TERMINAL_EXIT_OK)
		rc = job->run(&local, words.n_words > 0 ? words.words[0] : NULL, replace != NULL);
	local_close(&local);
	return rc;
}

int backup_main(int argc, char **argv)
{
	static const struct job job = { "backup", "FILE", 1, 1, true, back_up };
	return run(&job, argc, argv);
}

int restore_main(int argc, char **argv)
{
	static const struct job job = { "restore", "FILE", 1, 1, false, restore };
	return run(&job, argc, argv);
}

int check_main(int argc, char **argv)
{
	static const struct job job = { "check", "[FILE]", 0, 1, false, check };
	return run(&job, argc, argv);
}
