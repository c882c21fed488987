/*
 * The reports of a server lie in the streams of its agents: what goes of them, and how they are
 * found, where there are several, where they are not in order, and where an agent was renamed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "collector/store/sqlite/internal.h"
#include "proto/base/arena.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Long enough that a second one is stored as a delta of the first. */
static const char same[256] = { [0 ... sizeof same - 2] = 'x' };

/* A connection of the writer's, without its thread. */
struct rig {
	struct fixture fixture;
	struct store_db db;
	char error[STORE_ERROR_SIZE];
	int64_t latest_ms; /* of the server "a" */
};

static void open_db(struct rig *rig)
{
	char path[FIXTURE_PATH_SIZE];
	fixture_path(&rig->fixture, SQLITE_ENGINE_FILE, path);
	assert_int_equal(store_db_open(&rig->db, path, rig->error), STATUS_OK);
	assert_int_equal(store_db_migrate(&rig->db, rig->error), STATUS_OK);
}

static void set_up(struct rig *rig)
{
	*rig = (struct rig){ .latest_ms = INT64_MIN };
	fixture_set_up(&rig->fixture);
	open_db(rig);
}

static void tear_down(struct rig *rig)
{
	store_db_close(&rig->db);
	fixture_tear_down(&rig->fixture);
}

