/* The truth table of the exposure rule, row by row; and what the reasons say. */
#include "proto/exposure/advisory.h"
#include "proto/exposure/exposure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/proto/site/site_builder.h"
#include "tests/unit/rows.h"

/* The server under judgement is the first one; its site comes with the scene. */
struct scene {
	struct builder b;
	struct report *server;
};

static const char *const peers[] = { "C", "D", "E", "F" };
static const char *const peer_addresses[] = { "10.0.0.12", "10.0.0.13", "10.0.0.14", "10.0.0.15" };

/* Two adapters, A on the site's LAN, B on another. */
static void two_adapters(struct scene *s)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	builder_adapter(&s->b, s->server, "B", "10.9.0.5/24");
}

static void reach(struct scene *s, const char *adapter, size_t n_peers, enum grade grade)
{
	for (size_t i = 0; i < n_peers; i++)
		builder_probe(&s->b, s->server, adapter, peers[i], peer_addresses[i], grade);
}

static void all_good(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MTA);
	reach(s, "B", 2, GRADE_MTA);
}

static void b_isolated(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MTA);
	reach(s, "B", 2, GRADE_NONE);
}

static void one_adapter_reaches(struct scene *s)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	reach(s, "A", 2, GRADE_MTA);
}

static void one_adapter_reaches_none(struct scene *s)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	reach(s, "A", 2, GRADE_NONE);
}

static void b_link_down_probes_succeed_via_a(struct scene *s)
{
	two_adapters(s);
	s->server->adapters[1].link = LINK_DOWN;
	reach(s, "A", 2, GRADE_MTA);
	reach(s, "B", 2, GRADE_MTA);
	s->server->probes[2].via = "A";
	s->server->probes[3].via = "A";
}

static void b_reaches_three_of_four(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 4, GRADE_MTA);
	reach(s, "B", 3, GRADE_MTA);
	builder_probe(&s->b, s->server, "B", peers[3], peer_addresses[3], GRADE_NONE);
}

static void b_stops_at_epm(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MTA);
	reach(s, "B", 2, GRADE_EPM);
}

static void b_borrows_a(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MTA);
	reach(s, "B", 2, GRADE_MTA);
	s->server->probes[2].via = "A";
	s->server->probes[3].via = "A";
}

static void all_stop_at_mapped_though_peers_live(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MAPPED);
	reach(s, "B", 2, GRADE_MAPPED);
	for (size_t i = 0; i < 2; i++) {
		struct report *peer = builder_server(&s->b, peers[i], "5.5.2653.23");
		builder_self_probe(&s->b, peer, "A", peer_addresses[i], GRADE_MTA);
	}
}

static void two_on_one_subnet_via_a(struct scene *s)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	builder_adapter(&s->b, s->server, "B", "10.0.0.6/24");
	reach(s, "A", 2, GRADE_MTA);
	reach(s, "B", 2, GRADE_MTA);
	s->server->probes[2].via = "A";
	s->server->probes[3].via = "A";
}

static void no_peer_alive(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_NONE);
	reach(s, "B", 2, GRADE_NONE);
}

/* D's report of 200 s ago holds a proof on C that stood for an hour. */
static struct report *old_proof_on_c(struct scene *s)
{
	struct report *d = builder_server(&s->b, "D", "5.5.2653.23");
	builder_age(&s->b, d, 200);
	builder_probe(&s->b, d, "A", "C", "10.0.0.12", GRADE_MTA)->for_s = 3600;
	return d;
}

static void fail_on_c(struct scene *s, int64_t for_s)
{
	builder_probe(&s->b, s->server, "A", "C", "10.0.0.12", GRADE_NONE)->for_s = for_s;
	builder_probe(&s->b, s->server, "B", "C", "10.0.0.12", GRADE_NONE)->for_s = for_s;
}

static void c_died_after_its_last_proof(struct scene *s)
{
	two_adapters(s);
	fail_on_c(s, 0);
	builder_probe(&s->b, s->server, "A", "D", "10.0.0.13", GRADE_MTA);
	builder_probe(&s->b, s->server, "B", "D", "10.0.0.13", GRADE_MTA);
	old_proof_on_c(s);
}

