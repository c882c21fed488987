#include "proto/base/arena.h"
#include "proto/base/fnv.h"
#include "proto/base/ipv4.h"
#include "proto/base/printable.h"
#include "proto/base/text.h"
#include "proto/base/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static void names_compare_without_ascii_case(void **state)
{
	(void)state;
	assert_true(text_equal("EXCH1", "exch1"));
	assert_false(text_equal("EXCH1", "exch10"));
	assert_true(text_compare("exch1", "EXCH2") < 0);
	assert_true(text_compare(NULL, "") < 0);
	assert_true(text_equal(NULL, NULL));
	assert_true(text_has_prefix("MSExchangeMTA", "msexchange"));
	assert_false(text_has_prefix("MSE", "msexchange"));
	assert_int_equal(text_short_name_length("exch1.acme.example"), 5);
	assert_true(text_has_suffix("Application.EVT", ".evt"));
	assert_false(text_has_suffix(".evt", ".evt"));
	assert_false(text_has_suffix("t", ".evt"));
}

static void identical_texts_have_the_same_bytes_or_are_both_absent(void **state)
{
	(void)state;
	assert_true(text_identical("EXCH1", "EXCH1"));
	assert_false(text_identical("EXCH1", "exch1"));
	assert_true(text_identical(NULL, NULL));
	assert_false(text_identical(NULL, ""));
	assert_false(text_identical("", NULL));
}

/* Two of the vectors of FNV's authors. */
static void bytes_hash_as_fnv_1a(void **state)
{
	(void)state;
	assert_true(fnv_add_text(FNV_BASIS, "a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(fnv_add(FNV_BASIS, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void letters_and_digits_are_those_of_ascii(void **state)
{
	(void)state;
	assert_int_equal(text_lower('Z'), 'z');
	assert_int_equal(text_lower('['), '[');
	assert_int_equal(text_lower('\xc4'), '\xc4'); /* a letter in some code page only */
	assert_int_equal(text_hex_digit('9'), 9);
	assert_int_equal(text_hex_digit('a'), 10);
	assert_int_equal(text_hex_digit('F'), 15);
	assert_int_equal(text_hex_digit('g'), -1);
	assert_int_equal(text_hex_digit('\0'), -1);
	assert_true(text_is_digit('0') && text_is_digit('9'));
	assert_false(text_is_digit('/') || text_is_digit(':'));
	assert_true(text_is_letter('A') && text_is_letter('z'));
	assert_false(text_is_letter('@') || text_is_letter('[') || text_is_letter('\xe4'));
}

static void addresses_are_four_plain_numbers(void **state)
{
	static const char *const none[] = { "",          "10.0.0",  "10.0.0.256", "10.0.0.5.6",
					    "010.0.0.5", "fe80::1", "10.0.0.5 ",  "10..0.5" };
	uint32_t address = 7;
	char text[IPV4_TEXT_SIZE];
	(void)state;

	assert_true(ipv4_parse("10.0.0.5", &address));
	assert_int_equal(address, 0x0a000005);
	assert_string_equal(ipv4_format(address, text), "10.0.0.5");
	for_each_row(i, none)
		assert_false(ipv4_parse(none[i], &address));
	assert_int_equal(address, 0x0a000005);
}

static void a_prefix_holds_its_subnet(void **state)
{
	struct ipv4_prefix prefix;
	(void)state;

	assert_true(ipv4_prefix_parse("10.0.1.5/23", &prefix));
	assert_true(ipv4_prefix_contains(&prefix, 0x0a000001));
	assert_false(ipv4_prefix_contains(&prefix, 0x0a000201));
	assert_true(ipv4_prefix_parse("10.0.1.5", &prefix));
	assert_int_equal(prefix.length, 32);
	assert_true(ipv4_prefix_parse("10.0.1.5/0", &prefix));
	assert_true(ipv4_prefix_contains(&prefix, 0xffffffff));
	assert_false(ipv4_prefix_parse("10.0.1.5/33", &prefix));
	assert_false(ipv4_prefix_parse("10.0.1.5/", &prefix));
}

static void versions_compare_as_numbers(void **state)
{
	struct version rollup;
	struct version fix;
	struct version printed;
	char text[VERSION_TEXT_SIZE];
	(void)state;

	assert_true(version_parse("5.5.2654.50", &rollup));
	assert_true(version_parse("5.5.2654.54", &fix));
	assert_true(version_parse("5.5.2654.5", &printed));
	assert_true(version_compare(&rollup, &fix) < 0);
	assert_true(version_compare(&printed, &rollup) < 0);
	assert_true(version_compare(&fix, &fix) == 0);
	assert_string_equal(version_format(&fix, text), "5.5.2654.54");
	assert_false(version_parse("5.5.2654.65536", &fix));
	assert_false(version_parse("5.5.2654.54.1", &fix));
	assert_false(version_parse("5.5.", &fix));
	assert_false(version_parse("N/A", &fix));
	assert_false(version_parse(NULL, &fix));
}

static void an_arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena arena;
	(void)state;

	arena_init(&arena);
	for (size_t size = 1; size < 20000; size += 997) {
		unsigned char *bytes = arena_alloc(&arena, size);
		assert_int_equal((size_t)bytes % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
	assert_string_equal(arena_printf(&arena, "%s-%d", "EXCH", 1), "EXCH-1");
	assert_null(arena_strdup(&arena, NULL));
	arena_deinit(&arena);
	assert_int_equal(arena.bytes, 0);
}

static void text_from_outside_is_made_harmless(void **state)
{
	static const struct {
		const char *text;
		const char *clean;
	} cases[] = {
		{ "El90x1 (\xc3\xa4)", "El90x1 (\xc3\xa4)" },
		{ "\033[31mred\r\n\t", "?[31mred???" },
		{ "\xc2\x9b"
		  "31m",
		  "?31m" },
		{ "\xe2\x80\xae"
		  "gpj.exe",
		  "?gpj.exe" },
		{ "\xe2\x80\xa8", "?" },
		{ "\xd8\x9c|\xe2\x80\x8b|\xe2\x81\xa0|\xef\xbb\xbf", "?|?|?|?" },
		{ "\xe2\x80\x8a|\xe2\x80\x90", "\xe2\x80\x8a|\xe2\x80\x90" },
		{ "\xe1\xa0\x8e|\xef\xbf\xb9|\xf3\xa0\x81\x81|\xe2\x81\xa6", "?|?|?|?" },
		{ "\xff\xc3", "??" },
		{ "\xc0\x9b"
		  "a",
		  "??a" },
		{ NULL, "" },
	};
	char out[64];
	(void)state;

	for_each_row(i, cases)
		assert_string_equal(printable(out, sizeof out, cases[i].text), cases[i].clean);
	assert_string_equal(printable(out, 3, "a\xc3\xa4"), "a"); /* never half a character */
	assert_string_equal(printable(out, 4, "a\xc3\xa4"), "a\xc3\xa4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_compare_without_ascii_case),
		cmocka_unit_test(identical_texts_have_the_same_bytes_or_are_both_absent),
		cmocka_unit_test(bytes_hash_as_fnv_1a),
		cmocka_unit_test(letters_and_digits_are_those_of_ascii),
		cmocka_unit_test(addresses_are_four_plain_numbers),
		cmocka_unit_test(a_prefix_holds_its_subnet),
		cmocka_unit_test(versions_compare_as_numbers),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(text_from_outside_is_made_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
