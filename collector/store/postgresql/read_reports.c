#include "collector/store/postgresql/internal.h"

static const struct pg_statement report_until = {
	"report_until", "read an earlier report",
	"SELECT " PG_REPORT_COLUMNS " FROM (SELECT c.stream_id, c.sequence, c.day FROM host h JOIN "
	"stream o ON o.host_id = h.id JOIN report c ON c.stream_id = o.id WHERE h.key = $1 AND "
	"c.at_ms <= $2 ORDER BY c.at_ms DESC, c.sequence DESC LIMIT 1) f JOIN stream s ON s.id = "
	"f.stream_id JOIN report r ON r.stream_id = f.stream_id AND r.sequence = f.sequence AND "
	"r.day = f.day" PG_REPORT_BASE
};
/* The same agent and epoch has a stream under each name that it has had. */
static const struct pg_statement body_hash = {
	"body_hash", "look for an earlier copy of a report",
	"SELECT r.body_hash FROM stream s JOIN report r ON r.stream_id = s.id WHERE s.agent_id = "
	"$1 AND s.epoch = $2 AND r.sequence = $3 LIMIT 1"
};
static const struct pg_statement last_sequence = {
	"last_sequence", "look for the last report of an agent",
	"SELECT r.sequence FROM stream s CROSS JOIN LATERAL (SELECT l.sequence FROM report l WHERE "
	"l.stream_id = s.id ORDER BY l.sequence DESC LIMIT 1) r WHERE s.agent_id = $1 AND s.epoch "
	"= $2 ORDER BY r.sequence DESC LIMIT 1"
};
/* The next server; `$2` NULL: of any name. */
static const struct pg_statement host_behind = {
	"host_behind", "read the reports",
	"SELECT id, key FROM host WHERE id > $1 AND ($2 IS NULL OR key = $2) ORDER BY id LIMIT 1"
};
static const struct pg_statement list_reports = {
	"list_reports", "read the reports",
	"SELECT r.stream_id, r.sequence, r.day FROM stream s JOIN report r ON r.stream_id = s.id "
	"WHERE s.host_id = $1 AND r.at_ms BETWEEN $2 AND $3 ORDER BY r.at_ms, r.received_at_ms, "
	"r.stream_id, r.sequence"
};
static const struct pg_statement one_report = {
	"one_report", "read the reports",
	"SELECT " PG_REPORT_COLUMNS " FROM stream s JOIN report r ON r.stream_id = "
	"s.id" PG_REPORT_BASE " WHERE r.stream_id = $1 AND r.sequence = $2 AND r.day = $3"
};

/* The one report that a statement finds, in `arena`. */
static enum status find_report(struct store_db *db, const struct pg_statement *statement,
			       struct pg_params *params, const char *key, struct arena *arena,
			       struct record_report *out, char error[STORE_ERROR_SIZE])
{
	struct pg_asked asked;
	enum status status = pg_ask(db, statement, params, &asked, error);

	if (status == STATUS_OK && PQntuples(asked.rows) == 0)
		status = STATUS_NOT_FOUND;
	if (status == STATUS_OK)
		status = pg_get_report(db, asked.rows, 0, 0, key, out, error);
	if (status == STATUS_OK)
		store_keep_report(out, arena);
	pg_answered(db, &asked);
	return status;
}

enum status pg_read_report_until(struct store_db *db, const char *key, int64_t until_ms,
				 struct arena *arena, struct record_report *out,
				 char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };

	pg_add_text(&params, key);
	pg_add_number(&params, until_ms);
	return find_report(db, &report_until, &params, key, arena, out, error);
}

enum status pg_read_body_hash(struct store_db *db, const char *agent_id, const char *epoch,
			      int64_t sequence, uint64_t *out, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	int64_t hash = 0;

	pg_add_text(&params, agent_id);
	pg_add_text(&params, epoch);
	pg_add_number(&params, sequence);
	enum status status = pg_run_numbers(db, &body_hash, &params, &hash, 1, error);
	if (status == STATUS_OK)
		*out = (uint64_t)hash;
	return status;
}

static enum status look_up_last_sequence(struct store_db *db, const char *agent_id,
					 const char *epoch, int64_t *out,
					 char error[STORE_ERROR_SIZE])
{
	struct pg_mirror *mirror = db->servers->mirror;
	enum status status = pg_need_servers(db, error);

	if (status != STATUS_OK)
		return status;
	status = pg_picture_last_sequence(pg_mirror_lock(mirror), agent_id, epoch, out);
	pg_mirror_unlock(mirror);
	return status;
}

enum status pg_read_last_sequence(struct store_db *db, const char *agent_id, const char *epoch,
				  int64_t *out, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };

	if (db->beside)
		return look_up_last_sequence(db, agent_id, epoch, out, error);
	pg_add_text(&params, agent_id);
	pg_add_text(&params, epoch);
	return pg_run_numbers(db, &last_sequence, &params, out, 1, error);
}

/* The server whose reports are read. */
struct reading {
	struct store_db *db;
	const struct store_filter *filter;
	int64_t host_id;
	struct buffer key;
	int64_t n; /* reports so far: what tells them apart */
};

static enum status next_host(struct reading *r, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_number(&params, r->host_id);
	pg_add_text(&params, r->filter->key);
	enum status status = pg_run(&r->db->conn, &host_behind, &params, &rows, error);
	if (status == STATUS_OK && PQntuples(rows) == 0)
		status = STATUS_NOT_FOUND;
	if (status == STATUS_OK) {
		r->host_id = pg_number(rows, 0, 0);
		r->key.size = 0;
		buffer_add_text(&r->key, pg_text(rows, 0, 1));
	}
	PQclear(rows);
	return status;
}

/* One that has gone since its number was read is left out; `each` may wait for long. */
static enum status visit_report(struct reading *r, const PGresult *list, int row,
				store_each_report *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	struct record_report report;
	struct arena arena;

	for (int i = 0; i < 3; i++)
		pg_add_number(&params, pg_number(list, row, i));
	arena_init(&arena);
	enum status status =
		find_report(r->db, &one_report, &params, r->key.bytes, &arena, &report, error);
	if (status == STATUS_OK)
		status = each(user, &report, ++r->n);
	else if (status == STATUS_NOT_FOUND)
		status = STATUS_OK;
	arena_deinit(&arena);
	return status;
}

static enum status visit_reports(struct reading *r, store_each_report *each, void *user,
				 char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *list;

	pg_add_number(&params, r->host_id);
	pg_add_number(&params, r->filter->since_ms);
	pg_add_number(&params, r->filter->until_ms);
	enum status status = pg_run(&r->db->conn, &list_reports, &params, &list, error);
	for (int i = 0; status == STATUS_OK && i < PQntuples(list); i++)
		status = visit_report(r, list, i, each, user, error);
	PQclear(list);
	return status;
}

enum status pg_read_reports(struct store_db *db, const struct store_filter *filter,
			    store_each_report *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct reading r = { .db = db, .filter = filter };
	enum status status;

	buffer_init(&r.key);
	while ((status = next_host(&r, error)) == STATUS_OK) {
		status = visit_reports(&r, each, user, error);
		if (status != STATUS_OK)
			break;
	}
	buffer_deinit(&r.key);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