static void c_died_and_failed_twice_since(struct scene *s)
{
	c_died_after_its_last_proof(s);
	s->server->probes[0].for_s = 150; /* later than the proof's stretch, which ended at 200 */
	s->server->probes[1].for_s = 150;
}

static void only_c_fails_for_the_first_time(struct scene *s)
{
	two_adapters(s);
	fail_on_c(s, 0);
	old_proof_on_c(s);
}

static void only_c_fails_while_the_proof_stood(struct scene *s)
{
	two_adapters(s);
	fail_on_c(s, 600);
	old_proof_on_c(s);
}

static void b_fails_first_time_a_reaches(struct scene *s)
{
	two_adapters(s);
	builder_probe(&s->b, s->server, "A", "C", "10.0.0.12", GRADE_MTA)->for_s = 0;
	builder_probe(&s->b, s->server, "B", "C", "10.0.0.12", GRADE_NONE)->for_s = 0;
}

static void b_sees_only_an_address_that_two_hold(struct scene *s)
{
	struct report *c = builder_server(&s->b, "C", "5.5.2653.23");
	builder_adapter(&s->b, c, "H", "10.10.10.1/24");
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	builder_adapter(&s->b, s->server, "B", "10.10.10.1/24");
	reach(s, "A", 2, GRADE_MTA);
	builder_probe(&s->b, s->server, "B", "C", "10.10.10.1", GRADE_MTA);
}

static void b_holds_no_address(struct scene *s)
{
	builder_adapter(&s->b, s->server, "A", "10.0.0.5/24");
	builder_adapter(&s->b, s->server, "B", "0.0.0.0/0");
	reach(s, "A", 2, GRADE_MTA);
}

static void two_server_site_cut_apart(struct scene *s)
{
	struct report *c = builder_server(&s->b, "C", "5.5.2653.23");
	builder_age(&s->b, c, 60);
	builder_probe(&s->b, c, "A", "EXCH1", "10.0.0.5", GRADE_NONE)->for_s = 600;
	builder_self_probe(&s->b, c, "A", "10.0.0.12", GRADE_MTA)->for_s = 3600;
	two_adapters(s);
	fail_on_c(s, 600);
}

static void e_reaches_nobody_and_lives(struct scene *s)
{
	struct report *e = builder_server(&s->b, "E", "5.5.2653.23");
	builder_probe(&s->b, e, "A", "EXCH1", "10.0.0.5", GRADE_NONE);
	builder_probe(&s->b, e, "A", "C", "10.0.0.12", GRADE_NONE);
	builder_self_probe(&s->b, e, "A", "10.0.0.14", GRADE_MTA);
	all_good(s);
	builder_probe(&s->b, s->server, "A", "E", "10.0.0.14", GRADE_NONE);
	builder_probe(&s->b, s->server, "B", "E", "10.0.0.14", GRADE_NONE);
}

static void b_unjudged(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MTA);
}

static void b_partial_c_unjudged(struct scene *s)
{
	b_reaches_three_of_four(s);
	builder_adapter(&s->b, s->server, "C", "10.8.0.5/24");
}

static void runs(struct scene *s)
{
	s->server->mta.service = SERVICE_STATE_RUNNING;
}

static void failed_11004(struct scene *s)
{
	builder_failed_start(&s->b, s->server, 11004);
}

static void failed_11004_then_started(struct scene *s)
{
	struct report_start *failure = &s->server->mta.last_failure;
	failure->present = true;
	failure->outcome = START_OUTCOME_FAILED;
	builder_event(&s->b, failure, 9321, 11004);
}

static void failed_1720(struct scene *s)
{
	builder_failed_start(&s->b, s->server, 1720);
}

static void log_unreadable(struct scene *s)
{
	s->server->mta.service = SERVICE_STATE_STOPPED;
	s->server->mta.last_start = (struct report_start){ 0 };
	builder_problem(&s->b, s->server, "mta.events");
}

static void no_exchange(struct scene *s)
{
	b_isolated(s);
	s->server->exchange.installed = TRISTATE_NO;
}

static void x400om_is_older(struct scene *s)
{
	b_isolated(s);
	builder_file(&s->b, s->server, "X400om.dll", "5.5.2653.12");
}

