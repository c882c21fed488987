#include "proto/base/mem.h"
#include "proto/report/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/*
 * Types and values of every member are tested against the schema in
 * tests/integration/test_report_schema.py; here is what a schema cannot say.
 */

/* A report with `MEMBERS` put in, written as in JSON with ' for ". */
#define AGENT           "'agent': {'id': 'x', 'epoch': 'y'}"
#define TIMES           "'sequence': 7, 'collected_at': '2026-11-22T10:45:23Z', 'interval_s': 300"
#define HOST            "'host': {'name': 'EXCH1'}"
#define SCHEMA          "'schema': 'mtawatch.report/1'"
#define REPORT(members) "{" SCHEMA ", " AGENT ", " TIMES ", " HOST members "}"

static struct arena arena;
static struct report report;
static struct json_error error;

static int start(void **state)
{
	(void)state;
	arena_init(&arena);
	memset(&report, 0, sizeof report);
	memset(&error, 0, sizeof error);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

static enum status read_report(const char *text)
{
	char *json = mem_strdup(text);
	for (char *c = json; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	enum status status = report_json_read(json, strlen(json), &arena, &report, &error);
	free(json);
	return status;
}

static void what_is_absent_is_absent(void **state)
{
	(void)state;
	assert_int_equal(read_report(REPORT()), STATUS_OK);
	assert_string_equal(report.agent.id, "x");
	assert_null(report.agent.version);
	assert_int_equal(report.sequence, 7);
	assert_int_equal(report.interval_s, 300);
	assert_true(report.duration_ms == REPORT_ABSENT);
	assert_true(report.received_at_ms == TIMESTAMP_NONE);
	assert_true(report.age_s == REPORT_ABSENT);
	assert_int_equal(report.exchange.installed, TRISTATE_UNKNOWN);
	assert_true(report.exchange.service_pack == REPORT_ABSENT);
	assert_false(report.adapters_known);
	assert_int_equal(report.n_adapters, 0);
	assert_false(report.mta.known);
	assert_false(report.mta.last_start.present);
	assert_true(report.mta.exit_code == REPORT_ABSENT);
}

static void what_is_empty_is_known(void **state)
{
	(void)state;
	assert_int_equal(read_report(REPORT(", 'adapters': [], 'mta': {'last_failure': {}}")),
			 STATUS_OK);
	assert_true(report.adapters_known);
	assert_int_equal(report.n_adapters, 0);
	assert_true(report.mta.known);
	assert_int_equal(report.mta.service, SERVICE_STATE_UNKNOWN);
	assert_false(report.mta.last_start.present);
	assert_true(report.mta.last_failure.present);
	assert_true(report.mta.last_failure.at_ms == TIMESTAMP_NONE);
}

static void without_an_exchange_name_the_short_host_name_counts(void **state)
{
	(void)state;
	assert_int_equal(read_report("{" SCHEMA ", " AGENT ", " TIMES
				     ", 'host': {'name': 'M1.acme.example'}}"),
			 STATUS_OK);
	assert_string_equal(report.host.name, "M1.acme.example");
	assert_string_equal(report_server_name(&report), "M1");
}

static void rows_keep_what_they_carry(void **state)
{
	(void)state;
	assert_int_equal(read_report(REPORT(", 'adapters': [{'addresses': ['10.0.0.5/24']}]"
					    ", 'probes': [{'to': '10.0.0.6'}, {'grade': 'none'}]"
					    ", 'files': [{'name': 'P2.xv2'}]")),
			 STATUS_OK);
	assert_string_equal(report.adapters[0].id, "");
	assert_int_equal(report.adapters[0].enabled, TRISTATE_UNKNOWN);
	assert_string_equal(report.adapters[0].addresses[0], "10.0.0.5/24");
	assert_int_equal(report.probes[0].grade, GRADE_UNKNOWN);
	assert_int_equal(report.probes[0].error, PROBE_OK);
	assert_null(report.probes[0].adapter);
	assert_true(report.probes[0].for_s == REPORT_ABSENT);
	assert_int_equal(report.probes[1].grade, GRADE_NONE);
	assert_int_equal(report.files[0].state, FILE_STATE_UNKNOWN);
	assert_true(report.files[0].modified_ms == TIMESTAMP_NONE);
}

static void rows_are_read_in_any_order_and_by_whole_names(void **state)
{
	(void)state;
	assert_int_equal(
		read_report(REPORT(", 'probes': [{'attempts': 2, 'grade': 'epm', 'peers': 'no', "
				   "'pee': 'no', '': 'no', 'attemptsX': 9, 'attempt': 9, "
				   "'\\u0070eer': 'EXCH2', 'ms': 12, 'ms2': 99, 'error': "
				   "'timeout', 'to': '10.0.0.2', 'adapter': 'El90x1', 'at': {}}, "
				   "{}, {'via': 'El90x2', 'adapter': 'El90x2'}]")),
		STATUS_OK);
	const struct report_probe *probes = report.probes;
	assert_int_equal(report.n_probes, 3);
	assert_int_equal(probes[0].attempts, 2);
	assert_int_equal(probes[0].grade, GRADE_EPM);
	assert_string_equal(probes[0].peer, "EXCH2");
	assert_int_equal(probes[0].ms, 12);
	assert_int_equal(probes[0].error, PROBE_TIMEOUT);
	assert_int_equal(probes[0].for_s, REPORT_ABSENT);
	assert_string_equal(probes[0].to, "10.0.0.2");
	assert_string_equal(probes[0].adapter, "El90x1");
	assert_null(probes[0].from);
	assert_null(probes[1].adapter);
	assert_int_equal(probes[1].grade, GRADE_UNKNOWN);
	assert_int_equal(probes[1].attempts, REPORT_ABSENT);
	assert_string_equal(probes[2].via, "El90x2");
	assert_null(probes[2].peer);
}

static void a_refused_report_leaves_the_callers_struct(void **state)
{
	(void)state;
	report.sequence = 99;
	assert_int_equal(read_report(REPORT(", 'probes': [{}, {}, {}, {'grade': 'MTA'}]")),
			 STATUS_INVALID);
	assert_string_equal(error.pointer, "/probes/3/grade");
	assert_string_equal(error.detail, "a value that is not allowed");
	assert_int_equal(report.sequence, 99);
}

static void what_is_wrong_is_named_by_its_pointer(void **state)
{
	static const struct {
		const char *text;
		enum status status;
		const char *pointer;
		const char *detail;
	} cases[] = {
		{ "[]", STATUS_INVALID, "", "expected an object" },
		{ "{}", STATUS_INVALID, "/schema", "is missing" },
		{ "{'schema': 'mtawatch.report/2'}", STATUS_UNSUPPORTED, "/schema",
		  "expected mtawatch.report/1" },
		{ "{" SCHEMA "}", STATUS_INVALID, "/agent", "is missing" },
		{ "{" SCHEMA ", 'agent': {'id': 'x'}}", STATUS_INVALID, "/agent/epoch",
		  "is missing" },
		{ REPORT(", 'problems': null"), STATUS_INVALID, "/problems", "expected an array" },
		{ REPORT(", 'files': [{'size': -1}]"), STATUS_INVALID, "/files/0/size",
		  "expected an integer from 0 to 9007199254740991" },
		{ REPORT(", 'files': [{'size': 1e999}]"), STATUS_INVALID, "/files/0/size",
		  "expected an integer from 0 to 9007199254740991" },
		{ REPORT(", 'files': [{'size': 9007199254740992}]"), STATUS_INVALID,
		  "/files/0/size", "expected an integer from 0 to 9007199254740991" },
		{ REPORT(", 'adapters': [{'lookups': [{'name': 1}]}]"), STATUS_INVALID,
		  "/adapters/0/lookups/0/name", "expected a string" },
		{ REPORT(", 'adapters': [{'addresses': ['10.0.0.5', 5]}]"), STATUS_INVALID,
		  "/adapters/0/addresses/1", "expected a string" },
		{ REPORT(", 'adapters': [7]"), STATUS_INVALID, "/adapters/0",
		  "expected an object" },
		{ REPORT(", 'exchange': {'clustered': 'no'}"), STATUS_INVALID,
		  "/exchange/clustered", "expected true or false" },
		{ REPORT(", 'mta': {'last_start': {'events': [{'id': 65536}]}}"), STATUS_INVALID,
		  "/mta/last_start/events/0/id", "expected an integer from 0 to 65535" },
		{ REPORT(", 'received_at': '9999-12-31T23:59:59-01:00'"), STATUS_INVALID,
		  "/received_at", "expected a time as 2026-11-22T10:45:23Z (RFC 3339)" },
		{ REPORT(", 'agent': 1"), STATUS_MALFORMED, "",
		  "line 1, column 170: a member that the object already has" },
		{ REPORT(", 'x': 'a\\u0000'"), STATUS_INVALID, "",
		  "line 1, column 177: a string that holds U+0000" },
		{ REPORT(") "), STATUS_MALFORMED, "", "line 1, column 168: expected ',' or '}'" },
	};
	(void)state;
	for_each_row(i, cases) {
		assert_int_equal(read_report(cases[i].text), cases[i].status);
		assert_string_equal(error.pointer, cases[i].pointer);
		assert_string_equal(error.detail, cases[i].detail);
	}
}

/* A report whose host's `os` are `n` times `piece`. */
static enum status read_long_text(const char *piece, size_t n)
{
	char text[2 * REPORT_MAX_STRING + 256];
	size_t at = (size_t)snprintf(text, sizeof text,
				     "{%s, %s, %s, 'host': {'name': 'EXCH1', 'os': '", SCHEMA,
				     AGENT, TIMES);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s", piece);
	snprintf(text + at, sizeof text - at, "'}}");
	return read_report(text);
}

static void strings_end_at_their_limit_in_bytes(void **state)
{
	(void)state;
	assert_int_equal(read_long_text("x", REPORT_MAX_STRING), STATUS_OK);
	assert_int_equal(strlen(report.host.os), REPORT_MAX_STRING);
	assert_int_equal(read_long_text("x", REPORT_MAX_STRING + 1), STATUS_LIMIT);
	assert_string_equal(error.pointer, "/host/os");
	assert_string_equal(error.detail, "expected a string of at most 1024 bytes");
	assert_int_equal(read_long_text("\xC3\xA9", REPORT_MAX_STRING / 2), STATUS_OK);
	assert_int_equal(read_long_text("\xC3\xA9", REPORT_MAX_STRING / 2 + 1), STATUS_LIMIT);
}

/* The report in `size` bytes, filled up by space. */
static enum status read_padded(size_t size)
{
	char *text = mem_alloc(size + 1);
	size_t n = (size_t)snprintf(text, size + 1, "%s", REPORT());
	memset(text + n, ' ', size - n);
	enum status status = read_report(text);
	free(text);
	return status;
}

static void the_text_ends_at_its_limit(void **state)
{
	(void)state;
	assert_int_equal(read_padded(REPORT_MAX_BYTES), STATUS_OK);
	assert_int_equal(read_padded(REPORT_MAX_BYTES + 1), STATUS_LIMIT);
	assert_string_equal(error.pointer, "");
	assert_string_equal(error.detail, "expected at most 1048576 bytes");
}

static void an_interval_ends_at_its_limit(void **state)
{
	(void)state;
#define INTERVAL(seconds)                                                                          \
	"{" SCHEMA ", " AGENT ", " HOST                                                            \
	", 'sequence': 0, 'collected_at': '2026-11-22T10:45:23Z', 'interval_s': " seconds "}"
	assert_int_equal(read_report(INTERVAL("86400")), STATUS_OK);
	assert_int_equal(read_report(INTERVAL("86401")), STATUS_LIMIT);
	assert_string_equal(error.pointer, "/interval_s");
	assert_int_equal(read_report(INTERVAL("0")), STATUS_INVALID);
#undef INTERVAL
}

static char *write_host_os(const char *os)
{
	struct report written;
	report_init(&written);
	written.agent.id = "x";
	written.agent.epoch = "y";
	written.sequence = 0;
	written.collected_at_ms = 0;
	written.interval_s = 1;
	written.host.name = "EXCH1";
	written.host.os = os;
	return report_json_write(&written);
}

static void what_is_written_can_be_read_whatever_goes_in(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "", "" },
		{ "C:\\exchsrvr \"x\"\b\f\n\r\t\x01\x7F", "C:\\exchsrvr \"x\"\b\f\n\r\t\x01\x7F" },
		{ "\xC3\xA9\xF0\x9F\x93\xA7", "\xC3\xA9\xF0\x9F\x93\xA7" },
		{ "\xE9t\xE9", "\xEF\xBF\xBDt\xEF\xBF\xBD" }, /* Latin-1 */
		{ "\xED\xA0\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
	};
	(void)state;
	for_each_row(i, cases) {
		char *text = write_host_os(cases[i].in);
		assert_int_equal(report_json_read(text, strlen(text), &arena, &report, &error),
				 STATUS_OK);
		assert_string_equal(report.host.os, cases[i].out);
		free(text);
	}
}

static void longer_strings_are_cut_between_characters(void **state)
{
	char os[REPORT_MAX_STRING + 2];
	(void)state;
	memset(os, 'x', sizeof os);
	memcpy(os + REPORT_MAX_STRING - 1, "\xC3\xA9", 3);
	char *text = write_host_os(os);
	assert_int_equal(report_json_read(text, strlen(text), &arena, &report, &error), STATUS_OK);
	assert_int_equal(strlen(report.host.os), REPORT_MAX_STRING - 1);
	free(text);

	memset(os, '\xFF', sizeof os - 1); /* each becomes three bytes */
	text = write_host_os(os);
	assert_int_equal(report_json_read(text, strlen(text), &arena, &report, &error), STATUS_OK);
	assert_int_equal(strlen(report.host.os), REPORT_MAX_STRING / 3 * 3);
	free(text);
}

static void absent_facts_are_left_out(void **state)
{
	(void)state;
	char *text = write_host_os(NULL);
	assert_string_equal(text, "{\"schema\":\"mtawatch.report/1\","
				  "\"agent\":{\"id\":\"x\",\"epoch\":\"y\"},\"sequence\":0,"
				  "\"collected_at\":\"1970-01-01T00:00:00Z\",\"interval_s\":1,"
				  "\"host\":{\"name\":\"EXCH1\"}}");
	free(text);
}

static void reads_as_many_probes_as_may_be(void **state)
{
	size_t size = 300000;
	char *big = mem_alloc(size);
	(void)state;

	size_t n = (size_t)snprintf(big, size,
				    "{" SCHEMA ", " AGENT ", " TIMES ", " HOST ", 'probes': [");
	for (int i = 0; i < REPORT_MAX_PROBES; i++)
		n += (size_t)snprintf(big + n, size - n,
				      "%s{'peer': 'P%d', 'grade': 'mta', 'for_s': %d}",
				      i ? "," : "", i, i);
	snprintf(big + n, size - n, "]}");
	assert_int_equal(read_report(big), STATUS_OK);
	assert_int_equal(report.n_probes, REPORT_MAX_PROBES);
	assert_string_equal(report.probes[4095].peer, "P4095");
	assert_int_equal(report.probes[4095].for_s, 4095);
	free(big);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_absent_is_absent),
		TEST(what_is_empty_is_known),
		TEST(without_an_exchange_name_the_short_host_name_counts),
		TEST(rows_keep_what_they_carry),
		TEST(rows_are_read_in_any_order_and_by_whole_names),
		TEST(a_refused_report_leaves_the_callers_struct),
		TEST(what_is_wrong_is_named_by_its_pointer),
		TEST(strings_end_at_their_limit_in_bytes),
		TEST(the_text_ends_at_its_limit),
		TEST(an_interval_ends_at_its_limit),
		TEST(what_is_written_can_be_read_whatever_goes_in),
		TEST(longer_strings_are_cut_between_characters),
		TEST(absent_facts_are_left_out),
		TEST(reads_as_many_probes_as_may_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
