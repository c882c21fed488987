/* The conversation of a probe, with servers that say one thing after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/rpc/dialog.h"
#include "tests/unit/proto/rpc/captures.h"
#include "tests/unit/proto/rpc/dialog_script.h"
#include "tests/unit/rows.h"

static void climb(size_t piece, bool big_endian)
{
	uint8_t found[sizeof be_map_lsarpc];
	struct dialog d;

	dialog_start(&d);
	assert_true(dialog_wants_connection(&d));
	assert_int_equal(d.port, 135);
	assert_int_equal(d.grade, GRADE_NONE);

	dialog_connected(&d);
	assert_false(dialog_wants_connection(&d));
	assert_int_equal(d.grade, GRADE_TCP);
	expect_sent(&d, bind_epm, sizeof bind_epm);

	say(&d, big_endian ? be_bind_ack : bind_ack, sizeof bind_ack);
	hear_in(&d, piece);
	assert_int_equal(d.grade, GRADE_EPM);
	expect_sent(&d, map_mta, sizeof map_mta);

	memcpy(found, big_endian ? be_map_lsarpc : map_mta_found, sizeof found);
	memcpy(found + 72, map_mta_found + 72, TOWER_SIZE);
	say(&d, found, sizeof found);
	hear_in(&d, piece);
	assert_int_equal(d.grade, GRADE_MAPPED);
	assert_true(dialog_wants_connection(&d));
	assert_int_equal(d.port, 5001);

	dialog_connected(&d);
	assert_false(dialog_wants_connection(&d));
	assert_int_equal(d.grade, GRADE_MAPPED);
	expect_mta_bind(&d, 2, 0);
	say(&d, big_endian ? be_bind_ack : bind_ack, sizeof bind_ack);
	hear_in(&d, piece);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_deinit(&d);
}

static void a_good_server_is_climbed_in_pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 160; piece++) {
		climb(piece, false);
		climb(piece, true);
	}
}

/* Q159298: MtaBind, opnum 0, makes the peer bind back. */
static void the_mta_hears_nothing_but_a_bind(void **state)
{
	(void)state;
	struct dialog d;
	uint8_t out[DIALOG_OUT_SIZE] = { 0 };
	start_at(&d, DIALOG_BIND_MTA);
	assert_int_equal(send_all(&d, out), 72);
	assert_int_equal(out[2], PDU_BIND);
	hear(&d, bind_ack, sizeof bind_ack);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_connected(&d);
	assert_int_equal(send_all(&d, out), 0);
	dialog_deinit(&d);
}

/* A state that waits for bytes, the grade that the dialog has in it. */
static const struct {
	enum dialog_state state;
	enum grade grade;
	bool heard;
} waiting[] = {
	{ DIALOG_BIND_EPM, GRADE_TCP, false },
	{ DIALOG_MAP, GRADE_EPM, true },
	{ DIALOG_LOOKUP, GRADE_EPM, true },
	{ DIALOG_BIND_MTA, GRADE_MAPPED, false },
};

#define N_WAITING (sizeof waiting / sizeof *waiting)

static void what_a_server_refuses_ends_the_dialog(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAITING; i++) {
		struct dialog d;
		start_at(&d, waiting[i].state);
		hear(&d, bind_nak, sizeof bind_nak);
		expect_over(&d, waiting[i].grade, PROBE_BIND_NAK, 4);
		start_at(&d, waiting[i].state);
		hear(&d, be_bind_nak, sizeof be_bind_nak);
		expect_over(&d, waiting[i].grade, PROBE_BIND_NAK, 4);
		start_at(&d, waiting[i].state);
		hear(&d, fault_opnum, sizeof fault_opnum);
		expect_over(&d, waiting[i].grade, PROBE_FAULT, 0x1c010002);
		start_at(&d, waiting[i].state);
		hear(&d, be_fault_opnum, sizeof be_fault_opnum);
		expect_over(&d, waiting[i].grade, PROBE_FAULT, 0x1c010002);
		dialog_deinit(&d);
	}
	static const enum dialog_state binds[] = { DIALOG_BIND_EPM, DIALOG_BIND_MTA };
	for (size_t i = 0; i < 2; i++) {
		struct dialog d;
		start_at(&d, binds[i]);
		enum grade grade = d.grade;
		hear(&d, bind_unknown, sizeof bind_unknown);
		expect_over(&d, grade, PROBE_REJECTED, 1);
		dialog_deinit(&d);
	}
}

