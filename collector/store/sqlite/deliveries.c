#include "collector/store/sqlite/internal.h"
#include "proto/base/timestamp.h"

static enum status add_delivery(struct store_db *db, const struct record_delivery *d,
				char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store a notification";
	sqlite3_stmt *add = store_db_statement(db, STORE_ADD_DELIVERY);

	if (!add || !store_db_bind_number(add, 1, d->id) || !store_db_bind_text(add, 2, d->hook) ||
	    !store_db_bind_text(add, 3, d->lane) ||
	    !store_db_bind_number(add, 4, (int64_t)d->state) ||
	    !store_db_bind_number(add, 5, d->made_ms) ||
	    !store_db_bind_number(add, 6, d->next_ms) ||
	    sqlite3_bind_blob64(add, 7, d->body, d->body_size, SQLITE_STATIC) != SQLITE_OK)
		return store_db_fail(db, what, error);
	return store_db_run(db, add, what, error);
}

/* One that is over makes the oldest that are over likewise go. */
static enum status trim(struct store_db *db, enum record_delivery_state state,
			char error[STORE_ERROR_SIZE])
{
	static const char what[] = "drop old notifications";
	sqlite3_stmt *drop = store_db_statement(db, STORE_TRIM_DELIVERIES);

	if (!drop || !store_db_bind_number(drop, 1, (int64_t)state) ||
	    !store_db_bind_number(drop, 2, STORE_MAX_DELIVERIES))
		return store_db_fail(db, what, error);
	return store_db_run(db, drop, what, error);
}

static enum status put_delivery(struct store_db *db, const struct record_delivery *d,
				char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store what became of a notification";
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_DELIVERY);

	if (!put || !store_db_bind_number(put, 1, d->id) ||
	    !store_db_bind_number(put, 2, (int64_t)d->state) ||
	    !store_db_bind_number(put, 3, d->next_ms) || !store_db_bind_time(put, 4, d->ended_ms) ||
	    !store_db_bind_number(put, 5, d->attempts) || !store_db_bind_text(put, 6, d->result))
		return store_db_fail(db, what, error);
	enum status status = store_db_run(db, put, what, error);
	if (status == STATUS_OK && d->state != RECORD_DELIVERY_WAITING)
		status = trim(db, d->state, error);
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

static enum status get_delivery(const struct store_db *db, sqlite3_stmt *row,
				struct record_delivery *out, char error[STORE_ERROR_SIZE])
{
	int state;
	enum status status = store_db_choice(db, row, 3, RECORD_DELIVERY_WAITING,
					     RECORD_DELIVERY_DEAD, "notification", &state, error);

	if (status != STATUS_OK)
		return status;
	*out = (struct record_delivery){
		.id = sqlite3_column_int64(row, 0),
		.hook = store_db_text(row, 1),
		.lane = store_db_text(row, 2),
		.state = (enum record_delivery_state)state,
		.made_ms = sqlite3_column_int64(row, 4),
		.next_ms = sqlite3_column_int64(row, 5),
		.ended_ms = store_db_time(row, 6),
		.attempts = sqlite3_column_int64(row, 7),
		.result = store_db_text(row, 8),
	};
	return STATUS_OK;
}

struct listener {
	const struct store_db *db;
	store_each_delivery *each;
	void *user;
	char *error;
};

static enum status visit_delivery(sqlite3_stmt *row, void *user)
{
	const struct listener *listener = user;
	struct record_delivery delivery;
	enum status status = get_delivery(listener->db, row, &delivery, listener->error);

	/* Of a body that is damaged, or names none, there is no text. */
	if (status == STATUS_OK)
		delivery.about = (struct record_about){
			store_db_text(row, 9),
			store_db_text(row, 10),
			store_db_text(row, 11),
			sqlite3_column_int64(row, 12),
		};
	return status == STATUS_OK ? listener->each(listener->user, &delivery) : status;
}

enum status store_db_read_deliveries(struct store_db *db, enum record_delivery_state state,
				     int64_t before, store_each_delivery *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read the notifications";
	struct listener listener = { db, each, user, error };
	sqlite3_stmt *list = store_db_statement(db, STORE_LIST_DELIVERIES);

	if (!list || !store_db_bind_number(list, 1, (int64_t)state) ||
	    !store_db_bind_number(list, 2, before))
		return store_db_fail(db, what, error);
	return store_db_list(db, list, what, visit_delivery, &listener, error);
}

static void keep(struct record_delivery *out, sqlite3_stmt *row, struct arena *arena)
{
	out->hook = arena_strdup(arena, out->hook);
	out->lane = arena_strdup(arena, out->lane);
	out->result = arena_strdup(arena, out->result);
	out->body_size = (size_t)sqlite3_column_bytes(row, 9);
	const char *body = sqlite3_column_blob(row, 9);
	out->body = arena_strndup(arena, body ? body : "", body ? out->body_size : 0);
}

enum status store_db_read_delivery(struct store_db *db, int64_t id, struct arena *arena,
				   struct record_delivery *out, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read a notification";
	sqlite3_stmt *find = store_db_statement(db, STORE_ONE_DELIVERY);

	if (!find || !store_db_bind_number(find, 1, id))
		return store_db_fail(db, what, error);
	enum status status = store_db_step(db, find, what, error);
	if (status == STATUS_OK)
		status = get_delivery(db, find, out, error);
	if (status == STATUS_OK)
		keep(out, find, arena);
	sqlite3_reset(find);
	return status;
}
