#include "collector/store/postgresql/internal.h"

/* The latest first; those of one moment the last first. `$3` and `$4`: before this one. */
static const struct pg_statement list_history = {
	"list_history", "read what changed",
	"SELECT number, at_ms, kind, detail FROM history WHERE host_id = (SELECT id FROM host "
	"WHERE key = $1) AND at_ms >= $2 AND at_ms <= $3 AND (at_ms < $3 OR number < $4) ORDER BY "
	"at_ms DESC, number DESC LIMIT $5"
};
/* Of servers in the order of keys; of each the oldest first. */
static const struct pg_statement list_histories = {
	"list_histories", "read what changed",
	"SELECT e.number, e.at_ms, e.kind, CASE WHEN e.kind IN ('verdict', 'silent', 'place') THEN "
	"e.detail ELSE '{}' END, h.key FROM host h JOIN history e ON e.host_id = h.id WHERE h.key "
	"> $1 AND h.key <= $2 ORDER BY h.key, e.at_ms, e.number"
};

/* `key` NULL: each row has its own. */
static enum status visit_events(const PGresult *rows, const char *key, store_each_event *each,
				void *user)
{
	enum status status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && i < PQntuples(rows); i++) {
		struct store_history_place place = { .at_ms = pg_number(rows, i, 1),
						     .number = pg_number(rows, i, 0) };
		struct record_event event = { .key = key ? key : pg_text(rows, i, 4),
					      .at_ms = place.at_ms,
					      .kind = pg_text(rows, i, 2),
					      .detail = pg_text(rows, i, 3) };
		status = each(user, &event, place);
	}
	return status;
}

enum status pg_read_history(struct store_db *db, const char *key, int64_t since_ms,
			    struct store_history_place before, size_t limit, store_each_event *each,
			    void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_text(&params, key);
	pg_add_number(&params, since_ms);
	pg_add_number(&params, before.at_ms);
	pg_add_number(&params, before.number);
	pg_add_number(&params, (int64_t)limit);
	enum status status = pg_run(&db->conn, &list_history, &params, &rows, error);
	if (status == STATUS_OK)
		status = visit_events(rows, key, each, user);
	PQclear(rows);
	return status;
}

enum status pg_read_histories(struct store_db *db, const char *after, const char *last,
			      store_each_event *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_text(&params, after);
	pg_add_text(&params, last);
	enum status status = pg_run(&db->conn, &list_histories, &params, &rows, error);
	if (status == STATUS_OK)
		status = visit_events(rows, NULL, each, user);
	PQclear(rows);
	return status;
}
