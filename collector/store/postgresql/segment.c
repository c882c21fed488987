#include "collector/store/postgresql/internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/store/postgresql/pipeline.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"

/* Changes that one commit may tell: the low bits of their numbers. */
#define MAX_EVENTS (INT64_C(1) << 20)

static const struct pg_statement add_hosts = {
	"add_hosts", "store the name of a server",
	"INSERT INTO host (id, key, latest_stream, latest_day, latest_sequence) SELECT * FROM "
	"unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])"
};
static const struct pg_statement put_hosts = {
	"put_hosts", "note the latest report of a server",
	"UPDATE host h SET latest_stream = n.stream, latest_day = n.day, latest_sequence = "
	"n.sequence FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (id, "
	"stream, day, sequence) WHERE h.id = n.id"
};
static const struct pg_statement add_streams = {
	"add_streams", "store who reports",
	"INSERT INTO stream (id, agent_id, epoch, host_id, base_day, base_sequence) SELECT * FROM "
	"unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])"
};
static const struct pg_statement put_streams = {
	"put_streams", "note what reports are based on",
	"UPDATE stream s SET base_day = n.day, base_sequence = n.sequence FROM unnest("
	"$1::bigint[], $2::bigint[], $3::bigint[]) AS n (id, day, sequence) WHERE s.id = n.id"
};
/* A NULL text keeps what is there. */
static const struct pg_statement put_servers = {
	"put_servers", "store the state of a server",
	"INSERT INTO server (host_id, silent, verdict, since_ms, verdict_json, adapters_json) "
	"SELECT * FROM unnest($1::bigint[], $2::boolean[], $3::text[], $4::bigint[], $5::text[], "
	"$6::text[]) ON CONFLICT (host_id) DO UPDATE SET silent = EXCLUDED.silent, verdict = "
	"EXCLUDED.verdict, since_ms = EXCLUDED.since_ms, verdict_json = coalesce("
	"EXCLUDED.verdict_json, server.verdict_json), adapters_json = coalesce("
	"EXCLUDED.adapters_json, server.adapters_json)"
};
static const struct pg_statement add_events = {
	"add_events", "store what changed",
	"INSERT INTO history (host_id, at_ms, number, kind, detail) SELECT * FROM unnest("
	"$1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])"
};
/* The last one counts where an alert has several rows. */
static const struct pg_statement put_alerts = {
	"put_alerts", "store an alert",
	"INSERT INTO alert (@alert) SELECT DISTINCT ON (id) @alert FROM @?alert ORDER BY id, place "
	"DESC ON CONFLICT (id) DO UPDATE SET @=alert"
};
static const struct pg_statement drop_alerts = { "drop_alerts", "drop an alert",
						 "DELETE FROM alert WHERE id = ANY ($1)" };
static const struct pg_statement add_deliveries = {
	"add_deliveries", "store a notification",
	"INSERT INTO delivery (id, hook, lane, state, made_ms, next_ms, body, attempts, result) "
	"SELECT *, 0, '' FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], "
	"$5::bigint[], $6::bigint[], $7::bytea[])"
};

/* Reports for the table of a day. */
struct day_rows {
	int64_t day;
	struct pg_params rows;
};

struct server_row {
	struct pg_host *host;
	struct record_server server;
};

struct pg_segment {
	struct store_db *db;
	struct day_rows **days;
	size_t n_days;
	size_t days_room;
	struct server_row *servers;
	size_t n_servers;
	size_t servers_room;
	struct pg_params events;
	struct pg_params alerts;
	int64_t *dropped;
	size_t n_dropped;
	size_t dropped_room;
	struct pg_params deliveries;
	int64_t n_events; /* of the commit so far */
};

struct pg_segment *pg_segment_new(struct store_db *db)
{
	struct pg_segment *segment = mem_alloc(sizeof *segment);

	segment->db = db;
	return segment;
}

