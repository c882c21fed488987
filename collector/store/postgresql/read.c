#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/mem.h"

/* Servers that are read at once. */
#define PAGE 1000

static const struct pg_statement list_servers = { "list_servers", "read the servers",
						  "SELECT " PG_SERVER_COLUMNS
						  " FROM " PG_SERVER_TABLES
						  " WHERE h.key > $1 ORDER BY h.key LIMIT $2" };
static const struct pg_statement one_server = { "one_server", "read a server",
						"SELECT " PG_SERVER_COLUMNS
						" FROM " PG_SERVER_TABLES " WHERE h.key = $1" };
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
static const struct pg_statement other_names = {
	"other_names", "look for other names of a server",
	"SELECT other.key, max(r.at_ms) FROM host h JOIN stream own ON own.id = h.latest_stream "
	"JOIN stream s ON s.agent_id = own.agent_id AND s.host_id <> h.id JOIN host other ON "
	"other.id = s.host_id CROSS JOIN LATERAL (SELECT l.at_ms FROM report l WHERE l.stream_id = "
	"s.id ORDER BY l.sequence DESC LIMIT 1) r WHERE h.key = $1 AND own.agent_id <> '' GROUP BY "
	"other.key ORDER BY 2 DESC LIMIT $2"
};
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

/* A report's text as it is packed; borrowed. */
struct packed {
	int encoding;
	struct store_bytes body;
	bool has_base;
	int base_encoding;
	struct store_bytes base;
};

/* Unpacks the body, into db->text. */
static enum status unpack(struct store_db *db, const struct packed *packed,
			  struct record_report *out, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	db->base.size = 0;
	db->text.size = 0;
	if (packed->has_base)
		status = store_unpack(&db->packer, packed->base_encoding, packed->base, NULL,
				      &db->base);
	struct store_bytes base = { db->base.bytes ? db->base.bytes : "", db->base.size };
	if (status == STATUS_OK)
		status = store_unpack(&db->packer, packed->encoding, packed->body,
				      packed->has_base ? &base : NULL, &db->text);
	if (status != STATUS_OK)
		snprintf(error, STORE_ERROR_SIZE,
			 "the report %" PRId64 " of the agent '%.80s' in '%s' is damaged: %s",
			 out->sequence, out->agent_id, db->conn.place, status_text(status));
	out->body = db->text.bytes ? db->text.bytes : "";
	out->body_size = db->text.size;
	return status;
}

struct record_report pg_get_report_facts(const PGresult *result, int row, int first,
					 const char *key)
{
	return (struct record_report){
		.key = key,
		.agent_id = pg_text(result, row, first),
		.epoch = pg_text(result, row, first + 1),
		.sequence = pg_number(result, row, first + 2),
		.at_ms = pg_number(result, row, first + 3),
		.received_at_ms = pg_number(result, row, first + 4),
		.age_s = pg_number(result, row, first + 5),
		.body_hash = (uint64_t)pg_number(result, row, first + 6),
		.imported_by = pg_text_or_null(result, row, first + 11),
	};
}

enum status pg_get_report(struct store_db *db, const PGresult *result, int row, int first,
			  const char *key, struct record_report *out, char error[STORE_ERROR_SIZE])
{
	int body = first + PG_REPORT_BODY;
	const struct packed packed = {
		.encoding = (int)pg_number(result, row, body),
		.body = pg_bytes(result, row, body + 1),
		.has_base = !PQgetisnull(result, row, body + 2),
		.base_encoding = (int)pg_number(result, row, body + 2),
		.base = pg_bytes(result, row, body + 3),
	};

	*out = pg_get_report_facts(result, row, first, key);
	return unpack(db, &packed, out, error);
}

enum status pg_run_numbers(struct store_db *db, const struct pg_statement *statement,
			   struct pg_params *params, int64_t *out, int n,
			   char error[STORE_ERROR_SIZE])
{
	struct pg_asked asked;
	enum status status = pg_ask(db, statement, params, &asked, error);

	if (status == STATUS_OK && PQntuples(asked.rows) == 0)
		status = STATUS_NOT_FOUND;
	for (int i = 0; status == STATUS_OK && i < n; i++)
		out[i] = pg_number(asked.rows, 0, i);
	pg_answered(db, &asked);
	return status;
}

