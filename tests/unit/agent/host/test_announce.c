#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/host/announce.h"
#include "tests/fake_host.h"

static void an_announcement_is_an_event_with_its_row_and_strings(void **state)
{
	struct fake_host machine = { .name = "EXCH1" };
	(void)state;

	announce(fake_host(&machine), ANNOUNCE_COLLECTOR_AWAY, "https://c.example", "no answer");
	announce(fake_host(&machine), ANNOUNCE_COLLECTOR_BACK, "https://c.example", NULL);
	assert_int_equal(machine.n_written, 2);
	assert_int_equal(machine.written[0].id, 300);
	assert_int_equal(machine.written[0].severity, HOST_SEVERITY_WARNING);
	assert_int_equal(machine.written[0].n, 2);
	assert_string_equal(machine.written[0].strings[0], "https://c.example");
	assert_string_equal(machine.written[0].strings[1], "no answer");
	assert_int_equal(machine.written[1].id, 301);
	assert_int_equal(machine.written[1].n, 1);
}

static void each_verdict_has_an_event_of_its_own(void **state)
{
	static const struct {
		enum verdict verdict;
		uint16_t id;
		enum host_severity severity;
	} cases[VERDICT_COUNT] = {
		{ VERDICT_CLEAR, 200, HOST_SEVERITY_INFORMATION },
		{ VERDICT_PROTECTED, 201, HOST_SEVERITY_INFORMATION },
		{ VERDICT_NOT_APPLICABLE, 202, HOST_SEVERITY_INFORMATION },
		{ VERDICT_UNKNOWN, 210, HOST_SEVERITY_WARNING },
		{ VERDICT_AT_RISK, 211, HOST_SEVERITY_WARNING },
		{ VERDICT_EXPOSED, 220, HOST_SEVERITY_ERROR },
		{ VERDICT_FAILING, 221, HOST_SEVERITY_ERROR },
	};
	(void)state;
	for (size_t i = 0; i < VERDICT_COUNT; i++) {
		struct fake_host machine = { 0 };
		announce_verdict(fake_host(&machine), cases[i].verdict, "not known", "Mine.");
		assert_int_equal(machine.n_written, 1);
		assert_int_equal(machine.written[0].id, cases[i].id);
		assert_int_equal(machine.written[0].severity, cases[i].severity);
		assert_string_equal(machine.written[0].strings[0], "not known");
		assert_string_equal(machine.written[0].strings[1], "Mine.");
	}
}

static void ids_are_told_apart_by_their_hundreds_and_ascend(void **state)
{
	uint16_t before = 0;
	(void)state;
	for (size_t i = 0; i < ANNOUNCE_COUNT; i++) {
		const struct announce_row *row = announce_row((enum announcement)i);
		assert_true(row->id > before);
		assert_in_range(row->id, 100, 399);
		before = row->id;
	}
}

/* The service that takes events has limits; so has the memory of who reads them. */
static void a_long_string_is_cut(void **state)
{
	struct fake_host machine = { 0 };
	char text[ANNOUNCE_MAX_STRING + 2];
	(void)state;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	announce(fake_host(&machine), ANNOUNCE_REFUSED, "https://c.example", text);
	assert_int_equal(machine.written[0].lengths[1], ANNOUNCE_MAX_STRING);
	text[ANNOUNCE_MAX_STRING - 1] = '\0';
	announce(fake_host(&machine), ANNOUNCE_REFUSED, "https://c.example", text);
	assert_int_equal(machine.written[1].lengths[1], ANNOUNCE_MAX_STRING - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_announcement_is_an_event_with_its_row_and_strings),
		cmocka_unit_test(each_verdict_has_an_event_of_its_own),
		cmocka_unit_test(ids_are_told_apart_by_their_hundreds_and_ascend),
		cmocka_unit_test(a_long_string_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