void pg_segment_free(struct pg_segment *segment)
{
	for (size_t i = 0; i < segment->n_days; i++) {
		pg_params_clear(&segment->days[i]->rows);
		free(segment->days[i]);
	}
	pg_params_clear(&segment->events);
	pg_params_clear(&segment->alerts);
	pg_params_clear(&segment->deliveries);
	free(segment->days);
	free(segment->servers);
	free(segment->dropped);
	free(segment);
}

/* Arrays, where there are none yet: of (n)umbers, (s)witches, (t)exts and (b)ytes. */
static void need_arrays(struct pg_params *params, const char *types)
{
	if (params->n > 0)
		return;
	for (; *types; types++)
		pg_add_array(params, *types == 'n'   ? PG_INT8
				     : *types == 's' ? PG_BOOL
				     : *types == 't' ? PG_TEXT
						     : PG_BYTEA);
}

static struct pg_params *rows_of(struct pg_segment *segment, int64_t day)
{
	struct day_rows *found = NULL;

	for (size_t i = 0; !found && i < segment->n_days; i++)
		found = segment->days[i]->day == day ? segment->days[i] : NULL;
	if (!found) {
		found = mem_alloc(sizeof *found);
		found->day = day;
		segment->days = mem_make_room(segment->days, segment->n_days, &segment->days_room,
					      sizeof(struct day_rows *));
		segment->days[segment->n_days++] = found;
	}
	need_arrays(&found->rows, "nnnnnnnntb"); /* as append_report() has them */
	return &found->rows;
}

/* The text of the base, in db->base. One that cannot be unpacked is none. */
static bool get_base(struct store_db *db, const struct pg_stream *stream, int64_t day,
		     struct store_bytes *out)
{
	const struct pg_host *host = stream->host;

	db->base.size = 0;
	if (!host->base || host->base_of != stream || stream->base_day != day)
		return false;
	struct store_bytes packed = { host->base->bytes, host->base->size };
	if (store_unpack(&db->packer, (int)host->base->encoding, packed, NULL, &db->base) !=
	    STATUS_OK)
		return false;
	*out = (struct store_bytes){ db->base.bytes ? db->base.bytes : "", db->base.size };
	return true;
}

static void append_report(struct pg_params *rows, const struct record_report *report,
			  const struct pg_stream *stream, enum store_encoding encoding,
			  struct store_bytes packed)
{
	const int64_t numbers[] = { stream->id,       report->sequence,
				    report->at_ms,    report->received_at_ms,
				    report->age_s,    (int64_t)report->body_hash,
				    (int64_t)encoding };
	size_t i = 0;

	for (; i < COUNT(numbers); i++)
		pg_append_number(rows, i, numbers[i]);
	if (encoding == STORE_ENCODING_DELTA)
		pg_append_number(rows, i, stream->base_sequence);
	else
		pg_append_null(rows, i);
	pg_append_text(rows, i + 1, report->imported_by);
	pg_append_bytes(rows, i + 2, packed.at, packed.size);
}

void pg_segment_put_report(struct pg_segment *segment, const struct record_report *report)
{
	struct store_db *db = segment->db;
	struct pg_memory *memory = &db->writer->memory;
	struct pg_stream *stream =
		pg_memory_stream(memory, pg_memory_host(memory, report->key), report);
	int64_t day = pg_day_of(report->received_at_ms);
	struct store_bytes text = { report->body, report->body_size };
	struct store_bytes base, packed;

	bool has_base = get_base(db, stream, day, &base);
	enum store_encoding encoding =
		store_pack(&db->packer, text, has_base ? &base : NULL, &packed);
	bool is_whole = encoding != STORE_ENCODING_DELTA;
	append_report(rows_of(segment, day), report, stream, encoding, packed);
	if (!is_whole && !report->is_latest) {
		pg_memory_note(memory, stream, report, day, NULL);
		return;
	}
	struct pg_body *body = pg_body_new(encoding, packed);
	if (report->is_latest)
		pg_writer_add_standing(db->writer, body, is_whole ? NULL : stream->host->base);
	pg_memory_note(memory, stream, report, day, is_whole ? body : NULL);
	pg_body_unref(body);
}