static void what_was_not_asked_for_is_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		enum dialog_state at;
		const uint8_t *bytes;
		size_t size;
	} cases[] = {
		{ "a response to a bind", DIALOG_BIND_EPM, map_mta_found, sizeof map_mta_found },
		{ "a bind_ack to ept_map", DIALOG_MAP, bind_ack, sizeof bind_ack },
		{ "a bind_ack to ept_lookup", DIALOG_LOOKUP, bind_ack, sizeof bind_ack },
		{ "a response to the MTA's bind", DIALOG_BIND_MTA, map_mta_found,
		  sizeof map_mta_found },
		{ "three results for one context", DIALOG_BIND_EPM, bind_three, sizeof bind_three },
		{ "a request", DIALOG_BIND_EPM, map_mta, sizeof map_mta },
		{ "our own bind", DIALOG_BIND_EPM, bind_epm, sizeof bind_epm },
		{ "ept_map's answer to ept_lookup", DIALOG_LOOKUP, map_mta_found,
		  sizeof map_mta_found },
	};
	for_each_row(i, cases) {
		struct dialog d;
		start_at(&d, cases[i].at);
		hear(&d, cases[i].bytes, cases[i].size);
		if (!dialog_is_over(&d) || d.error != PROBE_MALFORMED)
			print_error("case: %s\n", cases[i].what);
		assert_true(dialog_is_over(&d));
		assert_int_equal(d.error, PROBE_MALFORMED);
		dialog_deinit(&d);
	}
}

static void what_is_no_rpc_is_malformed_at_once(void **state)
{
	(void)state;
	static const char *const banners[] = { "220 mail", "S", "HTTP/1.1 400 Bad Request\r\n",
					       "\x05\x02" };
	for_each_row(i, banners) {
		for (size_t j = 0; j < N_WAITING; j++) {
			struct dialog d;
			start_at(&d, waiting[j].state);
			dialog_input(&d, banners[i], strlen(banners[i]));
			expect_over(&d, waiting[j].grade, PROBE_MALFORMED, 0);
			dialog_deinit(&d);
		}
	}
}

static void a_single_contradiction_in_an_answer_is_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "version", 0, 4 },
		{ "type", 2, PDU_BIND },
		{ "alter_context_resp", 2, PDU_ALTER_CONTEXT_RESP },
		{ "shorter than a header", 8, 12 },
		{ "fragment larger than offered", 9, 0x17 },
		{ "verifier larger than the PDU", 10, 60 },
		{ "another call", 12, 99 },
		{ "secondary address past the end", 25, 1 },
		{ "no result", 32, 0 },
		{ "two results, one there", 32, 2 },
		{ "too many results", 32, 200 },
	};
	for_each_row(i, cases) {
		struct dialog d;
		start_at(&d, DIALOG_BIND_EPM);
		say(&d, bind_ack, sizeof bind_ack);
		answer.bytes[cases[i].at] = cases[i].value;
		hear_in(&d, 1);
		if (!dialog_is_over(&d))
			print_error("case: %s\n", cases[i].what);
		expect_over(&d, GRADE_TCP, PROBE_MALFORMED, 0);
		dialog_deinit(&d);
	}
}

static void a_server_that_announces_its_end_has_closed(void **state)
{
	(void)state;
	static const uint8_t shutdown[] = { 5, 0, PDU_SHUTDOWN, 3, 0x10, 0, 0, 0, 16, 0, 0, 0, 0, 0,
					    0, 0 };
	struct dialog d;
	start_at(&d, DIALOG_MAP);
	dialog_input(&d, shutdown, sizeof shutdown);
	expect_over(&d, GRADE_EPM, PROBE_CLOSED, 0);
	dialog_deinit(&d);
}

static void a_connection_that_never_stands_tells_why(void **state)
{
	(void)state;
	static const enum probe_error errors[] = { PROBE_TIMEOUT,         PROBE_HOST_UNREACHABLE,
						   PROBE_NET_UNREACHABLE, PROBE_REFUSED,
						   PROBE_RESET,           PROBE_LOCAL };
	for_each_row(i, errors) {
		struct dialog d;
		start_at(&d, DIALOG_CONNECT_EPM);
		dialog_failed(&d, errors[i]);
		expect_over(&d, GRADE_NONE, errors[i], 0);
		start_at(&d, DIALOG_CONNECT_MTA);
		dialog_failed(&d, errors[i]);
		expect_over(&d, GRADE_MAPPED, errors[i], 0);
		dialog_deinit(&d);
	}
}

