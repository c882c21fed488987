#include "agent/uplink/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include "agent/platform/files.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "tests/unit/rows.h"

static char dir[64];
static struct arena arena;

static const struct moment now = { 1000000000, 5000000 };

static int begin(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/test_spool.XXXXXX");
	arena_init(&arena);
	return mkdtemp(dir) ? 0 : -1;
}

static void empty(const char *folder)
{
	const char **names = NULL;
	size_t n = 0;
	const char *path = files_join(&arena, dir, folder);

	if (files_list(path, &arena, &names, &n) != STATUS_OK)
		return; /* this test did not get that far */
	for (size_t i = 0; i < n; i++)
		(void)files_remove(files_join(&arena, path, names[i]));
	(void)rmdir(path);
}

static int end(void **state)
{
	(void)state;
	empty("spool");
	empty("rejected");
	arena_deinit(&arena);
	return rmdir(dir);
}

static size_t files_in(const char *folder, const char ***names)
{
	size_t n = 0;

	assert_int_equal(files_list(files_join(&arena, dir, folder), &arena, names, &n), STATUS_OK);
	return n;
}

static struct spool *open_spool(void)
{
	return spool_open(dir);
}

/* The number of the newest report, which is what the test expects. */
static int64_t expect_newest(struct spool *spool, const char *text, int64_t age_s)
{
	struct spooled newest = { .age_ms = -1 };

	assert_int_equal(spool_get_newest(spool, &now, &newest), STATUS_OK);
	assert_string_equal(newest.body, text);
	assert_int_equal(newest.age_ms / 1000, age_s);
	free(newest.body);
	return newest.number;
}

static int64_t newest_number(struct spool *spool)
{
	struct spooled newest;

	assert_int_equal(spool_get_newest(spool, &now, &newest), STATUS_OK);
	free(newest.body);
	return newest.number;
}

static void put(struct spool *spool, const char *text, int64_t age_s)
{
	struct moment at = { now.wall_ms - age_s * 1000, now.mono_ms - age_s * 1000 };
	assert_int_equal(spool_put(spool, text, &at), STATUS_OK);
}

static void the_newest_report_comes_first_and_leaves_when_it_is_removed(void **state)
{
	struct spool *spool = open_spool();
	struct spooled none;
	const char **names = NULL;
	(void)state;

	put(spool, "{\"sequence\": 1}", 600);
	put(spool, "{\"sequence\": 2}", 300);
	spool_remove(spool, expect_newest(spool, "{\"sequence\": 2}", 300));
	spool_remove(spool, expect_newest(spool, "{\"sequence\": 1}", 600));
	assert_int_equal(spool_get_newest(spool, &now, &none), STATUS_NOT_FOUND);
	assert_int_equal(files_in("spool", &names), 0);
	spool_close(spool);
}

static void reports_outlive_the_process(void **state)
{
	struct spool *spool = open_spool();
	(void)state;

	put(spool, "one", 600);
	put(spool, "two\nlines", 300);
	spool_close(spool);
	spool = open_spool();
	assert_int_equal(spool_count(spool), 2);
	expect_newest(spool, "two\nlines", 300);
	put(spool, "three", 0);
	expect_newest(spool, "three", 0);
	spool_close(spool);
}

static void a_report_is_as_old_as_the_best_clock_says(void **state)
{
	static const struct {
		const char *what;
		struct moment at; /* before `now` = wall 1000000 s, mono 5000 s */
		int64_t age_s;
	} cases[] = {
		{ "the clocks agree", { 999400000, 4400000 }, 600 },
		{ "the machine was started again", { 999000000, 9000000 }, 1000 },
		{ "the clock was set back", { 1000900000, 4400000 }, 0 },
	};
	(void)state;

	for_each_row(i, cases) {
		struct spool *spool = open_spool();
		assert_int_equal(spool_put(spool, cases[i].what, &cases[i].at), STATUS_OK);
		/* Of this process: the monotonic clock alone, whatever the wall says. */
		expect_newest(spool, cases[i].what, (now.mono_ms - cases[i].at.mono_ms) / 1000);
		spool_close(spool);
		spool = open_spool();
		expect_newest(spool, cases[i].what, cases[i].age_s);
		spool_remove(spool, newest_number(spool));
		spool_close(spool);
	}
}

