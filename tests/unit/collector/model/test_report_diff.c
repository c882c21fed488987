#include "collector/model/report_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/arena.h"
#include "proto/report/json.h"
#include "tests/unit/rows.h"

static const char begin[] =
	"{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"a\",\"epoch\":\"e\"},\"sequence\":1,"
	"\"collected_at\":\"2026-11-22T10:45:23Z\",\"interval_s\":300,\"host\":{\"name\":"
	"\"EXCH1\"}";

/* What differs between two reports that end with these members: "KIND DETAIL; ". */
struct told {
	char text[4 * REPORT_DIFF_MAX_DETAIL];
	uint64_t fingerprints[2];
};

static void add(void *user, const char *kind, const char *detail)
{
	struct told *told = user;
	size_t n = strlen(told->text);
	snprintf(told->text + n, sizeof told->text - n, "%s %s; ", kind, detail);
}

static void read_report(const char *end, struct arena *arena, struct report *out)
{
	struct json_error error;
	const char *text = arena_printf(arena, "%s%s}", begin, end);

	enum status status = report_json_read(text, strlen(text), arena, out, &error);
	if (status != STATUS_OK)
		fail_msg("%s: %s: %s", text, error.pointer, error.detail);
}

static const char *compare(const char *before, const char *after)
{
	static struct told told;
	struct report reports[2];
	struct arena arena;

	arena_init(&arena);
	told.text[0] = '\0';
	read_report(before, &arena, &reports[0]);
	read_report(after, &arena, &reports[1]);
	report_diff_compare(&reports[0], &reports[1], add, &told);
	/* Whatever is told, the fingerprint says to look. */
	if (told.text[0] != '\0')
		assert_true(report_diff_fingerprint(&reports[0]) !=
			    report_diff_fingerprint(&reports[1]));
	arena_deinit(&arena);
	return told.text;
}

#define ADAPTER(id, link, address)                                                                 \
	"{\"id\":\"" id "\",\"enabled\":true,\"link\":\"" link "\",\"addresses\":[\"" address "\"" \
	"]}"
#define TOLD_ADAPTER(id, link, address)                                                            \
	"{\"id\":\"" id "\",\"description\":null,\"enabled\":true,\"link\":\"" link                \
	"\",\"addresses\":[\"" address "\"]}"
#define A_UP        ADAPTER("A", "up", "10.0.0.1/24")
#define A_DOWN      ADAPTER("A", "down", "10.0.0.1/24")
#define B_UP        ADAPTER("B", "up", "10.9.0.1/24")
#define TOLD_A_UP   TOLD_ADAPTER("A", "up", "10.0.0.1/24")
#define TOLD_A_DOWN TOLD_ADAPTER("A", "down", "10.0.0.1/24")
#define TOLD_B_UP   TOLD_ADAPTER("B", "up", "10.9.0.1/24")
#define EVENTS      "\"events\":[{\"id\":9321,\"nt_error\":11004},{\"id\":9266}]"

