#include "agent/uplink/report_peek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/report/json.h"

#define OLD "6f1c0000-0000-4000-8000-00000000000a"
#define NEW "6f1c0000-0000-4000-8000-00000000000b"

static struct arena arena;

static int empty_arena(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

/* A report of ours; its description of the system tries to pass for other members. */
static char *write_report(const char *name)
{
	struct report report;

	report_init(&report);
	report.agent.id = OLD;
	report.agent.epoch = "\"host\":{\"name\":\"LIAR\"";
	report.host.name = name;
	report.host.os = "\"agent\":{\"id\":\"" NEW "\"";
	report.collected_at_ms = 0;
	report.sequence = 7;
	report.interval_s = 300;
	return report_json_write(&report);
}

static void the_hosts_name_is_found_and_nothing_that_looks_like_it(void **state)
{
	char *text = write_report("EXCH1");
	(void)state;

	assert_string_equal(report_peek_host(text, &arena), "EXCH1");
	free(text);
	text = write_report("EX\"CH");
	assert_null(report_peek_host(text, &arena));
	free(text);
	text = write_report(NULL);
	assert_null(report_peek_host(text, &arena));
	free(text);
	assert_null(report_peek_host("", &arena));
}

static void another_id_takes_the_place_of_the_reports_own(void **state)
{
	char *text = write_report("EXCH1");
	struct report read;
	struct json_error error;
	(void)state;

	assert_ptr_equal(report_peek_with_id(text, OLD, &arena), text);
	const char *changed = report_peek_with_id(text, NEW, &arena);
	assert_int_equal(report_json_read(changed, strlen(changed), &arena, &read, &error),
			 STATUS_OK);
	assert_string_equal(read.agent.id, NEW);
	assert_string_equal(read.host.name, "EXCH1");
	assert_string_equal(read.host.os, "\"agent\":{\"id\":\"" NEW "\"");
	assert_int_equal(read.sequence, 7);
	assert_string_equal(report_peek_with_id("{}", NEW, &arena), "{}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_hosts_name_is_found_and_nothing_that_looks_like_it,
					  empty_arena),
		cmocka_unit_test_teardown(another_id_takes_the_place_of_the_reports_own,
					  empty_arena),
	};
	arena_init(&arena);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
