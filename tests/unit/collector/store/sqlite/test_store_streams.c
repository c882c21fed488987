/*
 * How the reports of a server are found in the streams of its agents, where there are several, where
 * they are not in order, and where an agent was renamed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/arena.h"
#include "tests/unit/collector/store/sqlite/stream_rig.h"
#include "tests/unit/rows.h"

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
	rig_put(rig, "a", "e", 1, 1000, "a1");
	rig_put(rig, "a", "e", 2, 2000, "a2");
	rig_put(rig, "b", "e", 3, 3000, "b3");
	rig_put(rig, "b", "e", 4, 4000, "b4");
	rig_put(rig, "a", "e", 5, 5000, "a5");
}

static void a_renamed_agent_has_a_stream_under_each_name(void **state)
{
	struct store_limits limits = rig_keep(1, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	put_renamed(&rig);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM stream"), 2);
	for (int64_t sequence = 1; sequence <= 5; sequence++)
		check_hash(&rig, "e", sequence, (uint64_t)sequence * 1000);
	check_hash(&rig, "e", 6, 0);
	check_hash(&rig, "f", 1, 0);
	check_last(&rig, "e", 5);
	check_last(&rig, "f", 0);
	assert_string_equal(other_names(&rig, "a"), "b 4000; ");
	assert_string_equal(other_names(&rig, "b"), "a 5000; ");
	assert_string_equal(other_names(&rig, "c"), "");
	rig_put(&rig, "b", "e", 6, 6000, "b6");
	check_last(&rig, "e", 6);

	rig_retain(&rig, &retention, 256); /* of "a" alone */
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM report WHERE host_id = 2"), 3);
	assert_string_equal(other_names(&rig, "b"), "a 5000; ");
	rig_check_bases(&rig);
	rig_tear_down(&rig);
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
	assert_int_equal(found.sequence, rig_number(rig, query));
}

/* Is that the time of the latest report of "a", and is it found by its stream? */
static void check_latest(struct rig *rig, int64_t at_ms, bool by_stream)
{
	assert_int_equal(rig_number(rig, "SELECT at_ms FROM host h JOIN report r ON r.id "
					 "= " STORE_LATEST_ID " WHERE key = 'a'"),
			 at_ms);
	assert_int_equal(rig_number(rig, "SELECT latest_id IS NULL FROM host WHERE key = 'a'"),
			 by_stream);
	assert_int_equal(
		rig_number(rig, "SELECT (latest_id IS NULL) <> (stream_id IS NULL) FROM host"), 1);
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
		rig_set_up(&rig);
		for_each_row(i, reports) {
			rig_put(&rig, "a", reports[i].epoch, reports[i].sequence, reports[i].at_ms,
				rig_same);
			check_latest(&rig, reports[i].latest_ms, reports[i].by_stream);
			if (is_forgetful)
				writer_cache_forget(&rig.db.cache);
		}
		rig_tear_down(&rig);
	}
}

static void a_server_that_was_removed_has_a_latest_report_when_it_comes_again(void **state)
{
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	rig_put(&rig, "a", "e", 1, 1000, rig_same);
	rig_put(&rig, "a", "e", 2, 2000, rig_same);
	remove_server(&rig, "a");
	assert_int_equal(
		rig_number(&rig, "SELECT count(*) FROM host h WHERE " STORE_LATEST_ID " IS NULL"),
		1);
	rig_put(&rig, "a", "e", 3, 1500, rig_same); /* of before */
	assert_int_equal(
		rig_number(&rig, "SELECT count(*) FROM host h WHERE " STORE_LATEST_ID " IS NULL"),
		1);
	rig_put(&rig, "a", "e", 4, 3000, rig_same);
	check_latest(&rig, 3000, true);
	rig_tear_down(&rig);
}

static void the_latest_until_a_moment_is_found_in_long_streams(void **state)
{
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	rig_put(&rig, "a", "e1", 0, 0, "first");
	rig_put(&rig, "a", "e2", 0, 15000 * 1000, "first");
	rig_put(&rig, "b", "e1", 100000, 1, "of another");
	/* Every 9th lies up to STORE_MAX_DISORDER off its place; some sequences are left out. */
	rig_execute(&rig,
		    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < "
		    "20000) INSERT INTO report SELECT NULL, 1, 1 + i % 2, i + (i > 10000) * "
		    "5000, i * 1000 + iif(i % 9 = 0 AND abs(i - 10000) > 1024, (i * 7919 % 2048 "
		    "- 1024) * 1000 + 500, 0), 0, 0, 0, NULL, 0, 'x', NULL FROM c");
	check_until(&rig, -3000000);
	for (int64_t ms = -1500000; ms < 23000000; ms += 177777)
		check_until(&rig, ms);
	for (int64_t i = 9; i <= 20000; i += 117)
		check_until(&rig, (i + i * 7919 % 2048 - 1024) * 1000 + 500);
	check_until(&rig, INT64_MAX);
	rig_tear_down(&rig);
}

static void how_many_servers_there_are_is_known_from_the_start(void **state)
{
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	assert_int_equal(store_db_count_hosts(&rig.db, rig.error), STATUS_OK);
	assert_int_equal(rig.db.n_hosts, 0);
	put_renamed(&rig);
	store_db_close(&rig.db);
	rig_open(&rig);
	assert_int_equal(store_db_count_hosts(&rig.db, rig.error), STATUS_OK);
	assert_int_equal(rig.db.n_hosts, 2);
	rig_tear_down(&rig);
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
	rig_open(&rig);
	rig_check_bases(&rig);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rig_number(&rig, hosts[i]), counts[i]);
	/* The first name keeps the number; what has no report is given up. */
	assert_int_equal(rig_number(&rig,
				    "SELECT group_concat(id || '/' || host_id, ' ') = '1/1 2/2 "
				    "7/1 8/2 9/3 10/3' FROM (SELECT * FROM stream ORDER BY id)"),
			 1);
	for (int64_t sequence = 1; sequence <= 5; sequence++)
		check_hash(&rig, "e", sequence, (uint64_t)sequence * 1000);
	check_last(&rig, "e", 9);
	check_last(&rig, "f", 2);
	check_last(&rig, "gone", 0);
	assert_string_equal(other_names(&rig, "b"), "c 9500; a 5000; ");
	check_until(&rig, 4999);

	rig_put(&rig, "a", "f", 3, 9900, "a as before");
	rig_put(&rig, "c", "e", 10, 9900, "c as before");
	rig_check_bases(&rig);
	assert_int_equal(rig_number(&rig, "SELECT stream_id FROM report WHERE sequence = 3 AND "
					  "host_id = 1"),
			 7);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM stream"), 6);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM sqlite_schema WHERE tbl_name = "
					  "'report' AND type = 'index'"),
			 1);
	rig_tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renamed_agent_has_a_stream_under_each_name),
		cmocka_unit_test(the_latest_is_found_by_its_stream_while_it_is_the_last_there),
		cmocka_unit_test(a_server_that_was_removed_has_a_latest_report_when_it_comes_again),
		cmocka_unit_test(the_latest_until_a_moment_is_found_in_long_streams),
		cmocka_unit_test(how_many_servers_there_are_is_known_from_the_start),
		cmocka_unit_test(a_renamed_agent_of_version_8_gets_its_streams),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