static void tells_what_an_administrator_asks_for(void **state)
{
	static const struct {
		const char *before;
		const char *after;
		const char *told;
	} cases[] = {
		{ "", "", "" },
		/* Adapters: one more, one fewer, one that changed; unknown is no change. */
		{ ",\"adapters\":[" A_UP "]", ",\"adapters\":[" A_DOWN "," B_UP "]",
		  "adapters {\"added\":[" TOLD_B_UP "],\"removed\":[],"
		  "\"changed\":[{\"before\":" TOLD_A_UP ",\"after\":" TOLD_A_DOWN "}]}; " },
		{ ",\"adapters\":[" A_UP "]", ",\"adapters\":[]",
		  "adapters {\"added\":[],\"removed\":[" TOLD_A_UP "],\"changed\":[]}; " },
		{ ",\"adapters\":[" A_UP "]", "", "" },
		/* The build. */
		{ ",\"exchange\":{\"version\":\"5.5\",\"service_pack\":3,\"build\":\"5.5.2650."
		  "24\"}",
		  ",\"exchange\":{\"version\":\"5.5\",\"service_pack\":4,\"build\":\"5.5.2653."
		  "23\"}",
		  "build {\"before\":{\"version\":\"5.5\",\"service_pack\":3,\"build\":\"5.5.2650."
		  "24\"},\"after\":{\"version\":\"5.5\",\"service_pack\":4,\"build\":\"5.5.2653."
		  "23\"}}; " },
		{ ",\"exchange\":{\"build\":\"5.5.2650.24\"}", "", "" },
		/* Files: another version, one that is new, one that is no longer looked for. */
		{ ",\"files\":[{\"name\":\"a.exe\",\"state\":\"versioned\",\"version\":\"1.0.0.0\"}"
		  ",{\"name\":\"b.dll\",\"state\":\"missing\"}]",
		  ",\"files\":[{\"name\":\"A.exe\",\"state\":\"versioned\",\"version\":\"2.0.0.0\"}"
		  ",{\"name\":\"c.dll\",\"state\":\"missing\"}]",
		  "files {\"changed\":[{\"name\":\"A.exe\",\"before\":{\"state\":\"versioned\","
		  "\"version\":\"1.0.0.0\",\"sha256\":null},\"after\":{\"state\":\"versioned\","
		  "\"version\":\"2.0.0.0\",\"sha256\":null}},{\"name\":\"c.dll\",\"before\":null,"
		  "\"after\":{\"state\":\"missing\",\"version\":null,\"sha256\":null}},{\"name\":"
		  "\"b.dll\",\"before\":{\"state\":\"missing\",\"version\":null,\"sha256\":null},"
		  "\"after\":null}]}; " },
		/* Starts, and the service. */
		{ ",\"mta\":{\"service\":\"stopped\"}", ",\"mta\":{\"service\":\"running\"}",
		  "mta {\"before\":\"stopped\",\"after\":\"running\"}; " },
		{ ",\"mta\":{\"service\":\"running\"}",
		  ",\"mta\":{\"service\":\"running\",\"last_start\":{\"at\":\"2026-11-22T03:12:"
		  "40Z\","
		  "\"outcome\":\"failed\"," EVENTS "},\"last_failure\":{\"at\":"
		  "\"2026-11-22T03:12:40Z\"," EVENTS "}}",
		  "mta_start {\"at\":\"2026-11-22T03:12:40Z\",\"outcome\":\"failed\",\"events\":[{"
		  "\"id\":9321,\"nt_error\":11004},{\"id\":9266,\"nt_error\":null}]}; " },
		{ ",\"mta\":{\"last_start\":{\"at\":\"2026-11-22T03:12:40Z\",\"outcome\":"
		  "\"started\"}}",
		  ",\"mta\":{\"last_start\":{\"at\":\"2026-11-22T05:00:00Z\",\"outcome\":"
		  "\"started\"},\"last_failure\":{\"at\":\"2026-11-22T04:00:00Z\"," EVENTS "}}",
		  "mta_start {\"at\":\"2026-11-22T04:00:00Z\",\"outcome\":\"failed\",\"events\":[{"
		  "\"id\":9321,\"nt_error\":11004},{\"id\":9266,\"nt_error\":null}]}; mta_start "
		  "{\"at\":\"2026-11-22T05:00:00Z\",\"outcome\":\"started\",\"events\":[]}; " },
		/* The log could not be read before: that is no start. */
		{ ",\"mta\":{\"service\":\"running\"},\"problems\":[{\"fact\":\"mta.events\"}]",
		  ",\"mta\":{\"service\":\"running\",\"last_start\":{\"at\":\"2026-11-22T03:12:"
		  "40Z\","
		  "\"outcome\":\"started\"}}",
		  "" },
		/* Another site; names are compared without case. */
		{ ",\"exchange\":{\"organization\":\"ACME\",\"site\":\"HQ\",\"server\":\"EXCH1\"}",
		  ",\"exchange\":{\"organization\":\"Acme\",\"site\":\"hq\",\"server\":\"exch1\"}",
		  "" },
		{ ",\"exchange\":{\"organization\":\"ACME\",\"site\":\"HQ\",\"server\":\"EXCH1\"}",
		  ",\"exchange\":{\"organization\":\"ACME\",\"site\":\"B\\\"C\",\"server\":"
		  "\"EXCH1\"}",
		  "place "
		  "{\"before\":{\"organization\":\"ACME\",\"site\":\"HQ\",\"server\":\"EXCH1\"}"
		  ",\"after\":{\"organization\":\"ACME\",\"site\":\"B\\\"C\",\"server\":\"EXCH1\"}}"
		  "; " },
	};
	(void)state;

	for_each_row(i, cases)
		assert_string_equal(compare(cases[i].before, cases[i].after), cases[i].told);
}

