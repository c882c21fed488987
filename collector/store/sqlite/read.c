#include "collector/store/sqlite/internal.h"

/* A row of STORE_LIST_SERVERS or STORE_GET_SERVER; borrowed from it. */
static enum status get_server(struct store_db *db, sqlite3_stmt *row, struct record_server *server,
			      struct record_report *latest, char error[STORE_ERROR_SIZE])
{
	*server = (struct record_server){
		.key = store_db_text(row, 0),
		.silent = sqlite3_column_int(row, 1) != 0,
		.verdict = store_db_text(row, 2),
		.since_ms = sqlite3_column_int64(row, 3),
		.verdict_json = store_db_text(row, 4),
		.adapters_json = store_db_text(row, 5),
	};
	return store_db_get_report(db, row, 6, server->key, latest, error);
}

/* Whom the servers are for, and where it is told what goes wrong. */
struct server_listener {
	struct store_db *db;
	store_each_server *each;
	void *user;
	char *error;
};

static enum status visit_server(sqlite3_stmt *row, void *user)
{
	const struct server_listener *listener = user;
	struct record_server server;
	struct record_report latest;

	enum status status = get_server(listener->db, row, &server, &latest, listener->error);
	return status == STATUS_OK ? listener->each(listener->user, &server, &latest) : status;
}

enum status store_db_read_servers(struct store_db *db, store_each_server *each, void *user,
				  char error[STORE_ERROR_SIZE])
{
	struct server_listener listener = { db, each, user, error };

	return store_db_list(db, store_db_statement(db, STORE_LIST_SERVERS), "read the servers",
			     visit_server, &listener, error);
}

enum status store_db_read_server(struct store_db *db, const char *key, struct arena *arena,
				 struct record_server *out, struct record_report *latest,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read a server";
	sqlite3_stmt *find = STORE_BOUND(db, STORE_GET_SERVER, STORE_TEXT(key));
	enum status status = store_db_step(db, find, what, error);
	if (status == STATUS_OK)
		status = get_server(db, find, out, latest, error);
	if (status == STATUS_OK) {
		store_keep_server(out, arena);
		store_keep_report(latest, arena);
	}
	store_db_done(find);
	return status;
}

enum status store_db_read_report_until(struct store_db *db, const char *key, int64_t until_ms,
				       struct arena *arena, struct record_report *out,
				       char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read an earlier report";
	sqlite3_stmt *find = STORE_BOUND(db, STORE_REPORT_UNTIL, STORE_TEXT(key),
					 STORE_NUMBER(until_ms), STORE_NUMBER(STORE_MAX_DISORDER));
	enum status status = store_db_step(db, find, what, error);
	if (status == STATUS_OK)
		status = store_db_get_report(db, find, 0, key, out, error);
	if (status == STATUS_OK)
		store_keep_report(out, arena);
	store_db_done(find);
	return status;
}

enum status store_db_read_body_hash(struct store_db *db, const char *agent_id, const char *epoch,
				    int64_t sequence, uint64_t *out, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "look for an earlier copy of a report";
	sqlite3_stmt *find = STORE_BOUND(db, STORE_BODY_HASH, STORE_TEXT(agent_id),
					 STORE_TEXT(epoch), STORE_NUMBER(sequence));
	int64_t hash = 0;
	enum status status = store_db_numbers(db, find, what, &hash, 1, error);
	if (status == STATUS_OK)
		*out = (uint64_t)hash;
	return status;
}

enum status store_db_read_last_sequence(struct store_db *db, const char *agent_id,
					const char *epoch, int64_t *out,
					char error[STORE_ERROR_SIZE])
{
	static const char what[] = "look for the last report of an agent";
	sqlite3_stmt *find =
		STORE_BOUND(db, STORE_LAST_SEQUENCE, STORE_TEXT(agent_id), STORE_TEXT(epoch));
	return store_db_numbers(db, find, what, out, 1, error);
}

struct name_listener {
	store_each_name *each;
	void *user;
};

static enum status visit_name(sqlite3_stmt *row, void *user)
{
	const struct name_listener *listener = user;
	return listener->each(listener->user, store_db_text(row, 0), sqlite3_column_int64(row, 1));
}

enum status store_db_read_other_names(struct store_db *db, const char *key, size_t limit,
				      store_each_name *each, void *user,
				      char error[STORE_ERROR_SIZE])
{
	static const char what[] = "look for other names of a server";
	struct name_listener listener = { each, user };
	sqlite3_stmt *list =
		STORE_BOUND(db, STORE_OTHER_NAMES, STORE_TEXT(key), STORE_NUMBER(limit));
	return store_db_list(db, list, what, visit_name, &listener, error);
}

/* Whom the changes of a server are for. */
struct event_listener {
	const char *key; /* NULL: each row has its own */
	store_each_event *each;
	void *user;
};

static enum status visit_event(sqlite3_stmt *row, void *user)
{
	const struct event_listener *listener = user;
	struct store_history_place place = { .at_ms = sqlite3_column_int64(row, 1),
					     .number = sqlite3_column_int64(row, 0) };
	struct record_event event = { .key = listener->key ? listener->key : store_db_text(row, 4),
				      .at_ms = place.at_ms,
				      .kind = store_db_text(row, 2),
				      .detail = store_db_text(row, 3) };
	return listener->each(listener->user, &event, place);
}

enum status store_db_read_history(struct store_db *db, const char *key, int64_t since_ms,
				  struct store_history_place before, size_t limit,
				  store_each_event *each, void *user, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read what changed";
	struct event_listener listener = { key, each, user };
	sqlite3_stmt *list = STORE_BOUND(db, STORE_LIST_HISTORY, STORE_TEXT(key),
					 STORE_NUMBER(since_ms), STORE_NUMBER(before.at_ms),
					 STORE_NUMBER(before.number), STORE_NUMBER(limit));
	return store_db_list(db, list, what, visit_event, &listener, error);
}

enum status store_db_read_histories(struct store_db *db, const char *after, const char *last,
				    store_each_event *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read what changed";
	struct event_listener listener = { NULL, each, user };
	sqlite3_stmt *list =
		STORE_BOUND(db, STORE_LIST_HISTORIES, STORE_TEXT(after), STORE_TEXT(last));
	return store_db_list(db, list, what, visit_event, &listener, error);
}