static void unreadable(struct scene *s)
{
	s->server->files[s->server->n_files++] =
		(struct report_file){ .name = "Emsmta.exe", .state = FILE_STATE_UNREADABLE };
}

static void unreadable_all_good(struct scene *s)
{
	all_good(s);
	unreadable(s);
}

static void unreadable_b_isolated(struct scene *s)
{
	b_isolated(s);
	unreadable(s);
	s->server->exchange.build = "5.5.2653.23";
}

typedef void setup(struct scene *s);

#define NO     TRISTATE_NO
#define YES    TRISTATE_YES
#define UNTOLD TRISTATE_UNKNOWN

static const struct row {
	const char *what;
	const char *build;
	enum tristate clustered;
	setup *probes;
	setup *mta;
	enum verdict verdict;
	const char *reasons; /* codes that must be there, separated by blanks */
} truth[] = {
	{ "no Exchange", NULL, UNTOLD, no_exchange, runs, VERDICT_NOT_APPLICABLE,
	  "no_exchange_mta" },
	{ "SP3", "5.5.2650.24", NO, b_isolated, runs, VERDICT_NOT_APPLICABLE, "before_the_fault" },
	{ "SP3 that failed", "5.5.2650.24", NO, b_isolated, failed_11004, VERDICT_FAILING,
	  "mta_11004" },
	{ "post-SP3 fix", "5.5.2651.96", NO, b_isolated, runs, VERDICT_EXPOSED,
	  "adapter_isolated hotfix_missing" },
	{ "Exchange 2000", "6.0.4417.0", NO, b_isolated, runs, VERDICT_NOT_APPLICABLE, "" },
	{ "misprinted 5.5", "6.0.2656.20", NO, b_isolated, runs, VERDICT_PROTECTED,
	  "hotfix_present" },
	{ "one adapter", "5.5.2653.23", NO, one_adapter_reaches, runs, VERDICT_CLEAR,
	  "single_homed" },
	{ "one adapter, failing", "5.5.2653.23", NO, one_adapter_reaches_none, failed_11004,
	  VERDICT_FAILING, "mta_11004 single_homed" },
	{ "both reach all", "5.5.2653.23", NO, all_good, runs, VERDICT_CLEAR, "hotfix_missing" },
	{ "B isolated", "5.5.2653.23", NO, b_isolated, runs, VERDICT_EXPOSED,
	  "adapter_isolated hotfix_missing mta_may_fail_at_next_start" },
	{ "B's link down", "5.5.2653.23", NO, b_link_down_probes_succeed_via_a, runs,
	  VERDICT_EXPOSED, "adapter_isolated adapter_link_down" },
	{ "B isolated, failing", "5.5.2653.23", NO, b_isolated, failed_11004, VERDICT_FAILING,
	  "mta_11004 adapter_isolated" },
	{ "failed, then started", "5.5.2653.23", NO, b_isolated, failed_11004_then_started,
	  VERDICT_EXPOSED, "mta_may_fail_at_next_start" },
	{ "failed with 1720", "5.5.2653.23", NO, b_isolated, failed_1720, VERDICT_EXPOSED,
	  "other_article" },
	{ "B reaches 3 of 4", "5.5.2653.23", NO, b_reaches_three_of_four, runs, VERDICT_AT_RISK,
	  "adapter_partial" },
	{ "B stops at epm", "5.5.2653.23", NO, b_stops_at_epm, runs, VERDICT_AT_RISK,
	  "adapter_partial" },
	{ "B borrows A", "5.5.2653.23", NO, b_borrows_a, runs, VERDICT_AT_RISK,
	  "adapter_borrowed" },
	{ "all stop at mapped", "5.5.2653.23", NO, all_stop_at_mapped_though_peers_live, runs,
	  VERDICT_AT_RISK, "adapter_partial" },
	{ "two on one subnet", "5.5.2653.23", NO, two_on_one_subnet_via_a, runs, VERDICT_CLEAR,
	  "" },
	{ "no peer alive", "5.5.2653.23", NO, no_peer_alive, runs, VERDICT_UNKNOWN,
	  "no_live_peer facts_missing" },
	{ "C died after its proof", "5.5.2653.23", NO, c_died_after_its_last_proof, runs,
	  VERDICT_CLEAR, "" },
	{ "C died, two cycles ago", "5.5.2653.23", NO, c_died_and_failed_twice_since, runs,
	  VERDICT_CLEAR, "" },
	{ "only C, first failure", "5.5.2653.23", NO, only_c_fails_for_the_first_time, runs,
	  VERDICT_UNKNOWN, "no_live_peer" },
	{ "only C, 600 s", "5.5.2653.23", NO, only_c_fails_while_the_proof_stood, runs,
	  VERDICT_EXPOSED, "adapter_isolated" },
	{ "B fails first, A reaches", "5.5.2653.23", NO, b_fails_first_time_a_reaches, runs,
	  VERDICT_EXPOSED, "adapter_isolated" },
	{ "address held twice", "5.5.2653.23", NO, b_sees_only_an_address_that_two_hold, runs,
	  VERDICT_UNKNOWN, "adapter_unjudged facts_missing" },
	{ "B holds only 0.0.0.0", "5.5.2653.23", NO, b_holds_no_address, runs, VERDICT_CLEAR,
	  "single_homed" },
	{ "two servers cut apart", "5.5.2653.23", NO, two_server_site_cut_apart, runs,
	  VERDICT_EXPOSED, "adapter_isolated" },
	{ "E's trouble is E's", "5.5.2653.23", NO, e_reaches_nobody_and_lives, runs, VERDICT_CLEAR,
	  "" },
	{ "B unjudged", "5.5.2653.23", NO, b_unjudged, runs, VERDICT_UNKNOWN,
	  "adapter_unjudged facts_missing" },
	{ "B partial, C unjudged", "5.5.2653.23", NO, b_partial_c_unjudged, runs, VERDICT_AT_RISK,
	  "adapter_partial facts_missing" },
	{ "stopped, log unreadable", "5.5.2653.23", NO, all_good, log_unreadable, VERDICT_UNKNOWN,
	  "facts_missing" },
	{ "B isolated, log unreadable", "5.5.2653.23", NO, b_isolated, log_unreadable,
	  VERDICT_EXPOSED, "adapter_isolated facts_missing" },
	{ "RPC roll-up", "5.5.2654.50", NO, b_isolated, runs, VERDICT_EXPOSED, "hotfix_missing" },
	{ "the fix", "5.5.2654.54", NO, b_isolated, runs, VERDICT_PROTECTED, "hotfix_present" },
	{ "a later fix", "5.5.2655.10", NO, b_isolated, runs, VERDICT_PROTECTED, "hotfix_present" },
	{ "a mixed set", "5.5.2654.54", NO, x400om_is_older, runs, VERDICT_PROTECTED,
	  "hotfix_present hotfix_mixed" },
	{ "unreadable, all good", NULL, NO, unreadable_all_good, runs, VERDICT_CLEAR,
	  "facts_missing" },
	{ "unreadable, B isolated", NULL, NO, unreadable_b_isolated, runs, VERDICT_UNKNOWN,
	  "facts_missing adapter_isolated" },
	{ "fix, cluster unknown", "5.5.2654.54", UNTOLD, b_isolated, runs, VERDICT_UNKNOWN,
	  "facts_missing" },
	{ "SP4, cluster unknown", "5.5.2653.23", UNTOLD, b_isolated, runs, VERDICT_EXPOSED,
	  "adapter_isolated" },
	{ "fix on a cluster", "5.5.2654.54", YES, b_isolated, runs, VERDICT_EXPOSED,
	  "adapter_isolated cluster_by_design" },
	{ "fix on a good cluster", "5.5.2654.54", YES, all_good, runs, VERDICT_CLEAR, "" },
	{ "failing despite the fix", "5.5.2654.54", NO, b_isolated, failed_11004, VERDICT_FAILING,
	  "mta_11004 mta_failing_despite_fix" },
};

