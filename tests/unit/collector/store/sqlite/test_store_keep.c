/* What the store keeps of reports and changes, how, and for how long. */
#include "collector/base/hash.h"
#include "collector/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "collector/store/pack.h"
#include "collector/store/sqlite/internal.h"
#include "collector/store/sqlite/writer_cache.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/report/report.h"
#include "tests/unit/collector/store/store_fixture.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static struct store_bytes bytes_of(const char *text)
{
	return (struct store_bytes){ text, strlen(text) };
}

static void what_changed_little_is_packed_small_and_comes_back(void **state)
{
	struct store_packer packer = { 0 };
	struct store_bytes packed;
	struct buffer back;
	(void)state;

	char *first = fixture_body(1, 1);
	char *second = fixture_body(1, 2);
	char *other = fixture_body(2, 1);
	struct store_bytes base = bytes_of(first);
	buffer_init(&back);

	assert_int_equal(store_pack(&packer, bytes_of(second), &base, &packed),
			 STORE_ENCODING_DELTA);
	assert_in_range(packed.size, 1, strlen(second) / STORE_PACK_DELTA_RATIO);
	char *copy = mem_strndup(packed.at, packed.size);
	packed.at = copy;
	assert_int_equal(store_unpack(&packer, STORE_ENCODING_DELTA, packed, &base, &back),
			 STATUS_OK);
	assert_string_equal(back.bytes, second);

	/* Not against another base, not without one, not in part. */
	struct store_bytes wrong = bytes_of(other);
	assert_int_equal(store_unpack(&packer, STORE_ENCODING_DELTA, packed, &wrong, &back),
			 STATUS_MALFORMED);
	assert_int_equal(store_unpack(&packer, STORE_ENCODING_DELTA, packed, NULL, &back),
			 STATUS_MALFORMED);
	packed.size--;
	assert_int_equal(store_unpack(&packer, STORE_ENCODING_DELTA, packed, &base, &back),
			 STATUS_MALFORMED);
	assert_int_equal(store_unpack(&packer, 3, packed, &base, &back), STATUS_MALFORMED);

	/* What has little in common with the base is stored whole. */
	assert_int_equal(store_pack(&packer, bytes_of(other), &base, &packed), STORE_ENCODING_ZSTD);
	back.size = 0;
	free(copy);
	copy = mem_strndup(packed.at, packed.size);
	packed.at = copy;
	assert_int_equal(store_unpack(&packer, STORE_ENCODING_ZSTD, packed, NULL, &back),
			 STATUS_OK);
	assert_string_equal(back.bytes, other);
	free(copy);
	free(first);
	free(second);
	free(other);
	buffer_deinit(&back);
	store_packer_deinit(&packer);
}

static void a_text_of_the_largest_size_is_unpacked_and_no_larger_one(void **state)
{
	struct store_packer packer = { 0 };
	struct store_bytes packed;
	struct buffer back;
	(void)state;

	char *text = mem_alloc(REPORT_MAX_BYTES + 1);
	for (size_t more = 0; more < 2; more++) {
		size_t size = REPORT_MAX_BYTES + more;
		buffer_init(&back);
		store_pack(&packer, (struct store_bytes){ text, size }, NULL, &packed);
		char *copy = mem_strndup(packed.at, packed.size);
		packed.at = copy;
		assert_int_equal(store_unpack(&packer, STORE_ENCODING_ZSTD, packed, NULL, &back),
				 more ? STATUS_MALFORMED : STATUS_OK);
		assert_int_equal(back.size, more ? 0 : size);
		free(copy);
		buffer_deinit(&back);
	}
	free(text);
	store_packer_deinit(&packer);
}

/* The body of the latest report of `key` until a moment; "" where there is none. */
static void check_until(struct fixture *f, const char *key, int64_t until_ms, const char *body)
{
	struct record_report found = { .body = "" };
	struct arena arena;

	arena_init(&arena);
	enum status status = store_read_report_until(store_reader(f->store), key, until_ms, &arena,
						     &found, f->error);
	assert_int_equal(status, *body ? STATUS_OK : STATUS_NOT_FOUND);
	assert_string_equal(found.body, body);
	arena_deinit(&arena);
}

