/* Whether a server may be restarted, by its verdict and by what is left to be mended. */
#include "proto/exposure/restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/proto/site/site_builder.h"
#include "tests/unit/rows.h"

/* A server with two adapters, of which B reaches C at `b`. */
struct scene {
	const char *build;
	enum grade b;
	int64_t failed; /* the NT error of its last start; 0: it runs */
	enum restart restart;
	const char *begins;
};

static void assert_scene(const struct scene *scene)
{
	struct builder b;

	builder_init(&b);
	struct report *server = builder_server(&b, "EXCH1", scene->build);
	server->exchange.clustered = TRISTATE_NO;
	builder_adapter(&b, server, "A", "10.0.0.5/24");
	builder_adapter(&b, server, "B", "10.9.0.5/24");
	builder_probe(&b, server, "A", "C", "10.0.0.12", GRADE_MTA);
	builder_probe(&b, server, "B", "C", "10.0.0.12", scene->b);
	if (scene->failed)
		builder_failed_start(&b, server, scene->failed);
	const struct assessment *assessment = builder_assess(&b, 0);
	enum restart restart =
		restart_judge(assessment->verdict, remedy_is_to_start(&assessment->remedy));
	assert_int_equal(restart, scene->restart);
	const char *text = restart_sentence(restart, assessment->verdict,
					    assessment->reasons[0].text, &b.arena);
	assert_memory_equal(text, scene->begins, strlen(scene->begins));
	assert_non_null(strstr(text, assessment->reasons[0].text));
	builder_deinit(&b);
}

static void a_server_may_be_restarted_unless_its_mta_would_fail(void **state)
{
	static const struct scene scenes[] = {
		{ "5.5.2653.23", GRADE_MTA, 0, RESTART_YES, "Yes, it may be restarted. " },
		{ "5.5.2654.54", GRADE_NONE, 0, RESTART_YES, "Yes, it may be restarted. " },
		{ "5.5.2650.24", GRADE_NONE, 0, RESTART_YES, "Yes, it may be restarted. " },
		{ "5.5.2653.23", GRADE_NONE, 0, RESTART_NO, "No, its MTA would not start again. " },
		{ "5.5.2653.23", GRADE_EPM, 0, RESTART_CANNOT_TELL,
		  "Cannot tell whether its MTA would start again. " },
		{ "5.5.2653.23", GRADE_NONE, 11004, RESTART_NO,
		  "No, its MTA would not start again. " },
		/* What it failed for was mended, but it has not been started since. */
		{ "5.5.2653.23", GRADE_MTA, 11004, RESTART_CANNOT_TELL,
		  "Cannot tell: what its last start failed for is not to be seen any more. Start "
		  "the MTA first, and see. " },
		{ "5.5.2654.54", GRADE_NONE, 11004, RESTART_CANNOT_TELL,
		  "Cannot tell: what its last start failed for is not to be seen any more. " },
	};
	(void)state;

	for_each_row(i, scenes)
		assert_scene(&scenes[i]);
}

static void every_verdict_has_an_answer(void **state)
{
	static const enum restart answers[VERDICT_COUNT] = {
		[VERDICT_FAILING] = RESTART_NO,          [VERDICT_EXPOSED] = RESTART_NO,
		[VERDICT_AT_RISK] = RESTART_CANNOT_TELL, [VERDICT_UNKNOWN] = RESTART_CANNOT_TELL,
		[VERDICT_CLEAR] = RESTART_YES,           [VERDICT_PROTECTED] = RESTART_YES,
		[VERDICT_NOT_APPLICABLE] = RESTART_YES,
	};
	(void)state;

	for_each_row(i, answers)
		assert_int_equal(restart_judge((enum verdict)i, false), answers[i]);
}

static void a_sentence_needs_no_reason(void **state)
{
	struct arena arena;
	(void)state;

	arena_init(&arena);
	assert_string_equal(restart_sentence(RESTART_YES, VERDICT_CLEAR, NULL, &arena),
			    "Yes, it may be restarted.");
	arena_deinit(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_may_be_restarted_unless_its_mta_would_fail),
		cmocka_unit_test(every_verdict_has_an_answer),
		cmocka_unit_test(a_sentence_needs_no_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
