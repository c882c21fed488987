/*
 * A collector's seat: its row, what it sees of the others, and the lease (collector/store/seat.h).
 */
#include "collector/store/postgresql/internal.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"

/* How long a beat is waited for. */
#define BEAT_MS 5000

/*
 * Nobody waits for a standby so that a beat is kept: one that is lost harms nobody. The row of
 * another process is left as it is, and so is another fleet, which a restored backup may be. Nobody
 * says that more was confirmed than is there: what is gone was told in its time.
 */
static const struct pg_statement beat = {
	"beat", "say that this collector lives",
	"WITH soon AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)) INSERT "
	"INTO collector AS c SELECT $1, $2::text::uuid, 1, $3, $4, $5, $6, $7, $8, "
	"least($10, (SELECT coalesce(max(id), 0) FROM feed)), now_ms() FROM soon, meta WHERE name "
	"= 'fleet' AND value = $11 ON CONFLICT (node) DO UPDATE SET "
	"beat = c.beat + 1, incarnation = "
	"EXCLUDED.incarnation, url = EXCLUDED.url, version = EXCLUDED.version, settings = "
	"EXCLUDED.settings, state = EXCLUDED.state, since_ms = EXCLUDED.since_ms, clock_ms = "
	"EXCLUDED.clock_ms, last_commit = EXCLUDED.last_commit, seen_ms = EXCLUDED.seen_ms WHERE "
	"c.incarnation = EXCLUDED.incarnation "
	"OR $9 = 1 RETURNING 1"
};
static const struct pg_statement look = {
	"look", "see who judges",
	"SELECT l.epoch, l.token::text, l.node, l.next, coalesce(l.taken_ms, -1), now_ms(), "
	"c.node, "
	"c.incarnation::text, c.beat, c.url, c.version, c.settings, c.state, c.since_ms, "
	"c.clock_ms, c.seen_ms, c.last_commit, coalesce((SELECT value FROM meta WHERE name = "
	"'lost_ms'), '0')::bigint FROM lease l LEFT JOIN collector c ON true ORDER BY c.node"
};
static const struct pg_statement take = {
	"take", "take the lease",
	"SELECT take_lease($1, $2::text::uuid, $3, $4::text::uuid, $5, $6, $7::text::uuid, $8)"
};
static const struct pg_statement release = {
	"release", "give the lease back",
	"UPDATE lease SET token = NULL, next = coalesce($2, next) WHERE token = $1::text::uuid"
};

enum status pg_open_seat(struct store_db **out, const struct store_location *location,
			 char error[STORE_ERROR_SIZE])
{
	enum status status = pg_open_as(out, location, "lease", error);

	if (status != STATUS_OK)
		return status;
	status = pg_fleet_check(*out, location->directory, PG_FLEET_REMEMBER, error);
	if (status == STATUS_OK) {
		(*out)->conn.read_ms = BEAT_MS;
		(*out)->directory = mem_strdup(location->directory);
		return STATUS_OK;
	}
	pg_close(*out);
	*out = NULL;
	return status;
}

/* Our row was left as it is. */
static enum status say_why_left(struct store_db *db, const char *node, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_fleet_check(db, db->directory, PG_FLEET_LOOK, error);

	if (status != STATUS_OK)
		return status;
	snprintf(error, STORE_ERROR_SIZE,
		 "another process works on the database at %s under the name of this collector, "
		 "'%s': each needs a name of its own (node)",
		 db->conn.place, node);
	return STATUS_CONFLICT;
}

enum status pg_beat(struct store_db *db, const struct record_collector *self, bool is_first,
		    char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_text(&params, self->node);
	pg_add_text(&params, self->incarnation);
	pg_add_text(&params, self->url);
	pg_add_text(&params, self->version);
	pg_add_text(&params, self->settings);
	pg_add_text(&params, record_collector_state_name(self->state));
	pg_add_number(&params, self->since_ms);
	pg_add_number(&params, self->clock_ms);
	pg_add_number(&params, is_first);
	pg_add_number(&params, self->last_commit);
	pg_add_text(&params, db->fleet);
	enum status status = pg_run(&db->conn, &beat, &params, &rows, error);
	bool is_left = status == STATUS_OK && PQntuples(rows) == 0;
	PQclear(rows);
	return is_left ? say_why_left(db, self->node, error) : status;
}

