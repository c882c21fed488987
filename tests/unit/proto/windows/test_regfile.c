#include "proto/windows/regfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/mem.h"

#define KEY "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]\r\n"

static struct regfile registry;
static struct regfile_error error;

static int set_up(void **state)
{
	(void)state;
	regfile_init(&registry);
	error = (struct regfile_error){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	regfile_deinit(&registry);
	return 0;
}

static enum status add(const char *text)
{
	return regfile_add(&registry, (const uint8_t *)text, strlen(text), &error);
}

/* The same text as UTF-16 with its mark; only for ASCII. */
static enum status add_wide(const char *text)
{
	size_t n = strlen(text);
	uint8_t *bytes = mem_alloc(2 * n + 2);
	bytes[0] = 0xFF;
	bytes[1] = 0xFE;
	for (size_t i = 0; i < n; i++)
		bytes[2 * i + 2] = (uint8_t)text[i];
	enum status status = regfile_add(&registry, bytes, 2 * n + 2, &error);
	free(bytes);
	return status;
}

static const struct regfile_value *value(const char *name)
{
	const struct regfile_value *found = regfile_find(&registry, "software\\TEST", name);
	assert_non_null(found);
	return found;
}

static void expect_malformed(const char *lines, size_t line, const char *word)
{
	char text[512];
	(void)tear_down(NULL);
	(void)set_up(NULL);
	snprintf(text, sizeof text, "REGEDIT4\r\n%s", lines);
	assert_int_equal(add(text), STATUS_MALFORMED);
	assert_int_equal(error.line, line);
	assert_non_null(strstr(error.text, word));
}

static void strings_lose_their_escapes(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\r\n\r\n" KEY
			     "\"Services\"=\"C:\\\\exchsrvr\\\\a \\\"b\\\"\"\r\n@=\"default\"\r\n"),
			 STATUS_OK);
	assert_int_equal(value("services")->kind, REGFILE_STRING);
	assert_string_equal(value("SERVICES")->text, "C:\\exchsrvr\\a \"b\"");
	assert_string_equal(value("")->text, "default");
}

static void names_may_hold_what_parts_lines_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n[HKEY_LOCAL_MACHINE\\a]b]\n\"x=\\\\;y\"=dword:00000A5d\n"),
			 STATUS_OK);
	const struct regfile_value *found = regfile_find(&registry, "a]b", "x=\\;y");
	assert_non_null(found);
	assert_int_equal(found->kind, REGFILE_NUMBER);
	assert_int_equal(found->number, 2653);
}

static void lists_in_regedit4_are_bytes_over_continued_lines(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\r\n" KEY "\"Bind\"=hex(7):5c,44,65,76,31,00,\\\r\n"
			     "  5c,44,65,76,32,00,\\\r\n  00\r\n\"After\"=\"x\"\r\n"),
			 STATUS_OK);
	assert_int_equal(value("Bind")->kind, REGFILE_LIST);
	assert_int_equal(value("Bind")->n_list, 2);
	assert_string_equal(value("Bind")->list[0], "\\Dev1");
	assert_string_equal(value("Bind")->list[1], "\\Dev2");
	assert_string_equal(value("After")->text, "x");
}

static void lists_in_version_5_are_utf16(void **state)
{
	(void)state;
	assert_int_equal(add_wide("Windows Registry Editor Version 5.00\r\n\r\n" KEY
				  "\"L\"=hex(7):41,00,fc,00,00,00,42,00,00,00,00,00\r\n"
				  "\"E\"=hex(2):25,00,41,00,25,00,00,00\r\n"),
			 STATUS_OK);
	assert_int_equal(value("L")->n_list, 2);
	assert_string_equal(value("L")->list[0], "A\xC3\xBC");
	assert_string_equal(value("L")->list[1], "B");
	assert_string_equal(value("E")->text, "%A%");
}

static void characters_of_code_page_1252_become_utf8(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n" KEY "\"N\"=\"Z\xFCrich \x80\"\n"), STATUS_OK);
	assert_string_equal(value("N")->text, "Z\xC3\xBCrich \xE2\x82\xAC");
}

static void a_character_beyond_16_bits_survives(void **state)
{
	(void)state;
	assert_int_equal(add("Windows Registry Editor Version 5.00\n" KEY
			     "\"M\"=hex(1):3d,d8,e7,dc,00,00\n\"Half\"=hex(1):3d,d8,41,00,00,00\n"),
			 STATUS_OK);
	assert_string_equal(value("M")->text, "\xF0\x9F\x93\xA7");
	assert_string_equal(value("Half")->text, "\xEF\xBF\xBD"
						 "A");
}

static void values_of_other_types_are_there_without_their_data(void **state)
{
	(void)state;
	assert_int_equal(
		add("REGEDIT4\n" KEY "\"B\"=hex:01,02\n\"Q\"=hex(b):01,00,00,00,00,00,00,"
		    "00\n\"Short\"=hex(4):01,00\n\"D\"=hex(4):02,01,00,00\n\"Empty\"=hex:\n"),
		STATUS_OK);
	assert_int_equal(value("B")->kind, REGFILE_OTHER);
	assert_int_equal(value("Q")->kind, REGFILE_OTHER);
	assert_int_equal(value("Short")->kind, REGFILE_OTHER);
	assert_int_equal(value("Empty")->kind, REGFILE_OTHER);
	assert_int_equal(value("D")->number, 0x102);
}

