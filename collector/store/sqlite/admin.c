#include "collector/store/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/file_open.h"
#include "collector/store/lock.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

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

enum status store_db_open_admin(struct store_db *db, const char *directory, bool create,
				char error[STORE_ERROR_SIZE])
{
	struct arena arena;
	arena_init(&arena);
	const char *lock = arena_printf(&arena, "%s/%s", directory, STORE_LOCK);
	const char *file = arena_printf(&arena, "%s/%s", directory, SQLITE_ENGINE_FILE);
	enum status status = STATUS_NOT_FOUND;

	snprintf(error, STORE_ERROR_SIZE, "there is no store in %s", directory);
	if (create || !file_fault(file))
		status = store_db_open(db, file, error);
	if (status == STATUS_OK)
		status = bring_up_to_date(db, lock, error);
	arena_deinit(&arena);
	return status;
}

/* The server whose reports are read, and their numbers in the order of their times. */
struct reading {
	struct store_db *db;
	const struct store_filter *filter;
	int64_t host_id;
	struct buffer key;
	int64_t *ids;
	size_t n;
	size_t room;
};

static const char reading_reports[] = "read the reports";

/* A damaged table may give the same server again and again. */
static enum status set_host(struct reading *r, int64_t id, const char *key,
			    char error[STORE_ERROR_SIZE])
{
	if (id <= r->host_id) {
		snprintf(error, STORE_ERROR_SIZE,
			 "'%s' is damaged: behind the host %" PRId64 " comes the host %" PRId64,
			 r->db->path, r->host_id, id);
		return STATUS_MALFORMED;
	}
	r->host_id = id;
	buffer_add_text(&r->key, key);
	return STATUS_OK;
}

/* Goes on to the next server, if there is one. */
static enum status next_host(struct reading *r, bool *found, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *next = STORE_BOUND(r->db, STORE_HOST_BEHIND, STORE_NUMBER(r->host_id),
					 STORE_TEXT(r->filter->key));
	enum status status = store_db_step(r->db, next, reading_reports, error);
	*found = status == STATUS_OK;
	r->key.size = 0;
	if (*found)
		status = set_host(r, sqlite3_column_int64(next, 0), store_db_text(next, 1), error);
	sqlite3_reset(next);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_id(sqlite3_stmt *row, void *user)
{
	struct reading *r = user;

	r->ids = mem_make_room(r->ids, r->n, &r->room, sizeof *r->ids);
	r->ids[r->n++] = sqlite3_column_int64(row, 0);
	return STATUS_OK;
}

static enum status list_ids(struct reading *r, char error[STORE_ERROR_SIZE])
{
	r->n = 0;
	sqlite3_stmt *list =
		STORE_BOUND(r->db, STORE_LIST_REPORTS, STORE_NUMBER(r->host_id),
			    STORE_NUMBER(r->filter->since_ms), STORE_NUMBER(r->filter->until_ms));
	return store_db_list(r->db, list, reading_reports, add_id, r, error);
}

static enum status get_one(struct reading *r, int64_t id, struct arena *arena,
			   struct record_report *out, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *read =
		STORE_BOUND(r->db, STORE_ONE_REPORT, STORE_NUMBER(id), STORE_NUMBER(r->host_id));
	enum status status = store_db_step(r->db, read, reading_reports, error);
	if (status == STATUS_OK)
		status = store_db_get_report(r->db, read, 0, r->key.bytes, out, error);
	if (status == STATUS_OK)
		store_keep_report(out, arena);
	sqlite3_reset(read);
	return status;
}

/*
 * One that has gone since its number was read is left out. `each` may wait for long, for whoever
 * reads a pipe: it has a copy, and meanwhile nothing is read that the log would have to be kept
 * for.
 */
static enum status read_one(struct reading *r, int64_t id, store_each_report *each, void *user,
			    char error[STORE_ERROR_SIZE])
{
	struct record_report report;
	struct arena arena;

	arena_init(&arena);
	enum status status = get_one(r, id, &arena, &report, error);
	if (status == STATUS_OK)
		status = each(user, &report, id);
	else if (status == STATUS_NOT_FOUND)
		status = STATUS_OK;
	arena_deinit(&arena);
	return status;
}

enum status store_db_read_reports(struct store_db *db, const struct store_filter *filter,
				  store_each_report *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct reading r = { .db = db, .filter = filter };
	bool found = false;

	buffer_init(&r.key);
	enum status status = next_host(&r, &found, error);
	while (status == STATUS_OK && found) {
		status = list_ids(&r, error);
		for (size_t i = 0; status == STATUS_OK && i < r.n; i++)
			status = read_one(&r, r.ids[i], each, user, error);
		if (status == STATUS_OK)
			status = next_host(&r, &found, error);
	}
	buffer_deinit(&r.key);
	free(r.ids);
	return status;
}