static void copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

/* The columns behind those of the lease. */
static struct record_collector get_collector(const PGresult *rows, int row, struct arena *arena)
{
	return (struct record_collector){
		.node = arena_strdup(arena, pg_text(rows, row, 6)),
		.incarnation = arena_strdup(arena, pg_text(rows, row, 7)),
		.beat = pg_number(rows, row, 8),
		.url = arena_strdup(arena, pg_text(rows, row, 9)),
		.version = arena_strdup(arena, pg_text(rows, row, 10)),
		.settings = arena_strdup(arena, pg_text(rows, row, 11)),
		.state = record_collector_state_parse(pg_text(rows, row, 12)),
		.since_ms = pg_number(rows, row, 13),
		.clock_ms = pg_number(rows, row, 14),
		.seen_ms = pg_number(rows, row, 15),
		.last_commit = pg_number(rows, row, 16),
	};
}

static void add_collector(const PGresult *rows, int row, struct arena *arena,
			  struct store_look *out)
{
	struct record_collector *collector = &out->collectors[out->n];
	struct lease_seen *lease = &out->lease;

	if (PQgetisnull(rows, row, 6))
		return; /* there is none */
	*collector = get_collector(rows, row, arena);
	out->n++;
	if (strcmp(collector->node, lease->node) != 0)
		return;
	copy(lease->incarnation, sizeof lease->incarnation, collector->incarnation);
	lease->beat = collector->beat;
}

enum status pg_read_look(struct store_db *db, struct arena *arena, struct store_look *out,
			 char error[STORE_ERROR_SIZE])
{
	PGresult *rows;
	enum status status = pg_run(&db->conn, &look, NULL, &rows, error);

	*out = (struct store_look){ .n = 0 };
	if (status == STATUS_OK && PQntuples(rows) == 0)
		status = pg_fail_without_lease(db, error);
	if (status == STATUS_OK) {
		int n = PQntuples(rows);
		out->lease.epoch = pg_number(rows, 0, 0);
		copy(out->lease.token, sizeof out->lease.token, pg_text(rows, 0, 1));
		copy(out->lease.node, sizeof out->lease.node, pg_text(rows, 0, 2));
		copy(out->lease.next, sizeof out->lease.next, pg_text(rows, 0, 3));
		out->taken_ms = pg_number(rows, 0, 4);
		out->now_ms = pg_number(rows, 0, 5);
		out->lost_ms = pg_number(rows, 0, 17);
		out->collectors = arena_alloc(arena, (size_t)n * sizeof *out->collectors);
		for (int i = 0; i < n; i++)
			add_collector(rows, i, arena, out);
	}
	PQclear(rows);
	return status;
}

/* A commit of its holder is in the way, or it is not known what became of it. */
static enum lease_outcome outcome_of(const struct store_db *db, enum status status)
{
	return status == STATUS_TIMED_OUT && db->conn.handle ? LEASE_BUSY : LEASE_UNKNOWN;
}

enum lease_outcome pg_take_lease(struct store_db *db, const char *node,
				 const struct lease_attempt *attempt, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	int64_t taken = 0;

	error[0] = '\0';
	pg_add_number(&params, attempt->seen_epoch);
	pg_add_text(&params, attempt->seen_token[0] ? attempt->seen_token : NULL);
	pg_add_text(&params, attempt->holder);
	pg_add_text(&params, attempt->incarnation[0] ? attempt->incarnation : NULL);
	pg_add_number(&params, attempt->beat);
	pg_add_number(&params, attempt->epoch);
	pg_add_text(&params, attempt->token);
	pg_add_text(&params, node);
	enum status status = pg_run_numbers(db, &take, &params, &taken, 1, error);
	if (status != STATUS_OK)
		return outcome_of(db, status);
	return taken ? LEASE_TAKEN : LEASE_NOT_TAKEN;
}

enum status pg_release_lease(struct store_db *db, const char *token, const char *next,
			     char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *result;

	pg_add_text(&params, token);
	pg_add_text(&params, next);
	enum status status = pg_run(&db->conn, &release, &params, &result, error);
	PQclear(result);
	return status;
}
