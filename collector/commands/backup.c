#include <inttypes.h>
#include <stdio.h>

#include "collector/cli/arguments.h"
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
	"that was moved away (--present) it is revoked, released and removed again, and agents\n"
	"that enrolled since stay enrolled; without it is told who may call again. Everybody\n"
	"who was logged in has to log in again.\n"
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

/* What the command line says; NULL: nothing. */
struct parsed_options {
	struct local_place place;
	struct arguments words;
	const char *replace;
	const char *present;
};

static void print_fault(const char *fault)
{
	terminal_print("%s\n", fault);
}

static int back_up(struct local *local, const char *file, const struct parsed_options *parsed)
{
	char error[STORE_ERROR_SIZE];

	if (local_look(local, local->location.directory) != TERMINAL_EXIT_OK)
		return TERMINAL_EXIT_FAILED;
	if (store_backup(&local->location, file, parsed->replace != NULL, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return TERMINAL_EXIT_OK;
}

static int restore_beside(struct local *local, const char *file, struct store_admin *present)
{
	char error[STORE_ERROR_SIZE];

	if (store_restore(file, &local->location, print_fault, error) != STATUS_OK ||
	    store_admin_open(&local->store, &local->location, false, error) != STATUS_OK)
		return terminal_fail("%s", error);
	return revived_put_to_rest(local, present);
}

/* What cannot be read is told before anything is made. */
static int restore_backup(struct local *local, const char *file,
			  const struct parsed_options *parsed)
{
	struct store_location before = { .engine = local->location.backups,
					 .directory = parsed->present };
	struct store_admin *present = NULL;
	char error[STORE_ERROR_SIZE];

	if (local_look(local, local->location.directory) != TERMINAL_EXIT_OK ||
	    (parsed->present && local_look(local, parsed->present) != TERMINAL_EXIT_OK))
		return TERMINAL_EXIT_FAILED;
	if (parsed->present && store_admin_open(&present, &before, false, error) != STATUS_OK)
		return terminal_fail("%s", error);
	int rc = restore_beside(local, file, present);
	store_admin_close(present);
	return rc;
}

static int check_store(struct local *local, const char *file, const struct parsed_options *unused)
{
	char error[STORE_ERROR_SIZE];
	struct store_check found;
	const char *name = file ? file : store_locate(&local->location, &local->arena);
	(void)unused;

	if (!file && local_look(local, local->location.directory) != TERMINAL_EXIT_OK)
		return TERMINAL_EXIT_FAILED;
	enum status status =
		file ? store_check_backup(local->location.backups, file, print_fault, &found, error)
		     : store_check(&local->location, print_fault, &found, error);
	if (status != STATUS_OK)
		return terminal_fail("%s", error);
	if (found.faults > 0)
		return terminal_fail("'%s' is damaged: %zu faults", name, found.faults);
	printf("ok: %" PRId64 " servers, %" PRId64 " reports, %" PRId64 " changes\n", found.servers,
	       found.reports, found.changes);
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

typedef int job(struct local *local, const char *file, const struct parsed_options *parsed);

/* `rc` is that of the reading of the command line. */
static int run_job(int rc, const struct parsed_options *parsed, job *carry_out)
{
	struct local local;

	if (rc != TERMINAL_EXIT_OK)
		return rc;
	rc = local_prepare(&local, &parsed->place);
	if (rc == TERMINAL_EXIT_OK)
		rc = carry_out(&local, parsed->words.words[0], parsed);
	local_close(&local);
	return rc;
}

int backup_main(int argc, char **argv)
{
	static const char *const forms[] = { "backup FILE" };
	struct parsed_options parsed = { .replace = NULL };
	struct arguments_option options[] = { LOCAL_OPTIONS(&parsed.place),
					      { "replace", NULL, &parsed.replace, 1, 0 } };

	return run_job(ARGUMENTS_READ(&parsed.words, argc, argv, forms, options), &parsed, back_up);
}

int restore_main(int argc, char **argv)
{
	static const char *const forms[] = { "restore FILE" };
	struct parsed_options parsed = { .present = NULL };
	struct arguments_option options[] = { LOCAL_OPTIONS(&parsed.place),
					      { "present", "DIR", &parsed.present, 1, 0 } };

	return run_job(ARGUMENTS_READ(&parsed.words, argc, argv, forms, options), &parsed,
		       restore_backup);
}

int check_main(int argc, char **argv)
{
	static const char *const forms[] = { "check [FILE]" };
	struct parsed_options parsed = { .replace = NULL };
	struct arguments_option options[] = { LOCAL_OPTIONS(&parsed.place) };

	return run_job(ARGUMENTS_READ(&parsed.words, argc, argv, forms, options), &parsed,
		       check_store);
}
