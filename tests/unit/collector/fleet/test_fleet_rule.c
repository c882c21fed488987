/* Reports by chance in any order: the verdicts are those of the rule, written down plainly. */
#include "collector/fleet/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/model/server_key.h"
#include "proto/exposure/exposure.h"
#include "proto/exposure/verdict_json.h"
#include "tests/unit/collector/fleet/fleet_fixture.h"

/* Every report that was sent, for the rule written down plainly. */
struct sent {
	struct snapshot *snapshots[FIXTURE_MAX_ROWS];
	size_t n;
};

static struct snapshot *latest_of(const struct sent *sent, const char *key, int64_t until_ms)
{
	struct snapshot *best = NULL;
	for (size_t i = 0; i < sent->n; i++) {
		struct snapshot *s = sent->snapshots[i];
		if (strcmp(s->key, key) == 0 && s->at_ms <= until_ms &&
		    (!best || snapshot_is_later(s, best)))
			best = s;
	}
	return best;
}

#define SERVERS 6

static const char *const names[SERVERS] = { "S1", "S2", "S3", "S4", "S5", "S6" };

static void expect_as_the_rule_says(const struct fixture *f, const struct sent *sent,
				    const char *name, int64_t now_ms)
{
	char key[SERVER_KEY_SIZE];
	struct snapshot *subject = latest_of(sent, server_key(name, key), now_ms);
	const struct view *view = fleet_find(f->fleet, name);

	if (!subject) {
		assert_null(view);
		return;
	}
	int64_t at_ms = snapshot_judged_at(subject, now_ms);
	struct site_report reports[SERVERS];
	size_t n = 0;
	size_t number = 0;
	for (size_t i = 0; i < SERVERS; i++) {
		struct snapshot *s = latest_of(sent, server_key(names[i], key), at_ms);
		if (!s)
			continue;
		if (s == subject)
			number = n;
		reports[n++] = (struct site_report){ .report = &s->report, .at_ms = s->at_ms };
	}
	struct arena arena;
	struct site site;
	struct assessment assessment;
	arena_init(&arena);
	site_view(&site, reports, n, at_ms, NULL, NULL, &arena);
	exposure_assess(&site.servers[number], &assessment, &arena);
	assert_non_null(view);
	assert_int_equal(view->silent, at_ms < now_ms);
	char *expected = verdict_json_write(&subject->report, view->silent, &assessment);
	char *shown = fixture_verdict_json(view);
	assert_string_equal(shown, expected);
	free(shown);
	free(expected);
	assert_int_equal(view->reported_at_ms, subject->at_ms);
	arena_deinit(&arena);
}

static void remember(struct sent *sent, const struct changes *changes)
{
	sent->snapshots[sent->n++] = snapshot_ref(changes->snapshot);
}

/* A report of some server, often late, sometimes by much. */
struct drawn {
	char rows[256];
	struct fixture_words words;
	int64_t at_ms;
};

static void draw(struct drawn *d, uint32_t *seed, int64_t now_ms)
{
	static int64_t sequence = 1000000; /* beyond those that the fixture gives */
	size_t who = fixture_random(seed) % SERVERS;

	fixture_random_rows(seed, SERVERS, who, 3, d->rows, sizeof d->rows);
	d->words = (struct fixture_words){ .name = names[who],
					   .rows = d->rows,
					   .sequence = sequence++,
					   .interval_s = 60 + fixture_random(seed) % 240 };
	/* Whole seconds, like the header's. */
	d->at_ms = now_ms - (fixture_random(seed) % 3 ? 0 : fixture_random(seed) % 2400 * SECOND);
}

static void take(struct fixture *f, struct sent *sent, const struct drawn *d, int64_t now_ms)
{
	struct changes *changes = fixture_take(f, &d->words, d->at_ms, now_ms);

	remember(sent, changes);
	fixture_commit(f, changes);
}

static void expect_all_as_the_rule_says(const struct fixture *f, const struct sent *sent,
					int64_t now_ms)
{
	for (size_t i = 0; i < SERVERS; i++)
		expect_as_the_rule_says(f, sent, names[i], now_ms);
}

static void forget(struct sent *sent)
{
	for (size_t i = 0; i < sent->n; i++)
		snapshot_unref(sent->snapshots[i]);
}

