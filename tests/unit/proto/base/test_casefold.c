#include "proto/base/casefold.h"
#include "proto/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Both ways of writing, of letters of the code pages 1250 to 1258 and 437 to 869. */
static const char *const pairs[][2] = {
	{ "EXCH1", "exch1" },
	{ "M\u00dcLLER AG", "m\u00fcller ag" },
	{ "\u00c5NGSTR\u00d6M", "\u00e5ngstr\u00f6m" },
	{ "\u00deINGEYRI", "\u00feingeyri" },
	{ "\u0178", "\u00ff" }, /* capital in 1252, in another block */
	{ "\u0152UVRE", "\u0153uvre" },
	{ "\u0141\u00d3D\u0179", "\u0142\u00f3d\u017a" },
	{ "\u010cE\u0160T\u00cdN \u017dI\u017dKA", "\u010de\u0161t\u00edn \u017ei\u017eka" },
	{ "\u0150\u0170", "\u0151\u0171" },
	{ "\u0136\u013b\u0145\u0156", "\u0137\u013c\u0146\u0157" },
	{ "\u011eI\u015eTIR", "\u011fi\u015ftir" },
	{ "\u0391\u0398\u0397\u039d\u0391\u03a3", "\u03b1\u03b8\u03b7\u03bd\u03b1\u03c2" },
	{ "\u0386\u0388\u0389\u038a\u038c\u038e\u038f\u03aa\u03ab",
	  "\u03ac\u03ad\u03ae\u03af\u03cc\u03cd\u03ce\u03ca\u03cb" },
	{ "\u00b5", "\u039c" }, /* the micro sign of 1252 */
	{ "\u041c\u041e\u0421\u041a\u0412\u0410 \u0401\u042f",
	  "\u043c\u043e\u0441\u043a\u0432\u0430 \u0451\u044f" },
	{ "\u0402\u0403\u0404\u0406\u0407\u0408\u0409\u040a\u040b\u040c\u040e\u040f",
	  "\u0452\u0453\u0454\u0456\u0457\u0458\u0459\u045a\u045b\u045c\u045e\u045f" },
	{ "\u0490\u0492", "\u0491\u0493" },
	{ "\u01a0\u01af\u0110\u0102", "\u01a1\u01b0\u0111\u0103" },
	{ "\uff21\uff3a", "\uff41\uff5a" }, /* full width, of 932 */
	{ "\u1e9e", "\u00df" },             /* shorter when folded */
	{ "\u212b", "\u00e5" },
};
#define N_PAIRS (sizeof pairs / sizeof *pairs)

static const char *const strangers[][2] = {
	{ "M\u00fcller", "Muller" }, { "Stra\u00dfe", "STRASSE" },
	{ "\u0131", "i" },           { "\u0413", "\u0490" },
	{ "\u00d7", "\u00f7" }, /* signs between the letters */
	{ "\xfc", "\xdc" },     /* bytes that are no UTF-8 */
	{ "exch1", "exch1\u00e9" },  { "a", NULL },
};
#define N_STRANGERS (sizeof strangers / sizeof *strangers)

static void letters_of_every_code_page_compare_without_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PAIRS; i++) {
		assert_true(casefold_equal(pairs[i][0], pairs[i][1]));
		assert_int_equal(casefold_compare(pairs[i][0], pairs[i][1]), 0);
		assert_int_equal(casefold_hash(pairs[i][0]), casefold_hash(pairs[i][1]));
		assert_true(casefold_has_prefix(pairs[i][0], pairs[i][1]));
	}
}

static void other_letters_stay_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_STRANGERS; i++) {
		int order = casefold_compare(strangers[i][0], strangers[i][1]);
		assert_false(casefold_equal(strangers[i][0], strangers[i][1]));
		assert_int_equal(casefold_compare(strangers[i][1], strangers[i][0]), -order);
		assert_int_not_equal(order, 0);
	}
}

static void a_copy_is_folded_and_no_longer(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PAIRS; i++) {
		char a[64];
		char b[64];
		strcpy(a, pairs[i][0]);
		size_t n = casefold_copy(a, a);
		assert_true(n <= strlen(pairs[i][0]));
		assert_int_equal(n, casefold_copy(b, pairs[i][1]));
		assert_string_equal(a, b);
	}
}

static void ascii_is_as_ever(void **state)
{
	(void)state;
	assert_int_equal(casefold_hash("Exch1.[z]"), text_hash("eXCH1.[Z]"));
	assert_true(casefold_compare("exch1", "EXCH2") < 0);
	assert_true(casefold_compare("EXCH", "exch1") < 0);
	assert_true(casefold_compare("z", "\u00c4") < 0);
	assert_true(casefold_compare(NULL, "") < 0);
	assert_true(casefold_equal(NULL, NULL));
	assert_false(casefold_has_prefix("EX", "exch"));
	assert_false(casefold_has_prefix(NULL, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_of_every_code_page_compare_without_case),
		cmocka_unit_test(other_letters_stay_apart),
		cmocka_unit_test(a_copy_is_folded_and_no_longer),
		cmocka_unit_test(ascii_is_as_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
