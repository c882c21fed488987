/* The list of servers that there should be: its limits, and what is refused with its line. */
#include "collector/query/inventory_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/mem.h"

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

static void names_the_line_of_what_it_refuses(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "A\na.b\n", "line 2: 'a' is named in line 1 already" },
		{ "\n\n,x\n", "line 3: expected the name of a host" },
		{ "a,b,c,d", "line 1: more than the columns name, organization, site" },
		{ "a\n\"b", "line 2: a quoted field that does not end" },
		{ "\"a\"b", "line 1: text behind a quoted field" },
		{ "a\x01", "line 1: a control character, or bytes that are not UTF-8" },
		{ "a\xff", "line 1: a control character, or bytes that are not UTF-8" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(read_text(cases[i].text, strlen(cases[i].text)), STATUS_MALFORMED);
		assert_string_equal(error, cases[i].error);
	}
}

static void a_field_ends_at_its_limit(void **state)
{
	char text[INVENTORY_MAX_FIELD + 1];
	(void)state;

	memset(text, 'x', sizeof text);
	assert_int_equal(read_text(text, INVENTORY_MAX_FIELD), STATUS_OK);
	assert_int_equal(read_text(text, INVENTORY_MAX_FIELD + 1), STATUS_LIMIT);
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
		cmocka_unit_test(names_the_line_of_what_it_refuses),
		cmocka_unit_test(a_field_ends_at_its_limit),
		cmocka_unit_test(the_servers_and_the_text_end_at_their_limits),
	};
	arena_init(&arena);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	arena_deinit(&arena);
	return rc;
}