/* The last row of a server counts, but for texts that it leaves as they are. */
static void merge(struct record_server *before, const struct record_server *server)
{
	struct record_server merged = *server;

	if (!merged.verdict_json)
		merged.verdict_json = before->verdict_json;
	if (!merged.adapters_json)
		merged.adapters_json = before->adapters_json;
	*before = merged;
}

void pg_segment_put_server(struct pg_segment *segment, const struct record_server *server)
{
	struct pg_host *host = pg_memory_host(&segment->db->writer->memory, server->key);

	if (host->row > 0) {
		merge(&segment->servers[host->row - 1].server, server);
		return;
	}
	segment->servers = mem_make_room(segment->servers, segment->n_servers,
					 &segment->servers_room, sizeof *segment->servers);
	segment->servers[segment->n_servers++] = (struct server_row){ host, *server };
	host->row = segment->n_servers;
}

void pg_segment_put_event(struct pg_segment *segment, const struct record_event *event)
{
	struct pg_writer *writer = segment->db->writer;
	struct pg_params *rows = &segment->events;

	assert(segment->n_events < MAX_EVENTS - 1);
	need_arrays(rows, "nnntt");
	pg_append_number(rows, 0, pg_memory_host(&writer->memory, event->key)->id);
	pg_append_number(rows, 1, event->at_ms);
	pg_append_number(rows, 2, (writer->feed_id + 1) * MAX_EVENTS + ++segment->n_events);
	pg_append_text(rows, 3, event->kind);
	pg_append_text(rows, 4, event->detail);
}

static bool is_dropped(const struct pg_segment *segment, int64_t id)
{
	size_t i = 0;

	while (i < segment->n_dropped && segment->dropped[i] != id)
		i++;
	return i < segment->n_dropped;
}

/* Dropped alerts go behind those that are put; one that comes again goes behind that. */
void pg_segment_put_alert(struct pg_segment *segment, const struct record_alert *alert)
{
	if (is_dropped(segment, alert->id))
		pg_segment_flush(segment);
	if (segment->alerts.n == 0)
		pg_add_table(&segment->alerts, &store_alerts);
	pg_append_record(&segment->alerts, 0, &store_alerts, alert);
}

void pg_segment_drop_alert(struct pg_segment *segment, int64_t id)
{
	segment->dropped = mem_make_room(segment->dropped, segment->n_dropped,
					 &segment->dropped_room, sizeof *segment->dropped);
	segment->dropped[segment->n_dropped++] = id;
}

void pg_segment_add_delivery(struct pg_segment *segment, const struct record_delivery *delivery)
{
	struct pg_params *rows = &segment->deliveries;

	need_arrays(rows, "nttnnnb");
	pg_append_number(rows, 0, delivery->id);
	pg_append_text(rows, 1, delivery->hook);
	pg_append_text(rows, 2, delivery->lane);
	pg_append_number(rows, 3, (int64_t)delivery->state);
	pg_append_number(rows, 4, delivery->made_ms);
	pg_append_number(rows, 5, delivery->next_ms);
	pg_append_bytes(rows, 6, delivery->body, delivery->body_size);
}

static void append_or_null(struct pg_params *params, size_t i, bool is_there, int64_t number)
{
	if (is_there)
		pg_append_number(params, i, number);
	else
		pg_append_null(params, i);
}

/* From the parameter `i` on. */
static void append_latest(struct pg_params *params, size_t i, const struct pg_latest *latest)
{
	bool is_pinned = latest->stream && !latest->follows;

	append_or_null(params, i, latest->stream != NULL, latest->stream ? latest->stream->id : 0);
	append_or_null(params, i + 1, is_pinned, latest->day);
	append_or_null(params, i + 2, is_pinned, latest->sequence);
}

static void send_rows(struct pg_segment *segment, const struct pg_statement *statement,
		      struct pg_params *params)
{
	if (pg_params_rows(params) > 0)
		pg_pipeline_send(&segment->db->conn, statement, params);
	pg_params_clear(params);
}

