/* What an alert says, from the view of a server (collector/alerts/explanation.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/alerts/explanation.h"

static struct view silent_view(const char *renamed_to)
{
	return (struct view){
		.key = "s1",
		.server = "S1",
		.findings_json = "\"reasons\":[],\"remedy\":{\"options\":[]}",
		.verdict = VERDICT_EXPOSED,
		.silent = true,
		.reported_at_ms = INT64_C(1795344323000),
		.interval_s = 300,
		.renamed_to = renamed_to,
	};
}

static void silence_is_told_with_the_time_of_the_last_report(void **state)
{
	struct view view = silent_view(NULL);
	struct alert_explanation explanation;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	alert_explanation_write(&view, CONDITION_SILENT, &explanation, &arena);
	assert_string_equal(explanation.cause, "silent");
	assert_string_equal(explanation.text,
			    "No report has come since 2026-11-22T10:45:23Z, although one is due "
			    "every 300 seconds. The verdict is that of the last reports: exposed.");
	assert_non_null(strstr(explanation.remedy, "mtawatch-agent doctor"));
	arena_deinit(&arena);
}

static void the_silence_of_a_renamed_machine_is_told_with_its_new_name(void **state)
{
	struct view view = silent_view("S2");
	struct alert_explanation explanation;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	alert_explanation_write(&view, CONDITION_SILENT, &explanation, &arena);
	assert_non_null(strstr(explanation.text, "probably renamed to S2"));
	assert_non_null(strstr(explanation.remedy, "decommission S1 --reason \"renamed to S2\""));
	assert_non_null(strstr(explanation.remedy, "mtawatch-agent doctor"));
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_told_with_the_time_of_the_last_report),
		cmocka_unit_test(the_silence_of_a_renamed_machine_is_told_with_its_new_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
