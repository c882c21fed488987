#include "collector/store/sqlite/internal.h"

/* One report in so many of a server makes us look at its old ones. */
#define RETAIN_EVERY 16

/* Bytes: with less than that on the disk it is as good as full. */
#define ROOM INT64_C(1048576)

static enum status put_server(struct store_db *db, const struct record_server *server,
			      char error[STORE_ERROR_SIZE])
{
	return STORE_RUN(db, STORE_PUT_SERVER, "store the state of a server", error,
			 STORE_TEXT(server->key), STORE_NUMBER(server->silent),
			 STORE_TEXT(server->verdict), STORE_NUMBER(server->since_ms),
			 STORE_TEXT(server->verdict_json), STORE_TEXT(server->adapters_json));
}

static enum status find_host_id(struct store_db *db, const char *key, int64_t *out,
				char error[STORE_ERROR_SIZE])
{
	const struct writer_cache_entry *known = writer_cache_find_server(&db->cache, key);
	struct store_host host;

	if (known) {
		*out = known->host_id;
		return STATUS_OK;
	}
	enum status status = store_db_host(db, key, &host, error);
	*out = host.id;
	return status;
}

static enum status add_event(struct store_db *db, const struct record_event *event,
			     char error[STORE_ERROR_SIZE])
{
	int64_t host_id;
	enum status status = find_host_id(db, event->key, &host_id, error);

	if (status != STATUS_OK)
		return status;
	return STORE_RUN(db, STORE_ADD_HISTORY, "store what changed", error, STORE_NUMBER(host_id),
			 STORE_NUMBER(event->at_ms), STORE_TEXT(event->kind),
			 STORE_TEXT(event->detail));
}

/*
 * Now and then a report takes its server's old ones away: most reports pay nothing for it. Servers
 * take turns in the order in which they reported, so that what goes lies together in the file.
 */
static enum status retain(struct store_db *db, int64_t host_id, int64_t previous_id,
			  int64_t report_id, int64_t now_ms, const struct store_limits *limits,
			  char error[STORE_ERROR_SIZE])
{
	int64_t age_ms = db->clocks.age_ms;
	struct store_retention retention = { .limits = limits,
					     .now_ms = age_ms > 0 && age_ms < now_ms ? age_ms
										     : now_ms };
	int64_t turn = RETAIN_EVERY * db->n_hosts;
	size_t budget = (size_t)2 * RETAIN_EVERY;

	if (!limits || previous_id / turn == report_id / turn)
		return STATUS_OK;
	return store_db_retain(db, host_id, &retention, &budget, error);
}

static enum status put_report(struct store_db *db, const struct record_report *report,
			      const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	struct writer_cache_entry *known;
	int64_t id = 0;

	enum status status = store_db_know(db, report, &known, error);
	if (status != STATUS_OK)
		return status;
	int64_t previous_id = known->latest_id;
	status = store_db_insert_report(db, report, known, &id, error);
	if (status == STATUS_OK)
		status = retain(db, known->host_id, previous_id, id, report->received_at_ms, limits,
				error);
	return status;
}

static enum status apply(struct store_db *db, const struct store_change *change,
			 const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	if (change->removal || change->n_expected > 0 || change->expect == STORE_EXPECT_REPLACE)
		status = store_db_put_inventory(db, change, error);
	if (status == STATUS_OK && change->report)
		status = put_report(db, change->report, limits, error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_servers; i++)
		status = put_server(db, &change->servers[i], error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_events; i++)
		status = add_event(db, &change->events[i], error);
	if (status == STATUS_OK)
		status = store_db_put_alerts(db, change, error);
	if (status == STATUS_OK)
		status = store_db_put_identity(db, change, error);
	if (status == STATUS_OK)
		status = store_db_put_trends(db, change, error);
	if (status == STATUS_OK)
		status = store_db_put_remarks(db, change, error);
	return status;
}

enum status store_db_begin(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return store_db_run(db, store_db_statement(db, STORE_BEGIN), "begin a change", error);
}

enum status store_db_end(struct store_db *db, enum status status, char error[STORE_ERROR_SIZE])
{
	if (status == STATUS_OK)
		status = store_db_run(db, store_db_statement(db, STORE_COMMIT), "commit", error);
	/* Some failures have rolled it back already (SQLite, "Response To Errors"). */
	if (status != STATUS_OK && !sqlite3_get_autocommit(db->handle)) {
		char ignored[STORE_ERROR_SIZE]; /* what failed first is what matters */
		store_db_run(db, store_db_statement(db, STORE_ROLLBACK), "roll back", ignored);
	}
	if (status != STATUS_OK)
		writer_cache_forget(&db->cache);
	return status;
}

enum status store_db_commit(struct store_db *db, const struct store_change *const *changes,
			    size_t n, const struct store_limits *limits,
			    char error[STORE_ERROR_SIZE])
{
	enum status status = store_db_begin(db, error);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; status == STATUS_OK && i < n; i++)
		status = apply(db, changes[i], limits, error);
	return store_db_end(db, status, error);
}

static enum status take_room(struct store_db *db, int64_t bytes, char error[STORE_ERROR_SIZE])
{
	return STORE_RUN(db, STORE_TAKE_ROOM, "write", error, STORE_NUMBER(bytes));
}

/* Lets the log grow by ROOM, and shrink again: nothing of it is committed, so it costs no more. */
static enum status try_room(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	char ignored[STORE_ERROR_SIZE];

	enum status status = store_db_begin(db, error);
	if (status != STATUS_OK)
		return status;
	status = take_room(db, ROOM, error);
	if (status == STATUS_OK && sqlite3_db_cacheflush(db->handle) != SQLITE_OK)
		status = store_db_fail(db, "write", error);
	if (!sqlite3_get_autocommit(db->handle))
		store_db_run(db, store_db_statement(db, STORE_ROLLBACK), "roll back", ignored);
	enum status emptied = store_db_empty_log(db, status == STATUS_OK ? error : ignored);
	return status == STATUS_OK ? emptied : status;
}

static enum status commit_something(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status = store_db_begin(db, error);
	if (status == STATUS_OK)
		status = store_db_end(db, take_room(db, 0, error), error);
	return status;
}

enum status store_db_touch(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	sqlite3_busy_timeout(db->handle, 0);
	enum status status = store_db_empty_log(db, error);
	if (status == STATUS_OK)
		status = try_room(db, error);
	if (status == STATUS_OK)
		status = commit_something(db, error);
	sqlite3_busy_timeout(db->handle, STORE_BUSY_MS);
	return status;
}