enum status pg_list(struct store_db *db, const struct pg_statement *statement,
		    struct pg_params *params, const struct store_table *table, pg_give *give,
		    void (*each)(void), void *user, char error[STORE_ERROR_SIZE])
{
	union store_record record;
	struct pg_asked asked;
	enum status status = pg_ask(db, statement, params, &asked, error);

	for (int i = 0; status == STATUS_OK && i < PQntuples(asked.rows); i++) {
		status = pg_get_record(asked.rows, i, table, &record, db->conn.place, error);
		if (status == STATUS_OK)
			status = give(each, user, &record);
	}
	pg_answered(db, &asked);
	return status;
}

struct record_server pg_get_server(const PGresult *result, int row)
{
	return (struct record_server){
		.key = pg_text(result, row, 0),
		.silent = pg_number(result, row, 1) != 0,
		.verdict = pg_text(result, row, 2),
		.since_ms = pg_number(result, row, 3),
		.verdict_json = pg_text(result, row, 4),
		.adapters_json = pg_text(result, row, 5),
	};
}

/* Borrowed from the row. */
static enum status get_server(struct store_db *db, const PGresult *rows, int row,
			      struct record_server *server, struct record_report *latest,
			      char error[STORE_ERROR_SIZE])
{
	*server = pg_get_server(rows, row);
	return pg_get_report(db, rows, row, PG_SERVER_REPORT, server->key, latest, error);
}

static void note_last(struct buffer *last, const PGresult *rows, int n)
{
	if (n == 0)
		return;
	last->size = 0;
	buffer_add_text(last, pg_text(rows, n - 1, 0));
}

/* The servers behind `*last`, which becomes the last of them; `*n`: how many they are. */
static enum status visit_page(struct store_db *db, struct buffer *last, int *n,
			      store_each_server *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	struct record_report latest;
	struct record_server server;
	PGresult *rows;

	pg_add_text(&params, last->bytes);
	pg_add_number(&params, PAGE);
	enum status status = pg_run(&db->conn, &list_servers, &params, &rows, error);
	*n = status == STATUS_OK ? PQntuples(rows) : 0;
	for (int i = 0; status == STATUS_OK && i < *n; i++) {
		status = get_server(db, rows, i, &server, &latest, error);
		if (status == STATUS_OK)
			status = each(user, &server, &latest);
	}
	note_last(last, rows, *n);
	PQclear(rows);
	return status;
}

/* Copies what the mirror has; what is packed goes into db->packed and db->packed_base. */
static struct packed copy_shown(struct store_db *db, const struct pg_shown *shown,
				struct arena *arena, struct record_server *server,
				struct record_report *latest)
{
	*server = (struct record_server){
		.key = shown->key,
		.silent = shown->silent,
		.verdict = shown->verdict,
		.since_ms = shown->since_ms,
		.verdict_json = "",
		.adapters_json = shown->adapters_json ? shown->adapters_json : "[]",
	};
	*latest = (struct record_report){ .key = shown->key,
					  .agent_id = shown->lineage->agent_id,
					  .epoch = shown->lineage->epoch,
					  .sequence = shown->sequence,
					  .at_ms = shown->at_ms,
					  .received_at_ms = shown->received_at_ms,
					  .age_s = shown->age_s,
					  .body_hash = shown->body_hash,
					  .imported_by = shown->imported_by };
	store_keep_server(server, arena);
	store_keep_report(latest, arena);
	db->packed.size = db->packed_base.size = 0;
	buffer_add(&db->packed, shown->body->bytes, shown->body->size);
	if (shown->base)
		buffer_add(&db->packed_base, shown->base->bytes, shown->base->size);
	return (struct packed){
		.encoding = (int)shown->body->encoding,
		.body = { db->packed.bytes, db->packed.size },
		.has_base = shown->base,
		.base_encoding = shown->base ? (int)shown->base->encoding : 0,
		.base = { db->packed_base.bytes, db->packed_base.size },
	};
}

