#include "proto/windows/message_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/count.h"
#include "proto/base/mem.h"
#include "proto/base/wire.h"
#include "proto/report/report.h"
#include "tests/unit/rows.h"

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

static const char *const strings[] = {
	"11004", "", "BASE IL MAIN BASE", "1", "504", "14", "7", "8", "9", "ten"
};

#define FILL(pattern, n) message_table_fill(pattern, strings, n, &arena)

static void strings_stand_where_the_text_names_them(void **state)
{
	(void)state;
	assert_string_equal(
		FILL("An attempt to listen over RPC has failed. NT Error: %1. [%2 %3 %4 %5] "
		     "(%6)\r\n",
		     6),
		"An attempt to listen over RPC has failed. NT Error: 11004. [ BASE IL MAIN BASE 1 "
		"504] (14)");
	assert_string_equal(FILL("%10%1", 10), "ten11004");
	assert_string_equal(FILL("%1!d! %4!s!!", 10), "11004 1!");
	assert_string_equal(FILL("%1!s", 10), "11004!s");
}

static void a_number_without_a_string_stays(void **state)
{
	(void)state;
	assert_string_equal(FILL("%1 %2 %99 %7!s!", 1), "11004 %2 %99 %7!s!");
	assert_string_equal(message_table_fill("%1", NULL, 0, &arena), "%1");
	assert_string_equal(FILL("%00", 10), "");
}

static void escapes_are_resolved(void **state)
{
	static const struct {
		const char *pattern;
		const char *wanted;
	} cases[] = {
		{ "100%% of %4", "100% of 1" },
		{ "%%1", "%1" },
		{ "end%0 of it", "end" },
		{ "a%nb%rc%td%be", "a b c d e" },
		{ "stop%. go%!", "stop. go!" },
		{ "a%", "a" },
		{ "a\r\nb\nc\rd\te", "a b c d e" },
		{ "a\r\n\r\n", "a" },
		{ "", "" },
		{ "\r\n", "" },
		{ "\x01\x1b[31m\x7f|", "  [31m |" },
		{ "\xc2\x85|\xe2\x80\xa8|\xe2\x80\xa9|", " | | |" },
	};
	(void)state;
	for_each_row(i, cases)
		assert_string_equal(FILL(cases[i].pattern, COUNT(strings)), cases[i].wanted);
}

static void strings_are_not_looked_at_again(void **state)
{
	static const char *const hostile[] = { "%2%2", "50%\r\n", "%0" };
	(void)state;
	assert_string_equal(message_table_fill("%1 %2 %3.", hostile, 3, &arena), "%2%2 50%  %0.");
}

static void what_is_no_utf8_is_replaced(void **state)
{
	static const char *const bad[] = { "\xff|\xe4\xf6|\xc3" };
	(void)state;
	assert_string_equal(message_table_fill("\xed\xa0\x80 \xc3\xa4 %1%\xe2", bad, 1, &arena),
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa4 "
			    "\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd");
}

/* At the limit, one past it, and cut between two characters. */
static void a_text_is_cut_to_what_a_report_allows(void **state)
{
	char long_one[REPORT_MAX_STRING + 2];
	const char *const one[] = { long_one };
	(void)state;
	memset(long_one, 'x', sizeof long_one);
	long_one[REPORT_MAX_STRING] = '\0';
	assert_int_equal(strlen(message_table_fill("%1", one, 1, &arena)), REPORT_MAX_STRING);
	long_one[REPORT_MAX_STRING] = 'x';
	long_one[REPORT_MAX_STRING + 1] = '\0';
	assert_int_equal(strlen(message_table_fill("%1%1%1", one, 1, &arena)), REPORT_MAX_STRING);
	assert_int_equal(strlen(message_table_fill("%1\xc3\xa4", one, 1, &arena)),
			 REPORT_MAX_STRING);
	long_one[REPORT_MAX_STRING - 1] = '\0';
	const char *cut = message_table_fill("%1\xc3\xa4 %5", one, 1, &arena);
	assert_string_equal(cut, long_one);
}

