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

static void start_anew(void)
{
	(void)tear_down(NULL);
	(void)set_up(NULL);
}

/* The line is left out and told, and what follows is read. */
static void expect_skipped(const char *lines, size_t line, const char *word)
{
	char text[512];
	start_anew();
	snprintf(text, sizeof text, "REGEDIT4\r\n%s\r\n" KEY "\"After\"=dword:7\r\n", lines);
	assert_int_equal(add(text), STATUS_OK);
	assert_int_equal(registry.n_skipped, 1);
	assert_int_equal(registry.skipped[0].line, line);
	assert_non_null(strstr(registry.skipped[0].text, word));
	assert_int_equal(regfile_find(&registry, "SOFTWARE\\Test", "After")->number, 7);
}

static void expect_script(const char *lines, size_t line)
{
	char text[512];
	start_anew();
	snprintf(text, sizeof text, "REGEDIT4\r\n%s", lines);
	assert_int_equal(add(text), STATUS_UNSUPPORTED);
	assert_int_equal(error.line, line);
	assert_non_null(strstr(error.text, "deletion"));
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

static void what_is_not_understood_is_left_out_and_told(void **state)
{
	(void)state;
	expect_skipped("\r\n" KEY "\"A\"=\"x\"\r\nnonsense", 5, "neither key nor value");
	expect_skipped(KEY "\"A\"=dword:xyz", 3, "dword");
	expect_skipped(KEY "\"A\"=dword:123456789", 3, "after the value");
	expect_skipped(KEY "\"A\"=hex:zz,\\\r\n  01,02", 3, "bytes");
	expect_skipped(KEY "\"A\"=hex:01 02", 3, "comma");
	expect_skipped(KEY "\"A\"=hex(7:01", 3, "hex(number)");
	expect_skipped(KEY "\"A\"=hex:01,\\\r\n  02,\\ x", 4, "bytes");
	expect_skipped(KEY "\"A\"=\"x\" y", 3, "after the value");
	expect_skipped(KEY "\"A\"", 3, "without a value");
	expect_skipped("[HKEY_LOCAL_MACHINE\\A", 2, "bracket");
}

static void a_value_that_is_not_understood_is_there_as_unreadable(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n" KEY "\"A\"=dword:xyz\n\"B\"=\"x\n"), STATUS_OK);
	assert_int_equal(value("A")->kind, REGFILE_UNREADABLE);
	assert_non_null(strstr(value("A")->text, "line 3 of its export"));
	assert_int_equal(value("B")->kind, REGFILE_UNREADABLE);
	assert_int_equal(registry.n_skipped, 2);
}

static void a_script_is_no_export(void **state)
{
	(void)state;
	expect_script(KEY "\"A\"=-\n", 3);
	expect_script("[-HKEY_LOCAL_MACHINE\\A]\n", 2);
}

static void expect_key(const char *written, const char *path)
{
	char text[512];
	start_anew();
	snprintf(text, sizeof text, "REGEDIT4\n[%s]\n\"V\"=\"x\"\n", written);
	assert_int_equal(add(text), STATUS_OK);
	if (!regfile_find(&registry, path, "V"))
		fail_msg("[%s] is not %s", written, path);
}

static void a_hive_under_another_name_is_known_by_its_keys(void **state)
{
	(void)state;
	expect_key("\\ControlSet001\\X", "SYSTEM\\ControlSet001\\X");
	expect_key("\\Select", "SYSTEM\\Select");
	expect_key("\\Microsoft\\Exchange\\Setup", "SOFTWARE\\Microsoft\\Exchange\\Setup");
	expect_key("\\SYSTEM\\ControlSet001\\X", "SYSTEM\\ControlSet001\\X");
	expect_key("ControlSet001\\X", "SYSTEM\\ControlSet001\\X");
	expect_key("\\OFFLINE\\Microsoft\\X", "SOFTWARE\\Microsoft\\X");
	expect_key("HKLM\\OFFSYS\\ControlSet002\\X", "SYSTEM\\ControlSet002\\X");
	expect_key("HKEY_LOCAL_MACHINE\\OFFSYS\\Select", "SYSTEM\\Select");
	expect_key("HKEY_USERS\\old server\\ControlSet001\\X", "SYSTEM\\ControlSet001\\X");
	expect_key("hkey_local_machine\\system\\CurrentControlSet\\X",
		   "SYSTEM\\CurrentControlSet\\X");
}

