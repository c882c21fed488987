#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "collector/http/query_string.h"
#include "collector/http/route.h"
#include "tests/unit/rows.h"

static void handler(struct call *call)
{
	(void)call;
}

static const struct route routes[] = {
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/", 0, handler },
	{ HTTP_METHOD_POST, ACCESS_ANYBODY, "/v1/reports", 9, handler },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/v1/servers", 0, handler },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/v1/servers/{name}", 0, handler },
	{ HTTP_METHOD_DELETE, ACCESS_ANYBODY, "/v1/servers/{name}", 0, handler },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/v1/sites/{org}/{site}/matrix", 0, handler },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/files/{path*}", 0, handler },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/files/{name}", 0, handler },
};
#define N_ROUTES (sizeof routes / sizeof *routes)

static void a_path_finds_its_row_and_parameters(void **state)
{
	(void)state;
	static const struct {
		enum http_method method;
		const char *path;
		int row; /* -1: none */
		bool known;
		const char *params; /* joined by commas */
	} cases[] = {
		{ HTTP_METHOD_GET, "/", 0, true, "" },
		{ HTTP_METHOD_HEAD, "/", 0, true, "" },
		{ HTTP_METHOD_POST, "/v1/reports", 1, true, "" },
		{ HTTP_METHOD_GET, "/v1/reports", -1, true, "" },
		{ HTTP_METHOD_HEAD, "/v1/reports", -1, true, "" },
		{ HTTP_METHOD_GET, "/v1/reports/", -1, false, "" },
		{ HTTP_METHOD_GET, "/v1/reportsx", -1, false, "" },
		{ HTTP_METHOD_GET, "/v1", -1, false, "" },
		{ HTTP_METHOD_GET, "/v1/servers", 2, true, "" },
		{ HTTP_METHOD_GET, "/v1/servers/", -1, false, "" },
		{ HTTP_METHOD_GET, "/v1/servers/EX%201", 3, true, "EX%201," },
		{ HTTP_METHOD_DELETE, "/v1/servers/a", 4, true, "a," },
		{ HTTP_METHOD_PUT, "/v1/servers/a", -1, true, "" },
		{ HTTP_METHOD_GET, "/v1/servers/a/b", -1, false, "" },
		{ HTTP_METHOD_GET, "/v1/sites/ACME/HQ/matrix", 5, true, "ACME,HQ," },
		{ HTTP_METHOD_GET, "/v1/sites/ACME//matrix", -1, false, "" },
		{ HTTP_METHOD_GET, "/files/a/b.js", 6, true, "a/b.js," },
		{ HTTP_METHOD_GET, "/files/", -1, false, "" },
		{ HTTP_METHOD_GET, "//", -1, false, "" },
		{ HTTP_METHOD_GET, "*", -1, false, "" },
	};
	for_each_row(i, cases) {
		const struct route *route =
			route_find(routes, N_ROUTES, cases[i].method, cases[i].path);
		int row = route ? (int)(route - routes) : -1;
		assert_int_equal(row, cases[i].row);
		char allow[ROUTE_ALLOW_SIZE];
		route_allow(routes, N_ROUTES, cases[i].path, allow);
		assert_int_equal(allow[0] != '\0', cases[i].known);
		if (!route)
			continue;
		struct route_params found;
		route_read_params(route, cases[i].path, &found);
		char params[64] = "";
		size_t at = 0;
		for (size_t k = 0; k < found.n; k++)
			at += (size_t)snprintf(params + at, sizeof params - at, "%.*s,",
					       (int)found.param[k].size, found.param[k].text);
		assert_string_equal(params, cases[i].params);
	}
}

static void a_path_tells_the_methods_that_it_has(void **state)
{
	(void)state;
	char allow[ROUTE_ALLOW_SIZE];
	assert_string_equal(route_allow(routes, N_ROUTES, "/v1/reports", allow), "POST");
	assert_string_equal(route_allow(routes, N_ROUTES, "/v1/servers/a", allow),
			    "GET, HEAD, DELETE");
	assert_string_equal(route_allow(routes, N_ROUTES, "/files/a", allow), "GET, HEAD");
	assert_string_equal(route_allow(routes, N_ROUTES, "/nothing", allow), "");
}

static void a_query_is_decoded_pair_by_pair(void **state)
{
	(void)state;
	struct arena arena;
	struct query_string q;

	arena_init(&arena);
	assert_int_equal(query_string_read("a=1&b=x+y%26z&&c&a==2&=d", &arena, &q), STATUS_OK);
	static const char *const expected[][2] = {
		{ "a", "1" }, { "b", "x y&z" }, { "c", "" }, { "a", "=2" }, { "", "d" }
	};
	assert_int_equal(q.n, 5);
	for (size_t i = 0; i < q.n; i++) {
		assert_string_equal(q.pairs[i].key, expected[i][0]);
		assert_string_equal(q.pairs[i].value, expected[i][1]);
	}
	assert_int_equal(query_string_read(NULL, &arena, &q), STATUS_OK);
	assert_int_equal(q.n, 0);
	assert_int_equal(query_string_read("a=%4", &arena, &q), STATUS_MALFORMED);
	assert_int_equal(query_string_read("%00=a", &arena, &q), STATUS_MALFORMED);
	arena_deinit(&arena);
}

static void a_query_has_a_limit_of_pairs(void **state)
{
	(void)state;
	struct arena arena;
	struct query_string q;
	char text[2 * (QUERY_STRING_MAX_PAIRS + 1) + 1] = "";

	arena_init(&arena);
	for (size_t i = 0; i < 2 * (size_t)QUERY_STRING_MAX_PAIRS; i++)
		text[i] = i % 2 ? '&' : 'a';
	assert_int_equal(query_string_read(text, &arena, &q), STATUS_OK);
	assert_int_equal(q.n, QUERY_STRING_MAX_PAIRS);
	text[sizeof text - 3] = 'a';
	assert_int_equal(query_string_read(text, &arena, &q), STATUS_LIMIT);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_finds_its_row_and_parameters),
		cmocka_unit_test(a_path_tells_the_methods_that_it_has),
		cmocka_unit_test(a_query_is_decoded_pair_by_pair),
		cmocka_unit_test(a_query_has_a_limit_of_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