static int64_t number(struct rig *rig, const char *query)
{
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(rig->db.handle, query, -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return n;
}

static void execute(struct rig *rig, const char *sql)
{
	assert_int_equal(sqlite3_exec(rig->db.handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Stores a report of the agent "id" under a name. */
static void put(struct rig *rig, const char *key, const char *epoch, int64_t sequence,
		int64_t at_ms, const char *body)
{
	struct record_report report = { .key = key,
					.is_latest = at_ms > rig->latest_ms,
					.agent_id = "id",
					.epoch = epoch,
					.sequence = sequence,
					.at_ms = at_ms,
					.received_at_ms = at_ms,
					.body_hash = (uint64_t)at_ms,
					.body = body,
					.body_size = strlen(body) };
	struct store_change change = { .report = &report };
	const struct store_change *changes[] = { &change };

	if (report.is_latest)
		rig->latest_ms = at_ms;
	assert_int_equal(store_db_commit(&rig->db, changes, 1, NULL, rig->error), STATUS_OK);
}

/* What is kept of so many reports, and of so many days before `now_ms`. */
static struct store_limits keep(size_t reports, size_t days)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	limits.reports = reports;
	limits.report_days = days;
	return limits;
}

/* Drops what goes of the server "a", the first one; how much that was. */
static size_t retain(struct rig *rig, const struct store_retention *retention, size_t budget)
{
	size_t left = budget;

	assert_int_equal(store_db_begin(&rig->db, rig->error), STATUS_OK);
	enum status status = store_db_retain(&rig->db, 1, retention, &left, rig->error);
	assert_int_equal(store_db_end(&rig->db, status, rig->error), STATUS_OK);
	return budget - left;
}

/* Whatever goes: a delta never loses its base, nor a server its latest report. */
static void check_bases(struct rig *rig)
{
	assert_int_equal(number(rig, "SELECT count(*) FROM report r WHERE base_id NOT NULL AND NOT "
				     "EXISTS (SELECT 1 FROM report b WHERE b.id = r.base_id AND "
				     "b.base_id IS NULL)"),
			 0);
	assert_int_equal(number(rig, "SELECT count(*) FROM host h WHERE NOT EXISTS (SELECT 1 FROM "
				     "report WHERE id = " STORE_LATEST_ID " AND host_id = h.id)"),
			 0);
	assert_int_equal(number(rig, "SELECT count(*) FROM report r LEFT JOIN stream s ON s.id = "
				     "r.stream_id WHERE s.host_id IS NOT r.host_id"),
			 0);
}

/* Of what is beyond the latest `n` only bases and the latest are there. */
#define OTHERS_THAN_THE_LATEST(n)                                                                  \
	"SELECT count(*) FROM (SELECT * FROM report ORDER BY at_ms DESC LIMIT -1 OFFSET " n        \
	") r, host h WHERE r.id NOT IN (" STORE_LATEST_ID                                          \
	", h.base_id) AND NOT EXISTS (SELECT 1 FROM report d WHERE d.base_id = r.id)"

/* Three lives of an agent, none of them in order: each keeps reports that it sends later. */
static int64_t time_of(int n)
{
	static const int places[] = { 2, 0, 3, 1 };
	return ((n & ~3) + places[n % 4]) * INT64_C(1000);
}

static const char *epoch_of(int n)
{
	/* The first two take turns for a while. */
	return n < 60 ? "e1" : n < 120 ? (n / 8 % 2 ? "e1" : "e2") : n < 200 ? "e2" : "e3";
}

static void the_latest_of_all_streams_stay_and_what_they_are_based_on(void **state)
{
	struct store_limits limits = keep(32, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	set_up(&rig);
	for (int n = 0; n < 320; n++) {
		char *body = fixture_body((unsigned)n / 25, n);
		put(&rig, "a", epoch_of(n), n, time_of(n), body);
		free(body);
		if (n % 4 < 3 || n < 32)
			continue;
		retain(&rig, &retention, 32);
		retain(&rig, &retention, 32); /* a base goes behind the last that needed it */
		check_bases(&rig);
		assert_int_equal(number(&rig, "SELECT min(at_ms) FROM (SELECT at_ms FROM report "
					      "ORDER BY at_ms DESC LIMIT 32)"),
				 (n - 31) * 1000);
		assert_int_equal(number(&rig, OTHERS_THAN_THE_LATEST("32")), 0);
	}
	assert_in_range(number(&rig, "SELECT count(*) FROM report"), 32, 34);
	tear_down(&rig);
}

static void every_report_may_be_a_base_and_goes_in_its_turn(void **state)
{
	struct store_limits limits = keep(20, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	set_up(&rig);
	for (int n = 0; n < 100; n++) {
		/* Some have deltas, some have none; a delta may have a lower sequence. */
		char *body = fixture_body((unsigned)(n - (n % 3 == 2)), n);
		put(&rig, "a", "e", n ^ 1, n * 1000, body);
		free(body);
		retain(&rig, &retention, 32);
		check_bases(&rig);
	}
	retain(&rig, &retention, 32);
	assert_int_equal(number(&rig, OTHERS_THAN_THE_LATEST("20")), 0);
	assert_in_range(number(&rig, "SELECT count(*) FROM report"), 20, 21);
	tear_down(&rig);
}

static void the_base_of_the_next_report_stays_before_it_has_one(void **state)
{
	struct store_limits limits = keep(1, 2);
	struct store_retention retention = { .limits = &limits, .now_ms = 10 * DAY_MS };
	struct rig rig;
	(void)state;

	char *first = fixture_body(1, 1);
	char *late = fixture_body(2, 1);
	set_up(&rig);
	put(&rig, "a", "e", 1, 10 * DAY_MS, first);
	put(&rig, "a", "e", 2, DAY_MS, late);
	assert_int_equal(retain(&rig, &retention, 256), 0);
	put(&rig, "a", "e", 3, 10 * DAY_MS + 1, late);
	assert_int_equal(number(&rig, "SELECT base_id FROM report WHERE sequence = 3"), 2);
	check_bases(&rig);
	free(first);
	free(late);
	tear_down(&rig);
}

static void no_more_goes_at_once_than_may(void **state)
{
	struct store_limits limits = keep(10, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	set_up(&rig);
	for (int n = 0; n < 60; n++)
		put(&rig, "a", n < 30 ? "e1" : "e2", n, n * 1000, same);
	assert_int_equal(retain(&rig, &retention, 16), 16);
	assert_int_equal(number(&rig, "SELECT min(at_ms) FROM report WHERE base_id NOT NULL"),
			 17 * 1000); /* the base was the first of all */
	assert_int_equal(retain(&rig, &retention, 256), 60 - 16 - 11);
	assert_int_equal(retain(&rig, &retention, 256), 0);
	check_bases(&rig);
	tear_down(&rig);
}

static void half_of_the_reports_go_where_the_file_is_too_large(void **state)
{
	struct store_limits limits = keep(1000, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits, .halve = true };
	struct rig rig;
	(void)state;

	set_up(&rig);
	for (int n = 0; n < 80; n++)
		put(&rig, "a", n % 2 ? "e1" : "e2", n, n * 1000, same);
	assert_int_equal(retain(&rig, &retention, 256), 39);
	assert_int_equal(number(&rig, "SELECT min(at_ms) FROM report WHERE base_id NOT NULL"),
			 40 * 1000);
	assert_int_equal(retain(&rig, &retention, 256), 20); /* of the 41 */
	check_bases(&rig);
	tear_down(&rig);
}

static void what_is_too_old_goes_from_every_stream(void **state)
{
	struct store_limits limits = keep(1000, 2);
	struct store_retention retention = { .limits = &limits, .now_ms = 10 * DAY_MS };
	struct rig rig;
	(void)state;

	set_up(&rig);
	for (int n = 0; n < 40; n++)
		put(&rig, "a", n % 2 ? "e1" : "e2", n, n * DAY_MS / 4, same);
	retain(&rig, &retention, 256);
	/* 8 days are 32 of them, and the 33rd is not older; the first is the base. */
	assert_int_equal(number(&rig, "SELECT min(at_ms) FROM report WHERE id > 1"), 8 * DAY_MS);
	assert_int_equal(number(&rig, "SELECT count(*) FROM report"), 9);
	retention.now_ms = 100 * DAY_MS;
	retain(&rig, &retention, 256);
	assert_int_equal(number(&rig, "SELECT count(*) FROM report"), 2); /* and the latest */
	check_bases(&rig);
	tear_down(&rig);
}

/* What a clock that was ahead for an hour leaves: a row of reports that are long in the future. */
static void put_behind_younger_ones(struct rig *rig, int n_younger)
{
	put(rig, "a", "e", 0, 0, same);
	for (int n = 1; n <= n_younger; n++)
		put(rig, "a", "e", n, 100 * DAY_MS + n, same);
	for (int n = 1; n <= 10; n++)
		put(rig, "a", "e", n_younger + n, n, same);
}

static void what_is_too_old_is_found_behind_younger_ones(void **state)
{
	struct store_limits limits = keep(100000, 2);
	int64_t now_ms = 10 * DAY_MS;
	struct rig rig;
	(void)state;

	for (int n_younger = 3; n_younger <= 30; n_younger += 27) {
		struct store_retention retention = { .limits = &limits, .now_ms = now_ms };
		set_up(&rig);
		put_behind_younger_ones(&rig, n_younger);
		assert_int_equal(retain(&rig, &retention, 256), n_younger == 3 ? 10 : 0);
		retention.thorough = true;
		assert_int_equal(retain(&rig, &retention, 256), n_younger == 3 ? 0 : 10);
		assert_int_equal(retain(&rig, &retention, 256), 0);
		check_bases(&rig);
		tear_down(&rig);
	}
}

static void the_sweep_looks_at_each_server_thoroughly_in_its_turn(void **state)
{
	struct store_limits limits = keep(100000, 2);
	struct store_sweep sweep = { 0 };
	struct rig rig;
	(void)state;

	set_up(&rig);
	put_behind_younger_ones(&rig, 30);
	for (int round = 0; round < 64; round++) {
		size_t dropped;
		assert_int_equal(
			store_db_sweep(&rig.db, &limits, 10 * DAY_MS, &sweep, &dropped, rig.error),
			STATUS_OK);
		assert_int_equal(sweep.round, round + 1);
	}
	assert_int_equal(number(&rig, "SELECT count(*) FROM report WHERE at_ms <= 10"), 1);
	tear_down(&rig);
}

/* The limit of the search by time: a report that lies so far off its place, and one further. */
static void what_lies_too_far_behind_younger_ones_is_not_found(void **state)
{
	struct store_limits limits = keep(100000, 2);
	struct store_retention retention = { .limits = &limits,
					     .now_ms = 10 * DAY_MS,
					     .thorough = true };
	(void)state;

	for (int more = -1; more <= 0; more++) {
		struct rig rig;
		char sql[512];
		set_up(&rig);
		put(&rig, "a", "e", 0, 0, same);
		snprintf(sql, sizeof sql,
			 "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE "
			 "i <= %d) INSERT INTO report SELECT NULL, 1, 1, i, iif(i <= %d, "
			 "864000000, 1), 0, 0, 0, 1, 2, '', NULL FROM c",
			 STORE_MAX_DISORDER + more, STORE_MAX_DISORDER + more);
		execute(&rig, sql);
		execute(&rig, "UPDATE host SET latest_id = 1, stream_id = NULL");
		assert_int_equal(retain(&rig, &retention, 256), more < 0 ? 1 : 0);
		tear_down(&rig);
	}
}

static void streams_of_which_nothing_is_left_go_and_come_again(void **state)
{
	struct store_limits limits = keep(1000, 2);
	struct store_retention retention = { .limits = &limits, .now_ms = 10 * DAY_MS };
	struct rig rig;
	(void)state;

	set_up(&rig);
	put(&rig, "a", "e2", 1, 10 * DAY_MS, same);
	for (int n = 1; n <= 3; n++) {
		for (int e = 0; e < 20; e++) {
			char epoch[8]; /* the last one is the first the next time */
			snprintf(epoch, sizeof epoch, "old%d", (e + 19 * n) % 20);
			put(&rig, "a", epoch, n, n * DAY_MS + e, same);
		}
		assert_int_equal(number(&rig, "SELECT count(*) FROM stream"), 21);
		assert_int_equal(retain(&rig, &retention, 256), 20);
		for (int e = 0; e < 20; e++)
			retain(&rig, &retention, 256);
		assert_int_equal(number(&rig, "SELECT count(*) FROM stream"), 1);
		check_bases(&rig);
	}
	tear_down(&rig);
}

static enum status list_name(void *user, const char *key, int64_t at_ms)
{
	struct rig *rig = user;
	size_t n = strlen(rig->fixture.listed);
	snprintf(rig->fixture.listed + n, sizeof rig->fixture.listed - n, "%s %lld; ", key,
		 (long long)at_ms);
	return STATUS_OK;
}

static const char *other_names(struct rig *rig, const char *key)
{
	rig->fixture.listed[0] = '\0';
	assert_int_equal(store_db_read_other_names(&rig->db, key, 10, list_name, rig, rig->error),
			 STATUS_OK);
	return rig->fixture.listed;
}

static void check_hash(struct rig *rig, const char *epoch, int64_t sequence, uint64_t hash)
{
	uint64_t found = 0;
	enum status status =
		store_db_read_body_hash(&rig->db, "id", epoch, sequence, &found, rig->error);
	assert_int_equal(status, hash ? STATUS_OK : STATUS_NOT_FOUND);
	assert_true(found == hash);
}

static void check_last(struct rig *rig, const char *epoch, int64_t sequence)
{
	int64_t last = 0;
	enum status status = store_db_read_last_sequence(&rig->db, "id", epoch, &last, rig->error);
	assert_int_equal(status, sequence ? STATUS_OK : STATUS_NOT_FOUND);
	assert_int_equal(last, sequence);
}

/* One agent goes on counting: under the name of "b", and of "a" again. */
static void put_renamed(struct rig *rig)
{
	put(rig, "a", "e", 1, 1000, "a1");
	put(rig, "a", "e", 2, 2000, "a2");
	put(rig, "b", "e", 3, 3000, "b3");
	put(rig, "b", "e", 4, 4000, "b4");
	put(rig, "a", "e", 5, 5000, "a5");
}

static void a_renamed_agent_has_a_stream_under_each_name(void **state)
{
	struct store_limits limits = keep(1, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	set_up(&rig);
	put_renamed(&rig);
	assert_int_equal(number(&rig, "SELECT count(*) FROM stream"), 2);
	for (int64_t sequence = 1; sequence <= 5; sequence++)
		check_hash(&rig, "e", sequence, (uint64_t)sequence * 1000);
	check_hash(&rig, "e", 6, 0);
	check_hash(&rig, "f", 1, 0);
	check_last(&rig, "e", 5);
	check_last(&rig, "f", 0);
	assert_string_equal(other_names(&rig, "a"), "b 4000; ");
	assert_string_equal(other_names(&rig, "b"), "a 5000; ");
	assert_string_equal(other_names(&rig, "c"), "");
	put(&rig, "b", "e", 6, 6000, "b6");
	check_last(&rig, "e", 6);

	retain(&rig, &retention, 256); /* of "a" alone */
	assert_int_equal(number(&rig, "SELECT count(*) FROM report WHERE host_id = 2"), 3);
	assert_string_equal(other_names(&rig, "b"), "a 5000; ");
	check_bases(&rig);
	tear_down(&rig);
}

/* The latest report of "a" until a moment, as the whole table has it. */
static void check_until(struct rig *rig, int64_t until_ms)
{
	struct record_report found = { .sequence = -1 };
	struct arena arena;
	char query[256];

	arena_init(&arena);
	store_db_read_report_until(&rig->db, "a", until_ms, &arena, &found, rig->error);
	arena_deinit(&arena);
	snprintf(query, sizeof query,
		 "SELECT coalesce((SELECT sequence FROM report WHERE host_id = 1 AND at_ms <= %lld "
		 "ORDER BY at_ms DESC, sequence DESC LIMIT 1), -1)",
		 (long long)until_ms);
	assert_int_equal(found.sequence, number(rig, query));
}

/* Is that the time of the latest report of "a", and is it found by its stream? */
static void check_latest(struct rig *rig, int64_t at_ms, bool by_stream)
{
	assert_int_equal(number(rig, "SELECT at_ms FROM host h JOIN report r ON r.id "
				     "= " STORE_LATEST_ID " WHERE key = 'a'"),
			 at_ms);
	assert_int_equal(number(rig, "SELECT latest_id IS NULL FROM host WHERE key = 'a'"),
			 by_stream);
	assert_int_equal(number(rig, "SELECT (latest_id IS NULL) <> (stream_id IS NULL) FROM host"),
			 1);
}

static void remove_server(struct rig *rig, const char *key)
{
	const struct record_removal removal = {
		.key = key, .server = key, .at_ms = 1, .by = "who", .reason = ""
	};
	struct store_change change = { .removal = &removal };
	const struct store_change *changes[] = { &change };

	assert_int_equal(store_db_commit(&rig->db, changes, 1, NULL, rig->error), STATUS_OK);
}

static void the_latest_is_found_by_its_stream_while_it_is_the_last_there(void **state)
{
	static const struct {
		const char *epoch;
		int64_t sequence;
		int64_t at_ms;
		int64_t latest_ms; /* then */
		bool by_stream;
	} reports[] = {
		{ "e", 10, 1000, 1000, true },  { "e", 11, 2000, 2000, true },
		{ "e", 9, 500, 2000, true },    { "e", 12, 1500, 2000, false }, /* not the last */
		{ "f", 1, 1800, 2000, false },  { "e", 13, 1900, 2000, false },
		{ "e", 14, 3000, 3000, true },  { "f", 2, 2500, 3000, true }, /* of another one */
		{ "f", 3, 4000, 4000, true },   { "e", 15, 3500, 4000, true },
		{ "f", 0, 5000, 5000, false },  { "f", 4, 6000, 6000, true },
		{ "e", 7, 7000, 7000, false },  { "e", 8, 7500, 7500, false },
		{ "e", 16, 7400, 7500, false }, { "e", 17, 8000, 8000, true },
	};
	(void)state;

	for (int is_forgetful = 0; is_forgetful < 2; is_forgetful++) {
		struct rig rig;
		set_up(&rig);
		for_each_row(i, reports) {
			put(&rig, "a", reports[i].epoch, reports[i].sequence, reports[i].at_ms,
			    same);
			check_latest(&rig, reports[i].latest_ms, reports[i].by_stream);
			if (is_forgetful)
				writer_cache_forget(&rig.db.cache);
		}
		tear_down(&rig);
	}
}

static void a_server_that_was_removed_has_a_latest_report_when_it_comes_again(void **state)
{
	struct rig rig;
	(void)state;

	set_up(&rig);
	put(&rig, "a", "e", 1, 1000, same);
	put(&rig, "a", "e", 2, 2000, same);
	remove_server(&rig, "a");
	assert_int_equal(
		number(&rig, "SELECT count(*) FROM host h WHERE " STORE_LATEST_ID " IS NULL"), 1);
	put(&rig, "a", "e", 3, 1500, same); /* of before */
	assert_int_equal(
		number(&rig, "SELECT count(*) FROM host h WHERE " STORE_LATEST_ID " IS NULL"), 1);
	put(&rig, "a", "e", 4, 3000, same);
	check_latest(&rig, 3000, true);
	tear_down(&rig);
}

static void the_latest_until_a_moment_is_found_in_long_streams(void **state)
{
	struct rig rig;
	(void)state;

	set_up(&rig);
	put(&rig, "a", "e1", 0, 0, "first");
	put(&rig, "a", "e2", 0, 15000 * 1000, "first");
	put(&rig, "b", "e1", 100000, 1, "of another");
	/* Every 9th lies up to STORE_MAX_DISORDER off its place; some sequences are left out. */
	execute(&rig, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < "
		      "20000) INSERT INTO report SELECT NULL, 1, 1 + i % 2, i + (i > 10000) * "
		      "5000, i * 1000 + iif(i % 9 = 0 AND abs(i - 10000) > 1024, (i * 7919 % 2048 "
		      "- 1024) * 1000 + 500, 0), 0, 0, 0, NULL, 0, 'x', NULL FROM c");
	check_until(&rig, -3000000);
	for (int64_t ms = -1500000; ms < 23000000; ms += 177777)
		check_until(&rig, ms);
	for (int64_t i = 9; i <= 20000; i += 117)
		check_until(&rig, (i + i * 7919 % 2048 - 1024) * 1000 + 500);
	check_until(&rig, INT64_MAX);
	tear_down(&rig);
}

static void how_many_servers_there_are_is_known_from_the_start(void **state)
{
	struct rig rig;
	(void)state;

	set_up(&rig);
	assert_int_equal(store_db_count_hosts(&rig.db, rig.error), STATUS_OK);
	assert_int_equal(rig.db.n_hosts, 0);
	put_renamed(&rig);
	store_db_close(&rig.db);
	open_db(&rig);
	assert_int_equal(store_db_count_hosts(&rig.db, rig.error), STATUS_OK);
	assert_int_equal(rig.db.n_hosts, 2);
	tear_down(&rig);
}

/*
 * What version 8 of the schema had of these, all that is asked of it, with what a renamed agent
 * left in it.
 */
static const char version_8[] =
	"CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value) WITHOUT ROWID;"
	"CREATE TABLE host (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, base_id INTEGER,"
	" latest_id INTEGER);"
	"CREATE TABLE stream (id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, epoch TEXT NOT NULL,"
	" UNIQUE (agent_id, epoch));"
	"CREATE TABLE report (id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL,"
	" stream_id INTEGER NOT NULL, sequence INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" received_at_ms INTEGER NOT NULL, age_s INTEGER NOT NULL, body_hash INTEGER NOT NULL,"
	" base_id INTEGER, encoding INTEGER NOT NULL, body BLOB NOT NULL, imported_by TEXT);"
	"CREATE UNIQUE INDEX report_identity ON report (stream_id, sequence);"
	"CREATE INDEX report_time ON report (host_id, at_ms, base_id);"
	"CREATE TABLE history (id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);"
	"CREATE INDEX history_time ON history (host_id, at_ms);"
	"CREATE TABLE server (key TEXT PRIMARY KEY NOT NULL, silent INTEGER NOT NULL,"
	" verdict TEXT NOT NULL, since_ms INTEGER NOT NULL, verdict_json TEXT NOT NULL,"
	" adapters_json TEXT NOT NULL);"
	"CREATE TABLE alert (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, told INTEGER NOT NULL,"
	" flapping INTEGER NOT NULL, key TEXT NOT NULL, condition TEXT NOT NULL,"
	" server TEXT NOT NULL, organization TEXT NOT NULL, site TEXT NOT NULL,"
	" cause TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,"
	" remedy TEXT NOT NULL, adapter TEXT NOT NULL, changes TEXT NOT NULL,"
	" acknowledged_by TEXT NOT NULL, comment TEXT NOT NULL, since_ms INTEGER NOT NULL,"
	" gone_ms INTEGER, fired_ms INTEGER, resolved_ms INTEGER, told_ms INTEGER,"
	" acknowledged_ms INTEGER, acknowledged_until_ms INTEGER);"
	"INSERT INTO host VALUES (1, 'a', 1, 6), (2, 'b', 3, 4), (3, 'c', 9, 9);"
	"INSERT INTO stream VALUES (1, 'id', 'e'), (2, 'other', 'e'), (3, 'id', 'gone'),"
	" (7, 'id', 'f');"
	"INSERT INTO report VALUES"
	" (1, 1, 1, 1, 1000, 1000, 0, 1000, NULL, 0, 'a1', NULL),"
	" (2, 1, 1, 2, 2000, 2000, 0, 2000, NULL, 0, 'a2', NULL),"
	" (3, 2, 1, 3, 3000, 3000, 0, 3000, NULL, 0, 'b3', NULL),"
	" (4, 2, 1, 4, 4000, 4000, 0, 4000, NULL, 0, 'b4', 'who'),"
	" (5, 3, 1, 9, 9000, 9000, 0, 9000, NULL, 0, 'c9', NULL),"
	" (6, 1, 1, 5, 5000, 5000, 0, 5000, NULL, 0, 'a5', NULL),"
	" (7, 2, 2, 1, 100, 100, 0, 100, NULL, 0, 'b1', NULL),"
	" (8, 1, 7, 1, 200, 200, 0, 200, NULL, 0, 'f1', NULL),"
	" (9, 3, 7, 2, 9500, 9500, 0, 9500, NULL, 0, 'f2', NULL);"
	"PRAGMA application_id = 1836343671; PRAGMA user_version = 8; PRAGMA journal_mode = WAL;";

static void a_renamed_agent_of_version_8_gets_its_streams(void **state)
{
	static const char *const hosts[] = { "SELECT count(*) FROM report WHERE host_id = 1",
					     "SELECT count(*) FROM report WHERE host_id = 2",
					     "SELECT count(*) FROM report WHERE host_id = 3" };
	static const int counts[] = { 4, 3, 2 };
	struct rig rig = { .latest_ms = INT64_MIN };
	(void)state;

	fixture_set_up(&rig.fixture);
	fixture_execute(&rig.fixture, version_8);
	open_db(&rig);
	check_bases(&rig);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(number(&rig, hosts[i]), counts[i]);
	/* The first name keeps the number; what has no report is given up. */
	assert_int_equal(number(&rig, "SELECT group_concat(id || '/' || host_id, ' ') = '1/1 2/2 "
				      "7/1 8/2 9/3 10/3' FROM (SELECT * FROM stream ORDER BY id)"),
			 1);
	for (int64_t sequence = 1; sequence <= 5; sequence++)
		check_hash(&rig, "e", sequence, (uint64_t)sequence * 1000);
	check_last(&rig, "e", 9);
	check_last(&rig, "f", 2);
	check_last(&rig, "gone", 0);
	assert_string_equal(other_names(&rig, "b"), "c 9500; a 5000; ");
	check_until(&rig, 4999);

	put(&rig, "a", "f", 3, 9900, "a as before");
	put(&rig, "c", "e", 10, 9900, "c as before");
	check_bases(&rig);
	assert_int_equal(number(&rig, "SELECT stream_id FROM report WHERE sequence = 3 AND "
				      "host_id = 1"),
			 7);
	assert_int_equal(number(&rig, "SELECT count(*) FROM stream"), 6);
	assert_int_equal(number(&rig, "SELECT count(*) FROM sqlite_schema WHERE tbl_name = "
				      "'report' AND type = 'index'"),
			 1);
	tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_of_all_streams_stay_and_what_they_are_based_on),
		cmocka_unit_test(every_report_may_be_a_base_and_goes_in_its_turn),
		cmocka_unit_test(the_base_of_the_next_report_stays_before_it_has_one),
		cmocka_unit_test(no_more_goes_at_once_than_may),
		cmocka_unit_test(half_of_the_reports_go_where_the_file_is_too_large),
		cmocka_unit_test(what_is_too_old_goes_from_every_stream),
		cmocka_unit_test(what_is_too_old_is_found_behind_younger_ones),
		cmocka_unit_test(the_sweep_looks_at_each_server_thoroughly_in_its_turn),
		cmocka_unit_test(what_lies_too_far_behind_younger_ones_is_not_found),
		cmocka_unit_test(streams_of_which_nothing_is_left_go_and_come_again),
		cmocka_unit_test(a_renamed_agent_has_a_stream_under_each_name),
		cmocka_unit_test(the_latest_is_found_by_its_stream_while_it_is_the_last_there),
		cmocka_unit_test(a_server_that_was_removed_has_a_latest_report_when_it_comes_again),
		cmocka_unit_test(the_latest_until_a_moment_is_found_in_long_streams),
		cmocka_unit_test(how_many_servers_there_are_is_known_from_the_start),
		cmocka_unit_test(a_renamed_agent_of_version_8_gets_its_streams),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
