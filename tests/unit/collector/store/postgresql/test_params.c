/* Parameters as PostgreSQL reads them: whatever is sent comes back as it was. */
#include "collector/store/postgresql/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/store/postgresql/rows.h"
#include "collector/store/postgresql/statement.h"
#include "proto/base/mem.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

static struct fixture f;
static struct pg_conn conn;
static char error[STORE_ERROR_SIZE];

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&f);
	assert_int_equal(pg_conn_open(&conn, fixture_location(&f), "test", error), STATUS_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pg_conn_close(&conn);
	fixture_tear_down(&f);
	return 0;
}

static PGresult *run(const char *name, const char *sql, struct pg_params *params)
{
	const struct pg_statement statement = { name, "test", sql };
	PGresult *result;

	if (pg_run(&conn, &statement, params, &result, error) != STATUS_OK)
		fail_msg("%s", error);
	return result;
}

static void numbers_and_texts_come_back(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, 255, -129, INT64_MAX, INT64_MIN };
	static const char *const texts[] = { "", "a", "\xc3\xa4\xe2\x82\xac", "it's \"quoted\"",
					     NULL };
	(void)state;

	for_each_row(i, numbers) {
		struct pg_params params = { .n = 0 };
		pg_add_number(&params, numbers[i]);
		pg_add_text(&params, texts[i % 5]);
		PGresult *result = run("both", "SELECT $1, $2", &params);
		assert_int_equal(pg_number(result, 0, 0), numbers[i]);
		if (texts[i % 5])
			assert_string_equal(pg_text_or_null(result, 0, 1), texts[i % 5]);
		else
			assert_null(pg_text_or_null(result, 0, 1));
		PQclear(result);
	}
}

static void numbers_of_every_size_are_read(void **state)
{
	PGresult *result =
		run("sizes", "SELECT (-2)::smallint, (-3)::integer, true, NULL::bigint", NULL);
	(void)state;

	assert_int_equal(pg_number(result, 0, 0), -2);
	assert_int_equal(pg_number(result, 0, 1), -3);
	assert_int_equal(pg_number(result, 0, 2), 1);
	assert_int_equal(pg_number(result, 0, 3), 0);
	PQclear(result);
}

static const char every_type[] =
	"SELECT n, s, t, b FROM unnest($1::bigint[], $2::boolean[], $3::text[], $4::bytea[]) AS r "
	"(n, s, t, b)";

static void add_arrays(struct pg_params *params)
{
	pg_add_array(params, PG_INT8);
	pg_add_array(params, PG_BOOL);
	pg_add_array(params, PG_TEXT);
	pg_add_array(params, PG_BYTEA);
}

static void columns_of_every_type_come_back(void **state)
{
	struct pg_params params = { .n = 0 };
	const size_t large = (size_t)1024 * 1024;
	char *bytes = mem_alloc(large);
	(void)state;

	add_arrays(&params);
	for (int i = 0; i < 3; i++) {
		pg_append_number(&params, 0, i - 1);
		pg_append_switch(&params, 1, i == 1);
		pg_append_text(&params, 2, i == 2 ? NULL : "text");
		pg_append_bytes(&params, 3, bytes, i == 0 ? large : 0);
	}
	pg_append_null(&params, 0);
	assert_int_equal(pg_params_rows(&params), 4);
	PGresult *result = run("every", every_type, &params);
	assert_int_equal(PQntuples(result), 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pg_number(result, i, 0), i - 1);
		assert_int_equal(pg_number(result, i, 1), i == 1);
		assert_string_equal(pg_text(result, i, 2), i == 2 ? "" : "text");
		assert_int_equal(pg_bytes(result, i, 3).size, i == 0 ? large : 0);
	}
	assert_memory_equal(pg_bytes(result, 0, 3).at, bytes, large);
	assert_true(PQgetisnull(result, 3, 0) && PQgetisnull(result, 3, 3));
	PQclear(result);
	free(bytes);
}

static void columns_without_rows_are_none(void **state)
{
	struct pg_params params = { .n = 0 };
	(void)state;

	add_arrays(&params);
	PGresult *result = run("every", every_type, &params);
	assert_int_equal(PQntuples(result), 0);
	PQclear(result);
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DATABASE(numbers_and_texts_come_back),
		WITH_DATABASE(numbers_of_every_size_are_read),
		WITH_DATABASE(columns_of_every_type_come_back),
		WITH_DATABASE(columns_without_rows_are_none),
	};

	return fixture_run_postgresql(tests);
}