static void the_oldest_are_dropped_and_counted_when_there_are_too_many(void **state)
{
	struct spool *spool = open_spool();
	char text[32];
	const char **names = NULL;
	(void)state;

	for (int i = 0; i < SPOOL_MAX_REPORTS + 3; i++) {
		(void)snprintf(text, sizeof text, "report %d", i);
		put(spool, text, 0);
	}
	assert_int_equal(spool_count(spool), SPOOL_MAX_REPORTS);
	assert_int_equal(spool_dropped(spool), 3);
	expect_newest(spool, text, 0);
	assert_int_equal(files_in("spool", &names), SPOOL_MAX_REPORTS);
	while (spool_count(spool) > 1)
		spool_remove(spool, newest_number(spool));
	expect_newest(spool, "report 3", 0);
	spool_close(spool);
}

static void the_oldest_are_dropped_when_there_are_too_many_bytes(void **state)
{
	struct spool *spool = open_spool();
	char *large = mem_alloc(REPORT_MAX_BYTES + 1);
	size_t fit = SPOOL_MAX_BYTES / REPORT_MAX_BYTES;
	(void)state;

	memset(large, 'x', REPORT_MAX_BYTES);
	for (size_t i = 0; i < fit; i++) /* the heads make them one too many */
		put(spool, large, 0);
	assert_int_equal(spool_count(spool), fit - 1);
	assert_int_equal(spool_dropped(spool), 1);
	spool_close(spool);
	free(large);
}

static void a_refused_report_is_put_aside_and_only_so_many_are_kept(void **state)
{
	struct spool *spool = open_spool();
	const char **names = NULL;
	(void)state;

	for (int i = 0; i < SPOOL_MAX_REJECTED + 2; i++) {
		put(spool, "refused", 0);
		spool_reject(spool, newest_number(spool));
		spool_close(spool); /* later numbers follow those of refused ones */
		spool = open_spool();
	}
	assert_int_equal(spool_count(spool), 0);
	assert_int_equal(files_in("spool", &names), 0);
	assert_int_equal(files_in("rejected", &names), SPOOL_MAX_REJECTED);
	assert_string_equal(names[0], "0000000000003.report");
	spool_close(spool);
}

/* While the sender had it under way a newer one came, and the spool overflowed. */
static void the_report_that_was_sent_is_removed_and_no_other(void **state)
{
	struct spool *spool = open_spool();
	(void)state;

	put(spool, "one", 600);
	int64_t sent = expect_newest(spool, "one", 600);
	put(spool, "two", 300);
	spool_remove(spool, sent);
	assert_int_equal(spool_count(spool), 1);
	for (int i = 0; i < SPOOL_MAX_REPORTS; i++)
		put(spool, "later", 0);
	spool_remove(spool, sent + 1);
	spool_reject(spool, sent + 1);
	assert_int_equal(spool_count(spool), SPOOL_MAX_REPORTS);
	spool_close(spool);
}

static void without_a_disk_the_newest_report_is_kept_in_memory(void **state)
{
	const char *in_the_way = files_join(&arena, dir, "spool");
	struct spooled none;
	(void)state;

	assert_int_equal(files_replace(in_the_way, "", 0), STATUS_OK);
	struct spool *spool = open_spool();
	struct moment at = { now.wall_ms - 7000, now.mono_ms - 7000 };
	assert_int_equal(spool_put(spool, "one", &at), STATUS_SYSTEM);
	assert_int_equal(spool_put(spool, "two", &at), STATUS_SYSTEM);
	assert_int_equal(spool_count(spool), 1);
	assert_int_equal(spool_dropped(spool), 1);
	spool_remove(spool, expect_newest(spool, "two", 7));
	assert_int_equal(spool_get_newest(spool, &now, &none), STATUS_NOT_FOUND);
	spool_close(spool);
	assert_int_equal(files_remove(in_the_way), STATUS_OK);
}

/* Without a disk, too, a newer one may come while the sender has the last one under way. */
static void what_is_only_in_memory_is_not_taken_for_what_was_sent(void **state)
{
	const char *in_the_way = files_join(&arena, dir, "spool");
	(void)state;

	assert_int_equal(files_replace(in_the_way, "", 0), STATUS_OK);
	struct spool *spool = open_spool();
	struct moment at = { now.wall_ms - 7000, now.mono_ms - 7000 };
	assert_int_equal(spool_put(spool, "one", &at), STATUS_SYSTEM);
	int64_t sent = expect_newest(spool, "one", 7);
	assert_int_equal(spool_put(spool, "two", &at), STATUS_SYSTEM);
	spool_remove(spool, sent);
	spool_reject(spool, sent);
	expect_newest(spool, "two", 7);
	spool_close(spool);
	assert_int_equal(files_remove(in_the_way), STATUS_OK);
}