static void reports_of_a_server_are_kept_as_what_differs_and_read_whole(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	for (int again = 0; again < 2; again++) {
		for (int i = 1; i <= 5; i++) {
			int n = again * 5 + i;
			char *body = fixture_body(7, n);
			fixture_report(&f, "a", n, n * 1000, body);
			free(body);
			body = fixture_body(8, n);
			fixture_report(&f, "b", n, n * 1000, body);
			free(body);
		}
		fixture_close(&f);
		fixture_open(&f);
	}
	for (int n = 1; n <= 10; n++) {
		char *body = fixture_body(7, n);
		check_until(&f, "a", n * 1000, body);
		free(body);
	}
	char *changed = fixture_body(9, 11);
	fixture_report(&f, "a", 11, 11000, changed);
	check_until(&f, "a", INT64_MAX, changed);
	free(changed);
	fixture_close(&f);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE encoding = 1"), 3);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE encoding = 2"), 18);
	assert_int_equal(fixture_count(&f, "SELECT max(length(body)) < 400 FROM report "
					   "WHERE encoding = 2"),
			 1);
	fixture_tear_down(&f);
}

static void servers_whose_texts_share_a_place_do_not_mix(void **state)
{
	static const char rival[] = "b";
	char add_rival[80];
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "a", 0, 0, "{}");
	snprintf(add_rival, sizeof add_rival,
		 "INSERT INTO host (id, key) SELECT id + %d, '%s' FROM host", WRITER_CACHE_TEXTS,
		 rival);
	fixture_execute(&f, add_rival);
	for (int n = 1; n <= 6; n++) {
		const char *key = n % 3 == 0 ? rival : "a";
		char *body = fixture_body(n % 3 == 0 ? 8 : 7, n);
		fixture_report(&f, key, n, n * 1000, body);
		free(body);
	}
	for (int n = 1; n <= 6; n++) {
		char *body = fixture_body(n % 3 == 0 ? 8 : 7, n);
		check_until(&f, n % 3 == 0 ? rival : "a", n * 1000, body);
		free(body);
	}
	fixture_close(&f);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE encoding = 2"), 4);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM host h JOIN report r ON "
					   "r.id = " STORE_LATEST_ID " AND r.host_id = h.id"),
			 2);
	fixture_tear_down(&f);
}

static void texts_too_long_to_be_remembered_are_bases_all_the_same(void **state)
{
	struct fixture f;
	(void)state;

	for (size_t more = 0; more < 2; more++) {
		size_t size = WRITER_CACHE_MAX_TEXT + more;
		char *body = mem_alloc(size + 1);
		fixture_set_up(&f);
		fixture_open(&f);
		for (int n = 1; n <= 3; n++) {
			memset(body, 'x', size);
			body[n] = 'y';
			fixture_report(&f, "a", n, n * 1000, body);
		}
		check_until(&f, "a", INT64_MAX, body);
		fixture_close(&f);
		assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE base_id = 1"),
				 2);
		fixture_tear_down(&f);
		free(body);
	}
}

/* Limits of which only the number of reports binds. */
static struct store_limits keep(size_t reports)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	limits.reports = reports;
	limits.report_days = STORE_MAX_DAYS;
	limits.change_days = STORE_MAX_DAYS;
	return limits;
}

