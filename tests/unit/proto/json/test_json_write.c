#include "proto/json/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include "proto/base/timestamp.h"
#include "tests/unit/rows.h"

static void put_every_kind(struct buffer *out)
{
	static const char *const texts[] = { "a", "b" };

	json_open_object(out, NULL);
	json_put_text(out, "text", "EXCH1");
	json_put_text(out, "none", NULL);
	json_put_texts(out, "texts", texts, 2);
	json_put_texts(out, "no_texts", NULL, 0);
	json_put_integer(out, "low", INT64_MIN);
	json_put_integer(out, "high", INT64_MAX);
	json_put_integer_unless(out, "known", 7, -1);
	json_put_integer_unless(out, "unknown", -1, -1);
	json_put_id(out, "id", 42);
	json_put_time(out, "at", 0);
	json_put_time(out, "never", TIMESTAMP_NONE);
	json_put_bool(out, "yes", true);
	json_put_null(out, "null");
	json_finish(out);
}

static void writes_a_member_of_every_kind(void **state)
{
	struct buffer out = { 0 };
	(void)state;

	put_every_kind(&out);
	assert_string_equal(out.bytes,
			    "{\"text\":\"EXCH1\",\"none\":null,\"texts\":[\"a\",\"b\"],"
			    "\"no_texts\":[],\"low\":-9223372036854775808,"
			    "\"high\":9223372036854775807,\"known\":7,\"unknown\":null,"
			    "\"id\":\"42\",\"at\":\"1970-01-01T00:00:00Z\",\"never\":null,"
			    "\"yes\":true,\"null\":null}\n");
	buffer_deinit(&out);
}

/* Whatever a value ends with, what is behind it gets its comma. */
static void a_comma_stands_between_elements_only(void **state)
{
	static const char *const ends[] = { "", "{", "[", ":", ",", "\n", "\"", "\\" };
	struct buffer out = { 0 };
	(void)state;

	json_open_array(&out, NULL);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		json_put_text(&out, NULL, ends[i]);
	json_open_object(&out, NULL);
	json_close_object(&out);
	json_open_array(&out, NULL);
	json_close_array(&out);
	json_put_integer(&out, NULL, 0);
	json_close_array(&out);
	assert_string_equal(out.bytes,
			    "[\"\",\"{\",\"[\",\":\",\",\",\"\\n\",\"\\\"\",\"\\\\\",{},[],0]");
	buffer_deinit(&out);
}

static void parts_that_are_json_already_fit_in(void **state)
{
	struct buffer out = { 0 };
	(void)state;

	json_open_object(&out, NULL);
	json_put_json(&out, NULL, "\"a\":1,\"b\":2");
	json_put_json(&out, "c", "[3]");
	json_put_name(&out, "d");
	json_open_array(&out, NULL);
	json_close_array(&out);
	json_close_object(&out);
	assert_string_equal(out.bytes, "{\"a\":1,\"b\":2,\"c\":[3],\"d\":[]}");
	buffer_deinit(&out);
}

static void each_element_may_have_a_line(void **state)
{
	struct buffer out = { 0 };
	(void)state;

	json_open_array(&out, NULL);
	json_put_line(&out);
	for (int i = 0; i < 3; i++) {
		json_put_line(&out);
		json_put_integer(&out, NULL, i);
	}
	json_close_array(&out);
	assert_string_equal(out.bytes, "[\n0,\n1,\n2]");
	buffer_deinit(&out);
}

static void what_is_written_is_utf_8_and_escaped(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *json;
	} cases[] = {
		{ "a\tb\x01", SIZE_MAX, "\"a\\tb\\u0001\"" },
		{ "\xC3\xA9\xE9z", SIZE_MAX, "\"\xC3\xA9\xEF\xBF\xBDz\"" },
		{ "abc", 2, "\"ab\"" },
		{ "a\xC3\xA9z", 2, "\"a\"" }, /* no half of a character */
		{ "a\xC3\xA9z", 3, "\"a\xC3\xA9\"" },
		{ "a\"b", 2, "\"a\\\"\"" }, /* what escapes add does not count */
		{ "", 0, "\"\"" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct buffer out = { 0 };
		json_put_text_cut(&out, NULL, cases[i].text, cases[i].max);
		assert_string_equal(out.bytes, cases[i].json);
		out.size = 0;
		if (cases[i].max == SIZE_MAX) {
			json_put_text(&out, NULL, cases[i].text);
			assert_string_equal(out.bytes, cases[i].json);
		}
		buffer_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_member_of_every_kind),
		cmocka_unit_test(a_comma_stands_between_elements_only),
		cmocka_unit_test(parts_that_are_json_already_fit_in),
		cmocka_unit_test(each_element_may_have_a_line),
		cmocka_unit_test(what_is_written_is_utf_8_and_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
