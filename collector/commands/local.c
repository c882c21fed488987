#include "collector/commands/local.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/base/data_dir.h"
#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/daemon/options.h"
#include "proto/base/count.h"

/* The user as the system knows them, and as whom they came where they used sudo. */
static const char *name_user(struct arena *arena)
{
	const struct passwd *user = getpwuid(getuid());
	const char *before = getenv("SUDO_USER");
	const char *name = user ? user->pw_name : arena_printf(arena, "%ld", (long)getuid());

	if (before && getuid() == 0)
		return arena_printf(arena, "terminal (%s, sudo by %.63s)", name, before);
	return arena_printf(arena, "terminal (%s)", name);
}

int local_find(const struct local_place *place, struct store_location *out, struct arena *arena)
{
	bool is_here = !place->data && !place->store && access(OPTIONS_CONFIG_FILE, R_OK) == 0;
	const struct {
		const char *name;
		const char *value;
	} given[] = { { "data", place->data },
		      { "store", place->store },
		      { "store-password-file", place->password_file },
		      { "config", place->config ? place->config
				  : is_here     ? OPTIONS_CONFIG_FILE
						: NULL } };
	char *argv[COUNT(given)];
	struct faults faults;
	struct options options;
	int n = 0;

	for (size_t i = 0; i < COUNT(given); i++) {
		if (given[i].value)
			argv[n++] = arena_printf(arena, "--%s=%s", given[i].name, given[i].value);
	}
	if (options_read(&options, n, argv, arena, &faults) != STATUS_OK)
		return terminal_refuse("%s", faults.texts[0]);
	*out = options.store;
	return TERMINAL_EXIT_OK;
}

static int make_directory(const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return TERMINAL_EXIT_OK;
	return terminal_fail("could not make the directory %s: %s", path, strerror(errno));
}

/* Hashes and reports are nobody's business; SQLite gives its other files the same rights. */
static enum status open_store(struct local *local, bool create, char error[STORE_ERROR_SIZE])
{
	mode_t before = umask(0077);
	enum status status = store_admin_open(&local->store, &local->location, false, error);
	if (status == STATUS_NOT_FOUND && create) {
		status = store_admin_open(&local->store, &local->location, true, error);
		local->made_store = status == STATUS_OK;
	}
	umask(before);
	return status;
}

int local_look(struct local *local, const char *directory)
{
	const char *fault = data_dir_fault(directory, &local->arena);

	return fault ? terminal_fail("%s", fault) : TERMINAL_EXIT_OK;
}

int local_prepare(struct local *local, const struct local_place *place)
{
	*local = (struct local){ 0 };
	arena_init(&local->arena);
	local->who = name_user(&local->arena);
	return local_find(place, &local->location, &local->arena);
}

int local_open(struct local *local, const struct local_place *place, bool create)
{
	char error[STORE_ERROR_SIZE];

	int rc = local_prepare(local, place);
	if (rc == TERMINAL_EXIT_OK && create)
		rc = make_directory(local->location.directory);
	if (rc == TERMINAL_EXIT_OK)
		rc = local_look(local, local->location.directory);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	switch (open_store(local, create, error)) {
	case STATUS_OK:
		return TERMINAL_EXIT_OK;
	case STATUS_NOT_FOUND:
		return terminal_fail("%s: %s", error,
				     options_without_store(&local->location, &local->arena));
	default:
		return terminal_fail("%s", error);
	}
}

void local_close(struct local *local)
{
	store_admin_close(local->store);
	arena_deinit(&local->arena);
}

static enum status read_stored_identity(struct local *local, const struct record_identity *identity,
					struct record_identity *out, char error[STORE_ERROR_SIZE])
{
	return store_admin_read_identity(local->store, identity->kind, identity->name,
					 &local->arena, out, error);
}

static struct record_audit line_for(const struct local *local,
				    const struct record_identity *identity, const char *action)
{
	return (struct record_audit){
		.at_ms = loop_wall_ms(),
		.who = local->who,
		.origin = "terminal",
		.action = action,
		.kind = identity->kind,
		.object = identity->name,
		.object_id = identity->id,
	};
}

/* STATUS_CONFLICT: there is one of that name, which stays. */
static enum status add(struct local *local, struct record_identity *identity, const char *action,
		       char error[STORE_ERROR_SIZE])
{
	struct record_audit audit = line_for(local, identity, action);
	struct store_change change = { .add_identity = identity, .audit = &audit };
	struct record_identity stored;

	identity->made_by = local->who;
	identity->made_at_ms = audit.at_ms;
	enum status status = store_admin_change(local->store, &change, error);
	if (status == STATUS_OK)
		status = read_stored_identity(local, identity, &stored, error);
	if (status == STATUS_OK && !secret_hash_equal(stored.hash, identity->hash))
		return STATUS_CONFLICT; /* it was there, and stays */
	return status;
}

int local_make(struct local *local, struct record_identity *identity, const char *prefix,
	       const char *action, const char *path, const char *taken, char text[SECRET_TEXT_SIZE])
{
	char error[STORE_ERROR_SIZE] = "";
	int rc = TERMINAL_EXIT_OK;

	if (secret_make(prefix, text) != STATUS_OK)
		return terminal_fail("the system gave no random numbers");
	secret_hash(text, identity->hash);
	/* A file that cannot be written is known before anything is stored. */
	if (path)
		rc = terminal_hand_out(text, path);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	enum status status = add(local, identity, action, error);
	if (status == STATUS_OK)
		return TERMINAL_EXIT_OK;
	if (path)
		remove(path); /* nobody knows what is in it */
	return terminal_fail("%s", status == STATUS_CONFLICT ? taken : error);
}

enum status local_drop(struct local *local, struct record_identity *identity, const char *action,
		       char error[STORE_ERROR_SIZE])
{
	struct record_identity stored;
	enum status status = read_stored_identity(local, identity, &stored, error);

	if (status != STATUS_OK)
		return status;
	struct record_audit audit = line_for(local, &stored, action);
	struct store_change change = { .drop_identity = &stored, .audit = &audit };
	return store_admin_change(local->store, &change, error);
}
