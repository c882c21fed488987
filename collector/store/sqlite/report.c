#include "collector/store/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Nothing is there yet. */
#define NONE INT64_C(0)

/* The row of a stream. */
struct stream {
	int64_t id;
	int64_t last_sequence; /* -1: it has no report */
};

static struct store_bytes bytes_of(const struct buffer *buffer)
{
	return (struct store_bytes){ buffer->bytes ? buffer->bytes : "", buffer->size };
}

static struct store_bytes blob_at(sqlite3_stmt *row, int column)
{
	const char *at = sqlite3_column_blob(row, column);
	return (struct store_bytes){ at ? at : "", (size_t)sqlite3_column_bytes(row, column) };
}

/* Steps a lookup whose parameters are bound; its columns, or NONE. */
static enum status look_up(struct store_db *db, sqlite3_stmt *find, const char *what,
			   int64_t *columns, int n, char error[STORE_ERROR_SIZE])
{
	for (int i = 0; i < n; i++)
		columns[i] = NONE;
	enum status status = store_db_numbers(db, find, what, columns, n, error);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_db_host(struct store_db *db, const char *key, struct store_host *out,
			  char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store the name of a server";
	int64_t columns[4];
	sqlite3_stmt *find = STORE_BOUND(db, STORE_FIND_HOST, STORE_TEXT(key));
	enum status status = look_up(db, find, what, columns, 4, error);
	if (status == STATUS_OK && columns[0] == NONE) {
		status = STORE_RUN(db, STORE_ADD_HOST, what, error, STORE_TEXT(key));
		columns[0] = sqlite3_last_insert_rowid(db->handle);
	}
	*out = (struct store_host){ columns[0], columns[1], columns[2], columns[3] };
	if (out->id > db->n_hosts)
		db->n_hosts = out->id;
	return status;
}

enum status store_db_count_hosts(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return look_up(db, store_db_statement(db, STORE_LAST_HOST), "count the servers",
		       &db->n_hosts, 1, error);
}

static enum status find_stream(struct store_db *db, const struct record_report *report,
			       int64_t host_id, struct stream *out, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store who reports";
	int64_t columns[2];
	sqlite3_stmt *find = STORE_BOUND(db, STORE_FIND_STREAM, STORE_TEXT(report->agent_id),
					 STORE_TEXT(report->epoch), STORE_NUMBER(host_id));
	enum status status = look_up(db, find, what, columns, 2, error);
	*out = (struct stream){ columns[0], columns[1] };
	if (status != STATUS_OK || out->id != NONE)
		return status;
	status = STORE_RUN(db, STORE_ADD_STREAM, what, error, STORE_TEXT(report->agent_id),
			   STORE_TEXT(report->epoch), STORE_NUMBER(host_id));
	*out = (struct stream){ sqlite3_last_insert_rowid(db->handle), -1 };
	return status;
}

enum status store_db_know(struct store_db *db, const struct record_report *report,
			  struct writer_cache_entry **out, char error[STORE_ERROR_SIZE])
{
	struct writer_cache_entry *known = writer_cache_find(&db->cache, report);
	struct store_host host = { 0 };
	struct stream stream = { 0 };

	*out = known;
	if (known)
		return STATUS_OK;
	enum status status = store_db_host(db, report->key, &host, error);
	if (status == STATUS_OK)
		status = find_stream(db, report, host.id, &stream, error);
	if (status != STATUS_OK)
		return status;
	*out = known = writer_cache_add(&db->cache, report);
	known->host_id = host.id;
	known->base_id = host.base_id;
	known->latest_id = host.latest_id;
	known->stream_id = stream.id;
	known->last_sequence = stream.last_sequence;
	known->follows = host.stream_id == stream.id;
	return STATUS_OK;
}

/*
 * The text of the base, in db->base. One that is gone or cannot be unpacked is no harm here, for
 * the next report is stored whole then: the base becomes NONE.
 */
static enum status read_base(struct store_db *db, struct writer_cache_entry *known,
			     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read the base of a report";
	sqlite3_stmt *read = STORE_BOUND(db, STORE_READ_BASE, STORE_NUMBER(known->base_id));
	enum status status = store_db_step(db, read, what, error);
	db->base.size = 0;
	if (status == STATUS_NOT_FOUND ||
	    (status == STATUS_OK && store_unpack(&db->packer, sqlite3_column_int(read, 0),
						 blob_at(read, 1), NULL, &db->base) != STATUS_OK)) {
		known->base_id = NONE;
		status = STATUS_OK;
	}
	sqlite3_reset(read);
	return status;
}

/* The text that the next report of a server is told apart from; `*out` borrows it. */
static enum status get_base(struct store_db *db, struct writer_cache_entry *known,
			    struct store_bytes *out, char error[STORE_ERROR_SIZE])
{
	if (known->base_id == NONE)
		return STATUS_OK;
	const struct buffer *text = writer_cache_base(&db->cache, known);
	if (text) {
		*out = bytes_of(text);
		return STATUS_OK;
	}
	enum status status = read_base(db, known, error);
	if (status != STATUS_OK || known->base_id == NONE)
		return status;
	writer_cache_set_base(&db->cache, known, db->base.bytes, db->base.size);
	*out = bytes_of(&db->base);
	return STATUS_OK;
}

/* A report that was stored whole is the base of the next ones. */
static enum status set_base(struct store_db *db, const struct record_report *report,
			    struct writer_cache_entry *known, int64_t id,
			    char error[STORE_ERROR_SIZE])
{
	known->base_id = id;
	writer_cache_set_base(&db->cache, known, report->body, report->body_size);
	return STORE_RUN(db, STORE_SET_BASE, "note what reports are based on", error,
			 STORE_NUMBER(known->host_id), STORE_NUMBER(id));
}

/* A host row tells the latest report by its stream or by its id, as migration 10 says. */
static enum status write_latest(struct store_db *db, const struct writer_cache_entry *known,
				char error[STORE_ERROR_SIZE])
{
	static const char what[] = "note the latest report of a server";
	sqlite3_stmt *set = store_db_statement(db, STORE_SET_LATEST);
	int parameter = known->follows ? 3 : 2;
	int64_t value = known->follows ? known->stream_id : known->latest_id;

	if (!set || !store_db_bind_number(set, 1, known->host_id) ||
	    !store_db_bind_number(set, parameter, value))
		return store_db_fail(db, what, error);
	return store_db_run(db, set, what, error);
}

/* Most reports are the latest and the last of their stream, as those before: nothing is written. */
static enum status set_latest(struct store_db *db, const struct record_report *report,
			      struct writer_cache_entry *known, int64_t id,
			      char error[STORE_ERROR_SIZE])
{
	bool is_last = report->sequence > known->last_sequence;
	bool followed = known->follows;

	if (is_last)
		known->last_sequence = report->sequence;
	if (report->is_latest)
		known->latest_id = id;
	if (is_last || report->is_latest)
		known->follows = is_last && report->is_latest;
	if (known->follows == followed && (followed || !report->is_latest))
		return STATUS_OK;
	return write_latest(db, known, error);
}

static enum status insert(struct store_db *db, const struct record_report *report,
			  const struct writer_cache_entry *known, struct store_bytes base,
			  enum store_encoding *encoding, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store a report";
	struct store_bytes text = { report->body, report->body_size };
	struct store_bytes packed;
	sqlite3_stmt *to = store_db_statement(db, STORE_INSERT_REPORT);

	*encoding = store_pack(&db->packer, text, base.at ? &base : NULL, &packed);
	bool is_delta = *encoding == STORE_ENCODING_DELTA;
	if (!to || !store_db_bind_number(to, 1, known->host_id) ||
	    !store_db_bind_number(to, 2, known->stream_id) ||
	    !store_db_bind_number(to, 3, report->sequence) ||
	    !store_db_bind_number(to, 4, report->at_ms) ||
	    !store_db_bind_number(to, 5, report->received_at_ms) ||
	    !store_db_bind_number(to, 6, report->age_s) ||
	    !store_db_bind_number(to, 7, (int64_t)report->body_hash) ||
	    (is_delta && !store_db_bind_number(to, 8, known->base_id)) ||
	    !store_db_bind_number(to, 9, *encoding) ||
	    sqlite3_bind_blob64(to, 10, packed.at, packed.size, SQLITE_STATIC) != SQLITE_OK ||
	    !store_db_bind_text(to, 11, report->imported_by))
		return store_db_fail(db, what, error);
	return store_db_run(db, to, what, error);
}

enum status store_db_insert_report(struct store_db *db, const struct record_report *report,
				   struct writer_cache_entry *known, int64_t *id,
				   char error[STORE_ERROR_SIZE])
{
	struct store_bytes base = { 0 };
	enum store_encoding encoding;

	enum status status = get_base(db, known, &base, error);
	if (status == STATUS_OK)
		status = insert(db, report, known, base, &encoding, error);
	if (status != STATUS_OK)
		return status;
	*id = sqlite3_last_insert_rowid(db->handle);
	writer_cache_count_on(&db->cache, known->host_id, 1);
	if (encoding != STORE_ENCODING_DELTA)
		status = set_base(db, report, known, *id, error);
	return status == STATUS_OK ? set_latest(db, report, known, *id, error) : status;
}

/* The body, into db->text. */
static enum status unpack(struct store_db *db, sqlite3_stmt *row, int first)
{
	bool has_base = sqlite3_column_type(row, first + 2) != SQLITE_NULL;
	enum status status = STATUS_OK;

	db->base.size = 0;
	db->text.size = 0;
	if (has_base)
		status = store_unpack(&db->packer, sqlite3_column_int(row, first + 2),
				      blob_at(row, first + 3), NULL, &db->base);
	struct store_bytes base = bytes_of(&db->base);
	if (status == STATUS_OK)
		status = store_unpack(&db->packer, sqlite3_column_int(row, first),
				      blob_at(row, first + 1), has_base ? &base : NULL, &db->text);
	return status;
}

enum status store_db_get_report(struct store_db *db, sqlite3_stmt *row, int first, const char *key,
				struct record_report *out, char error[STORE_ERROR_SIZE])
{
	enum status status = unpack(db, row, first + 8);
	if (status != STATUS_OK) {
		snprintf(error, STORE_ERROR_SIZE,
			 "report number %" PRId64 " in '%s' is damaged: %s",
			 (int64_t)sqlite3_column_int64(row, first + STORE_REPORT_ID), db->path,
			 status_text(status));
		return status;
	}
	struct store_bytes body = bytes_of(&db->text);
	*out = (struct record_report){
		.key = key,
		.agent_id = store_db_text(row, first),
		.epoch = store_db_text(row, first + 1),
		.sequence = sqlite3_column_int64(row, first + 2),
		.at_ms = sqlite3_column_int64(row, first + 3),
		.received_at_ms = sqlite3_column_int64(row, first + 4),
		.age_s = sqlite3_column_int64(row, first + 5),
		.body_hash = (uint64_t)sqlite3_column_int64(row, first + 6),
		.imported_by = store_db_text_or_null(row, first + 12),
		.body = body.at,
		.body_size = body.size,
	};
	return STATUS_OK;
}
