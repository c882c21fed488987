/* The Application log, read through calls that behave as those of Windows NT, while it lives. */
#include "agent/host/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/mem.h"
#include "proto/base/wire.h"

#define MTA          "MSExchangeMTA"
#define STARTED      9298
#define OTHER_ID     1
#define RECORD_ROOM  512
#define SIZE_OF_ROOM (2500 * 1024) /* bytes: a log of more than two megabytes */
#define END          38ul
#define NO_ROOM      122ul
#define CHANGED      1503ul

/*
 * A log of records `oldest` to `newest`; each 100th is the MTA's. What happens meanwhile is
 * planned.
 */
static struct {
	uint32_t oldest;
	uint32_t newest;
	uint32_t generation;    /* cleared so many times */
	size_t readings;        /* so far */
	size_t clears_at;       /* reading before which it is cleared; 0: none */
	size_t wraps_at;        /* reading before which its older half is written over */
	size_t bytes;           /* that were read */
	uint32_t records_after; /* it was cleared */
} fake;

struct handle {
	bool begun;
	uint32_t next; /* record */
	uint32_t generation;
};

static void put_utf16(struct wire_writer *w, const char *text)
{
	do
		wire_put_u16(w, (unsigned char)*text);
	while (*text++);
}

static bool is_of_mta(uint32_t number)
{
	return number % 100 == 0;
}

/* EVENTLOGRECORD (winnt.h); its time is its number. */
static uint32_t make_record(uint8_t out[RECORD_ROOM], uint32_t number)
{
	struct wire_writer w = wire_write_to(out, RECORD_ROOM);

	wire_put_u32(&w, 0);
	wire_put_u32(&w, 0x654C664C);
	wire_put_u32(&w, number);
	wire_put_u32(&w, number);
	wire_put_u32(&w, number);
	wire_put_u32(&w, is_of_mta(number) ? STARTED : OTHER_ID);
	wire_put_u16(&w, EVENTLOG_TYPE_ERROR);
	wire_put_zeros(&w, 2 + 2 + 2 + 4);
	size_t strings_at = w.at;
	wire_put_zeros(&w, 4 + 4 + 4 + 4 + 4);
	put_utf16(&w, is_of_mta(number) ? MTA : "Other");
	put_utf16(&w, "EXCH1");
	wire_put_align(&w, 4);
	wire_patch_u32(&w, strings_at, (uint32_t)w.at);
	wire_put_u32(&w, (uint32_t)w.at + 4);
	wire_patch_u32(&w, 0, (uint32_t)w.at);
	assert_int_equal(w.status, STATUS_OK);
	return (uint32_t)w.at;
}

static void *open_log(unsigned long *code)
{
	struct handle *handle = mem_alloc(sizeof *handle);

	*code = 0;
	handle->generation = fake.generation;
	return handle;
}

static void happen(void)
{
	fake.readings++;
	if (fake.readings == fake.clears_at) {
		fake.generation++;
		fake.oldest = 1;
		fake.newest = fake.records_after;
	}
	if (fake.readings == fake.wraps_at)
		fake.oldest += (fake.newest - fake.oldest) / 2;
}

/* As many whole records as there is room for, as ReadEventLog gives them. */
static bool read_log(void *log, bool backwards, void *buffer, uint32_t size, uint32_t *got,
		     uint32_t *needed, unsigned long *code)
{
	struct handle *handle = log;
	uint8_t record[RECORD_ROOM];
	uint8_t *out = buffer;

	happen();
	*got = 0;
	*code = CHANGED;
	if (handle->generation != fake.generation)
		return false;
	if (!handle->begun)
		handle->next = backwards ? fake.newest : fake.oldest;
	handle->begun = true;
	if (!backwards && handle->next < fake.oldest)
		return false; /* what was to be read is written over */
	while (handle->next >= fake.oldest && handle->next <= fake.newest) {
		*needed = make_record(record, handle->next);
		if (*got + *needed > size)
			break;
		memcpy(out + *got, record, *needed);
		*got += *needed;
		handle->next += backwards ? UINT32_MAX : 1;
	}
	fake.bytes += *got;
	*code = handle->next >= fake.oldest && handle->next <= fake.newest ? NO_ROOM : END;
	return *got > 0;
}

static bool get_newest(void *log, uint32_t *number, unsigned long *code)
{
	(void)log;
	*code = 0;
	*number = fake.newest;
	return true;
}

static bool notify(void *log, void *event)
{
	(void)log;
	return event != NULL;
}

static void close_log(void *log)
{
	free(log);
}

static enum status tell(struct os_error *error, unsigned long code, const char *what)
{
	return os_fail(error, STATUS_SYSTEM, (int64_t)code, "%s", what);
}