static void scene_init(struct scene *s, const char *build, enum tristate clustered)
{
	builder_init(&s->b);
	s->server = builder_server(&s->b, "EXCH1", build);
	s->server->exchange.clustered = clustered;
}

static void has_reasons(const struct assessment *assessment, const char *codes, const char *what)
{
	char copy[256];
	char *rest = copy;

	snprintf(copy, sizeof copy, "%s", codes);
	for (char *code; (code = strtok_r(rest, " ", &rest));) {
		if (!builder_find_reason(assessment, code))
			fail_msg("%s: no reason %s", what, code);
	}
}

static void every_row_of_the_truth_table_holds(void **state)
{
	(void)state;
	for_each_row(i, truth) {
		const struct row *row = &truth[i];
		struct scene s;

		scene_init(&s, row->build, row->clustered);
		row->probes(&s);
		row->mta(&s);
		const struct assessment *assessment = builder_assess(&s.b, 0);
		if (assessment->verdict != row->verdict)
			fail_msg("%s: %s instead of %s", row->what,
				 verdict_name(assessment->verdict), verdict_name(row->verdict));
		has_reasons(assessment, row->reasons, row->what);
		builder_deinit(&s.b);
	}
}

static void a_fact_that_changes_nothing_is_not_called_missing(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_UNKNOWN);
	b_isolated(&s);
	assert_null(builder_find_reason(builder_assess(&s.b, 0), "facts_missing"));
	builder_deinit(&s.b);
}