/* From memory; the body is in db->text. */
static enum status look_up_server(struct store_db *db, const char *key, struct arena *arena,
				  struct record_server *server, struct record_report *latest,
				  char error[STORE_ERROR_SIZE])
{
	struct packed packed;

	enum status status = pg_need_servers(db, error);
	if (status != STATUS_OK)
		return status;
	const struct pg_shown *shown = pg_picture_find(pg_mirror_lock(db->servers->mirror), key);
	if (shown)
		packed = copy_shown(db, shown, arena, server, latest);
	pg_mirror_unlock(db->servers->mirror);
	return shown ? unpack(db, &packed, latest, error) : STATUS_NOT_FOUND;
}

static enum status visit_shown(struct store_db *db, const char *key, store_each_server *each,
			       void *user, char error[STORE_ERROR_SIZE])
{
	struct record_report latest;
	struct record_server server;
	struct arena arena;

	arena_init(&arena);
	enum status status = look_up_server(db, key, &arena, &server, &latest, error);
	if (status == STATUS_OK)
		status = each(user, &server, &latest);
	else if (status == STATUS_NOT_FOUND)
		status = STATUS_OK; /* it has gone meanwhile, or stands on nothing */
	arena_deinit(&arena);
	return status;
}

static enum status visit_all_shown(struct store_db *db, store_each_server *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	struct arena arena;
	size_t n = 0;

	enum status status = pg_need_servers(db, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&arena);
	const char **keys = pg_picture_keys(pg_mirror_lock(db->servers->mirror), &n, &arena);
	pg_mirror_unlock(db->servers->mirror);
	for (size_t i = 0; status == STATUS_OK && i < n; i++)
		status = visit_shown(db, keys[i], each, user, error);
	arena_deinit(&arena);
	return status;
}

static enum status visit_pages(struct store_db *db, store_each_server *each, void *user,
			       char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	struct buffer last;
	int n = 0;

	buffer_init(&last);
	buffer_add_text(&last, "");
	do
		status = visit_page(db, &last, &n, each, user, error);
	while (status == STATUS_OK && n == PAGE);
	buffer_deinit(&last);
	return status;
}

/* All of them as of one moment; whoever visits them may read other things meanwhile. */
enum status pg_read_servers(struct store_db *db, store_each_server *each, void *user,
			    char error[STORE_ERROR_SIZE])
{
	if (db->beside)
		return visit_all_shown(db, each, user, error);
	if (db->servers)
		return pg_fill(db, each, user, error);
	char ignored[STORE_ERROR_SIZE];

	enum status status = STATUS_OK;
	if (!db->in_snapshot)
		status = pg_script(&db->conn,
				   "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
				   list_servers.what, error);
	if (status != STATUS_OK)
		return status;
	status = visit_pages(db, each, user, error);
	if (db->conn.handle && !db->in_snapshot)
		pg_script(&db->conn, "ROLLBACK", list_servers.what, ignored); /* it only read */
	return status;
}

static enum status get_shown(struct store_db *db, const char *key, struct arena *arena,
			     struct record_server *out, struct record_report *latest,
			     char error[STORE_ERROR_SIZE])
{
	enum status status = look_up_server(db, key, arena, out, latest, error);

	if (status == STATUS_OK)
		latest->body = arena_strndup(arena, latest->body, latest->body_size);
	return status;
}

enum status pg_read_server(struct store_db *db, const char *key, struct arena *arena,
			   struct record_server *out, struct record_report *latest,
			   char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	if (db->servers)
		return get_shown(db, key, arena, out, latest, error);
	pg_add_text(&params, key);
	enum status status = pg_run(&db->conn, &one_server, &params, &rows, error);
	if (status == STATUS_OK && PQntuples(rows) == 0)
		status = STATUS_NOT_FOUND;
	if (status == STATUS_OK)
		status = get_server(db, rows, 0, out, latest, error);
	if (status == STATUS_OK) {
		store_keep_server(out, arena);
		store_keep_report(latest, arena);
	}
	PQclear(rows);
	return status;
}

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

enum status pg_read_other_names(struct store_db *db, const char *key, size_t limit,
				store_each_name *each, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_text(&params, key);
	pg_add_number(&params, (int64_t)limit);
	enum status status = pg_run(&db->conn, &other_names, &params, &rows, error);
	for (int i = 0; status == STATUS_OK && i < PQntuples(rows); i++)
		status = each(user, pg_text(rows, i, 0), pg_number(rows, i, 1));
	PQclear(rows);
	return status;
}

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
