#include "collector/store/sqlite/internal.h"

static enum status add_delivery(struct store_db *db, const struct record_delivery *d,
				char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store a notification";
	sqlite3_stmt *add =
		STORE_BOUND(db, STORE_ADD_DELIVERY, STORE_NUMBER(d->id), STORE_TEXT(d->hook),
			    STORE_TEXT(d->lane), STORE_NUMBER(d->state), STORE_NUMBER(d->made_ms),
			    STORE_NUMBER(d->next_ms));

	if (add && sqlite3_bind_blob64(add, 7, d->body, d->body_size, SQLITE_STATIC) != SQLITE_OK)
		add = NULL;
	return store_db_run(db, add, what, error);
}

/* A delivery that comes to its end makes the oldest of those with the same end go. */
static enum status put_delivery(struct store_db *db, const struct record_delivery *d,
				char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_DELIVERY);

	if (!put || !store_db_bind_number(put, 1, d->id) ||
	    !store_db_bind_number(put, 2, (int64_t)d->state) ||
	    !store_db_bind_number(put, 3, d->next_ms) || !store_db_bind_time(put, 4, d->ended_ms) ||
	    !store_db_bind_number(put, 5, d->attempts) || !store_db_bind_text(put, 6, d->result))
		put = NULL;
	enum status status = store_db_run(db, put, "store what became of a notification", error);
	if (status == STATUS_OK && d->state != RECORD_DELIVERY_WAITING)
		status = STORE_RUN(db, STORE_TRIM_DELIVERIES, "drop old notifications", error,
				   STORE_NUMBER(d->state), STORE_NUMBER(STORE_MAX_DELIVERIES));
	return status;
}

enum status store_db_put_deliveries(struct store_db *db, const struct store_change *change,
				    char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < change->n_deliveries; i++)
		status = add_delivery(db, change->deliveries[i], error);
	if (status == STATUS_OK && change->delivery)
		status = put_delivery(db, change->delivery, error);
	return status;
}

/* A body that is damaged, or names no alert, gives no text. */
static enum status give_delivery(sqlite3_stmt *row, union store_record *record,
				 const struct store_reader *reader)
{
	int after = (int)store_deliveries.n_columns;

	record->delivery.about = (struct record_about){
		store_db_text(row, after),
		store_db_text(row, after + 1),
		store_db_text(row, after + 2),
		sqlite3_column_int64(row, after + 3),
	};
	return ((store_each_delivery *)reader->each)(reader->user, &record->delivery);
}

enum status store_db_read_deliveries(struct store_db *db, enum record_delivery_state state,
				     int64_t before, store_each_delivery *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *list =
		STORE_BOUND(db, STORE_LIST_DELIVERIES, STORE_NUMBER(state), STORE_NUMBER(before));

	return store_db_rows(db, list, &store_deliveries, "read the notifications",
			     STORE_READER(give_delivery, each, user), error);
}

enum status store_db_read_delivery(struct store_db *db, int64_t id, struct arena *arena,
				   struct record_delivery *out, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *find = STORE_BOUND(db, STORE_ONE_DELIVERY, STORE_NUMBER(id));
	union store_record record;
	enum status status = store_db_step(db, find, "read a notification", error);

	if (status == STATUS_OK)
		status = store_db_get(db, find, &store_deliveries, &record, error);
	if (status == STATUS_OK) {
		*out = record.delivery;
		out->body = sqlite3_column_blob(find, (int)store_deliveries.n_columns);
		out->body_size =
			(size_t)sqlite3_column_bytes(find, (int)store_deliveries.n_columns);
		store_keep_delivery(out, arena);
	}
	store_db_done(find);
	return status;
}
