#include "agent/probe/grade_history.h"

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
#include "tests/unit/rows.h"

#define GAP_MS 450000 /* the longest that still follows, at an interval of 300 s */

static char dir[] = "/tmp/test_history.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof path, "%s/history", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return unlink(path) != 0 || rmdir(dir) != 0 ? -1 : 0;
}

/* A cycle at `wall_s` and `mono_s` that sees one row. Returns its for_s. */
static int64_t see(struct grade_history *h, int64_t wall_s, int64_t mono_s, enum grade grade)
{
	struct moment now = { wall_s * 1000, mono_s * 1000 };

	grade_history_begin(h, &now, GAP_MS);
	return grade_history_note(h, "El90x1", "EXCH2", "10.0.0.6", grade);
}

static void a_grade_stands_from_cycle_to_cycle_and_begins_anew_when_it_changes(void **state)
{
	struct grade_history *h = grade_history_new();
	(void)state;

	assert_int_equal(see(h, 1000, 10, GRADE_MTA), 0);
	assert_int_equal(see(h, 1300, 310, GRADE_MTA), 300);
	assert_int_equal(see(h, 1600, 610, GRADE_MTA), 600);
	assert_int_equal(see(h, 1900, 910, GRADE_NONE), 0);
	assert_int_equal(see(h, 2200, 1210, GRADE_NONE), 300);
	assert_int_equal(see(h, 2500, 1510, GRADE_MTA), 0);
	grade_history_free(h);
}

static void a_missed_cycle_begins_anew(void **state)
{
	struct grade_history *h = grade_history_new();
	(void)state;

	assert_int_equal(see(h, 1000, 10, GRADE_MTA), 0);
	assert_int_equal(see(h, 1450, 460, GRADE_MTA), 450); /* as late as it may be */
	assert_int_equal(see(h, 1901, 911, GRADE_MTA), 0);
	grade_history_free(h);
}

static void a_row_that_one_cycle_did_not_see_begins_anew(void **state)
{
	struct grade_history *h = grade_history_new();
	struct moment now = { 1300000, 310000 };
	(void)state;

	assert_int_equal(see(h, 1000, 10, GRADE_MTA), 0);
	grade_history_begin(h, &now, GAP_MS);
	assert_int_equal(grade_history_note(h, "El90x2", "EXCH2", "10.0.0.6", GRADE_MTA), 0);
	assert_int_equal(grade_history_note(h, "El90x1", NULL, "10.0.0.6", GRADE_MTA), 0);
	assert_int_equal(see(h, 1600, 610, GRADE_MTA), 0);
	grade_history_free(h);
}

static void setting_the_wall_clock_changes_nothing(void **state)
{
	struct grade_history *h = grade_history_new();
	(void)state;

	assert_int_equal(see(h, 1000, 10, GRADE_MTA), 0);
	assert_int_equal(see(h, 90000, 310, GRADE_MTA), 300);
	assert_int_equal(see(h, 500, 610, GRADE_MTA), 600);
	grade_history_free(h);
}

/* The history of a process that saw GRADE_MTA for 300 s and ended at wall 1300, mono 310. */
static struct grade_history *after_restart(void)
{
	struct grade_history *h = grade_history_new();

	see(h, 1000, 10, GRADE_MTA);
	see(h, 1300, 310, GRADE_MTA);
	assert_int_equal(grade_history_save(h, path), STATUS_OK);
	grade_history_free(h);
	h = grade_history_new();
	assert_int_equal(grade_history_load(h, path), STATUS_OK);
	return h;
}

static void it_goes_on_over_a_restart_of_the_agent_where_both_clocks_agree(void **state)
{
	static const struct {
		const char *what;
		int64_t wall_s;
		int64_t mono_s;
		int64_t for_s;
	} cases[] = {
		{ "both clocks went on", 1500, 510, 500 },
		{ "the wall was slewed a little", 1503, 510, 500 },
		{ "the machine was started again", 1500, 60, 0 },
		{ "the machine was started again and ran as long", 1700, 510, 0 },
		{ "the wall was set forward", 5000, 510, 0 },
		{ "the wall was set back", 900, 510, 0 },
		{ "the agent was away for too long", 1800, 810, 0 },
	};
	(void)state;

	for_each_row(i, cases) {
		struct grade_history *h = after_restart();
		int64_t for_s = see(h, cases[i].wall_s, cases[i].mono_s, GRADE_MTA);
		assert_int_equal(for_s, cases[i].for_s);
		grade_history_free(h);
	}
}

