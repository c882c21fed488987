#include "collector/store/postgresql/internal.h"

/* Servers that are read at once. */
#define PAGE 1000

static const struct pg_statement list_servers = { "list_servers", "read the servers",
						  "SELECT " PG_SERVER_COLUMNS
						  " FROM " PG_SERVER_TABLES
						  " WHERE h.key > $1 ORDER BY h.key LIMIT $2" };
static const struct pg_statement one_server = { "one_server", "read a server",
						"SELECT " PG_SERVER_COLUMNS
						" FROM " PG_SERVER_TABLES " WHERE h.key = $1" };
static const struct pg_statement other_names = {
	"other_names", "look for other names of a server",
	"SELECT other.key, max(r.at_ms) FROM host h JOIN stream own ON own.id = h.latest_stream "
	"JOIN stream s ON s.agent_id = own.agent_id AND s.host_id <> h.id JOIN host other ON "
	"other.id = s.host_id CROSS JOIN LATERAL (SELECT l.at_ms FROM report l WHERE l.stream_id = "
	"s.id ORDER BY l.sequence DESC LIMIT 1) r WHERE h.key = $1 AND own.agent_id <> '' GROUP BY "
	"other.key ORDER BY 2 DESC LIMIT $2"
};

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
static struct pg_packed copy_shown(struct store_db *db, const struct pg_shown *shown,
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
	return (struct pg_packed){
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
	struct pg_packed packed;

	enum status status = pg_need_servers(db, error);
	if (status != STATUS_OK)
		return status;
	const struct pg_shown *shown = pg_picture_find(pg_mirror_lock(db->servers->mirror), key);
	if (shown)
		packed = copy_shown(db, shown, arena, server, latest);
	pg_mirror_unlock(db->servers->mirror);
	return shown ? pg_unpack(db, &packed, latest, error) : STATUS_NOT_FOUND;
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