/* A virus scanner holds a file for a moment: it is there at the next start. */
static void a_file_that_cannot_be_read_now_stays(void **state)
{
	struct spool *spool = open_spool();
	const char **names = NULL;
	(void)state;

	put(spool, "the good one", 600);
	put(spool, "the held one", 300);
	assert_int_equal(files_in("spool", &names), 2);
	const char *path = files_join(&arena, files_join(&arena, dir, "spool"), names[1]);
	const char *aside = files_join(&arena, dir, "aside");
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(symlink(dir, path), 0); /* a directory cannot be read as a file */
	expect_newest(spool, "the good one", 600);
	spool_close(spool);
	assert_int_equal(unlink(path), 0); /* it is still there */
	assert_int_equal(rename(aside, path), 0);
	spool = open_spool();
	expect_newest(spool, "the held one", 300);
	spool_close(spool);
}

/* The loss of power leaves a file cut anywhere, or with bytes that never got to the disk. */
static void a_damaged_file_is_skipped_and_the_others_are_not(void **state)
{
	struct spool *spool = open_spool();
	const char **names = NULL;
	char *whole = NULL;
	size_t n = 0;
	(void)state;

	put(spool, "the good one", 600);
	put(spool, "the one to be damaged", 300);
	spool_close(spool);
	assert_int_equal(files_in("spool", &names), 2);
	const char *path = files_join(&arena, files_join(&arena, dir, "spool"), names[1]);
	assert_int_equal(files_read(path, 4096, &whole, &n), STATUS_OK);
	for (size_t i = 0; i <= 2 * n; i++) {
		char *copy = mem_strndup(whole, n);
		if (i == 2 * n)
			memset(copy, 0, n); /* the rename came to the disk, the data did not */
		else if (i >= n)
			copy[i - n] ^= 1; /* a digit becomes another */
		assert_int_equal(files_replace(path, copy, i < n ? i : n), STATUS_OK);
		free(copy);
		spool = open_spool();
		assert_int_equal(spool_count(spool), 1);
		assert_int_equal(spool_dropped(spool), 1);
		expect_newest(spool, "the good one", 600);
		spool_close(spool);
	}
	free(whole);
}

static void a_file_that_is_damaged_while_the_agent_runs_is_skipped(void **state)
{
	struct spool *spool = open_spool();
	const char **names = NULL;
	(void)state;

	put(spool, "the good one", 600);
	put(spool, "the other", 300);
	assert_int_equal(files_in("spool", &names), 2);
	const char *path = files_join(&arena, files_join(&arena, dir, "spool"), names[1]);
	assert_int_equal(files_replace(path, "nonsense", 8), STATUS_OK);
	expect_newest(spool, "the good one", 600);
	assert_int_equal(spool_dropped(spool), 1);
	spool_close(spool);
}

static void what_a_crash_left_half_written_is_cleared_away(void **state)
{
	struct spool *spool = open_spool();
	const char **names = NULL;
	(void)state;

	spool_close(spool);
	const char *path =
		files_join(&arena, files_join(&arena, dir, "spool"), "0000000000001.report.tmp");
	assert_int_equal(files_replace(path, "mtawatch-spool/1 0a", 19), STATUS_OK);
	spool = open_spool();
	assert_int_equal(spool_count(spool), 0);
	assert_int_equal(files_in("spool", &names), 0);
	spool_close(spool);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_newest_report_comes_first_and_leaves_when_it_is_removed),
		TEST(reports_outlive_the_process),
		TEST(a_report_is_as_old_as_the_best_clock_says),
		TEST(the_oldest_are_dropped_and_counted_when_there_are_too_many),
		TEST(the_oldest_are_dropped_when_there_are_too_many_bytes),
		TEST(a_refused_report_is_put_aside_and_only_so_many_are_kept),
		TEST(the_report_that_was_sent_is_removed_and_no_other),
		TEST(without_a_disk_the_newest_report_is_kept_in_memory),
		TEST(what_is_only_in_memory_is_not_taken_for_what_was_sent),
		TEST(a_file_that_cannot_be_read_now_stays),
		TEST(a_damaged_file_is_skipped_and_the_others_are_not),
		TEST(a_file_that_is_damaged_while_the_agent_runs_is_skipped),
		TEST(what_a_crash_left_half_written_is_cleared_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
