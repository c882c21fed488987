/* The write-ahead log stays bounded while commits go on without a pause, and goes away at rest. */
#include "collector/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "collector/store/sqlite/internal.h"
#include "proto/report/report.h"
#include "tests/unit/collector/store/store_fixture.h"

#define REPORTS   500 /* four times the bound */
#define BODY_SIZE (REPORT_MAX_BYTES / 2)

struct load {
	struct fixture fixture;
	char *body;
	size_t submitted;
	off_t largest; /* that the log has been */
};

static off_t size_of_log(const struct fixture *f)
{
	char path[FIXTURE_PATH_SIZE];
	struct stat file;
	return stat(fixture_path(f, SQLITE_ENGINE_FILE "-wal", path), &file) == 0 ? file.st_size
										  : 0;
}

static void submit(struct load *load);

static void on_done(void *user, enum status status, const char *error)
{
	struct load *load = user;
	off_t size = size_of_log(&load->fixture);

	load->largest = size > load->largest ? size : load->largest;
	fixture_on_done(&load->fixture, status, error);
	if (load->submitted < REPORTS)
		submit(load);
}

/* Each of another server, so that none is what differs from another. */
static void submit(struct load *load)
{
	static struct record_report reports[REPORTS];
	static char keys[REPORTS][16];
	size_t i = load->submitted++;

	snprintf(keys[i], sizeof keys[i], "s%zu", i);
	reports[i] = (struct record_report){ .key = keys[i],
					     .agent_id = keys[i],
					     .epoch = "e",
					     .body = load->body,
					     .body_size = BODY_SIZE };
	struct store_change change = { .report = &reports[i], .done = on_done, .user = load };
	assert_int_equal(store_submit(load->fixture.store, &change), STATUS_OK);
}

static void stays_bounded_under_load_and_goes_away_at_rest(void **state)
{
	struct load load = { .body = fixture_make_random(BODY_SIZE, 1) };
	struct fixture *f = &load.fixture;
	(void)state;

	fixture_set_up(f);
	fixture_open(f);
	for (int i = 0; i < 8; i++) /* so that one is always under way */
		submit(&load);
	while (f->done + f->failed < REPORTS)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->failed, 0);
	/* The log got past the bound, or the test shows nothing; and not far. */
	assert_in_range(load.largest, STORE_MAX_LOG_BYTES / 4, 2 * STORE_MAX_LOG_BYTES);
	for (int i = 0; i < 1500 && size_of_log(f) > 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
	assert_int_equal(size_of_log(f), 0);
	fixture_close(f);
	fixture_tear_down(f);
	free(load.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_bounded_under_load_and_goes_away_at_rest),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