static void a_file_cut_anywhere_is_refused_or_holds_fewer_rows(void **state)
{
	char *text = NULL;
	size_t n = 0;
	(void)state;

	grade_history_free(after_restart());
	assert_int_equal(files_read(path, GRADE_HISTORY_MAX_BYTES, &text, &n), STATUS_OK);
	for (size_t cut = 0; cut < n; cut++) {
		struct grade_history *h = grade_history_new();
		assert_int_equal(files_replace(path, text, cut), STATUS_OK);
		enum status status = grade_history_load(h, path);
		bool line_end = cut > 0 && text[cut - 1] == '\n';
		assert_int_equal(status, line_end ? STATUS_OK : STATUS_MALFORMED);
		assert_int_equal(see(h, 1500, 510, GRADE_MTA), 0);
		grade_history_free(h);
	}
	free(text);
}

static void damaged_lines_are_refused(void **state)
{
	static const char *const texts[] = {
		"mtawatch-history/2\t1300000\t310000\n",
		"mtawatch-history/1\t1300000\n",
		"mtawatch-history/1\t1300000\t-5\n",
		"mtawatch-history/1\t1300000\t310000\nEl90x1\tEXCH2\tmta\t300000\n",
		"mtawatch-history/1\t1300000\t310000\nEl90x1\tEXCH2\t10.0.0.6\tbest\t300000\n",
		"mtawatch-history/1\t1300000\t310000\nEl90x1\tEXCH2\t10.0.0.6\tmta\t-1\n",
		"mtawatch-history/1\t1300000\t310000\nEl90x1\tEXCH2\t10.0.0.6\tmta\t1e9\n",
	};
	(void)state;

	for_each_row(i, texts) {
		struct grade_history *h = grade_history_new();
		assert_int_equal(files_replace(path, texts[i], strlen(texts[i])), STATUS_OK);
		assert_int_equal(grade_history_load(h, path), STATUS_MALFORMED);
		grade_history_free(h);
	}
}

static void names_that_would_break_a_line_are_not_saved(void **state)
{
	struct grade_history *h = grade_history_new();
	struct moment now = { 1000000, 10000 };
	struct moment later = { 1300000, 310000 };
	(void)state;

	grade_history_begin(h, &now, GAP_MS);
	grade_history_note(h, "El90x1", "EX\nCH\t2", "10.0.0.6", GRADE_MTA);
	grade_history_note(h, "El90x1", "EXCH3", "10.0.0.7", GRADE_MTA);
	assert_int_equal(grade_history_save(h, path), STATUS_OK);
	grade_history_begin(h, &later, GAP_MS); /* in memory nothing is lost */
	assert_int_equal(grade_history_note(h, "El90x1", "EX\nCH\t2", "10.0.0.6", GRADE_MTA), 300);
	grade_history_free(h);

	h = grade_history_new();
	assert_int_equal(grade_history_load(h, path), STATUS_OK);
	grade_history_begin(h, &later, GAP_MS);
	assert_int_equal(grade_history_note(h, "El90x1", "EX\nCH\t2", "10.0.0.6", GRADE_MTA), 0);
	assert_int_equal(grade_history_note(h, "El90x1", "EXCH3", "10.0.0.7", GRADE_MTA), 300);
	grade_history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_grade_stands_from_cycle_to_cycle_and_begins_anew_when_it_changes),
		cmocka_unit_test(a_missed_cycle_begins_anew),
		cmocka_unit_test(a_row_that_one_cycle_did_not_see_begins_anew),
		cmocka_unit_test(setting_the_wall_clock_changes_nothing),
		cmocka_unit_test(it_goes_on_over_a_restart_of_the_agent_where_both_clocks_agree),
		cmocka_unit_test(a_file_cut_anywhere_is_refused_or_holds_fewer_rows),
		cmocka_unit_test(damaged_lines_are_refused),
		cmocka_unit_test(names_that_would_break_a_line_are_not_saved),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