static void sp3_with_an_isolated_adapter_is_warned(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2650.24", TRISTATE_NO);
	b_isolated(&s);
	const struct reason *reason =
		builder_find_reason(builder_assess(&s.b, 0), "before_the_fault");
	assert_non_null(strstr(reason->text, "Warning"));
	builder_deinit(&s.b);
}

static void a_cluster_is_told_why_the_fix_does_not_help_whatever_its_build(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, NULL, TRISTATE_YES);
	unreadable_b_isolated(&s);
	const struct assessment *assessment = builder_assess(&s.b, 0);
	assert_int_equal(assessment->verdict, VERDICT_EXPOSED);
	assert_non_null(builder_find_reason(assessment, "cluster_by_design"));
	builder_deinit(&s.b);
}

static void while_a_start_is_pending_the_last_finished_one_counts(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	b_isolated(&s);
	failed_11004(&s);
	s.server->mta.service = SERVICE_STATE_START_PENDING;
	s.server->mta.last_failure = s.server->mta.last_start;
	s.server->mta.last_start = (struct report_start){ .present = true };
	assert_int_equal(builder_assess(&s.b, 0)->verdict, VERDICT_FAILING);
	builder_deinit(&s.b);
}

static void a_partial_b_isolated(struct scene *s)
{
	two_adapters(s);
	reach(s, "A", 2, GRADE_MTA);
	builder_probe(&s->b, s->server, "A", peers[2], peer_addresses[2], GRADE_NONE);
	reach(s, "B", 2, GRADE_NONE);
	builder_adapter(&s->b, s->server, "X", "10.8.0.5/24");
	builder_probe(&s->b, s->server, "X", peers[2], peer_addresses[2], GRADE_MTA);
}