/* Times, counters, probes: what differs in every report. */
static void the_fingerprint_stays_where_nothing_would_be_told(void **state)
{
	static const char *const ends[] = {
		"",
		",\"duration_ms\":7",
		",\"probes\":[{\"adapter\":\"A\",\"peer\":\"B\",\"grade\":\"mta\",\"for_s\":3}]",
		",\"problems\":[{\"fact\":\"x\",\"code\":5,\"message\":\"y\"}]",
	};
	struct arena arena;
	struct report first;
	(void)state;

	arena_init(&arena);
	read_report(ends[0], &arena, &first);
	for (size_t i = 1; i < sizeof ends / sizeof *ends; i++) {
		struct report other;
		read_report(ends[i], &arena, &other);
		assert_true(report_diff_fingerprint(&other) == report_diff_fingerprint(&first));
	}
	arena_deinit(&arena);
}

/* `n` adapters appear, which takes so many bytes. */
static size_t told_of_adapters(int n, size_t name)
{
	struct arena arena;
	char *text = NULL;

	arena_init(&arena);
	text = arena_printf(&arena, ",\"adapters\":[");
	for (int i = 0; i < n; i++)
		text = arena_printf(&arena, "%s%s{\"id\":\"%d-%0*d\"}", text, i ? "," : "", i,
				    (int)name, 0);
	const char *told = compare(",\"adapters\":[]", arena_printf(&arena, "%s]", text));
	arena_deinit(&arena);
	return strcmp(told, "adapters {\"too_long\":true}; ") == 0 ? 0 : strlen(told);
}

static void a_detail_past_the_limit_is_told_as_one(void **state)
{
	size_t name = 400;
	size_t longest = 0;
	(void)state;

	assert_int_not_equal(told_of_adapters(20, name), 0);
	while (told_of_adapters(30, name) > 0)
		longest = told_of_adapters(30, name++);
	/* "adapters " and "; " around it; 30 bytes more are too many. */
	assert_in_range(longest, REPORT_DIFF_MAX_DETAIL + 11 - 30, REPORT_DIFF_MAX_DETAIL + 11);
}

static void reasons_are_told_by_their_codes(void **state)
{
	static const struct {
		const char *findings;
		const char *reasons;
	} cases[] = {
		{ "\"reasons\":[],\"remedy\":{\"options\":[]}", "[]" },
		{ "\"reasons\":[{\"code\":\"adapter_isolated\",\"text\":\"{\\\"code\\\":"
		  "\\\"x\\\"\"},"
		  "{\"code\":\"b\"}]",
		  "[\"adapter_isolated\",\"b\"]" },
	};
	(void)state;

	for_each_row(i, cases) {
		char *reasons = report_diff_reasons(cases[i].findings);
		assert_string_equal(reasons, cases[i].reasons);
		free(reasons);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_an_administrator_asks_for),
		cmocka_unit_test(the_fingerprint_stays_where_nothing_would_be_told),
		cmocka_unit_test(a_detail_past_the_limit_is_told_as_one),
		cmocka_unit_test(reasons_are_told_by_their_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
