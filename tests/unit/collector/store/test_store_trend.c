/* What the store keeps of how many servers there were of each verdict. */
#include "collector/store/store.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/count.h"
#include "tests/unit/collector/store/store_fixture.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS  (24 * HOUR_MS)

static struct fixture f;

static void commit(struct store_change change)
{
	fixture_commit(&f, change);
	if (f.failed > 0)
		fail_msg("%s", f.error);
}

static void put(const char *area, int64_t at_ms, int64_t exposed)
{
	struct record_trend row = { .area = area, .at_ms = at_ms };

	row.by_verdict[VERDICT_EXPOSED] = exposed;
	row.by_verdict[VERDICT_NOT_APPLICABLE] = 7;
	row.total = 11;
	row.not_monitored = 8;
	row.silent = 9;
	commit((struct store_change){ .trends = &row, .n_trends = 1 });
}

static enum status list_row(void *user, const struct record_trend *row)
{
	size_t n = strlen(f.listed);
	(void)user;

	assert_int_equal(row->by_verdict[VERDICT_FAILING], 0);
	assert_int_equal(row->by_verdict[VERDICT_NOT_APPLICABLE], 7);
	assert_int_equal(row->total, 11);
	assert_int_equal(row->not_monitored, 8);
	assert_int_equal(row->silent, 9);
	snprintf(f.listed + n, sizeof f.listed - n, "%s@%" PRId64 "=%" PRId64 " ", row->area,
		 row->at_ms, row->by_verdict[VERDICT_EXPOSED]);
	return STATUS_OK;
}

static const char *listed(const char *area, int64_t since_ms)
{
	f.listed[0] = '\0';
	assert_int_equal(
		store_read_trend(store_reader(f.store), area, since_ms, list_row, NULL, f.error),
		STATUS_OK);
	return f.listed;
}

static void an_area_is_read_from_the_row_that_held(void **state)
{
	(void)state;
	put("a\nb", 10, 1);
	put("a\nb", 20, 2);
	put("a\nb", 30, 3);
	put("", 15, 4);

	assert_string_equal(listed("a\nb", INT64_MIN), "a\nb@10=1 a\nb@20=2 a\nb@30=3 ");
	assert_string_equal(listed("a\nb", 20), "a\nb@20=2 a\nb@30=3 ");
	assert_string_equal(listed("a\nb", 29), "a\nb@20=2 a\nb@30=3 ");
	assert_string_equal(listed("a\nb", 31), "a\nb@30=3 ");
	assert_string_equal(listed("", 5), "@15=4 ");
	assert_string_equal(listed("nobody", 5), "");
}

static void a_moment_is_replaced(void **state)
{
	(void)state;
	put("", 10, 1);
	put("", 10, 2);
	assert_string_equal(listed("", 0), "@10=2 ");
}

static void the_last_row_of_each_area_is_read(void **state)
{
	(void)state;
	put("b", 10, 1);
	put("a", 30, 2);
	put("a", 20, 3);
	f.listed[0] = '\0';
	assert_int_equal(store_read_last_trends(store_reader(f.store), list_row, NULL, f.error),
			 STATUS_OK);
	assert_string_equal(f.listed, "a@30=2 b@10=1 ");
}

/* Of a day that is no longer told by the hour the last row of each area stays. */
static void what_is_old_gets_coarser_and_then_goes(void **state)
{
	const int64_t now_ms = 5000 * DAY_MS + 12 * HOUR_MS;
	const int64_t old_ms = (5000 - STORE_TREND_HOURLY_DAYS - 1) * DAY_MS;
	const int64_t fine_ms = (5000 - STORE_TREND_HOURLY_DAYS + 1) * DAY_MS;
	(void)state;

	put("", (5000 - STORE_TREND_DAYS - 1) * DAY_MS, 1);
	put("", old_ms + HOUR_MS, 2);
	put("", old_ms + 3 * HOUR_MS, 3);
	put("other", old_ms + 2 * HOUR_MS, 4);
	put("", fine_ms, 5);
	put("", fine_ms + HOUR_MS, 6);
	commit((struct store_change){ .trim_trends_ms = now_ms });

	char wanted[256];
	snprintf(wanted, sizeof wanted, "@%" PRId64 "=3 @%" PRId64 "=5 @%" PRId64 "=6 ",
		 old_ms + 3 * HOUR_MS, fine_ms, fine_ms + HOUR_MS);
	assert_string_equal(listed("", INT64_MIN), wanted);
	snprintf(wanted, sizeof wanted, "other@%" PRId64 "=4 ", old_ms + 2 * HOUR_MS);
	assert_string_equal(listed("other", INT64_MIN), wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, an_area_is_read_from_the_row_that_held),
		WITH_STORE(&f, a_moment_is_replaced),
		WITH_STORE(&f, the_last_row_of_each_area_is_read),
		WITH_STORE(&f, what_is_old_gets_coarser_and_then_goes),
	};
	return fixture_run(tests);
}
