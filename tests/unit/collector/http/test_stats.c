#include "collector/base/exposition.h"
#include "collector/http/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct route routes[] = {
	{ .method = HTTP_METHOD_POST, .pattern = "/v1/reports" },
	{ .method = HTTP_METHOD_GET, .pattern = "/v1/servers/{name}" },
	{ .method = HTTP_METHOD_DELETE, .pattern = "/v1/servers/{name}" },
};

static void label_values_are_escaped(void **state)
{
	struct buffer out;
	(void)state;
	buffer_init(&out);
	exposition_family(&out, "m", "gauge", "What it is.");
	exposition_sample(&out, "m", 0.5, "file", "C:\\a \"b\"\nc", "none", (const char *)NULL,
			  NULL);
	exposition_sample(&out, "m", 9007199254740992.0, NULL);
	assert_string_equal(out.bytes, "# HELP m What it is.\n# TYPE m gauge\n"
				       "m{file=\"C:\\\\a \\\"b\\\"\\nc\",none=\"\"} 0.5\n"
				       "m 9007199254740992\n");
	buffer_deinit(&out);
}

static void answers_count_by_route_and_status(void **state)
{
	struct http_stats *stats = http_stats_new(routes, 3);
	(void)state;
	http_stats_note(stats, &routes[0], 200, 1);
	http_stats_note(stats, &routes[0], 422, 1);
	http_stats_note(stats, &routes[1], 200, 1);
	http_stats_note(stats, &routes[2], 204, 1);
	http_stats_note(stats, &routes[2], 600, 1); /* no status of HTTP */
	http_stats_note(stats, NULL, 404, 1);
	assert_int_equal(http_stats_count(stats, "/v1/reports", 200, 200), 1);
	assert_int_equal(http_stats_count(stats, "/v1/reports", 400, 499), 1);
	assert_int_equal(http_stats_count(stats, "/v1/servers/{name}", 200, 299), 2);
	assert_int_equal(http_stats_count(stats, "/other", 100, 599), 0);
	http_stats_free(stats);
}

static void assert_has(const struct buffer *out, const char *line)
{
	if (!strstr(out->bytes, line))
		fail_msg("no %s in:\n%s", line, out->bytes);
}

static void durations_fall_into_buckets_that_add_up(void **state)
{
	struct http_stats *stats = http_stats_new(routes, 3);
	struct buffer out;
	(void)state;
	buffer_init(&out);
	http_stats_note(stats, &routes[0], 200, 1000000);              /* at a bound: 1 ms */
	http_stats_note(stats, &routes[0], 200, 1000001);              /* past it */
	http_stats_note(stats, &routes[0], 200, UINT64_C(6000000000)); /* past all */
	http_stats_expose(stats, &out);
#define OF       "method=\"POST\",route=\"/v1/reports\""
#define DURATION "mtawatch_http_request_duration_seconds"
	assert_has(&out, "mtawatch_http_requests_total{" OF ",code=\"200\"} 3\n");
	assert_has(&out, DURATION "_bucket{le=\"0.0005\"," OF "} 0\n");
	assert_has(&out, DURATION "_bucket{le=\"0.001\"," OF "} 1\n");
	assert_has(&out, DURATION "_bucket{le=\"0.0025\"," OF "} 2\n");
	assert_has(&out, DURATION "_bucket{le=\"5\"," OF "} 2\n");
	assert_has(&out, DURATION "_bucket{le=\"+Inf\"," OF "} 3\n");
	assert_has(&out, DURATION "_count{" OF "} 3\n");
	assert_null(strstr(out.bytes, "/v1/servers"));
	buffer_deinit(&out);
	http_stats_free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(answers_count_by_route_and_status),
		cmocka_unit_test(durations_fall_into_buckets_that_add_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
