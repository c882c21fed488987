/*
 * A site that is kept up to date must look as if it had been viewed afresh after every change, and
 * the index be as its header says.
 */
#include "proto/site/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/proto/site/site_world.h"

static uint32_t next_random(void *user, uint32_t below)
{
	uint32_t *seed = user;

	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void expect_no_fault(uint32_t seed, const char *fault)
{
	if (fault)
		fail_msg("site %u: %s", seed, fault);
}

static void play(uint32_t number)
{
	static struct world w;
	uint32_t seed = number;
	enum grade usual = number % 3 ? GRADE_MTA : number % 2 ? GRADE_NONE : GRADE_MAPPED;

	world_begin(&w, usual, next_random, &seed);
	for (int i = 0; i < 150; i++)
		expect_no_fault(number, world_step(&w));
	expect_no_fault(number, world_end(&w));
}

static void after_every_change_the_site_looks_as_if_viewed_afresh(void **state)
{
	const char *more = getenv("MTAWATCH_SITES"); /* a longer run by hand */
	uint32_t n = more ? (uint32_t)strtoul(more, NULL, 10) : 150;
	(void)state;

	for (uint32_t seed = 1; seed <= n; seed++)
		play(seed);
	play(323); /* the first where a path changes because rows of third members were recounted */
}

/* A report that tells the same again concerns its own server alone. */
static void report_the_same_again(size_t n_exposed)
{
	static struct machine machines[WORLD_MACHINES];
	struct site_index index;

	memset(machines, 0, sizeof machines);
	site_index_init(&index, NULL);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < WORLD_MACHINES; i++) {
			struct machine *m = &machines[i];
			struct report_probe rows[3] = { { 0 } };
			report_init(&m->report);
			m->report.host.name = world_names[i];
			m->report.interval_s = 300;
			m->report.probes = rows;
			m->report.n_probes = 3;
			for (size_t k = 0; k < 3; k++)
				rows[k] = (struct report_probe){
					.adapter = "A",
					.peer = world_names[(i + k + 1) % WORLD_MACHINES],
					.grade = i < n_exposed ? GRADE_NONE : GRADE_MTA,
					.for_s = 300 + INT64_C(300) * round
				};
			struct site_member *member =
				site_member_new(&m->report, WORLD_T0 + INT64_C(1000) * round, NULL);
			member->user = m;
			site_index_put(&index, member, true, m->member);
			free(m->member);
			m->member = member;
			if (round == 1) {
				assert_ptr_equal(site_index_next_dirty(&index), member);
				assert_null(site_index_next_dirty(&index));
			}
		}
		while (site_index_next_dirty(&index))
			;
	}
	for (size_t i = 0; i < WORLD_MACHINES; i++) {
		site_index_remove(&index, machines[i].member);
		free(machines[i].member);
	}
	site_index_deinit(&index);
}

static void an_equal_report_makes_nobody_else_dirty(void **state)
{
	(void)state;
	report_the_same_again(0); /* a healthy site */
	report_the_same_again(1);
	report_the_same_again(5);
}

#define SEEN 3 /* machines of a site; each probes the address of every other from two adapters */

/* The second adapter of the machines from `first_failing` on reaches nobody. */
static void put_machine(struct site_index *index, struct machine *machines, size_t i,
			size_t first_failing)
{
	static const char *const addresses[SEEN] = { "10.0.0.1", "10.0.0.2", "10.0.0.3" };
	const char *own[] = { addresses[i] };
	struct report_adapter adapters[] = { { .id = "A", .addresses = own, .n_addresses = 1 },
					     { .id = "B" } };
	struct report_probe rows[2 * SEEN] = { { 0 } };
	struct machine *m = &machines[i];
	size_t n = 0;

	report_init(&m->report);
	m->report.host.name = world_names[i];
	m->report.interval_s = 300;
	m->report.adapters = adapters;
	m->report.n_adapters = 2;
	for (size_t k = 0; k < 2 * SEEN; k++) {
		bool is_b = k >= SEEN;
		if (k % SEEN != i)
			rows[n++] = (struct report_probe){ .adapter = is_b ? "B" : "A",
							   .peer = world_names[k % SEEN],
							   .to = addresses[k % SEEN],
							   .grade = is_b && i >= first_failing
									    ? GRADE_NONE
									    : GRADE_MTA,
							   .for_s = 300 };
	}
	m->report.probes = rows;
	m->report.n_probes = n;
	struct site_member *member = site_member_new(&m->report, WORLD_T0, NULL);
	site_index_put(index, member, true, m->member);
	free(m->member);
	m->member = member;
}

static size_t count_dirty(struct site_index *index)
{
	size_t n = 0;

	while (site_index_next_dirty(index))
		n++;
	return n;
}

/* A view tells who failed to reach an adapter only where nobody reached it. */
static void a_failure_concerns_no_adapter_that_somebody_else_reaches(void **state)
{
	static struct machine machines[SEEN];
	struct site_index index;
	(void)state;

	memset(machines, 0, sizeof machines);
	site_index_init(&index, NULL);
	for (size_t i = 0; i < SEEN; i++)
		put_machine(&index, machines, i, 1);
	assert_int_equal(count_dirty(&index), SEEN);
	put_machine(&index, machines, 0, 0);
	assert_int_equal(count_dirty(&index), 1);
	put_machine(&index, machines, 0, 1);
	assert_int_equal(count_dirty(&index), 1);
	for (size_t i = 0; i < SEEN; i++) {
		site_index_remove(&index, machines[i].member);
		free(machines[i].member);
	}
	site_index_deinit(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_every_change_the_site_looks_as_if_viewed_afresh),
		cmocka_unit_test(an_equal_report_makes_nobody_else_dirty),
		cmocka_unit_test(a_failure_concerns_no_adapter_that_somebody_else_reaches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