static const struct event_log_calls calls = { open_log, read_log,  get_newest,
					      notify,   close_log, tell };
static const uint16_t ids[] = { STARTED };
static const struct host_question question = { .source = MTA, .ids = ids, .n_ids = 1 };

static struct arena arena;

static int begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	arena_init(&arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

/* Fills the log; its numbers begin at `oldest`. */
static void write_records(uint32_t oldest)
{
	uint8_t record[RECORD_ROOM];
	uint32_t n = SIZE_OF_ROOM / make_record(record, 1);

	fake.oldest = oldest;
	fake.newest = oldest + n - 1;
}

static void expect_all(uint32_t oldest, uint32_t newest)
{
	struct host_answer answer;
	struct os_error error;
	uint32_t last = newest / 100 * 100;

	assert_int_equal(event_log_read(&calls, &question, &arena, &answer, &error), STATUS_OK);
	assert_null(answer.gap);
	assert_int_equal(answer.log.records, newest - oldest + 1);
	assert_int_equal(answer.log.oldest_ms, (int64_t)oldest * 1000);
	assert_int_equal(answer.log.newest_ms, (int64_t)newest * 1000);
	assert_int_equal(answer.n, newest / 100 - (oldest - 1) / 100);
	for (size_t i = 0; i < answer.n; i++)
		assert_int_equal(answer.events[answer.n - 1 - i].number, last - 100 * i);
}

static void a_log_of_more_than_two_megabytes_is_read_from_end_to_end(void **state)
{
	(void)state;
	write_records(1);
	expect_all(1, fake.newest);
	assert_true(fake.bytes > 2 * 1024 * 1024);
}

static void the_numbers_of_a_log_that_has_wrapped_begin_anywhere(void **state)
{
	(void)state;
	write_records(4000000);
	expect_all(4000000, fake.newest);
}

static void a_log_that_wraps_while_it_is_read_is_read_anew(void **state)
{
	(void)state;
	write_records(1);
	fake.wraps_at = 3;
	expect_all(1 + (fake.newest - 1) / 2, fake.newest);
}

static void a_log_that_is_cleared_while_it_is_read_is_what_is_in_it_then(void **state)
{
	(void)state;
	write_records(1);
	fake.clears_at = 5;
	fake.records_after = 250;
	expect_all(1, 250);
}

/* One look; a failure is none. */
static bool look(struct event_log_watch *watch, struct event_window *window)
{
	struct os_error error;
	bool found = false;

	event_window_empty(window);
	assert_int_equal(event_log_read_news(watch, window, &found, &error), STATUS_OK);
	return found;
}

static void news_are_found_over_a_wrap_and_after_a_clearing(void **state)
{
	struct event_window *window = mem_alloc(sizeof *window);
	struct event_log_watch watch = { .calls = &calls };
	(void)state;

	event_window_init(window, &question);
	fake.oldest = 101;
	fake.newest = 199;
	assert_false(look(&watch, window));
	fake.newest = 200; /* the MTA's */
	assert_true(look(&watch, window));
	assert_false(look(&watch, window));
	fake.oldest = 5001; /* all that was known is written over */
	fake.newest = 5099;
	assert_false(look(&watch, window));
	fake.oldest = 6001;
	fake.newest = 6150;
	assert_true(look(&watch, window));
	fake.generation++;
	fake.oldest = 1;
	fake.newest = 50; /* cleared: younger than 6150 all the same */
	assert_false(look(&watch, window));
	fake.newest = 120;
	assert_true(look(&watch, window));
	event_log_stop(&watch);
	free(window);
}

static void many_new_records_are_not_all_read_between_two_reports(void **state)
{
	struct event_window *window = mem_alloc(sizeof *window);
	struct event_log_watch watch = { .calls = &calls };
	(void)state;

	event_window_init(window, &(struct host_question){ .source = "nobody" });
	fake.oldest = 1;
	fake.newest = 1;
	assert_false(look(&watch, window));
	write_records(1);
	assert_false(look(&watch, window));
	assert_true(fake.bytes > EVENT_LOG_NEWS_MAX / 2);
	assert_true(fake.bytes < EVENT_LOG_NEWS_MAX * 3 / 2);
	event_log_stop(&watch);
	free(window);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_log_of_more_than_two_megabytes_is_read_from_end_to_end),
		TEST(the_numbers_of_a_log_that_has_wrapped_begin_anywhere),
		TEST(a_log_that_wraps_while_it_is_read_is_read_anew),
		TEST(a_log_that_is_cleared_while_it_is_read_is_what_is_in_it_then),
		TEST(news_are_found_over_a_wrap_and_after_a_clearing),
		TEST(many_new_records_are_not_all_read_between_two_reports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
