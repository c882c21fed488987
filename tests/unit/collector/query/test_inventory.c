/* The list of servers that there should be: its limits, and what is refused with its line. */
#include "collector/query/inventory_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/query/inventory_change.h"
#include "collector/query/server_csv.h"
#include "collector/query/windows_name.h"
#include "proto/base/mem.h"
#include "tests/unit/rows.h"

static struct arena arena;
static struct record_expected *rows;
static size_t n;
static char error[INVENTORY_ERROR_SIZE];

static enum status read_text(const char *text, size_t size)
{
	arena_deinit(&arena);
	n = 0;
	error[0] = '\0';
	return inventory_text_read(text, size, 7, &arena, &rows, &n, error);
}

static void reads_names_and_columns_in_the_order_of_keys(void **state)
{
	static const char text[] = "Name, Organization\r\n"
				   "exch2.acme.example , \"A \"\"B\"\", C\",HQ\r\n"
				   "\r\n"
				   "# EXCH9\r\n"
				   "EXCH1";
	(void)state;

	assert_int_equal(read_text(text, sizeof text - 1), STATUS_OK);
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].server, "EXCH1");
	assert_string_equal(rows[0].key, "exch1");
	assert_string_equal(rows[0].site, "");
	assert_string_equal(rows[1].server, "exch2");
	assert_string_equal(rows[1].organization, "A \"B\", C");
	assert_string_equal(rows[1].site, "HQ");
	assert_true(rows[1].since_ms == 7);
	assert_int_equal(read_text("", 0), STATUS_OK);
	assert_int_equal(n, 0);
}

static void reads_names_as_our_servers_csv_writes_them(void **state)
{
	static const char *const names[] = { "EXCH1", "@x", "'@x", "''@x", "'x'" };
	(void)state;

	for_each_row(i, names) {
		struct buffer text;
		buffer_init(&text);
		buffer_add_text(&text, "server\n");
		server_csv_add_cell(&text, names[i]);
		assert_int_equal(read_text(text.bytes, text.size), STATUS_OK);
		assert_int_equal(n, 1);
		assert_string_equal(rows[0].server, names[i]);
		buffer_deinit(&text);
	}
}

static void names_the_line_of_what_it_refuses(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "A\na.b\n", "line 2: 'a' is named in line 1 already" },
		{ "\n\n,x\n", "line 3: expected the name of a host" },
		{ "a,b,c,d",
		  "line 1: more than the columns name, organization, site, and no heading "
		  "that says what they are" },
		{ "EXCH1\nEXCH 2\n",
		  "line 2: 'EXCH 2' holds a character that no name of a Windows machine has" },
		{ "EXCH1\n10.0.0.5\n", "line 2: '10.0.0.5' is an address, not the name of a host" },
		{ "a..b",
		  "line 1: 'a..b' has nothing between two dots, or in front of the first one" },
		{ "name;site\nEXCH1;HQ\n;HQ\n", "line 3: expected the name of a host" },
		{ "EXCH1;ACME\nEXCH2,ACME\n",
		  "line 2: 'EXCH2,ACME' holds a character that no name of a Windows machine has" },
		{ "\\\\EXCH1\\share", "line 1: 'EXCH1\\share' holds a character that no name of a "
				      "Windows machine has" },
		{ "Domain\n--------------------\nACME\nThe command completed successfully.\n",
		  "line 3: in a list of `net view` each name begins with \\\\" },
		{ "a\n\"b", "line 2: a quoted field that does not end" },
		{ "\"a\"b", "line 1: text behind a quoted field" },
		{ "a\x01", "line 1: a control character" },
	};
	(void)state;

	for_each_row(i, cases) {
		assert_int_equal(read_text(cases[i].text, strlen(cases[i].text)), STATUS_MALFORMED);
		assert_string_equal(error, cases[i].error);
	}
}

/* What people hand in; each names EXCH1 and EXCH2, EXCH1 of ACME and HQ where `has_places`. */
static void reads_lists_as_people_have_them(void **state)
{
	static const struct {
		const char *text;
		size_t size; /* 0: up to its NUL */
		bool has_places;
	} lists[] = {
		{ "\xEF\xBB\xBFname;organization;site\r\nEXCH1;ACME;HQ\r\nEXCH2;ACME;HQ\r\n", 0,
		  true },
		{ "name\torganization\tsite\r\nEXCH1\tACME\tHQ\r\nEXCH2\tACME\tHQ\r\n", 0, true },
		{ "Standort;Organisation;Servername;Bemerkung\nHQ;ACME;EXCH1;alt\n;;;\nB;C;EXCH2;"
		  "x\n",
		  0, true },
		{ "sep=;\nServer;Organization;Site\nEXCH1;ACME;HQ\n\"EXCH2\";\"a;b\";\n", 0, true },
		{ "EXCH1,ACME,HQ,,,\nEXCH2,\"x,y\",,,,\n,,,,,\n", 0, true },
		{ "EXCH1,\tACME,\tHQ\nEXCH2", 0, true },
		{ "\xFF\xFE"
		  "E\0X\0C\0H\0001\0\t\0A\0C\0M\0E\0\t\0H\0Q\0\r\0\n\0E\0X\0C\0H\0002\0",
		  42, true },
		{ "  # a list\nexch1.acme.example.\n\\\\EXCH2\n", 0, false },
		{ "Server Name            Remark\n\n"
		  "-------------------------------------------------------------------------------"
		  "\n"
		  "\\\\EXCH1                HQ, the first; one\n\\\\EXCH2\n"
		  "The command completed successfully.\n\n",
		  0, false },
		{ "\\\\EXCH1             HQ, the first\n\\\\EXCH2                 \n", 0, false },
	};
	(void)state;

	for_each_row(i, lists) {
		size_t size = lists[i].size ? lists[i].size : strlen(lists[i].text);
		if (read_text(lists[i].text, size) != STATUS_OK)
			fail_msg("list %zu: %s", i, error);
		assert_int_equal(n, 2);
		assert_string_equal(rows[0].key, "exch1");
		assert_string_equal(rows[1].key, "exch2");
		assert_string_equal(rows[0].organization, lists[i].has_places ? "ACME" : "");
		assert_string_equal(rows[0].site, lists[i].has_places ? "HQ" : "");
	}
}

