#include "collector/fleet/report_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/exposure/verdict_json.h"
#include "tests/unit/collector/fleet/fleet_fixture.h"
#include "tests/unit/rows.h"

/* Puts a report into the set alone, as if it had been received when it was made. */
static void add(struct report_set *set, const struct fixture_words *words, int64_t at_ms)
{
	char *body;

	report_set_add(set, fixture_read(words, at_ms, at_ms, &body));
	free(body);
}

/* "S1 exposed, S2 clear silent" */
static const char *judge(const struct report_set *set, int64_t now_ms)
{
	static char text[512];
	struct report_set_verdict *verdicts = NULL;
	struct arena arena;
	size_t n = 0;
	size_t at = 0;

	arena_init(&arena);
	report_set_judge(set, now_ms, &arena, &verdicts, &n);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %s%s", i > 0 ? ", " : "",
				       verdicts[i].snapshot->report.host.name,
				       verdict_name(verdicts[i].assessment.verdict),
				       verdicts[i].silent ? " silent" : "");
	arena_deinit(&arena);
	return text;
}

static void the_latest_report_not_after_the_moment_counts(void **state)
{
	static const struct fixture_words bad = { .name = "S1",
						  .sequence = 1,
						  .rows = "S2:mta/none" };
	static const struct fixture_words good = { .name = "S1",
						   .sequence = 2,
						   .rows = "S2:mta/mta" };
	struct report_set *set = report_set_new();
	(void)state;

	assert_string_equal(judge(set, T0), "");
	add(set, &good, T0 + MINUTE);
	add(set, &bad, T0);
	assert_string_equal(judge(set, T0 - 1), "");
	assert_string_equal(judge(set, T0), "S1 exposed");
	assert_string_equal(judge(set, T0 + MINUTE - 1), "S1 exposed");
	assert_string_equal(judge(set, T0 + MINUTE), "S1 clear");
	report_set_free(set);
}

static void machines_come_in_the_order_of_their_names_without_case(void **state)
{
	static const struct fixture_words words[] = { { .name = "S20" },
						      { .name = "S3" },
						      { .name = "S1.acme.example", .site = "B" } };
	struct report_set *set = report_set_new();
	(void)state;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		add(set, &words[i], T0);
	assert_string_equal(judge(set, T0), "S1.acme.example unknown, S20 unknown, S3 unknown");
	report_set_free(set);
}

/* S1's trouble is proven by S3 only after S1 was heard of last. */
static void a_silent_server_is_judged_by_what_was_known_when_it_was_fresh(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
	static const struct fixture_words s3 = { .name = "S3", .rows = "S2:mta/mta" };
	static const struct {
		int64_t proof_at;
		const char *verdicts;
	} cases[] = {
		{ T0 + 15 * MINUTE - 1, "S1 exposed silent, S3 clear" },
		{ T0 + 15 * MINUTE, "S1 unknown silent, S3 clear" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct report_set *set = report_set_new();
		add(set, &s1, T0);
		add(set, &s3, cases[i].proof_at);
		assert_string_equal(judge(set, T0 + 20 * MINUTE), cases[i].verdicts);
		report_set_free(set);
	}
}

static void a_row_on_a_server_of_another_site_is_no_row_on_a_peer(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words s2 = { .name = "S2", .site = "Branch" };
	struct report_set *set = report_set_new();
	(void)state;

	add(set, &s1, T0);
	assert_string_equal(judge(set, T0), "S1 exposed");
	add(set, &s2, T0);
	assert_string_equal(judge(set, T0), "S1 unknown, S2 unknown");
	report_set_free(set);
}

/* Three servers at each of two sites, which are probed across as well. */
#define SERVERS 6

/*
 * Now and then it holds an address that another one holds, too. Two machines are renamed after half
 * an hour, which their network cards tell.
 */
static void report_at_random(struct fixture *f, struct report_set *set, uint32_t *seed, size_t who,
			     int64_t age_ms, int64_t now_ms)
{
	bool renamed = who % 3 == 2 && now_ms - age_ms > T0 + 1800 * SECOND;
	char name[] = "S10";
	char mac[] = "00-00-00-00-00-00";
	char rows[256];

	fixture_random_rows(seed, SERVERS, who, 2, rows, sizeof rows);
	snprintf(name, sizeof name, "S%zu", who + 1 + (renamed ? SERVERS : 0));
	mac[sizeof mac - 2] = (char)('1' + who);
	struct fixture_words words = { .name = name,
				       .mac = mac,
				       .site = who < 3 ? "HQ" : "Branch",
				       .rows = rows,
				       .holds = fixture_random(seed) % 4
							? 0
							: (int)(fixture_random(seed) % SERVERS) + 1,
				       .interval_s = 60 + fixture_random(seed) % 240 };
	struct changes *changes = fixture_take(f, &words, now_ms - age_ms, now_ms);
	report_set_add(set, snapshot_ref(changes->snapshot));
	fixture_commit(f, changes);
}

static void expect_the_same(const struct fixture *f, const struct report_set *set, int64_t now_ms)
{
	struct report_set_verdict *verdicts = NULL;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	report_set_judge(set, now_ms, &arena, &verdicts, &n);
	assert_int_equal(n, fleet_count(f->fleet));
	for (size_t i = 0; i < n; i++) {
		const struct report_set_verdict *v = &verdicts[i];
		char *json = verdict_json_write(&v->snapshot->report, v->silent, &v->assessment);
		const struct view *view = fleet_find(f->fleet, v->snapshot->key);
		assert_non_null(view);
		char *shown = fixture_verdict_json(view);
		assert_string_equal(shown, json);
		free(shown);
		free(json);
	}
	arena_deinit(&arena);
}

static void says_what_the_running_collector_says(void **state)
{
	(void)state;

	for (uint32_t first = 1; first <= 20; first++) {
		uint32_t seed = first;
		struct report_set *set = report_set_new();
		struct fixture f;
		int64_t now_ms = T0;

		fixture_init(&f);
		for (size_t i = 0; i < SERVERS; i++)
			report_at_random(&f, set, &seed, i, 3600 * SECOND, now_ms);
		for (size_t i = 0; i < SERVERS; i++)
			report_at_random(&f, set, &seed, i, 0, now_ms);
		for (int step = 0; step < 50; step++) {
			int64_t age_ms = fixture_random(&seed) % 3
						 ? 0
						 : fixture_random(&seed) % 2400 * SECOND;
			now_ms += fixture_random(&seed) % 200 * SECOND;
			report_at_random(&f, set, &seed, fixture_random(&seed) % SERVERS, age_ms,
					 now_ms);
			fixture_advance(&f, now_ms);
			expect_the_same(&f, set, now_ms);
		}
		report_set_free(set);
		fixture_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_report_not_after_the_moment_counts),
		cmocka_unit_test(machines_come_in_the_order_of_their_names_without_case),
		cmocka_unit_test(a_silent_server_is_judged_by_what_was_known_when_it_was_fresh),
		cmocka_unit_test(a_row_on_a_server_of_another_site_is_no_row_on_a_peer),
		cmocka_unit_test(says_what_the_running_collector_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
