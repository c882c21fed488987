/* The site view: which rows count, what proves a peer alive, how an adapter is judged by it. */
#include "proto/site/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include "tests/unit/proto/site/site_builder.h"
#include "tests/unit/rows.h"

static void view(struct builder *b)
{
	site_view(&b->site, b->entries, b->n, BUILDER_NOW_MS, NULL, NULL, &b->arena);
}

/* Server 0 has adapter A on the site's LAN; it stands at `grade` on C for `for_s`. */
static struct report *server_on_c(struct builder *b, enum grade grade, int64_t for_s)
{
	struct report *report = builder_server(b, "EXCH1", "5.5.2653.23");
	builder_adapter(b, report, "A", "10.0.0.5/24");
	builder_probe(b, report, "A", "C", "10.0.0.12", grade)->for_s = for_s;
	return report;
}

static enum adapter_state judged(struct builder *b)
{
	view(b);
	return b->site.servers[0].adapters[0].state;
}

static void a_report_is_fresh_for_three_intervals(void **state)
{
	struct report report;
	(void)state;

	report_init(&report);
	report.interval_s = 300;
	assert_true(site_report_is_fresh(&report, 1000, 1000 + 899999));
	assert_false(site_report_is_fresh(&report, 1000, 1000 + 900000));
	assert_int_equal(site_report_fresh_until(&report, 1000), 1000 + 899999);
}

static void a_stale_report_proves_nothing(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	server_on_c(&b, GRADE_NONE, 1200);
	struct report *d = builder_server(&b, "D", "5.5.2653.23");
	builder_probe(&b, d, "A", "C", "10.0.0.12", GRADE_MTA)->for_s = 3600;
	builder_age(&b, d, 899);
	assert_int_equal(judged(&b), ADAPTER_ISOLATED);
	builder_age(&b, d, 900);
	assert_int_equal(judged(&b), ADAPTER_UNJUDGED);
	builder_deinit(&b);
}

static void a_peer_does_not_prove_itself_to_others_while_anybody_proves_it(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = server_on_c(&b, GRADE_NONE, 600);
	builder_probe(&b, server, "A", "D", "10.0.0.13", GRADE_MTA);
	struct report *c = builder_server(&b, "C", "5.5.2653.23");
	builder_self_probe(&b, c, "A", "10.0.0.12", GRADE_MTA);
	assert_int_equal(judged(&b), ADAPTER_GOOD);
	assert_false(b.site.servers[0].adapters[0].paths[0].conclusive);
	builder_deinit(&b);
}

static void nodes_of_a_cluster_are_one_peer(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	server_on_c(&b, GRADE_NONE, 600);
	struct report *node = builder_server(&b, "NODE2", "5.5.2653.23");
	node->exchange.server = "c"; /* it carries the same Exchange name as its target */
	builder_probe(&b, node, "A", "C", "10.0.0.12", GRADE_MTA);
	assert_int_equal(judged(&b), ADAPTER_UNJUDGED);
	builder_deinit(&b);
}

static void a_first_failure_counts_only_against_proofs_of_the_same_report(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = server_on_c(&b, GRADE_NONE, 0);
	struct report *d = builder_server(&b, "D", "5.5.2653.23");
	builder_probe(&b, d, "A", "C", "10.0.0.12", GRADE_MTA);
	assert_int_equal(judged(&b), ADAPTER_UNJUDGED);
	builder_adapter(&b, server, "B", "10.0.0.6/24");
	builder_probe(&b, server, "B", "C", "10.0.0.12", GRADE_MTA)->for_s = 0;
	assert_int_equal(judged(&b), ADAPTER_ISOLATED);
	builder_deinit(&b);
}

