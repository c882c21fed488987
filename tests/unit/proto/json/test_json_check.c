#include "proto/base/mem.h"
#include "proto/json/check.h"
#include "tests/unit/material.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static enum status check(const char *text)
{
	struct json_fault fault;
	return json_check(text, strlen(text), &fault);
}

static void what_rfc_8259_has_is_json(void **state)
{
	static const char *const texts[] = {
		"{}",
		" [ ] ",
		"\"\"",
		"-0",
		"1.5e+10",
		"true",
		"{\"a\":{\"a\":[1,{\"a\":null}]},\"b\":1}",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\udce7\"",
		"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\xA7\x7F\"",
	};
	(void)state;
	for_each_row(i, texts)
		assert_int_equal(check(texts[i]), STATUS_OK);
}

static void every_fault_has_its_place(void **state)
{
	static const struct {
		const char *text;
		size_t line;
		size_t column;
		const char *what;
	} cases[] = {
		{ "", 1, 1, "expected a value" },
		{ "{\"a\":1,}", 1, 8, "expected a string" },
		{ "{\n \"a\" 1}", 2, 6, "expected ':'" },
		{ "[1 2]", 1, 4, "expected ',' or ']'" },
		{ "{\"a\":1 2}", 1, 8, "expected ',' or '}'" },
		{ "[1,]", 1, 4, "expected a value" },
		{ "[]x", 1, 3, "more text behind the end" },
		{ "01", 1, 2, "a number with a leading zero" },
		{ "1.", 1, 3, "expected a digit" },
		{ "-", 1, 2, "expected a digit" },
		{ "1e", 1, 3, "expected a digit" },
		{ "\"a", 1, 3, "a string that does not end" },
		{ "\"a\tb\"", 1, 3, "a control character in a string" },
		{ "\"\\x\"", 1, 3, "an escape that JSON does not have" },
		{ "\"\\u12g4\"", 1, 4, "expected four hexadecimal digits" },
		{ "\"\\ud83d\"", 1, 8, "a lone surrogate" },
		{ "\"\\ud83d\\ud83d\"", 1, 10, "a lone surrogate" },
		{ "\"\\udce7\"", 1, 8, "a lone surrogate" },
		{ "\"\xC0\x80\"", 1, 2, "bytes that are not UTF-8" },
		{ "\"\xED\xA0\x80\"", 1, 2, "bytes that are not UTF-8" },
		{ "\"\xF4\x90\x80\x80\"", 1, 2, "bytes that are not UTF-8" },
		{ "\"\xE2\x82\"", 1, 2, "bytes that are not UTF-8" },
		{ "\xEF\xBB\xBF{}", 1, 1, "a byte order mark, which JSON does not have" },
		{ "{\"a\":1,\n\"b\":2,\"a\":3}", 2, 7, "a member that the object already has" },
		{ "{\"a\":1,\"\\u0061\":3}", 1, 8, "a member that the object already has" },
		{ "{\"\\n\xC3\xA9\":1,\"\\u000a\\u00E9\":3}", 1, 11,
		  "a member that the object already has" },
		{ "{\"\xF0\x9F\x93\xA7\":1,\"\\ud83d\\uDCE7\":3}", 1, 11,
		  "a member that the object already has" },
	};
	(void)state;
	for_each_row(i, cases) {
		struct json_fault fault = { 0 };
		enum status status = json_check(cases[i].text, strlen(cases[i].text), &fault);
		assert_int_equal(status, STATUS_MALFORMED);
		assert_int_equal(fault.line, cases[i].line);
		assert_int_equal(fault.column, cases[i].column);
		assert_string_equal(fault.what, cases[i].what);
	}
}

static void the_escape_of_a_nul_is_json_that_no_string_holds(void **state)
{
	(void)state;
	assert_int_equal(check("[\"a\\u0000b\"]"), STATUS_INVALID);
	assert_int_equal(check("{\"\\u0000\":1}"), STATUS_INVALID);
	assert_int_equal(check("[\"\\u0000\","), STATUS_MALFORMED);
}

static void a_nul_byte_is_no_json(void **state)
{
	struct json_fault fault;
	(void)state;
	assert_int_equal(json_check("\"a\0b\"", 5, &fault), STATUS_MALFORMED);
	assert_int_equal(json_check("[]\0", 3, &fault), STATUS_MALFORMED);
	assert_int_equal(json_check("\"\\\0\"", 4, &fault), STATUS_MALFORMED);
}

/* `n` times `open`, and nothing else. */
static enum status check_repeated(const char *open, size_t n)
{
	size_t length = strlen(open);
	char *text = mem_alloc(n * length + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * length, open, length + 1);
	enum status status = check(text);
	free(text);
	return status;
}

static void nesting_ends_at_its_limit(void **state)
{
	char text[2 * JSON_MAX_DEPTH + 3] = "";
	(void)state;

	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(check(text), STATUS_OK);
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	assert_int_equal(check(text), STATUS_LIMIT);
	assert_int_equal(check_repeated("[", 100000), STATUS_LIMIT);
	assert_int_equal(check_repeated("[{\"\":", 50000), STATUS_LIMIT);
}

/* An object of `n` members. */
static enum status check_members(size_t n)
{
	size_t room = 16 * n + 16;
	char *text = mem_alloc(room);
	size_t at = (size_t)snprintf(text, room, "{");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, room - at, "%s\"%u\":0", i ? "," : "",
				       (unsigned)i);
	snprintf(text + at, room - at, "}");
	enum status status = check(text);
	free(text);
	return status;
}

