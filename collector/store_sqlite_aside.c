#include "collector/store_aside.h"

#include <stdio.h>
#include <stdlib.h>

#include "collector/store_lock.h"
#include "collector/store_sqlite.h"
#include "proto/arena.h"
#include "proto/mem.h"

/* Reports that are read at once. */
#define PAGE 64

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

/* Where a page ends: the next one begins behind it. */
struct place {
	int64_t host_id;
	int64_t at_ms;
	int64_t id;
};

static enum status read_page(struct store_db *db, const struct store_filter *filter,
			     struct place *place, int *n, store_each_report *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read the reports";
	sqlite3_stmt *list = store_db_statement(db, STORE_LIST_REPORTS);
	enum status status = STATUS_OK;
	int code = SQLITE_ROW;

	if (!list || !store_db_bind_text(list, 1, filter->key) ||
	    !store_db_bind_number(list, 2, filter->since_ms) ||
	    !store_db_bind_number(list, 3, filter->until_ms) ||
	    !store_db_bind_number(list, 4, place->host_id) ||
	    !store_db_bind_number(list, 5, place->at_ms) ||
	    !store_db_bind_number(list, 6, place->id) || !store_db_bind_number(list, 7, PAGE))
		return store_db_fail(db, what, error);
	for (*n = 0; status == STATUS_OK && (code = sqlite3_step(list)) == SQLITE_ROW; ++*n) {
		struct record_report report;
		status = store_db_get_report(
			db, list, 2, (const char *)sqlite3_column_text(list, 0), &report, error);
		if (status != STATUS_OK)
			break;
		*place = (struct place){ sqlite3_column_int64(list, 1), report.at_ms,
					 sqlite3_column_int64(list, 2 + STORE_REPORT_ID) };
		status = each(user, &report, place->id);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	sqlite3_reset(list);
	sqlite3_clear_bindings(list);
	return status;
}

enum status store_aside_read_reports(struct store_aside *aside, const struct store_filter *filter,
				     store_each_report *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	struct place place = { 0, INT64_MIN, 0 };
	enum status status = STATUS_OK;
	int n = PAGE;

	while (status == STATUS_OK && n == PAGE)
		status = read_page(&aside->db, filter, &place, &n, each, user, error);
	return status;
}