static void keeps_so_many_reports_and_the_latest(void **state)
{
	struct store_limits limits = keep(32);
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	store_set_limits(f.store, &limits);
	char *body = fixture_body(1, 0);
	fixture_report(&f, "a", 0, INT64_C(1000000), body); /* the latest by time for ever */
	free(body);
	for (int n = 1; n <= 200; n++) {
		body = fixture_body(1 + (unsigned)n / 60, n); /* now and then it is another base */
		struct record_report report = { .key = "a",
						.agent_id = "a",
						.epoch = "e",
						.sequence = n,
						.at_ms = n * 1000,
						.received_at_ms = n * 1000,
						.body = body,
						.body_size = strlen(body) };
		struct store_change change = { .report = &report,
					       .done = fixture_on_done,
					       .user = &f };
		size_t over = f.done;
		assert_int_equal(store_submit(f.store, &change), STATUS_OK);
		while (f.done == over)
			uv_run(&f.loop, UV_RUN_ONCE);
		free(body);
	}
	/* Each of them looks at what is old, for none is the latest, which is one of the 32. */
	body = fixture_body(1 + 200 / 60, 200);
	check_until(&f, "a", 200 * 1000, body);
	free(body);
	body = fixture_body(1 + 170 / 60, 170);
	check_until(&f, "a", 170 * 1000, body);
	free(body);
	body = fixture_body(1, 0);
	check_until(&f, "a", INT64_MAX, body);
	free(body);
	check_until(&f, "a", 59 * 1000, "");
	fixture_close(&f);
	assert_in_range(fixture_count(&f, "SELECT count(*) FROM report"), 32, 32 + 4);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report r WHERE base_id NOT NULL "
					   "AND NOT EXISTS (SELECT 1 FROM report b WHERE "
					   "b.id = r.base_id AND b.base_id IS NULL)"),
			 0);
	fixture_tear_down(&f);
}

static void reports_take_the_old_ones_of_their_server_away(void **state)
{
	struct store_limits limits = keep(32);
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	store_set_limits(f.store, &limits);
	for (int n = 1; n <= 200; n++) {
		char *body = fixture_body(1, n);
		fixture_report(&f, "a", n, n * 1000, body);
		fixture_report(&f, "b", n, n * 1000, body);
		free(body);
	}
	fixture_close(&f);
	for (int host = 1; host <= 2; host++) {
		char query[64];
		snprintf(query, sizeof query, "SELECT count(*) FROM report WHERE host_id = %d",
			 host);
		assert_in_range(fixture_count(&f, query), 32, 32 + 16 + 1); /* and the base */
	}
	fixture_tear_down(&f);
}

static void wait_for_rows(struct fixture *f, const char *query, int64_t n)
{
	for (int i = 0; i < 1000 && fixture_count(f, query) != n; i++) {
		uv_run(&f->loop, UV_RUN_NOWAIT); /* hands over what was submitted */
		nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
	}
	assert_int_equal(fixture_count(f, query), n);
}

static void what_is_too_old_goes_by_itself_but_for_the_latest(void **state)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT; /* 30 days */
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	store_set_limits(f.store, &limits);
	for (int n = 1; n <= 10; n++) {
		char *body = fixture_body(1, n);
		fixture_report(&f, "a", n, now_ms - (31 * 10 - n) * DAY_MS, body);
		fixture_report(&f, "b", n, now_ms - (36 - n) * DAY_MS, body);
		free(body);
	}
	/* "b" keeps days 29 to 26 (numbers 7 to 10), 30 may be either, and the base of them. */
	wait_for_rows(&f, "SELECT count(*) <= 8 FROM report", 1);
	fixture_close(&f);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE host_id = 1"), 2);
	assert_int_equal(fixture_count(&f, "SELECT max(sequence) FROM report WHERE host_id = 1"),
			 10);
	assert_in_range(fixture_count(&f, "SELECT count(*) FROM report WHERE host_id = 2"), 5, 6);
	fixture_tear_down(&f);
}

static void a_database_that_is_too_large_loses_reports_and_no_latest(void **state)
{
	struct store_limits limits = keep(1000);
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	for (unsigned n = 1; n <= 800; n++) {
		char *body = fixture_body(n, 1); /* each a base of its own, of 2 KB */
		fixture_report(&f, n % 2 ? "a" : "b", n, n * 1000, body);
		free(body);
	}
	limits.max_mb = 1;
	store_set_limits(f.store, &limits);
	wait_for_rows(&f, "SELECT count(*) <= 500 FROM report", 1);
	fixture_close(&f);
	assert_int_equal(fixture_count(&f,
				       "SELECT count(*) FROM report r JOIN host h ON "
				       "r.id = " STORE_LATEST_ID " WHERE r.sequence IN (799, 800)"),
			 2);
	fixture_tear_down(&f);
}