static void a_text_may_run_over_lines(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n" KEY "\"T\"=\"one\ntwo\"\n\"After\"=dword:1\n"),
			 STATUS_OK);
	assert_string_equal(value("T")->text, "one\ntwo");
	assert_int_equal(value("After")->number, 1);
}

static void keys_of_other_hives_are_left_out(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n[HKEY_CURRENT_USER\\SOFTWARE\\Test]\n\"V\"=\"x\"\n"
			     "[HKEY_LOCAL_MACHINES\\SOFTWARE\\Test]\n\"V\"=\"x\"\n"),
			 STATUS_OK);
	assert_null(regfile_find(&registry, "SOFTWARE\\Test", "V"));
	assert_false(regfile_has_key(&registry, "SOFTWARE"));
}

static void a_key_is_there_where_only_one_below_it_is_exported(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n[HKEY_LOCAL_MACHINE\\Cluster\\Nodes]\n"), STATUS_OK);
	assert_true(regfile_has_key(&registry, "cluster"));
	assert_true(regfile_has_key(&registry, "Cluster\\Nodes"));
	assert_false(regfile_has_key(&registry, "Clus"));
}

static void the_later_export_counts(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n" KEY "\"V\"=\"old\"\n\"W\"=\"kept\"\n"), STATUS_OK);
	assert_int_equal(add("REGEDIT4\n" KEY "\"v\"=\"new\"\n"), STATUS_OK);
	assert_string_equal(value("V")->text, "new");
	assert_string_equal(value("W")->text, "kept");
}

static void an_error_names_its_line(void **state)
{
	(void)state;
	expect_malformed("\r\n" KEY "\"A\"=\"x\"\r\nnonsense\r\n", 5, "neither key nor value");
	expect_malformed(KEY "\"A\"=\"x\ny\n", 3, "quotation mark");
	expect_malformed(KEY "\"A\"=dword:xyz\n", 3, "dword");
	expect_malformed(KEY "\"A\"=dword:123456789\n", 3, "after the value");
	expect_malformed(KEY "\"A\"=hex:zz\n", 3, "bytes");
	expect_malformed(KEY "\"A\"=hex:01 02\n", 3, "comma");
	expect_malformed(KEY "\"A\"=hex(7:01\n", 3, "hex(number)");
	expect_malformed(KEY "\"A\"=hex:01,\\\r\n  02,\\ x\r\n", 4, "bytes");
	expect_malformed(KEY "\"A\"=\"x\" y\n", 3, "after the value");
	expect_malformed(KEY "\"A\"\n", 3, "without a value");
	expect_malformed(KEY "\"A\"=-\n", 3, "deletion");
	expect_malformed("[-HKEY_LOCAL_MACHINE\\A]\n", 2, "deletion");
	expect_malformed("[HKEY_LOCAL_MACHINE\\A\n", 2, "bracket");
}

static void what_is_no_export_is_refused(void **state)
{
	(void)state;
	assert_int_equal(add("MZ\x90"), STATUS_UNSUPPORTED);
	assert_int_equal(add(""), STATUS_UNSUPPORTED);
	assert_int_equal(error.line, 1);
}

/* A text value of `n` characters. */
static enum status add_text_of(size_t n)
{
	static const char head[] = "REGEDIT4\n" KEY "\"V\"=\"";
	char *text = mem_alloc(sizeof head + n + 3);
	memcpy(text, head, sizeof head - 1);
	memset(text + sizeof head - 1, 'x', n);
	memcpy(text + sizeof head - 1 + n, "\"\n", 3);
	enum status status = add(text);
	free(text);
	return status;
}

static void a_value_has_a_largest_size(void **state)
{
	(void)state;
	assert_int_equal(add_text_of(REGFILE_MAX_DATA), STATUS_OK);
	assert_int_equal(strlen(value("V")->text), REGFILE_MAX_DATA);
	assert_int_equal(add_text_of(REGFILE_MAX_DATA + 1), STATUS_LIMIT);
	assert_int_equal(error.line, 3);
}

static void every_shortened_export_is_read_or_refused_without_harm(void **state)
{
	(void)state;
	static const char text[] =
		"REGEDIT4\n" KEY "@=\"a\\\\b\"\n\"L\"=hex(7):41,00,\\\n  42,00,00\n"
		"\"D\"=dword:00000001\n; end\n";
	for (size_t n = 0; n < sizeof text; n++) {
		char *part = mem_strndup(text, n);
		(void)tear_down(NULL);
		(void)set_up(NULL);
		enum status status = add(part);
		if (status != STATUS_OK)
			assert_in_range(error.line, 1, 8);
		free(part);
	}
	assert_int_equal(value("D")->number, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(strings_lose_their_escapes),
		TEST(names_may_hold_what_parts_lines_elsewhere),
		TEST(lists_in_regedit4_are_bytes_over_continued_lines),
		TEST(lists_in_version_5_are_utf16),
		TEST(characters_of_code_page_1252_become_utf8),
		TEST(a_character_beyond_16_bits_survives),
		TEST(values_of_other_types_are_there_without_their_data),
		TEST(a_text_may_run_over_lines),
		TEST(keys_of_other_hives_are_left_out),
		TEST(a_key_is_there_where_only_one_below_it_is_exported),
		TEST(the_later_export_counts),
		TEST(an_error_names_its_line),
		TEST(what_is_no_export_is_refused),
		TEST(a_value_has_a_largest_size),
		TEST(every_shortened_export_is_read_or_refused_without_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
