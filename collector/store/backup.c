#include "collector/store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/store/copy.h"
#include "proto/base/arena.h"

/* A store of the engine of backups, in a directory of its own, which goes again. */
struct scratch {
	struct store_location location;
	char *directory;
};

/* Between a store of another engine and a file. `beside`: what its name begins with. */
static enum status make_scratch(struct scratch *scratch, const struct store_location *of,
				const char *beside, struct arena *arena,
				char error[STORE_ERROR_SIZE])
{
	scratch->directory = arena_printf(arena, "%s.XXXXXX", beside);
	if (!mkdtemp(scratch->directory)) {
		snprintf(error, STORE_ERROR_SIZE, "could not make the directory '%s': %s",
			 scratch->directory, strerror(errno));
		return errno == EACCES || errno == EROFS ? STATUS_DENIED : STATUS_SYSTEM;
	}
	scratch->location =
		(struct store_location){ .engine = of->backups, .directory = scratch->directory };
	return STATUS_OK;
}

/* Files lie in it, and nothing below them. */
static void remove_scratch(const struct scratch *scratch)
{
	DIR *directory = opendir(scratch->directory);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0); /* "." and ".." stay */
	if (directory)
		closedir(directory);
	rmdir(scratch->directory);
}

static enum status copy_into(const struct store_location *to, const struct store_connection *from,
			     char error[STORE_ERROR_SIZE])
{
	struct store_connection writer = { .engine = to->engine };

	enum status status = from->engine->begin_snapshot(from->db, error);
	if (status == STATUS_OK)
		status = to->engine->open_writer(&writer.db, to, NULL, error);
	if (status != STATUS_OK)
		return status;
	status = store_copy(from, &writer, error);
	to->engine->close(writer.db);
	return status;
}

static enum status copy_to_file(const struct store_connection *from, const struct scratch *scratch,
				const char *path, bool replace, char error[STORE_ERROR_SIZE])
{
	enum status status = copy_into(&scratch->location, from, error);

	return status == STATUS_OK
		       ? scratch->location.engine->backup(&scratch->location, path, replace, error)
		       : status;
}

/* What has to be said before anything is read, for that may take long. */
static enum status may_write(const char *path, bool replace, char error[STORE_ERROR_SIZE])
{
	if (replace || access(path, F_OK) != 0)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE, "'%s' exists already; --replace replaces an older backup",
		 path);
	return STATUS_CONFLICT;
}

static enum status backup_through(const struct store_location *location, const char *path,
				  bool replace, char error[STORE_ERROR_SIZE])
{
	struct store_connection from = { .engine = location->engine };
	struct scratch scratch;
	struct arena arena;

	enum status status = may_write(path, replace, error);
	if (status == STATUS_OK)
		status = location->engine->open_admin(&from.db, location, false, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&arena);
	status = make_scratch(&scratch, location, path, &arena, error);
	if (status == STATUS_OK) {
		status = copy_to_file(&from, &scratch, path, replace, error);
		remove_scratch(&scratch);
	}
	arena_deinit(&arena);
	location->engine->close(from.db);
	return status;
}

enum status store_backup(const struct store_location *location, const char *path, bool replace,
			 char error[STORE_ERROR_SIZE])
{
	return location->engine->backup ? location->engine->backup(location, path, replace, error)
					: backup_through(location, path, replace, error);
}

static enum status fill_store(const struct store_location *location,
			      const struct store_connection *from, char error[STORE_ERROR_SIZE])
{
	struct store_connection to = { .engine = location->engine };

	enum status status = to.engine->begin_restore(&to.db, location, error);
	if (status != STATUS_OK)
		return status;
	status = store_copy(from, &to, error);
	return to.engine->end_restore(to.db, location, status, error);
}

static enum status restore_from(const struct scratch *scratch,
				const struct store_location *location, char error[STORE_ERROR_SIZE])
{
	struct store_connection from = { .engine = scratch->location.engine };

	enum status status = from.engine->open_reader(&from.db, &scratch->location, error);
	if (status != STATUS_OK)
		return status;
	status = from.engine->begin_snapshot(from.db, error);
	if (status == STATUS_OK)
		status = fill_store(location, &from, error);
	from.engine->close(from.db);
	return status;
}

/* In the scratch the backup is checked and brought up to date, whichever version wrote it. */
static enum status restore_through(const char *path, const struct store_location *location,
				   void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	const char *folder = getenv("TMPDIR");
	struct scratch scratch;
	struct arena arena;

	arena_init(&arena);
	const char *beside = arena_printf(&arena, "%s/mtawatch-restore",
					  folder && *folder ? folder : "/var/tmp");
	enum status status = make_scratch(&scratch, location, beside, &arena, error);
	if (status == STATUS_OK) {
		status = scratch.location.engine->restore(path, &scratch.location, tell, error);
		if (status == STATUS_OK)
			status = restore_from(&scratch, location, error);
		remove_scratch(&scratch);
	}
	arena_deinit(&arena);
	return status;
}

enum status store_restore(const char *path, const struct store_location *location,
			  void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	return location->engine->restore ? location->engine->restore(path, location, tell, error)
					 : restore_through(path, location, tell, error);
}
