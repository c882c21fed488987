#include "collector/store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/base/file_replace.h"
#include "collector/store/lock.h"
#include "proto/base/arena.h"
#include "proto/base/count.h"

static bool exists(const char *path)
{
	struct stat file;
	return stat(path, &file) == 0;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x;
	struct stat y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum status fail_with(enum status status, char error[STORE_ERROR_SIZE], const char *format,
			     ...) __attribute__((format(PRINTF_FORMAT, 3, 4)));

static enum status fail_with(enum status status, char error[STORE_ERROR_SIZE], const char *format,
			     ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error, STORE_ERROR_SIZE, format, args);
	va_end(args);
	return status;
}

/* SQLite writes into a file that is there and empty; nobody else may read hashes and reports. */
static enum status make_empty(const char *path, char error[STORE_ERROR_SIZE])
{
	if (unlink(path) != 0 && errno != ENOENT)
		return fail_with(STATUS_SYSTEM, error,
				 "could not remove '%s', left by another run: %s", path,
				 strerror(errno));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_with(errno == EACCES || errno == EROFS ? STATUS_DENIED : STATUS_SYSTEM,
				 error, "could not make '%s': %s", path, strerror(errno));
	close(fd); /* nothing was written */
	return STATUS_OK;
}

/* One statement, so one moment: what others commit meanwhile is not in it. */
static enum status vacuum_into(struct store_db *db, const char *path, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *vacuum = NULL;
	enum status status = STATUS_OK;

	if (sqlite3_prepare_v2(db->handle, "VACUUM INTO ?1", -1, &vacuum, NULL) != SQLITE_OK ||
	    !store_db_bind_text(vacuum, 1, path) || sqlite3_step(vacuum) != SQLITE_DONE)
		status = store_db_fail(db, "copy what is", error);
	sqlite3_finalize(vacuum);
	return status;
}

static enum status copy_store(const char *from, const char *to, char error[STORE_ERROR_SIZE])
{
	struct store_db db;

	enum status status = store_db_open_to_read(&db, from, error);
	if (status != STATUS_OK)
		return status;
	status = make_empty(to, error);
	if (status == STATUS_OK)
		status = vacuum_into(&db, to, error);
	store_db_close(&db);
	return status;
}

/* Does the copy hold together, as far as SQLite knows? */
static enum status look_through(const char *path, char error[STORE_ERROR_SIZE])
{
	struct store_db db;

	enum status status = store_db_open_to_read(&db, path, error);
	if (status != STATUS_OK)
		return status;
	sqlite3_stmt *check = NULL;
	if (sqlite3_prepare_v2(db.handle, "PRAGMA quick_check(1)", -1, &check, NULL) != SQLITE_OK ||
	    sqlite3_step(check) != SQLITE_ROW)
		status = store_db_fail(&db, "check the copy", error);
	else if (strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0)
		status = fail_with(STATUS_MALFORMED, error,
				   "the store is damaged, and so would be its copy: %s; see "
				   "mtawatch-collector check",
				   (const char *)sqlite3_column_text(check, 0));
	sqlite3_finalize(check);
	store_db_close(&db);
	return status;
}

/* Nothing but a backup may be replaced, and never the store itself. */
static enum status may_write(const char *store, const char *path, bool replace,
			     char error[STORE_ERROR_SIZE])
{
	struct store_db db;

	if (!exists(store))
		return fail_with(STATUS_NOT_FOUND, error, "there is no store '%s'", store);
	if (!exists(path))
		return STATUS_OK;
	if (is_same_file(store, path))
		return fail_with(STATUS_CONFLICT, error, "'%s' is the store itself", path);
	if (!replace)
		return fail_with(STATUS_CONFLICT, error,
				 "'%s' exists already; --replace replaces an older backup", path);
	if (store_db_open_to_read(&db, path, error) != STATUS_OK)
		return fail_with(STATUS_CONFLICT, error,
				 "'%s' exists and is no backup of a store, so it stays", path);
	store_db_close(&db);
	return STATUS_OK;
}

enum status store_db_backup(const char *directory, const char *path, bool replace,
			    char error[STORE_ERROR_SIZE])
{
	struct arena arena;

	arena_init(&arena);
	const char *store = arena_printf(&arena, "%s/%s", directory, SQLITE_ENGINE_FILE);
	const char *fresh = arena_printf(&arena, "%s.new", path);
	enum status status = may_write(store, path, replace, error);
	if (status == STATUS_OK) {
		status = copy_store(store, fresh, error);
		if (status == STATUS_OK)
			status = look_through(fresh, error);
		if (status == STATUS_OK)
			status = file_publish(fresh, path, error, STORE_ERROR_SIZE);
		if (status != STATUS_OK)
			unlink(fresh);
	}
	arena_deinit(&arena);
	return status;
}

/* Brings the copy up to date and checks it; afterwards it is one file. */
static enum status prepare(const char *path, void (*tell)(const char *fault),
			   char error[STORE_ERROR_SIZE])
{
	struct store_check found;
	struct store_db db;

	enum status status = store_db_open(&db, path, error);
	if (status != STATUS_OK)
		return status;
	status = store_db_migrate(&db, error);
	store_db_close(&db); /* the last connection empties the log and removes it */
	if (status == STATUS_OK)
		status = store_db_check(path, tell, &found, error);
	if (status == STATUS_OK && found.faults > 0)
		status = fail_with(STATUS_MALFORMED, error, "the backup is damaged");
	return status;
}

/*
 * A log that was left alone would be played into the store that is put beside it, so it counts as
 * one.
 */
static enum status must_be_empty(struct arena *arena, const char *store,
				 char error[STORE_ERROR_SIZE])
{
	static const char *const ends[] = { "", "-wal", "-journal" };

	for (size_t i = 0; i < COUNT(ends); i++) {
		const char *path = arena_printf(arena, "%s%s", store, ends[i]);
		if (exists(path))
			return fail_with(STATUS_CONFLICT, error,
					 "'%s' is there already; move it away first", path);
	}
	return STATUS_OK;
}

static void remove_all(struct arena *arena, const char *path)
{
	unlink(path);
	unlink(arena_printf(arena, "%s-wal", path));
	unlink(arena_printf(arena, "%s-shm", path));
}

static enum status restore_backup(struct arena *arena, const char *path, const char *store,
				  void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	const char *fresh = arena_printf(arena, "%s.new", store);

	enum status status = must_be_empty(arena, store, error);
	if (status != STATUS_OK)
		return status;
	remove_all(arena, fresh);
	status = copy_store(path, fresh, error);
	if (status == STATUS_OK)
		status = prepare(fresh, tell, error);
	if (status == STATUS_OK)
		status = file_publish(fresh, store, error, STORE_ERROR_SIZE);
	if (status != STATUS_OK)
		remove_all(arena, fresh);
	return status;
}

enum status store_db_restore(const char *path, const char *directory,
			     void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	struct arena arena;
	int lock;

	arena_init(&arena);
	const char *store = arena_printf(&arena, "%s/%s", directory, SQLITE_ENGINE_FILE);
	enum status status = store_lock_directory(directory, &lock, error, STORE_ERROR_SIZE);
	if (status == STATUS_OK) {
		status = restore_backup(&arena, path, store, tell, error);
		store_lock_release(lock);
	}
	arena_deinit(&arena);
	return status;
}