static void what_decided_is_said_first(void **state)
{
	static const struct {
		const char *build;
		setup *probes;
		const char *first;
		const char *sentence; /* with which it begins */
	} cases[] = {
		{ "5.5.2650.24", b_isolated, "before_the_fault",
		  "Emsmta.exe 5.5.2650.24 is older" },
		{ "5.5.2653.23", b_isolated, "adapter_isolated",
		  "Adapter B (10.9.0.5) reaches no server of the site over RPC. " },
		{ "5.5.2653.23", a_partial_b_isolated, "adapter_isolated", "Adapter B " },
		{ "5.5.2653.23", b_borrows_a, "adapter_borrowed",
		  "Adapter B (10.9.0.5) reaches the site only through another adapter. " },
		{ "5.5.2654.54", b_isolated, "hotfix_present",
		  "The fix is in: Emsmta.exe is at 5.5.2654.54. " },
		{ "5.5.2653.23", all_good, "all_adapters_reach",
		  "Every active adapter reaches the site's servers over RPC." },
		{ "5.5.2653.23", one_adapter_reaches, "single_homed",
		  "Only one adapter is active. " },
		{ "5.5.2653.23", no_peer_alive, "facts_missing",
		  "Not known: adapters/A, adapters/B. The verdict depends on it. To know it: see "
		  "that other servers of the site run" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct scene s;
		scene_init(&s, cases[i].build, TRISTATE_NO);
		cases[i].probes(&s);
		const struct reason *lead = &builder_assess(&s.b, 0)->reasons[0];
		assert_string_equal(lead->code, cases[i].first);
		if (strncmp(lead->text, cases[i].sentence, strlen(cases[i].sentence)) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", lead->text,
				 cases[i].sentence);
		builder_deinit(&s.b);
	}
}

static void what_is_not_known_is_told_with_the_way_to_it(void **state)
{
	struct report_problem problem = { "mta.events", 5, "ReadEventLog Application: denied." };
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	all_good(&s);
	s.server->mta.service = SERVICE_STATE_STOPPED;
	s.server->problems = &problem;
	s.server->n_problems = 1;
	const struct assessment *assessment = builder_assess(&s.b, 0);
	assert_int_equal(assessment->verdict, VERDICT_UNKNOWN);
	assert_string_equal(assessment->reasons[0].text,
			    "Not known: mta.events. The verdict depends on it. To know it: let the "
			    "agent read this machine's whole Application log, or start the MTA "
			    "(ReadEventLog Application: denied.).");
	builder_deinit(&s.b);
}

static void a_way_that_is_missing_is_told_as_that(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_YES);
	b_isolated(&s);
	s.server->probes[2].error = s.server->probes[3].error = PROBE_NET_UNREACHABLE;
	const struct assessment *assessment = builder_assess(&s.b, 0);
	assert_string_equal(
		assessment->reasons[0].text,
		"Adapter B (10.9.0.5) reaches no server of the site over RPC. It got so "
		"far: C (no route), D (no route). No route: check the gateway of B, and "
		"the routes.");
	assert_non_null(strstr(assessment->remedy.text,
			       "No route: check the gateway of adapter B, and the routes."));
	assert_int_equal(assessment->remedy.missing_paths[0].error, PROBE_NET_UNREACHABLE);
	builder_deinit(&s.b);
}

static void an_address_that_dhcp_did_not_give_is_named(void **state)
{
	static const struct {
		const char *address;
		enum verdict verdict;
		const char *note;
	} cases[] = {
		{ "169.254.7.9/16", VERDICT_EXPOSED,
		  "Adapter B holds 169.254.7.9: it got no address from DHCP." },
		{ "0.0.0.0/0", VERDICT_CLEAR,
		  "Adapter B holds 0.0.0.0: it got no address from DHCP." },
	};
	(void)state;

	for_each_row(i, cases) {
		struct scene s;
		scene_init(&s, "5.5.2653.23", TRISTATE_NO);
		b_isolated(&s);
		s.server->adapters[1].addresses[0] = cases[i].address;
		const struct assessment *assessment = builder_assess(&s.b, 0);
		assert_int_equal(assessment->verdict, cases[i].verdict);
		const struct reason *note = builder_find_reason(assessment, "no_dhcp_answer");
		assert_non_null(note);
		assert_ptr_equal(strstr(note->text, cases[i].note), note->text);
		if (cases[i].verdict == VERDICT_EXPOSED)
			assert_non_null(strstr(assessment->reasons[0].text,
					       "B (169.254.7.9: it got no address from DHCP)"));
		builder_deinit(&s.b);
	}
}

static const struct {
	const char *events; /* "ID/ERROR", without the error where none is told */
	const char *articles;
	const char *begins; /* the first of their sentences */
} sibling_rows[] = {
	{ "9321/1720 9266", "Q180795", "This is not error 11004. Event 9321: another program has" },
	{ "9321/11004 9266 9406", "Q279415", "Event 9406: beside 9321" },
	{ "9321/1722 9406", "Q279415", "This is not error 11004. Event 9406: beside 9321" },
	{ "9266 9406", "", "" },
	{ "9318/1722 9266", "Q279537 Q280449",
	  "This is not error 11004. Event 9318: a server's name" },
	{ "9322/1722 9266", "Q279537", "This is not error 11004. Event 9322: a server's name" },
	{ "9322/5 9266", "", "" },
	{ "9318 9321/11004 9266", "Q280449", "Event 9318: the MTA could not bind" },
};

static void add_events(struct scene *s, const char *text)
{
	while (*text) {
		char *end;
		long id = strtol(text, &end, 10);
		long error = *end == '/' ? strtol(end + 1, &end, 10) : REPORT_ABSENT;
		builder_event(&s->b, &s->server->mta.last_start, id, error);
		text = end + (*end == ' ');
	}
}