static void members_end_at_their_limit(void **state)
{
	(void)state;
	assert_int_equal(check_members(JSON_MAX_MEMBERS), STATUS_OK);
	assert_int_equal(check_members(JSON_MAX_MEMBERS + 1), STATUS_LIMIT);
}

static void numbers_end_at_their_limit(void **state)
{
	char text[JSON_MAX_NUMBER + 2] = "";
	(void)state;
	memset(text, '7', JSON_MAX_NUMBER);
	assert_int_equal(check(text), STATUS_OK);
	memset(text, '7', JSON_MAX_NUMBER + 1);
	assert_int_equal(check(text), STATUS_LIMIT);
}

/* As they are far more than the guess, the text is scanned again. */
static void values_of_two_bytes_each_are_all_there(void **state)
{
	enum { N = 10000, SIZE = 2 * N + 1 };
	static char text[SIZE + JSON_PADDING] = "[";
	struct json_fault fault;
	struct json_node *nodes;
	(void)state;

	for (size_t i = 1; i <= N; i++) {
		text[2 * i - 1] = (char)('0' + i % 10);
		text[2 * i] = i < N ? ',' : ']';
	}
	assert_int_equal(json_parse(text, SIZE, &nodes, &fault), STATUS_OK);
	assert_int_equal(nodes->span, N + 1);
	for (size_t i = 1; i <= N; i++) {
		assert_int_equal(nodes[i].kind, JSON_NUMBER);
		assert_int_equal(nodes[i].span, 1);
		assert_ptr_equal(nodes[i].text.text, text + 2 * i - 1);
	}
	free(nodes);

	text[SIZE - 1] = ',';
	assert_int_equal(json_parse(text, SIZE, &nodes, &fault), STATUS_MALFORMED);
	assert_int_equal(fault.column, SIZE + 1);
	free(nodes);
}

/* Every prefix of a good object is refused, whatever lies behind it in memory. */
static void every_prefix_is_refused(void **state)
{
	static const char text[] = "{\"a\":[true,-1.5e3,\"\\ud83d\\udce7\xC3\xA9\"],\"b\":{}}";
	struct json_fault fault;
	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		char *cut = mem_alloc(n); /* its own block: reads past the end are seen */
		memcpy(cut, text, n);
		assert_int_equal(json_check(cut, n, &fault), STATUS_MALFORMED);
		free(cut);
	}
	assert_int_equal(check(text), STATUS_OK);
}

/* Most of the suite expects what its names begin with; what we decided otherwise is here. */
static enum status expected_status(const char *name)
{
	static const struct {
		const char *name;
		enum status status;
	} decided[] = {
		{ "y_number_double_close_to_zero.json", STATUS_LIMIT }, /* 80 digits */
		{ "y_string_null_escape.json", STATUS_INVALID },
		{ "y_object_escaped_null_in_key.json", STATUS_INVALID },
		{ "y_object_duplicated_key.json", STATUS_MALFORMED },
		{ "y_object_duplicated_key_and_value.json", STATUS_MALFORMED },
		{ "i_structure_500_nested_arrays.json", STATUS_LIMIT },
		{ "i_number_huge_exp.json", STATUS_LIMIT },
		{ "i_number_double_huge_neg_exp.json", STATUS_OK },
		{ "i_number_pos_double_huge_exp.json", STATUS_OK },
		{ "i_number_real_neg_overflow.json", STATUS_OK },
		{ "i_number_real_underflow.json", STATUS_OK },
		{ "i_number_too_big_neg_int.json", STATUS_OK },
		{ "i_number_very_big_negative_int.json", STATUS_OK },
	};
	for (size_t i = 0; i < sizeof decided / sizeof *decided; i++) {
		if (strcmp(decided[i].name, name) == 0)
			return decided[i].status;
	}
	return name[0] == 'y' ? STATUS_OK : STATUS_MALFORMED;
}

static void the_test_suite_is_judged_as_it_expects(void **state)
{
	size_t size;
	unsigned n = 0;
	(void)state;
	material_or_skip();
	char *table = material_read("json/expected.tsv", &size);
	char *rest = strchr(table, '\n') + 1; /* the first line names the columns */
	char *line;
	while ((line = strsep(&rest, "\n")) && *line) {
		char path[256];
		struct json_fault fault;
		line[strcspn(line, "\t")] = '\0';
		snprintf(path, sizeof path, "json/parsing/%s", line);
		char *text = material_read(path, &size);
		enum status status = json_check(text, size, &fault);
		if (status != expected_status(line))
			print_error("%s: status %d\n", line, (int)status);
		assert_int_equal(status, expected_status(line));
		free(text);
		n++;
	}
	assert_true(n > 200);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_rfc_8259_has_is_json),
		cmocka_unit_test(every_fault_has_its_place),
		cmocka_unit_test(the_escape_of_a_nul_is_json_that_no_string_holds),
		cmocka_unit_test(a_nul_byte_is_no_json),
		cmocka_unit_test(nesting_ends_at_its_limit),
		cmocka_unit_test(members_end_at_their_limit),
		cmocka_unit_test(numbers_end_at_their_limit),
		cmocka_unit_test(values_of_two_bytes_each_are_all_there),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(the_test_suite_is_judged_as_it_expects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