static void a_connection_that_breaks_keeps_the_grade(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAITING; i++) {
		struct dialog d;
		start_at(&d, waiting[i].state);
		dialog_failed(&d, PROBE_CLOSED);
		expect_over(&d, waiting[i].grade, PROBE_CLOSED, 0);
		start_at(&d, waiting[i].state);
		dialog_failed(&d, PROBE_RESET);
		expect_over(&d, waiting[i].grade, PROBE_RESET, 0);
		dialog_deinit(&d);
	}
}

static void a_timeout_on_a_connection_without_a_byte_is_silence(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAITING; i++) {
		struct dialog d;
		start_at(&d, waiting[i].state);
		dialog_failed(&d, PROBE_TIMEOUT);
		expect_over(&d, waiting[i].grade, waiting[i].heard ? PROBE_TIMEOUT : PROBE_SILENT,
			    0);
		start_at(&d, waiting[i].state);
		dialog_input(&d, "\x05", 1);
		dialog_failed(&d, PROBE_TIMEOUT);
		expect_over(&d, waiting[i].grade, PROBE_TIMEOUT, 0);
		dialog_deinit(&d);
	}
}

static void every_prefix_of_an_answer_is_waited_for(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof bind_ack; n++) {
		struct dialog d;
		start_at(&d, DIALOG_BIND_EPM);
		say(&d, bind_ack, sizeof bind_ack);
		dialog_input(&d, answer.bytes, n);
		assert_int_equal(d.state, DIALOG_BIND_EPM);
		dialog_failed(&d, PROBE_CLOSED);
		expect_over(&d, GRADE_TCP, PROBE_CLOSED, 0);
		dialog_deinit(&d);
	}
	for (size_t n = 0; n < sizeof map_mta_found; n++) {
		struct dialog d;
		start_at(&d, DIALOG_MAP);
		say(&d, map_mta_found, sizeof map_mta_found);
		dialog_input(&d, answer.bytes, n);
		assert_int_equal(d.state, DIALOG_MAP);
		dialog_deinit(&d);
	}
}

static void bytes_and_failures_that_come_too_late_change_nothing(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_DONE);
	dialog_input(&d, bind_nak, sizeof bind_nak);
	dialog_failed(&d, PROBE_RESET);
	dialog_connected(&d);
	dialog_sent(&d, 5);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_deinit(&d);
	dialog_deinit(&d);

	start_at(&d, DIALOG_CONNECT_MTA);
	dialog_input(&d, "220 mail", 8); /* of the old connection */
	assert_int_equal(d.state, DIALOG_CONNECT_MTA);
	dialog_connected(&d);
	dialog_connected(&d); /* nobody asked for a third */
	assert_int_equal(d.state, DIALOG_BIND_MTA);
	dialog_failed(&d, PROBE_TIMEOUT);
	expect_over(&d, GRADE_MAPPED, PROBE_SILENT, 0);
	dialog_deinit(&d);
}

static void a_dialog_may_be_started_again(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_LOOKUP);
	dialog_failed(&d, PROBE_RESET);
	dialog_deinit(&d);
	start_at(&d, DIALOG_DONE);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_deinit(&d);
}

static void every_state_has_its_words(void **state)
{
	(void)state;
	for (int i = DIALOG_CONNECT_EPM; i < DIALOG_DONE; i++) {
		for (int j = i + 1; j <= (int)DIALOG_DONE; j++)
			assert_string_not_equal(dialog_state_text((enum dialog_state)i),
						dialog_state_text((enum dialog_state)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_server_is_climbed_in_pieces_of_any_size),
		cmocka_unit_test(the_mta_hears_nothing_but_a_bind),
		cmocka_unit_test(what_a_server_refuses_ends_the_dialog),
		cmocka_unit_test(what_was_not_asked_for_is_malformed),
		cmocka_unit_test(what_is_no_rpc_is_malformed_at_once),
		cmocka_unit_test(a_single_contradiction_in_an_answer_is_malformed),
		cmocka_unit_test(a_server_that_announces_its_end_has_closed),
		cmocka_unit_test(a_connection_that_never_stands_tells_why),
		cmocka_unit_test(a_connection_that_breaks_keeps_the_grade),
		cmocka_unit_test(a_timeout_on_a_connection_without_a_byte_is_silence),
		cmocka_unit_test(every_prefix_of_an_answer_is_waited_for),
		cmocka_unit_test(bytes_and_failures_that_come_too_late_change_nothing),
		cmocka_unit_test(a_dialog_may_be_started_again),
		cmocka_unit_test(every_state_has_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
