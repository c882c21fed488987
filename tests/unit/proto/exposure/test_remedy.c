/* What the remedy offers: alternatives, their steps in order, and the verdict after each. */
#include "proto/exposure/exposure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/proto/site/site_builder.h"

struct scene {
	struct builder b;
	struct report *server;
};

static void scene_init(struct scene *s, const char *build, enum tristate clustered)
{
	builder_init(&s->b);
	s->server = builder_server(&s->b, "EXCH1", build);
	s->server->exchange.clustered = clustered;
}

/* A reaches C at `a`, B reaches C at `b`. */
static void two_adapters(struct scene *s, enum grade a, enum grade b)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	builder_adapter(&s->b, s->server, "B", "10.9.0.5/24");
	builder_probe(&s->b, s->server, "A", "C", "10.0.0.12", a);
	builder_probe(&s->b, s->server, "B", "C", "10.0.0.12", b);
}

static void b_isolated(struct scene *s)
{
	two_adapters(s, GRADE_MTA, GRADE_NONE);
}

static void all_good(struct scene *s)
{
	two_adapters(s, GRADE_MTA, GRADE_MTA);
}

static void one_adapter_reaches_none(struct scene *s)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	builder_probe(&s->b, s->server, "A", "C", "10.0.0.12", GRADE_NONE);
}

static void failed_11004(struct scene *s)
{
	builder_failed_start(&s->b, s->server, 11004);
}

/* C lives, and neither adapter reaches it. */
static void cut_apart(struct scene *s)
{
	struct report *c = builder_server(&s->b, "C", "5.5.2653.23");
	builder_self_probe(&s->b, c, "A", "10.0.0.12", GRADE_MTA);
	two_adapters(s, GRADE_NONE, GRADE_NONE);
}

static void is_step(const struct remedy_step *step, enum remedy_action action, const char *adapter,
		    enum verdict after)
{
	assert_int_equal(step->action, action);
	if (adapter)
		assert_string_equal(step->adapter, adapter);
	else
		assert_null(step->adapter);
	assert_int_equal(step->verdict_after, after);
	assert_non_null(step->text);
}

static void an_exposed_server_disables_the_adapter_or_installs_the_fix(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	b_isolated(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	assert_int_equal(remedy->n_options, 2);
	assert_int_equal(remedy->options[0].n_steps, 1);
	is_step(&remedy->options[0].steps[0], REMEDY_DISABLE_ADAPTER, "B", VERDICT_CLEAR);
	assert_int_equal(remedy->options[1].n_steps, 1);
	is_step(&remedy->options[1].steps[0], REMEDY_INSTALL_FIX, NULL, VERDICT_PROTECTED);
	builder_deinit(&s.b);
}

static void an_older_build_takes_the_service_pack_first(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2651.96", TRISTATE_NO);
	b_isolated(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	const struct remedy_option *fix = &remedy->options[1];
	assert_int_equal(fix->n_steps, 2);
	is_step(&fix->steps[0], REMEDY_INSTALL_SERVICE_PACK, NULL, VERDICT_EXPOSED);
	is_step(&fix->steps[1], REMEDY_INSTALL_FIX, NULL, VERDICT_PROTECTED);
	builder_deinit(&s.b);
}

static void a_failing_server_starts_the_mta_last(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	b_isolated(&s);
	failed_11004(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	assert_int_equal(remedy->n_options, 2);
	is_step(&remedy->options[0].steps[0], REMEDY_DISABLE_ADAPTER, "B", VERDICT_CLEAR);
	is_step(&remedy->options[0].steps[1], REMEDY_START_MTA, NULL, VERDICT_CLEAR);
	is_step(&remedy->options[1].steps[1], REMEDY_START_MTA, NULL, VERDICT_PROTECTED);
	builder_deinit(&s.b);
}

static void failing_despite_the_fix_is_started(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2654.54", TRISTATE_NO);
	all_good(&s);
	failed_11004(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	assert_int_equal(remedy->n_options, 1);
	assert_int_equal(remedy->options[0].n_steps, 1);
	is_step(&remedy->options[0].steps[0], REMEDY_START_MTA, NULL, VERDICT_PROTECTED);
	builder_deinit(&s.b);
}

/* An adapter of it may carry the heartbeat. */
static void a_cluster_connects_the_adapter_and_is_not_offered_the_fix(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_YES);
	b_isolated(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	assert_int_equal(remedy->n_options, 1);
	is_step(&remedy->options[0].steps[0], REMEDY_CONNECT_ADAPTER, "B", VERDICT_CLEAR);
	assert_non_null(strstr(remedy->options[0].steps[0].text, "must not be disabled"));
	assert_int_equal(remedy->n_missing_paths, 1);
	builder_deinit(&s.b);
}

static void what_may_be_a_cluster_connects_the_adapter_or_installs_the_fix(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_UNKNOWN);
	b_isolated(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	assert_int_equal(remedy->n_options, 2);
	is_step(&remedy->options[0].steps[0], REMEDY_CONNECT_ADAPTER, "B", VERDICT_CLEAR);
	is_step(&remedy->options[1].steps[0], REMEDY_INSTALL_FIX, NULL, VERDICT_UNKNOWN);
	assert_non_null(strstr(remedy->text, "not known whether this is a cluster"));
	builder_deinit(&s.b);
}

static void without_a_good_adapter_the_missing_paths_are_named(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	cut_apart(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	assert_int_equal(remedy->n_options, 1);
	is_step(&remedy->options[0].steps[0], REMEDY_INSTALL_FIX, NULL, VERDICT_PROTECTED);
	assert_non_null(strstr(remedy->text, "No adapter is good"));
	assert_int_equal(remedy->n_missing_paths, 2);
	assert_string_equal(remedy->missing_paths[0].adapter, "A");
	assert_string_equal(remedy->missing_paths[0].peer, "C");
	assert_int_equal(remedy->missing_paths[0].grade, GRADE_NONE);
	assert_int_equal(remedy->missing_paths[0].proven, GRADE_MTA);
	builder_deinit(&s.b);
}

static void a_single_adapter_is_never_disabled(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	one_adapter_reaches_none(&s);
	failed_11004(&s);
	const struct remedy *remedy = &builder_assess(&s.b, 0)->remedy;
	for (size_t i = 0; i < remedy->n_options; i++) {
		for (size_t j = 0; j < remedy->options[i].n_steps; j++)
			assert_int_not_equal(remedy->options[i].steps[j].action,
					     REMEDY_DISABLE_ADAPTER);
	}
	assert_null(remedy->text);
	builder_deinit(&s.b);
}

static void a_harmless_server_has_nothing_to_mend(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	all_good(&s);
	assert_int_equal(builder_assess(&s.b, 0)->remedy.n_options, 0);
	builder_deinit(&s.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exposed_server_disables_the_adapter_or_installs_the_fix),
		cmocka_unit_test(an_older_build_takes_the_service_pack_first),
		cmocka_unit_test(a_failing_server_starts_the_mta_last),
		cmocka_unit_test(failing_despite_the_fix_is_started),
		cmocka_unit_test(a_cluster_connects_the_adapter_and_is_not_offered_the_fix),
		cmocka_unit_test(what_may_be_a_cluster_connects_the_adapter_or_installs_the_fix),
		cmocka_unit_test(without_a_good_adapter_the_missing_paths_are_named),
		cmocka_unit_test(a_single_adapter_is_never_disabled),
		cmocka_unit_test(a_harmless_server_has_nothing_to_mend),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