/* What stands in the evidence of a reason, "" where it has no such text. */
static const char *evidence_of(const struct reason *reason, const char *key)
{
	for (size_t i = 0; i < reason->n_evidence; i++) {
		if (strcmp(reason->evidence[i].key, key) == 0)
			return reason->evidence[i].text;
	}
	return "";
}

static void check_siblings(size_t row)
{
	const char *begins = sibling_rows[row].begins;
	char articles[64] = "";
	struct scene s;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	s.server->mta.service = SERVICE_STATE_STOPPED;
	s.server->mta.last_start = (struct report_start){ .present = true,
							  .at_ms = TIMESTAMP_NONE,
							  .outcome = START_OUTCOME_FAILED };
	add_events(&s, sibling_rows[row].events);
	const struct assessment *found = builder_assess(&s.b, 0);
	for (size_t i = 0; i < found->n_reasons; i++) {
		const struct reason *reason = &found->reasons[i];
		if (strcmp(reason->code, "other_article") != 0)
			continue;
		if (!*articles)
			assert_memory_equal(reason->text, begins, strlen(begins));
		strcat(strcat(articles, *articles ? " " : ""), evidence_of(reason, "article"));
		assert_non_null(strstr(reason->text, evidence_of(reason, "remedy")));
	}
	assert_string_equal(articles, sibling_rows[row].articles);
	builder_deinit(&s.b);
}

static void faults_that_look_alike_are_told_apart(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof sibling_rows / sizeof *sibling_rows; row++)
		check_siblings(row);
}

static void notes_help_and_decide_nothing(void **state)
{
	struct report_lookup lookup = { "10.9.0.5", "exch1.other", 0, 11004 };
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2653.23", TRISTATE_NO);
	b_isolated(&s);
	s.server->adapters[1].lookups = &lookup;
	s.server->adapters[1].n_lookups = 1;
	s.server->mta.last_start.at_ms = BUILDER_NOW_MS - 1000 * 1000;
	s.server->probes[2].for_s = 3600;
	s.server->probes[3].for_s = 2400;
	struct report *c = builder_server(&s.b, "C", "5.5.2653.23");
	builder_probe(&s.b, c, "A", "EXCH1", "10.0.0.5", GRADE_NONE);

	const struct assessment *assessment = builder_assess(&s.b, 0);
	assert_int_equal(assessment->verdict, VERDICT_EXPOSED);
	has_reasons(assessment, "name_lookup_11004 inbound_blocked started_in_this_state", "notes");

	s.server->probes[3].for_s = 900; /* in trouble only since after the start */
	assert_null(builder_find_reason(builder_assess(&s.b, 0), "started_in_this_state"));
	builder_deinit(&s.b);
}

static void a_stopped_mta_is_said(void **state)
{
	struct scene s;
	(void)state;

	scene_init(&s, "5.5.2654.54", TRISTATE_NO);
	all_good(&s);
	s.server->mta.service = SERVICE_STATE_STOPPED;
	s.server->mta.start_type = START_TYPE_DISABLED;
	const struct reason *reason =
		builder_find_reason(builder_assess(&s.b, 0), "mta_not_running");
	assert_non_null(strstr(reason->text, "disabled"));
	builder_deinit(&s.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_truth_table_holds),
		cmocka_unit_test(a_fact_that_changes_nothing_is_not_called_missing),
		cmocka_unit_test(sp3_with_an_isolated_adapter_is_warned),
		cmocka_unit_test(a_cluster_is_told_why_the_fix_does_not_help_whatever_its_build),
		cmocka_unit_test(while_a_start_is_pending_the_last_finished_one_counts),
		cmocka_unit_test(what_decided_is_said_first),
		cmocka_unit_test(what_is_not_known_is_told_with_the_way_to_it),
		cmocka_unit_test(a_way_that_is_missing_is_told_as_that),
		cmocka_unit_test(an_address_that_dhcp_did_not_give_is_named),
		cmocka_unit_test(faults_that_look_alike_are_told_apart),
		cmocka_unit_test(notes_help_and_decide_nothing),
		cmocka_unit_test(a_stopped_mta_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