/* What the released version 1 of the schema made, word by word. */
static const char version_1[] =
	"CREATE TABLE report (id INTEGER PRIMARY KEY, key TEXT NOT NULL, ordinal INTEGER NOT NULL,"
	" agent_id TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL, received_at_ms INTEGER NOT NULL, age_s INTEGER NOT NULL,"
	" body_hash INTEGER NOT NULL, encoding INTEGER NOT NULL, body BLOB NOT NULL);"
	"CREATE UNIQUE INDEX report_identity ON report (agent_id, epoch, sequence);"
	"CREATE UNIQUE INDEX report_ordinal ON report (key, ordinal);"
	"CREATE INDEX report_time ON report (key, at_ms, sequence);"
	"CREATE TABLE server (key TEXT PRIMARY KEY NOT NULL, report_id INTEGER NOT NULL,"
	" silent INTEGER NOT NULL, verdict TEXT NOT NULL, since_ms INTEGER NOT NULL,"
	" verdict_json TEXT NOT NULL, adapters_json TEXT NOT NULL);"
	"CREATE TABLE told (key TEXT PRIMARY KEY NOT NULL, verdict TEXT, number INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value) WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('resumed', 0);"
	"PRAGMA application_id = 1836343671; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
	"INSERT INTO report VALUES"
	" (1, 'a', 1, 'id-a', 'e', 1, 1000, 3000, 2, 11, 0, 'a1'),"
	" (2, 'b', 1, 'id-b', 'e', 1, 1500, 3500, 2, 12, 0, 'b1'),"
	" (5, 'a', 2, 'id-a', 'f', 1, 2000, 4000, 2, -13, 0, 'a2');"
	"INSERT INTO server VALUES ('a', 5, 0, 'clear', 1, '{}', '[]'),"
	" ('b', 2, 1, 'exposed', 2, '{}', '[]');"
	"INSERT INTO told VALUES ('b', 'exposed', 3);";

static void a_database_of_version_1_is_read_and_written_on(void **state)
{
	uint64_t hash = 0;
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_execute(&f, version_1);
	for (int again = 0; again < 2; again++) {
		fixture_open(&f);
		assert_string_equal(fixture_servers(&f), "a clear silent=0 f/1 a2; "
							 "b exposed silent=1 e/1 b1; ");
		check_until(&f, "a", 1999, "a1");
		assert_int_equal(
			store_read_body_hash(store_reader(f.store), "id-a", "f", 1, &hash, f.error),
			STATUS_OK);
		assert_true(hash == hash_bytes("a2", 2));
		fixture_close(&f);
	}
	fixture_open(&f);
	fixture_report(&f, "a", 2, 5000, "a3");
	check_until(&f, "a", INT64_MAX, "a3");
	fixture_close(&f);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report"), 4);
	/* What the hook was told became an alert that was told. */
	assert_int_equal(fixture_count(&f,
				       "SELECT count(*) FROM alert WHERE key = 'b' AND "
				       "condition = 'exposed' AND state = 2 AND notified = 1 AND "
				       "since_ms = 2"),
			 1);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM hook"), 1);
	assert_true(fixture_count(&f, "PRAGMA user_version") > 1);
	fixture_tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changed_little_is_packed_small_and_comes_back),
		cmocka_unit_test(a_text_of_the_largest_size_is_unpacked_and_no_larger_one),
		cmocka_unit_test(reports_of_a_server_are_kept_as_what_differs_and_read_whole),
		cmocka_unit_test(servers_whose_texts_share_a_place_do_not_mix),
		cmocka_unit_test(texts_too_long_to_be_remembered_are_bases_all_the_same),
		cmocka_unit_test(keeps_so_many_reports_and_the_latest),
		cmocka_unit_test(reports_take_the_old_ones_of_their_server_away),
		cmocka_unit_test(what_is_too_old_goes_by_itself_but_for_the_latest),
		cmocka_unit_test(a_database_that_is_too_large_loses_reports_and_no_latest),
		cmocka_unit_test(a_database_of_version_1_is_read_and_written_on),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