static void a_printed_string_of_hivexregedit_is_a_string(void **state)
{
	(void)state;
	assert_int_equal(add("Windows Registry Editor Version 5.00\n\n" KEY
			     "\"V\"=str(1):\"C:\\\\exchsrvr\"\n\"W\"=str(2):\"%x%\"\n"
			     "\"X\"=hex(1):41,00,42,00,00,00\n\"Y\"=str(1)\n"),
			 STATUS_OK);
	assert_string_equal(value("V")->text, "C:\\exchsrvr");
	assert_string_equal(value("W")->text, "%x%");
	assert_string_equal(value("X")->text, "AB");
	assert_int_equal(value("Y")->kind, REGFILE_UNREADABLE);
}

/* Two characters of code page 932, of which the second byte is a backslash: 95 5C, 83 5C. */
static void a_backslash_may_be_half_a_character(void **state)
{
	(void)state;
	assert_int_equal(
		add("REGEDIT4\n" KEY "\"V\"=\"\x95\x5c\"\n"
		    "\"W\"=\"C:\\\\\x83\x5c\\\\bin\"\n\"\x95\x5c\"=dword:2\n\"A\"=\"a\"\n"),
		STATUS_OK);
	assert_int_equal(registry.n_skipped, 0);
	assert_string_equal(value("V")->text, "\xEF\xBF\xBD");
	assert_string_equal(value("W")->text, "C:\\\xEF\xBF\xBD\\bin");
	assert_string_equal(value("A")->text, "a");
}

static void latin_letters_before_a_backslash_stay_letters(void **state)
{
	(void)state;
	assert_int_equal(add("REGEDIT4\n" KEY "\"V\"=\"C:\\\\Men\xFC\\\\bin\"\n"), STATUS_OK);
	assert_string_equal(value("V")->text, "C:\\Menü\\bin");
}

static void utf8_without_a_mark_and_big_endian_utf16_are_read(void **state)
{
	static const uint8_t big[] = "\xFE\xFF\0R\0E\0G\0E\0D\0I\0T\0"
				     "4\0\n\0[\0\\\0S\0e\0l\0e\0c\0t\0]";
	(void)state;
	assert_int_equal(add("REGEDIT4\n" KEY "\"V\"=\"Zürich\"\n"), STATUS_OK);
	assert_string_equal(value("V")->text, "Zürich");
	assert_int_equal(regfile_add(&registry, big, sizeof big - 1, &error), STATUS_OK);
	assert_true(regfile_has_key(&registry, "SYSTEM\\Select"));
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
	assert_int_equal(add_text_of(REGFILE_MAX_DATA + 1), STATUS_OK);
	assert_int_equal(value("V")->kind, REGFILE_UNREADABLE);
}

static void every_shortened_export_is_read_or_refused_without_harm(void **state)
{
	(void)state;
	static const char text[] =
		"REGEDIT4\n" KEY "@=\"a\\\\b\"\n\"L\"=hex(7):41,00,\\\n  42,00,00\n"
		"\"D\"=dword:00000001\n; end\n";
	for (size_t n = 0; n < sizeof text; n++) {
		char *part = mem_strndup(text, n);
		start_anew();
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
		TEST(what_is_not_understood_is_left_out_and_told),
		TEST(a_value_that_is_not_understood_is_there_as_unreadable),
		TEST(a_script_is_no_export),
		TEST(a_hive_under_another_name_is_known_by_its_keys),
		TEST(a_printed_string_of_hivexregedit_is_a_string),
		TEST(a_backslash_may_be_half_a_character),
		TEST(latin_letters_before_a_backslash_stay_letters),
		TEST(utf8_without_a_mark_and_big_endian_utf16_are_read),
		TEST(what_is_no_export_is_refused),
		TEST(a_value_has_a_largest_size),
		TEST(every_shortened_export_is_read_or_refused_without_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