/* Two blocks: 0x80002469 and 0x8000246A in UTF-16 and ANSI, and 7. */
static size_t make_table(uint8_t *table, size_t room)
{
	struct wire_writer w = wire_write_to(table, room);
	wire_put_u32(&w, 2);
	wire_put_u32(&w, 7);
	wire_put_u32(&w, 7);
	wire_put_u32(&w, 28);
	wire_put_u32(&w, 0x80002469);
	wire_put_u32(&w, 0x8000246A);
	wire_put_u32(&w, 36);
	wire_put_u16(&w, 8); /* at 28 */
	wire_put_u16(&w, 0);
	wire_put_bytes(&w, "sev\0", 4);
	wire_put_u16(&w, 12); /* at 36 */
	wire_put_u16(&w, 1);
	wire_put_bytes(&w, "N\0T\0\0\0\0\0", 8);
	wire_put_u16(&w, 8);
	wire_put_u16(&w, 0);
	wire_put_bytes(&w, "ANSI", 4);
	assert_int_equal(w.status, STATUS_OK);
	return w.at;
}

static void a_table_gives_the_text_of_a_full_id(void **state)
{
	uint8_t table[64];
	struct message_table_entry m = { 0 };
	(void)state;
	size_t size = make_table(table, sizeof table);
	assert_true(message_table_find(table, size, 7, &m));
	assert_int_equal(m.size, 3);
	assert_false(m.utf16);
	assert_memory_equal(m.bytes, "sev", 3);
	assert_true(message_table_find(table, size, 0x80002469, &m));
	assert_int_equal(m.size, 4);
	assert_true(m.utf16);
	assert_memory_equal(m.bytes, "N\0T\0", 4);
	assert_true(message_table_find(table, size, 0x8000246A, &m));
	assert_int_equal(m.size, 4);
	assert_memory_equal(m.bytes, "ANSI", 4);
}

static void an_id_that_differs_in_its_severity_is_another(void **state)
{
	uint8_t table[64];
	struct message_table_entry m = { 0 };
	(void)state;
	size_t size = make_table(table, sizeof table);
	assert_false(message_table_find(table, size, 0x2469, &m));
	assert_false(message_table_find(table, size, 6, &m));
	assert_false(message_table_find(table, size, 0x8000246B, &m));
	assert_null(m.bytes);
}

/* Each in a block of its own, so that a read past the end is seen. */
static void a_table_that_is_cut_gives_no_text(void **state)
{
	uint8_t table[64];
	(void)state;
	size_t size = make_table(table, sizeof table);
	for (size_t n = 0; n < size; n++) {
		struct message_table_entry m = { 0 };
		uint8_t *cut = mem_alloc(n);
		memcpy(cut, table, n);
		assert_false(message_table_find(cut, n, 0x8000246A, &m));
		assert_null(m.bytes);
		free(cut);
	}
}

static void a_damaged_table_gives_no_text(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
		uint32_t id;
	} cases[] = {
		{ "more blocks than fit", 0, 0xFFFFFFFF, 1 },
		{ "no blocks", 0, 0, 7 },
		{ "entries beyond the end", 12, 0xFFFFFFFC, 7 },
		{ "entries at the very end", 12, 56, 7 },
		{ "block of all ids", 8, 0xFFFFFFFF, 0xFFFFFFFF },
		{ "entry of length 0", 36, 0, 0x8000246A },
		{ "entry of length 3", 36, 3, 0x80002469 },
		{ "entry beyond the end", 36, 0xFFFF, 0x80002469 },
		{ "first entry runs into the end", 36, 17, 0x8000246A },
	};
	(void)state;
	for_each_row(i, cases) {
		uint8_t table[64];
		struct message_table_entry m = { 0 };
		size_t size = make_table(table, sizeof table);
		struct wire_writer w = wire_write_to(table, size);
		w.at = size;
		wire_patch_u32(&w, cases[i].at, cases[i].value);
		assert_int_equal(w.status, STATUS_OK);
		if (message_table_find(table, size, cases[i].id, &m))
			fail_msg("%s: gives a text", cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(strings_stand_where_the_text_names_them, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_number_without_a_string_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(escapes_are_resolved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strings_are_not_looked_at_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_utf8_is_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_text_is_cut_to_what_a_report_allows, set_up,
						tear_down),
		cmocka_unit_test(a_table_gives_the_text_of_a_full_id),
		cmocka_unit_test(an_id_that_differs_in_its_severity_is_another),
		cmocka_unit_test(a_table_that_is_cut_gives_no_text),
		cmocka_unit_test(a_damaged_table_gives_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