static void failure_and_proof_must_have_been_true_at_one_moment(void **state)
{
	static const struct {
		int64_t proof_age_s;
		int64_t failing_for_s;
		enum adapter_state want;
	} cases[] = {
		{ 300, 299, ADAPTER_UNJUDGED }, /* the proof ended a second before it failed */
		{ 300, 300, ADAPTER_ISOLATED }, { 300, 301, ADAPTER_ISOLATED },
		{ 0, 1, ADAPTER_ISOLATED },     { 300, REPORT_ABSENT, ADAPTER_ISOLATED },
	};
	(void)state;

	for_each_row(i, cases) {
		struct builder b;
		builder_init(&b);
		server_on_c(&b, GRADE_NONE, cases[i].failing_for_s);
		struct report *d = builder_server(&b, "D", "5.5.2653.23");
		builder_probe(&b, d, "A", "C", "10.0.0.12", GRADE_MTA)->for_s = 60;
		builder_age(&b, d, cases[i].proof_age_s);
		assert_int_equal(judged(&b), cases[i].want);
		builder_deinit(&b);
	}
}

static void the_longest_duration_of_the_best_grade_counts(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = server_on_c(&b, GRADE_NONE, 900);
	builder_probe(&b, server, "A", "C", "10.0.1.12", GRADE_TCP)->for_s = 5;
	builder_probe(&b, server, "A", "C", "10.0.2.12", GRADE_TCP)->for_s = 50;
	view(&b);
	assert_int_equal(b.site.servers[0].adapters[0].paths[0].grade, GRADE_TCP);
	assert_int_equal(b.site.servers[0].adapters[0].paths[0].for_s, 50);
	builder_deinit(&b);
}

static void a_lifted_grade_is_held_against_those_that_were_named_the_endpoint(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = server_on_c(&b, GRADE_MAPPED, 600);
	struct report *c = builder_server(&b, "C", "5.5.2653.23");
	builder_self_probe(&b, c, "A", "10.0.0.12", GRADE_MTA)->for_s = 600;
	assert_int_equal(judged(&b), ADAPTER_PARTIAL);
	assert_int_equal(b.site.servers[0].adapters[0].paths[0].proven, GRADE_MTA);

	server->probes[0].for_s = 0; /* seen once: the peer's MTA may just be stopping */
	assert_int_equal(judged(&b), ADAPTER_GOOD);
	builder_deinit(&b);
}

static void void_rows_count_for_nothing(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = server_on_c(&b, GRADE_MTA, 600);
	builder_adapter(&b, server, "H", "10.10.10.1/24");
	builder_probe(&b, server, "H", "C", "10.10.10.2", GRADE_NONE); /* held by C and D */
	builder_probe(&b, server, "H", "C", "10.10.10.1", GRADE_MTA);  /* its own */
	builder_probe(&b, server, "H", "C", "10.0.0.12", GRADE_NONE)->error = PROBE_LOCAL;
	struct report *c = builder_server(&b, "C", "5.5.2653.23");
	builder_adapter(&b, c, "H", "10.10.10.2/24");
	struct report *d = builder_server(&b, "D", "5.5.2653.23");
	builder_adapter(&b, d, "H", "10.10.10.2/24");
	view(&b);
	assert_int_equal(b.site.servers[0].adapters[0].state, ADAPTER_GOOD);
	assert_int_equal(b.site.servers[0].adapters[1].state, ADAPTER_UNJUDGED);

	/* Once D gives the address up, the row tells that H does not reach C. */
	d->adapters[0].enabled = TRISTATE_NO;
	view(&b);
	assert_int_equal(b.site.servers[0].adapters[1].state, ADAPTER_ISOLATED);
	builder_deinit(&b);
}

static bool is_x(void *user, const char *server_name)
{
	(void)user;
	return server_name[0] == 'X';
}

static void rows_on_a_server_of_another_site_are_no_rows_on_a_peer(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = builder_server(&b, "EXCH1", "5.5.2653.23");
	builder_adapter(&b, server, "A", "10.0.0.5/24");
	builder_probe(&b, server, "A", "X", "10.7.0.12", GRADE_MTA);
	assert_int_equal(judged(&b), ADAPTER_GOOD);
	site_view(&b.site, b.entries, b.n, BUILDER_NOW_MS, is_x, NULL, &b.arena);
	assert_int_equal(b.site.servers[0].adapters[0].state, ADAPTER_UNJUDGED);
	assert_false(b.site.servers[0].has_peer);
	builder_deinit(&b);
}