static void send_hosts(struct pg_segment *segment)
{
	struct pg_memory *memory = &segment->db->writer->memory;
	struct pg_params added = { .n = 0 };
	struct pg_params changed = { .n = 0 };

	need_arrays(&added, "ntnnn");
	need_arrays(&changed, "nnnn");
	for (size_t i = 0; i < memory->n_hosts_to_write; i++) {
		const struct pg_host *host = memory->hosts_to_write[i];
		struct pg_params *rows = host->is_new ? &added : &changed;
		pg_append_number(rows, 0, host->id);
		if (host->is_new)
			pg_append_text(rows, 1, host->key);
		append_latest(rows, host->is_new ? 2 : 1, &host->latest);
	}
	send_rows(segment, &add_hosts, &added);
	send_rows(segment, &put_hosts, &changed);
}

static void send_streams(struct pg_segment *segment)
{
	struct pg_memory *memory = &segment->db->writer->memory;
	struct pg_params added = { .n = 0 };
	struct pg_params changed = { .n = 0 };

	need_arrays(&added, "nttnnn");
	need_arrays(&changed, "nnn");
	for (size_t i = 0; i < memory->n_streams_to_write; i++) {
		const struct pg_stream *stream = memory->streams_to_write[i];
		struct pg_params *rows = stream->is_new ? &added : &changed;
		size_t at = 1;
		pg_append_number(rows, 0, stream->id);
		if (stream->is_new) {
			pg_append_text(rows, at++, stream->agent_id);
			pg_append_text(rows, at++, stream->epoch);
			pg_append_number(rows, at++, stream->host->id);
		}
		pg_append_number(rows, at, stream->base_day);
		pg_append_number(rows, at + 1, stream->base_sequence);
	}
	send_rows(segment, &add_streams, &added);
	send_rows(segment, &put_streams, &changed);
}

/* Into the table of the day by its name, so that nothing has to look for it. */
static void send_reports(struct pg_segment *segment, struct day_rows *day)
{
	char name[40];
	char sql[480];
	struct pg_statement add = { name, "store a report", sql };

	snprintf(name, sizeof name, "add_reports_%" PRId64, day->day);
	snprintf(sql, sizeof sql,
		 "INSERT INTO report_%" PRId64
		 " (day, stream_id, sequence, at_ms, received_at_ms, age_s, body_hash, encoding, "
		 "base_sequence, imported_by, body) SELECT %" PRId64
		 ", * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], "
		 "$5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], "
		 "$10::bytea[])",
		 day->day, day->day);
	send_rows(segment, &add, &day->rows);
}

static void send_servers(struct pg_segment *segment)
{
	struct pg_params rows = { .n = 0 };

	need_arrays(&rows, "nstntt");
	for (size_t i = 0; i < segment->n_servers; i++) {
		const struct record_server *server = &segment->servers[i].server;
		pg_append_number(&rows, 0, segment->servers[i].host->id);
		pg_append_switch(&rows, 1, server->silent);
		pg_append_text(&rows, 2, server->verdict);
		pg_append_number(&rows, 3, server->since_ms);
		pg_append_text(&rows, 4, server->verdict_json);
		pg_append_text(&rows, 5, server->adapters_json);
		segment->servers[i].host->row = 0;
	}
	segment->n_servers = 0;
	send_rows(segment, &put_servers, &rows);
}

static void send_dropped(struct pg_segment *segment)
{
	struct pg_params rows = { .n = 0 };

	need_arrays(&rows, "n");
	for (size_t i = 0; i < segment->n_dropped; i++)
		pg_append_number(&rows, 0, segment->dropped[i]);
	segment->n_dropped = 0;
	send_rows(segment, &drop_alerts, &rows);
}

void pg_segment_flush(struct pg_segment *segment)
{
	send_hosts(segment);
	send_streams(segment);
	pg_memory_written(&segment->db->writer->memory);
	for (size_t i = 0; i < segment->n_days; i++)
		send_reports(segment, segment->days[i]);
	send_servers(segment);
	send_rows(segment, &add_events, &segment->events);
	send_rows(segment, &put_alerts, &segment->alerts);
	send_dropped(segment);
	send_rows(segment, &add_deliveries, &segment->deliveries);
}