static void play(uint32_t seed)
{
	struct fixture f;
	struct sent sent = { .n = 0 };
	struct drawn drawn;
	int64_t now_ms = T0;

	fixture_init(&f);
	for (int step = 0; step < 60; step++) {
		now_ms += fixture_random(&seed) % 200 * SECOND;
		draw(&drawn, &seed, now_ms);
		if (fixture_random(&seed) % 2)
			fixture_advance(&f, now_ms);
		take(&f, &sent, &drawn, now_ms);
		if (fixture_random(&seed) % 8 == 0)
			fixture_restart(&f, now_ms);
		fixture_advance(&f, now_ms);
		expect_all_as_the_rule_says(&f, &sent, now_ms);
	}
	forget(&sent);
	fixture_deinit(&f);
}

static struct fleet_ahead *ahead_of(const struct fixture *f, const struct drawn *d, int64_t now_ms)
{
	char *body;
	struct snapshot *snapshot = fixture_read(&d->words, d->at_ms, now_ms, &body);
	struct fleet_ahead *ahead = fleet_ahead_of_report(f->fleet, snapshot, now_ms);

	snapshot_unref(snapshot);
	free(body);
	return ahead;
}

static void read_ahead(const struct fixture *f, struct fleet_ahead *ahead)
{
	if (ahead)
		fleet_ahead_read(ahead, &f->store);
}

/*
 * The past is asked for, and read; before, between and after that other reports come. Returns how
 * many reports the fleet did not have to read itself.
 */
static size_t play_ahead(uint32_t seed)
{
	struct fixture f;
	struct sent sent = { .n = 0 };
	struct drawn drawn[3];
	size_t n_ahead = 0;
	int64_t now_ms = T0;

	fixture_init(&f);
	for (int step = 0; step < 30; step++) {
		now_ms += fixture_random(&seed) % 200 * SECOND;
		for (size_t i = 0; i < 3; i++)
			draw(&drawn[i], &seed, now_ms);
		fixture_advance(&f, now_ms);
		struct fleet_ahead *ahead = ahead_of(&f, &drawn[0], now_ms);
		if (fixture_random(&seed) % 2)
			take(&f, &sent, &drawn[1], now_ms);
		size_t before = f.n_read_until;
		read_ahead(&f, ahead);
		n_ahead += f.n_read_until - before;
		if (fixture_random(&seed) % 2)
			take(&f, &sent, &drawn[2], now_ms);
		if (ahead)
			fleet_ahead_use(ahead);
		take(&f, &sent, &drawn[0], now_ms);
		fleet_ahead_free(ahead);
		struct fleet_ahead *marked = fleet_ahead_of_marked(f.fleet);
		read_ahead(&f, marked);
		if (marked)
			fleet_ahead_use(marked);
		fixture_advance(&f, now_ms);
		fleet_ahead_free(marked);
		expect_all_as_the_rule_says(&f, &sent, now_ms);
	}
	forget(&sent);
	fixture_deinit(&f);
	return n_ahead;
}

static void what_is_read_ahead_changes_no_verdict(void **state)
{
	size_t n_ahead = 0;
	(void)state;

	for (uint32_t seed = 201; seed <= 260; seed++)
		n_ahead += play_ahead(seed);
	assert_true(n_ahead > 1000);
}

static void whatever_the_order_of_arrival_the_verdicts_are_those_of_the_rule(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++)
		play(seed);
}

/* All reports are on their way to the store at once, and then come back from it. */
static void reports_that_are_not_durable_yet_count_as_well(void **state)
{
	(void)state;

	for (uint32_t seed = 100; seed < 120; seed++) {
		uint32_t random = seed;
		struct changes *made[40];
		struct sent sent = { .n = 0 };
		struct fixture f;
		int64_t now_ms = T0;
		fixture_init(&f);
		for (size_t step = 0; step < 40; step++) {
			char rows[256];
			size_t who = fixture_random(&random) % SERVERS;
			fixture_random_rows(&random, SERVERS, who, 3, rows, sizeof rows);
			struct fixture_words words = { .name = names[who],
						       .rows = rows,
						       .interval_s = 60 };
			int64_t age_ms = fixture_random(&random) % 900 * SECOND;
			now_ms += fixture_random(&random) % 60 * SECOND;
			made[step] = fixture_take(&f, &words, now_ms - age_ms, now_ms);
			remember(&sent, made[step]);
		}
		for (size_t step = 0; step < 40; step++)
			fixture_commit(&f, made[step]);
		fixture_advance(&f, now_ms);
		for (int restart = 0; restart < 2; restart++) {
			expect_all_as_the_rule_says(&f, &sent, now_ms);
			fixture_restart(&f, now_ms);
		}
		forget(&sent);
		fixture_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_order_of_arrival_the_verdicts_are_those_of_the_rule),
		cmocka_unit_test(what_is_read_ahead_changes_no_verdict),
		cmocka_unit_test(reports_that_are_not_durable_yet_count_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
