#include "collector/model/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/json/write.h"
#include "tests/unit/rows.h"

#define COLLECTED_MS INT64_C(1795344323000) /* as `body` says */

static const char body[] =
	"{\"schema\":\"mtawatch.report/1\",\"agent\":{\"id\":\"i\",\"epoch\":\"e\",\"version\":"
	"\"1\",\"platform\":\"linux\"},\"sequence\":1,\"collected_at\":\"2026-11-22T10:45:23Z\","
	"\"interval_s\":300,\"host\":{\"name\":\"S1\"}}";

/* What is shown of a server whose clock was so far ahead when its report was received. */
static char *show_renamed(int64_t ahead_ms, const char *importer, const char *renamed_to)
{
	struct view_verdict verdict = { .findings_json = "\"reasons\":[]",
					.renamed_to = renamed_to };
	struct json_error error;
	struct snapshot *snapshot = NULL;
	struct buffer out;
	size_t size;

	assert_int_equal(
		snapshot_read(body, sizeof body - 1, COLLECTED_MS - ahead_ms, 0, &snapshot, &error),
		STATUS_OK);
	snapshot_set_importer(snapshot, importer);
	struct view *first = view_make(snapshot, &verdict);
	struct view *view = view_renew(first, &verdict);
	buffer_init(&out);
	view_add_open(view, COLLECTED_MS, &out);
	json_close_object(&out);
	buffer_add_char(&out, '\0');
	view_unref(view);
	view_unref(first);
	snapshot_unref(snapshot);
	return buffer_take(&out, &size);
}

static char *show(int64_t ahead_ms, const char *importer)
{
	return show_renamed(ahead_ms, importer, NULL);
}

static void a_renamed_machine_gets_a_note_beside_that_of_its_clock(void **state)
{
	(void)state;
	char *text = show_renamed(0, NULL, "A\"B");
	assert_non_null(strstr(text, "\"renamed_to\":\"A\\\"B\""));
	assert_non_null(strstr(text, "\"notes\":[{\"code\":\"renamed\",\"text\":\"This machine was "
				     "probably renamed to A\\\"B, "));
	assert_non_null(strstr(text, ".\"}]}"));
	free(text);
	text = show_renamed(VIEW_MAX_SKEW_S * 2000, NULL, "S2");
	assert_non_null(strstr(text, "decommission.\"},{\"code\":\"clock_wrong\""));
	free(text);
}

static void a_clock_gets_a_note_past_the_limit_only(void **state)
{
	static const struct {
		int64_t ahead_ms;
		const char *importer;
		const char *want;
	} cases[] = {
		{ 0, NULL, "\"clock_skew_s\":0,\"notes\":[]}" },
		{ 0, "token ops", "\"clock_skew_s\":null,\"notes\":[]}" },
		{ 5000, "token ops", "\"clock_skew_s\":5,\"notes\":[]}" },
		{ VIEW_MAX_SKEW_S * 1000, NULL, "\"clock_skew_s\":60,\"notes\":[]}" },
		{ -VIEW_MAX_SKEW_S * 1000, NULL, "\"clock_skew_s\":-60,\"notes\":[]}" },
		{ VIEW_MAX_SKEW_S * 1000 + 1000, NULL, "is 61 s ahead of the collector's" },
		{ -VIEW_MAX_SKEW_S * 1000 - 1000, NULL, "is 61 s behind the collector's" },
		{ 120000, NULL, "is 2 min ahead" },
		{ 7199000, NULL, "is 119 min ahead" },
		{ 7200000, NULL, "is 2 h ahead" },
		{ 172799000, NULL, "is 47 h ahead" },
		{ 172800000, NULL, "is 2 days ahead" },
	};
	(void)state;

	for_each_row(i, cases) {
		char *shown = show(cases[i].ahead_ms, cases[i].importer);
		if (!strstr(shown, cases[i].want))
			fail_msg("'%s' is not in %s", cases[i].want, shown);
		free(shown);
	}
}

static void stored_findings_are_read_wherever_they_stand(void **state)
{
	static const struct {
		const char *stored;
		const char *findings;
		const char *drift;
	} cases[] = {
		{ "{\"silent\":true,\"reasons\":[],\"remedy\":{}}", "\"reasons\":[],\"remedy\":{}",
		  NULL },
		{ "{\"drift\":[{\"of\":\"\\\"\"}],\"reasons\":[\"\\\\\"],\"remedy\":{}}",
		  "\"reasons\":[\"\\\\\"],\"remedy\":{}", "[{\"of\":\"\\\"\"}]" },
		{ "{\"remedy\" : {\"reasons\":[1]} , \"reasons\" : [\"}\"] , \"silent\":true }\n",
		  "\"reasons\":[\"}\"],\"remedy\":{\"reasons\":[1]}", NULL },
		{ "{\"server\":\"\\\"reasons\\\":\",\"remedy\":{}}", "\"remedy\":{}", NULL },
		{ "", "", NULL },
	};
	(void)state;

	for_each_row(i, cases) {
		char *findings;
		char *drift;
		view_read_stored(cases[i].stored, &findings, &drift);
		assert_string_equal(findings, cases[i].findings);
		assert_true(drift ? cases[i].drift && strcmp(drift, cases[i].drift) == 0
				  : !cases[i].drift);
		free(findings);
		free(drift);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renamed_machine_gets_a_note_beside_that_of_its_clock),
		cmocka_unit_test(a_clock_gets_a_note_past_the_limit_only),
		cmocka_unit_test(stored_findings_are_read_wherever_they_stand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