static void names_are_what_windows_machines_can_have(void **state)
{
	static const char *const good[] = {
		"EXCH1", "exch-1.acme.example",           "A_B", "3COM", "B\u00dcRO",
		"MAIL$", "\u041f\u041e\u0427\u0422\u0410"
	};
	static const char *const bad[] = { "-a",   "a b", "a/b",       "a:b",    "a*",
					   "a|b",  "<a>", "=a+b",      "-----",  "...",
					   "a\"b", "a;b", "192.0.2.1", "\uff1da" };
	(void)state;

	for_each_row(i, good)
		assert_null(windows_name_check(good[i]));
	for_each_row(i, bad)
		assert_non_null(windows_name_check(bad[i]));
	assert_null(windows_name_check(
		"x23456789012345678901234567890123456789012345678901234567890123"));
	assert_non_null(windows_name_check(
		"x234567890123456789012345678901234567890123456789012345678901234"));
}

static void tells_what_a_list_changes(void **state)
{
	struct record_expected before[] = {
		{ .key = "a", .server = "A", .organization = "", .site = "", .since_ms = 1 },
		{ .key = "b", .server = "B", .organization = "", .site = "", .since_ms = 2 },
		{ .key = "c", .server = "C", .organization = "", .site = "", .since_ms = 3 }
	};
	struct record_expected after[] = {
		{ .key = "b", .server = "B", .organization = "O", .site = "", .since_ms = 9 },
		{ .key = "d", .server = "D", .organization = "", .site = "", .since_ms = 9 }
	};
	struct inventory_list list = { &arena, before, 3, 3 };
	struct inventory_change change;
	(void)state;

	inventory_change_find(&list, after, 2, &arena, &change);
	assert_string_equal(inventory_change_text(&change, &arena),
			    "adds 1 (D), drops 2 (A, C), changes 1, 0 stay as they are");
	assert_true(inventory_change_needs_consent(&change));
	assert_true(after[0].since_ms == 2);
	list.n = 2; /* of two one stays */
	inventory_change_find(&list, after, 2, &arena, &change);
	assert_false(inventory_change_needs_consent(&change));
	inventory_change_find(&list, after, 0, &arena, &change);
	assert_true(inventory_change_needs_consent(&change));
}

static void a_field_ends_at_its_limit(void **state)
{
	char text[INVENTORY_MAX_FIELD + 3]; /* with "a," */
	(void)state;

	memset(text, 'x', sizeof text);
	memcpy(text, "a,", 2);
	assert_int_equal(read_text(text, sizeof text - 1), STATUS_OK);
	assert_int_equal(strlen(rows[0].organization), INVENTORY_MAX_FIELD);
	assert_int_equal(read_text(text, sizeof text), STATUS_LIMIT);
}

static void the_servers_and_the_text_end_at_their_limits(void **state)
{
	char *text = mem_alloc(INVENTORY_MAX_BYTES + 1);
	size_t size = 0;
	(void)state;

	for (size_t i = 0; i < INVENTORY_MAX_SERVERS; i++)
		size += (size_t)sprintf(text + size, "S%zu\n", i);
	assert_int_equal(read_text(text, size), STATUS_OK);
	assert_int_equal(n, INVENTORY_MAX_SERVERS);
	size += (size_t)sprintf(text + size, "last\n");
	assert_int_equal(read_text(text, size), STATUS_LIMIT);
	memset(text, '\n', INVENTORY_MAX_BYTES + 1);
	assert_int_equal(read_text(text, INVENTORY_MAX_BYTES), STATUS_OK);
	assert_int_equal(read_text(text, INVENTORY_MAX_BYTES + 1), STATUS_LIMIT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_names_and_columns_in_the_order_of_keys),
		cmocka_unit_test(reads_names_as_our_servers_csv_writes_them),
		cmocka_unit_test(names_the_line_of_what_it_refuses),
		cmocka_unit_test(reads_lists_as_people_have_them),
		cmocka_unit_test(names_are_what_windows_machines_can_have),
		cmocka_unit_test(tells_what_a_list_changes),
		cmocka_unit_test(a_field_ends_at_its_limit),
		cmocka_unit_test(the_servers_and_the_text_end_at_their_limits),
	};
	arena_init(&arena);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	arena_deinit(&arena);
	return rc;
}
