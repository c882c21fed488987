#include "collector/store_aside.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/store_lock.h"
#include "collector/store_sqlite.h"
#include "proto/arena.h"
#include "proto/mem.h"

struct store_aside {
	struct store_db db;
};

static bool exists(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (file)
		fclose(file); /* only looked */
	return file != NULL;
}

/* The schema is ours to change only under the lock, that is, while no collector runs. */
static enum status bring_up_to_date(struct store_db *db, const char *lock_path,
				    char error[STORE_ERROR_SIZE])
{
	char ignored[STORE_ERROR_SIZE];
	int lock;

	if (store_lock_take(lock_path, &lock, ignored, sizeof ignored) != STATUS_OK)
		return store_db_is_current(db, error);
	enum status status = store_db_migrate(db, error);
	store_lock_release(lock);
	return status;
}

static enum status open_files(struct store_aside *aside, const char *directory, bool create,
			      char error[STORE_ERROR_SIZE])
{
	struct arena arena;
	arena_init(&arena);
	const char *lock = arena_printf(&arena, "%s/%s", directory, STORE_LOCK);
	const char *file = arena_printf(&arena, "%s/%s", directory, STORE_FILE);
	enum status status = STATUS_NOT_FOUND;

	snprintf(error, STORE_ERROR_SIZE, "there is no store in %s", directory);
	if (create || exists(file))
		status = store_db_open(&aside->db, file, error);
	if (status == STATUS_OK)
		status = bring_up_to_date(&aside->db, lock, error);
	arena_deinit(&arena);
	return status;
}

enum status store_aside_open(struct store_aside **out, const char *directory, bool create,
			     char error[STORE_ERROR_SIZE])
{
	struct store_aside *aside = mem_alloc(sizeof *aside);
	enum status status = open_files(aside, directory, create, error);

	if (status == STATUS_OK)
		*out = aside;
	else
		store_aside_close(aside);
	return status;
}

void store_aside_close(struct store_aside *aside)
{
	if (!aside)
		return;
	store_db_close(&aside->db);
	free(aside);
}

enum status store_aside_change(struct store_aside *aside, const struct store_change *change,
			       char error[STORE_ERROR_SIZE])
{
	return store_db_commit(&aside->db, &change, 1, NULL, error);
}

enum status store_aside_read_identity(struct store_aside *aside, enum record_kind kind,
				      const char *name, struct arena *arena,
				      struct record_identity *out, char error[STORE_ERROR_SIZE])
{
	return store_db_read_identity(&aside->db, kind, name, arena, out, error);
}

enum status store_aside_read_identities(struct store_aside *aside, enum record_kind kind,
					store_each_identity *each, void *user,
					char error[STORE_ERROR_SIZE])
{
	return store_db_read_identities(&aside->db, kind, "", SIZE_MAX / 2, each, user, error);
}

enum status store_aside_read_expected(struct store_aside *aside, store_each_expected *each,
				      void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_read_expected(&aside->db, each, user, error);
}
