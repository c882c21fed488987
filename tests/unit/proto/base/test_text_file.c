/* The texts that people hand in, as the programs of Windows write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/text_file.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

static void expect(const char *bytes, size_t n, enum text_file_form form, const char *text)
{
	struct text_file file;

	assert_null(text_file_decode(&arena, bytes, n, &file));
	assert_string_equal(file.text, text);
	assert_int_equal(file.n, strlen(text));
	assert_int_equal(file.form, form);
}

static void expect_refused(const char *bytes, size_t n, const char *part)
{
	struct text_file file;
	const char *wrong = text_file_decode(&arena, bytes, n, &file);

	assert_non_null(wrong);
	assert_non_null(strstr(wrong, part));
}

static void reads_utf8_with_and_without_its_mark(void **state)
{
	(void)state;
	expect(BYTES(""), TEXT_FILE_UTF8, "");
	expect(BYTES("\xEF\xBB\xBF"), TEXT_FILE_UTF8, "");
	expect(BYTES("Zürich\n"), TEXT_FILE_UTF8, "Zürich\n");
	expect(BYTES("\xEF\xBB\xBFZürich\n"), TEXT_FILE_UTF8, "Zürich\n");
}

static void brings_line_ends_to_one_form(void **state)
{
	(void)state;
	expect(BYTES("a\r\nb\r\n\r\nc\r\n"), TEXT_FILE_UTF8, "a\nb\n\nc\n");
	expect(BYTES("a\rb\r\rc\r"), TEXT_FILE_UTF8, "a\nb\n\nc\n");
	expect(BYTES("a\r\r\nb\r\r\n"), TEXT_FILE_UTF8, "a\nb\n");
	expect(BYTES("a\nb"), TEXT_FILE_UTF8, "a\nb\n");
	expect(BYTES("a\r\nb\x1A"), TEXT_FILE_UTF8, "a\nb\n");
	expect(BYTES("a\r\n\x1A\r\n"), TEXT_FILE_UTF8, "a\n");
}

static void leaves_out_marks_of_files_put_together(void **state)
{
	(void)state;
	expect(BYTES("\xEF\xBB\xBF"
		     "a\n\xEF\xBB\xBF"
		     "b\n"),
	       TEXT_FILE_UTF8, "a\nb\n");
}

static void reads_utf16_of_either_order_with_and_without_mark(void **state)
{
	(void)state;
	expect(BYTES("\xFF\xFE"
		     "a\0\r\0\n\0\xFC\0"),
	       TEXT_FILE_UTF16, "a\nü\n");
	expect(BYTES("\xFE\xFF\0a\0\r\0\n\0\xFC"), TEXT_FILE_UTF16, "a\nü\n");
	expect(BYTES("a\0b\0\r\0\n\0"), TEXT_FILE_UTF16, "ab\n");
	expect(BYTES("\0a\0b\0\r\0\n"), TEXT_FILE_UTF16, "ab\n");
	expect(BYTES("\xFF\xFE"), TEXT_FILE_UTF16, "");
	expect(BYTES("\xFF\xFE\x3D\xD8\x00\xDE"), TEXT_FILE_UTF16, "\xF0\x9F\x98\x80\n");
	expect(BYTES("\xFF\xFE\x3D\xD8"), TEXT_FILE_UTF16, "\xEF\xBF\xBD\n");
}

static void reads_utf16_whose_last_line_end_is_half(void **state)
{
	(void)state;
	expect(BYTES("\xFF\xFE"
		     "a\0\r\0\n"),
	       TEXT_FILE_UTF16, "a\n");
}

static void keeps_the_bytes_of_a_code_page(void **state)
{
	struct text_file file;

	(void)state;
	expect(BYTES("a\r\nZ\xFCrich\r\n"), TEXT_FILE_CODE_PAGE, "a\nZ\xFCrich\n");
	assert_null(text_file_decode(&arena, BYTES("a\r\nZ\xFCrich\r\n"), &file));
	assert_int_equal(file.foreign_line, 2);
	const char *wrong = text_file_decode_utf8(&arena, BYTES("a\r\nZ\xFCrich\r\n"), &file);
	assert_string_equal(wrong, "line 2 is not UTF-8: save it as plain text in UTF-8");
}

static void names_what_is_no_text(void **state)
{
	(void)state;
	expect_refused(BYTES("\xFF\xFE\0\0a\0\0\0"), "UTF-32");
	expect_refused(BYTES("\0\0\xFE\xFF\0\0\0a"), "UTF-32");
	expect_refused(BYTES("\xFF\xFE"
			     "a\0b"),
		       "UTF-16 that ends in the middle");
	expect_refused(BYTES("\xFF\xFE"
			     "a\0\0\0"),
		       "zeros");
	expect_refused(BYTES("abc\0def"), "zeros");
	expect_refused(BYTES("PK\3\4rest"), "Excel");
	expect_refused(BYTES("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "Office");
	expect_refused(BYTES("{\\rtf1\\ansi"), "RTF");
	expect_refused(BYTES("\x1F\x8B\x08"), "gzip");
}

static void expect_word(const char *bytes, size_t n, const char *expected)
{
	const char *word = NULL;

	assert_null(text_file_decode_word(&arena, bytes, n, &word));
	assert_string_equal(word, expected);
}

static void finds_the_one_word_of_a_secret(void **state)
{
	const char *word = NULL;

	(void)state;
	expect_word(BYTES("\xEF\xBB\xBF"
			  "secret\r\n"),
		    "secret");
	expect_word(BYTES("\xFF\xFEs\0e\0c\0\r\0\n\0"), "sec");
	expect_word(BYTES("\r\n  secret \t\r\n\r\n"), "secret");
	expect_word(BYTES("secret"), "secret");
	assert_string_equal(text_file_decode_word(&arena, BYTES("\r\n"), &word), "it is empty");
	assert_string_equal(text_file_decode_word(&arena, BYTES("a\nb\n"), &word),
			    "it holds more than one line");
}

static void gives_lines_one_by_one(void **state)
{
	char text[] = "a\n\nb";
	char *at = text;

	(void)state;
	assert_string_equal(text_file_next_line(&at), "a");
	assert_string_equal(text_file_next_line(&at), "");
	assert_string_equal(text_file_next_line(&at), "b");
	assert_null(text_file_next_line(&at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_utf8_with_and_without_its_mark, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(brings_line_ends_to_one_form, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_out_marks_of_files_put_together, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reads_utf16_of_either_order_with_and_without_mark,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_utf16_whose_last_line_end_is_half, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(keeps_the_bytes_of_a_code_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_what_is_no_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finds_the_one_word_of_a_secret, set_up, tear_down),
		cmocka_unit_test(gives_lines_one_by_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