static void an_adapter_is_active_with_one_usable_address(void **state)
{
	static const struct {
		const char *address;
		enum tristate enabled;
		size_t want;
	} cases[] = {
		{ "10.0.0.5/24", TRISTATE_YES, 1 },    { "10.0.0.5/24", TRISTATE_UNKNOWN, 1 },
		{ "10.0.0.5/24", TRISTATE_NO, 0 },     { "0.0.0.0/0", TRISTATE_YES, 0 },
		{ "127.0.0.1/8", TRISTATE_YES, 0 },    { "fe80::1/64", TRISTATE_YES, 0 },
		{ "169.254.3.4/16", TRISTATE_YES, 1 },
	};
	(void)state;

	for_each_row(i, cases) {
		struct builder b;
		builder_init(&b);
		struct report *server = builder_server(&b, "EXCH1", "5.5.2653.23");
		builder_adapter(&b, server, "A", cases[i].address)->enabled = cases[i].enabled;
		view(&b);
		assert_int_equal(b.site.servers[0].n_active, cases[i].want);
		builder_deinit(&b);
	}
}

static void a_link_that_is_down_isolates_unless_a_probe_left_through_it(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	struct report *server = server_on_c(&b, GRADE_MTA, 600);
	server->adapters[0].link = LINK_DOWN;
	assert_int_equal(judged(&b), ADAPTER_GOOD);
	server->probes[0].via = "OTHER";
	assert_int_equal(judged(&b), ADAPTER_ISOLATED);
	assert_true(b.site.servers[0].adapters[0].link_down_isolates);

	/* Another adapter's success that left through it proves its wire. */
	builder_adapter(&b, server, "B", "10.0.0.6/24");
	builder_probe(&b, server, "B", "C", "10.0.0.12", GRADE_MTA)->via = "A";
	assert_int_equal(judged(&b), ADAPTER_BORROWED);
	builder_deinit(&b);
}

static void inbound_rows_are_counted_by_their_target(void **state)
{
	struct builder b;
	(void)state;

	builder_init(&b);
	server_on_c(&b, GRADE_MTA, 600);
	struct report *c = builder_server(&b, "C", "5.5.2653.23");
	builder_probe(&b, c, "A", "exch1", "10.0.0.5", GRADE_TCP);
	builder_probe(&b, c, "A", "EXCH1", "10.9.0.5", GRADE_MTA);
	view(&b);
	assert_int_equal(b.site.servers[0].adapters[0].n_inbound_failed, 1);

	/* Where one reached the adapter, nobody asks how many did not. */
	builder_probe(&b, builder_server(&b, "D", "5.5.2653.23"), "A", "EXCH1", "10.0.0.5",
		      GRADE_EPM);
	view(&b);
	assert_int_equal(b.site.servers[0].adapters[0].n_inbound_failed, 0);
	builder_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_fresh_for_three_intervals),
		cmocka_unit_test(a_stale_report_proves_nothing),
		cmocka_unit_test(a_peer_does_not_prove_itself_to_others_while_anybody_proves_it),
		cmocka_unit_test(nodes_of_a_cluster_are_one_peer),
		cmocka_unit_test(a_first_failure_counts_only_against_proofs_of_the_same_report),
		cmocka_unit_test(failure_and_proof_must_have_been_true_at_one_moment),
		cmocka_unit_test(the_longest_duration_of_the_best_grade_counts),
		cmocka_unit_test(a_lifted_grade_is_held_against_those_that_were_named_the_endpoint),
		cmocka_unit_test(void_rows_count_for_nothing),
		cmocka_unit_test(rows_on_a_server_of_another_site_are_no_rows_on_a_peer),
		cmocka_unit_test(an_adapter_is_active_with_one_usable_address),
		cmocka_unit_test(a_link_that_is_down_isolates_unless_a_probe_left_through_it),
		cmocka_unit_test(inbound_rows_are_counted_by_their_target),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
