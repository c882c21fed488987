#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/loop.h"

/* Servers whose changes one chunk looks at. */
#define MAX_HOSTS INT64_C(256)

/* Rows of commits that are kept: what is asked of them is the last one. */
#define MAX_FEED INT64_C(10000)

static const char what[] = "drop what is old";

static const struct pg_statement read_clock = { "read_clock", "read what the time was",
						"SELECT value FROM meta WHERE name = $1" };
static const struct pg_statement save_clocks = {
	"save_clocks", "save what the time is",
	"INSERT INTO meta SELECT name, value FROM unnest(ARRAY['age_ms', 'latest_ms'], ARRAY[$2, "
	"$3]) AS n (name, value), fence($1::uuid) ON CONFLICT (name) DO UPDATE SET value = "
	"EXCLUDED.value"
};
static const struct pg_statement read_size = {
	"read_size", what,
	"SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE "
	"inhparent = 'mtawatch.report'::regclass"
};
/*
 * Of the servers from `$2` up to `$3`: `$4` changes stay at most, none older than `$5`. And of the
 * rows of commits those behind `$6`.
 */
static const struct pg_statement drop_changes = {
	"drop_changes", what,
	"WITH held AS MATERIALIZED (SELECT fence($1::uuid)), kept AS (SELECT h.id, greatest($5, "
	"coalesce((SELECT at_ms FROM history o WHERE o.host_id = h.id ORDER BY at_ms DESC, number "
	"DESC LIMIT 1 OFFSET $4 - 1), $5)) AS from_ms FROM host h, held WHERE h.id > $2 AND h.id "
	"<= $3), gone AS (DELETE FROM history d USING kept k WHERE d.host_id = k.id AND d.at_ms < "
	"k.from_ms RETURNING 1), passed AS (DELETE FROM feed USING held WHERE id <= $6) SELECT "
	"count(*) FROM gone"
};

enum status pg_read_clock(struct store_db *db, const char *name, int64_t *out,
			  char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_text(&params, name);
	enum status status = pg_run(&db->conn, &read_clock, &params, &rows, error);
	if (status == STATUS_OK)
		*out = PQntuples(rows) > 0 ? strtoll(pg_text(rows, 0, 0), NULL, 10) : 0;
	PQclear(rows);
	return status;
}

static enum status keep_clocks(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct store_clocks *clocks = &db->writer->clocks;
	struct pg_params params = { .n = 0 };
	char age[24], latest[24];
	PGresult *result;

	if (!store_clocks_are_due(clocks))
		return STATUS_OK;
	snprintf(age, sizeof age, "%" PRId64, clocks->age_ms);
	snprintf(latest, sizeof latest, "%" PRId64, clocks->latest_ms);
	pg_add_text(&params, db->writer->token);
	pg_add_text(&params, age);
	pg_add_text(&params, latest);
	enum status status = pg_run(&db->conn, &save_clocks, &params, &result, error);
	PQclear(result);
	if (status == STATUS_OK)
		clocks->saved_ms = clocks->seen_ms;
	return status;
}

/* Is the day over for so long that nobody keeps it, or are all of them too large together? */
static enum status has_to_go(struct store_db *db, const struct store_limits *limits, int64_t day,
			     bool *out, char error[STORE_ERROR_SIZE])
{
	int64_t age_ms = db->writer->clocks.age_ms;
	int64_t size = 0;

	*out = (day + 1 + (int64_t)limits->report_days) * PG_DAY_MS <= age_ms;
	if (*out || limits->max_mb == 0 || day >= pg_day_of(age_ms))
		return STATUS_OK;
	enum status status = pg_run_numbers(db, &read_size, NULL, &size, 1, error);
	*out = size / 1000000 >= (int64_t)limits->max_mb;
	return status;
}

static enum status sweep_days(struct store_db *db, const struct store_limits *limits, bool *dropped,
			      char error[STORE_ERROR_SIZE])
{
	const struct pg_memory *memory = &db->writer->memory;
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < memory->n_days; i++)
		oldest = memory->days[i] < oldest ? memory->days[i] : oldest;
	if (oldest == INT64_MAX)
		return STATUS_OK;
	enum status status = has_to_go(db, limits, oldest, dropped, error);
	return status == STATUS_OK && *dropped ? pg_drop_day(db, oldest, error) : status;
}

static enum status sweep_changes(struct store_db *db, const struct store_limits *limits,
				 char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = db->writer;
	struct pg_params params = { .n = 0 };
	int64_t to = writer->swept_host + MAX_HOSTS;
	int64_t n = 0;

	pg_add_text(&params, writer->token);
	pg_add_number(&params, writer->swept_host);
	pg_add_number(&params, to);
	pg_add_number(&params, (int64_t)limits->changes);
	pg_add_number(&params, writer->clocks.age_ms - (int64_t)limits->change_days * PG_DAY_MS);
	pg_add_number(&params, writer->feed_id - MAX_FEED);
	enum status status = pg_run_numbers(db, &drop_changes, &params, &n, 1, error);
	if (status == STATUS_OK)
		writer->swept_host = to < writer->memory.last_host_id ? to : 0;
	return status;
}

static enum status sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
			 bool *more, char error[STORE_ERROR_SIZE])
{
	store_clocks_advance(&db->writer->clocks, now_ms, loop_monotonic_ms());
	*more = false;
	enum status status = pg_need_load(db, error);
	if (status == STATUS_OK)
		status = pg_see_lost(db, error);
	if (status == STATUS_OK)
		status = pg_look_at_standby(db, error);
	if (status == STATUS_OK)
		status = keep_clocks(db, error);
	if (status == STATUS_OK)
		status = sweep_days(db, limits, more, error);
	if (status == STATUS_OK)
		status = sweep_changes(db, limits, error);
	if (status == STATUS_OK)
		status = pg_mirror_expected(db, error); /* the terminal writes it, too */
	if (status == STATUS_OK)
		pg_keep_loop_connected(db->writer);
	return status;
}

/*
 * A day at a time: `*more`, there may be another one. Tomorrow's table is made by its first report.
 */
enum status pg_sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
		     bool *more, char error[STORE_ERROR_SIZE])
{
	uv_mutex_lock(&db->writer->use);
	enum status status = sweep(db, limits, now_ms, more, error);
	uv_mutex_unlock(&db->writer->use);
	return status;
}
