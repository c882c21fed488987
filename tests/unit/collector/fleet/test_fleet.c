#include "collector/fleet/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/base/hash.h"
#include "collector/model/server_key.h"
#include "proto/base/mem.h"
#include "proto/exposure/exposure.h"
#include "proto/exposure/verdict_json.h"
#include "tests/unit/collector/fleet/fleet_fixture.h"
#include "tests/unit/rows.h"

/* A report with an interval of five minutes is fresh for a quarter of an hour. */
#define LAST_FRESH (15 * MINUTE - 1)

static void a_report_is_seen_only_after_its_commit(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/none" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	struct changes *changes = fixture_take(&f, &s1, T0, T0);
	assert_string_equal(fixture_verdict(&f, "S1"), "absent");
	fixture_commit(&f, changes);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");

	static const struct fixture_words better = { .name = "S1", .rows = "S2:mta/mta" };
	changes = fixture_take(&f, &better, T0 + MINUTE, T0 + MINUTE);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	fixture_commit(&f, changes);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	assert_true(fleet_find(f.fleet, "S1")->since_ms == T0 + MINUTE);
	fixture_deinit(&f);
}

static void a_machine_is_known_by_its_short_name_without_case(void **state)
{
	static const struct fixture_words names[] = { { .name = "S1" },
						      { .name = "S1.acme.example" } };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &names[0], T0, T0);
	fixture_report(&f, &names[1], T0 + 1000, T0 + 1000);
	assert_int_equal(fleet_count(f.fleet), 1);
	assert_string_equal(fleet_find(f.fleet, "s1.OTHER.example")->server, "S1");
	assert_null(fleet_find(f.fleet, "S"));
	assert_null(fleet_find(f.fleet, "S10"));
	fixture_deinit(&f);
}

/* How a report is taken whose text differs from `words` only in `extra`. */
static enum status take_from(struct fixture *f, bool is_own, const struct fixture_words *words,
			     int64_t now_ms, enum fleet_taken *taken, struct changes **changes)
{
	char error[FLEET_ERROR_SIZE];
	char *body;

	struct snapshot *snapshot = fixture_read(words, now_ms, now_ms, &body);
	snapshot->is_own = is_own;
	struct fleet_earlier earlier = fixture_find_earlier(f, snapshot);
	enum status status = fleet_take(f->fleet, snapshot, &earlier, body, strlen(body), now_ms,
					changes, taken, error);
	snapshot_unref(snapshot);
	free(body);
	return status;
}

static enum status take_again(struct fixture *f, const struct fixture_words *words, int64_t now_ms,
			      enum fleet_taken *taken, struct changes **changes)
{
	return take_from(f, false, words, now_ms, taken, changes);
}

/* Takes and stores report `sequence` of S1's agent; returns how often the store was asked. */
static size_t take_own(struct fixture *f, bool is_own, int64_t sequence)
{
	const struct fixture_words words = { .name = "S1", .sequence = sequence };
	size_t before = f->n_looked_up;
	struct changes *changes = NULL;
	enum fleet_taken taken;

	assert_int_equal(take_from(f, is_own, &words, T0 + sequence, &taken, &changes), STATUS_OK);
	fixture_commit(f, changes);
	return f->n_looked_up - before;
}

static void an_agents_next_report_is_known_to_be_new(void **state)
{
	static const struct fixture_words other = { .name = "S1",
						    .sequence = 8,
						    .extra = ",\"duration_ms\":5" };
	static const struct fixture_words imported = { .name = "S1",
						       .sequence = 20,
						       .extra = ",\"duration_ms\":5" };
	enum fleet_taken taken;
	struct changes *changes = NULL;
	struct fixture f;
	(void)state;

	fixture_init(&f);
	assert_int_equal(take_own(&f, true, 7), 1); /* a server that nobody knew */
	assert_int_equal(take_own(&f, true, 8), 0);
	assert_int_equal(take_from(&f, true, &other, T0, &taken, &changes), STATUS_CONFLICT);
	assert_int_equal(take_own(&f, true, 8), 1); /* a repetition */
	assert_int_equal(take_own(&f, true, 5), 1); /* came late */
	assert_int_equal(f.n_reports, 3);
	/* Somebody else brought a report of that agent: what comes next may be there already. */
	assert_int_equal(take_own(&f, false, 20), 1);
	assert_int_equal(take_from(&f, true, &imported, T0, &taken, &changes), STATUS_CONFLICT);
	assert_int_equal(take_own(&f, true, 21), 0);
	assert_int_equal(f.n_streams_looked_up, 1); /* since then it is counted on */
	fixture_deinit(&f);
}

static void the_hash_of_a_body_changes_with_each_byte(void **state)
{
	char body[100];
	(void)state;

	for (size_t size = 0; size <= sizeof body; size++) {
		memset(body, 'x', sizeof body);
		uint64_t hash = hash_bytes(body, size);
		assert_true(hash_is_of(hash, body, size));
		for (size_t i = 0; i < size; i++) {
			body[i] ^= 1;
			assert_true(hash_bytes(body, size) != hash);
			assert_false(hash_is_of(hash, body, size));
			body[i] ^= 1;
		}
		if (size < sizeof body)
			assert_false(hash_is_of(hash, body, size + 1));
	}
}

static void a_repeated_report_is_stored_once_and_another_body_refused(void **state)
{
	static const struct fixture_words first = { .name = "S1", .sequence = 7 };
	static const struct fixture_words other = { .name = "S1",
						    .sequence = 7,
						    .extra = ",\"duration_ms\":5" };
	enum fleet_taken taken = FLEET_TAKEN_LATEST;
	struct changes *again = NULL;
	struct fixture f;
	(void)state;

	fixture_init(&f);
	struct changes *changes = fixture_take(&f, &first, T0, T0);
	for (int durable = 0; durable < 2; durable++) {
		assert_int_equal(take_again(&f, &other, T0 + 10, &taken, &again), STATUS_CONFLICT);
		assert_int_equal(take_again(&f, &first, T0 + 10, &taken, &again), STATUS_OK);
		assert_int_equal(taken, FLEET_TAKEN_REPEATED);
		assert_null(again->report);
		assert_int_equal(again->n_servers, 0);
		changes_free(again);
		if (!durable)
			fixture_commit(&f, changes);
	}
	assert_int_equal(f.n_reports, 1);
	fixture_deinit(&f);
}

static void an_older_report_is_stored_and_changes_nothing(void **state)
{
	static const struct fixture_words newer = { .name = "S1", .sequence = 8 };
	static const struct fixture_words older = { .name = "S1",
						    .sequence = 7,
						    .rows = "S2:mta/none" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &newer, T0, T0);
	struct view *before = view_ref(fleet_find(f.fleet, "S1"));
	fixture_report(&f, &older, T0 - MINUTE, T0 + 1000);
	assert_ptr_equal(fleet_find(f.fleet, "S1"), before);
	view_unref(before);
	/* At the same time the sequence decides. */
	static const struct fixture_words lower = { .name = "S1",
						    .sequence = 6,
						    .rows = "S2:mta/none" };
	fixture_report(&f, &lower, T0, T0 + 2000);
	assert_string_equal(fixture_verdict(&f, "S1"), "unknown");
	assert_int_equal(f.n_reports, 3);
	fixture_restart(&f, T0 + 3000);
	assert_string_equal(fixture_verdict(&f, "S1"), "unknown");
	fixture_deinit(&f);
}

static void only_servers_of_one_site_prove_anything_to_each_other(void **state)
{
	static const struct {
		const char *site;
		const char *verdict;
	} cases[] = {
		{ "HQ", "exposed" },
		{ "hq", "exposed" },
		{ "HQ2", "unknown" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct fixture f;
		struct fixture_words s3 = { .name = "S3",
					    .site = cases[i].site,
					    .rows = "S2:mta/mta" };
		static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
		fixture_init(&f);
		fixture_report(&f, &s1, T0, T0);
		fixture_report(&f, &s3, T0, T0);
		assert_string_equal(fixture_verdict(&f, "S1"), cases[i].verdict);
		fixture_deinit(&f);
	}
}

static void a_server_is_judged_again_when_a_proof_expires(void **state)
{
	static const struct fixture_words s1 = { .name = "S1",
						 .rows = "S2:none/none",
						 .interval_s = 600 };
	static const struct fixture_words s3 = { .name = "S3", .rows = "S2:mta/mta" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	fixture_report(&f, &s3, T0, T0);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	assert_true(fleet_next_expiry(f.fleet) == T0 + LAST_FRESH + 1);
	fixture_advance(&f, T0 + LAST_FRESH);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	fixture_advance(&f, T0 + LAST_FRESH + 1);
	assert_string_equal(fixture_verdict(&f, "S1"), "unknown");
	assert_true(fleet_find(f.fleet, "S1")->since_ms == T0 + LAST_FRESH + 1);
	assert_string_equal(fixture_verdict(&f, "S3"), "clear silent");
	fixture_deinit(&f);
}

static void a_silent_server_keeps_its_verdict_over_restarts_until_it_reports(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words better = { .name = "S1", .rows = "S2:mta/mta" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	fixture_advance(&f, T0 + LAST_FRESH + 1);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed silent");
	assert_true(fleet_find(f.fleet, "S1")->since_ms == T0);
	char *held = fixture_verdict_json(fleet_find(f.fleet, "S1"));
	assert_non_null(strstr(held, "\"silent\":true"));

	fixture_restart(&f, T0 + 2 * DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed silent");
	char *again = fixture_verdict_json(fleet_find(f.fleet, "S1"));
	assert_string_equal(again, held);
	free(again);
	assert_true(fleet_next_expiry(f.fleet) == INT64_MAX);
	free(held);
	fixture_report(&f, &better, T0 + 3 * DAY, T0 + 3 * DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	fixture_deinit(&f);
}

/*
 * S1 fails on S2 all the time; S3 proves it only in its second report, which is later than S1's
 * last fresh moment.
 */
static void one_that_fell_silent_unseen_is_judged_at_its_own_last_fresh_moment(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
	static const struct fixture_words no_proof = { .name = "S3", .rows = "S2:none/none" };
	static const struct fixture_words proof = { .name = "S3", .rows = "S2:mta/mta" };
	static const struct {
		int64_t proof_at;
		const char *verdict;
	} cases[] = {
		{ T0 + LAST_FRESH + 1 - 1000, "exposed silent" },
		{ T0 + LAST_FRESH + 1, "unknown silent" },
	};
	(void)state;

	for_each_row(i, cases) {
		for (int restart = 0; restart < 2; restart++) {
			struct fixture f;
			fixture_init(&f);
			fixture_report(&f, &no_proof, T0 - 1000, T0 - 1000);
			fixture_report(&f, &s1, T0, T0);
			/* Taken when S1 has expired already: the collector was asleep. */
			fixture_report(&f, &proof, cases[i].proof_at, T0 + 16 * MINUTE);
			if (restart)
				fixture_restart(&f, T0 + 17 * MINUTE);
			assert_string_equal(fixture_verdict(&f, "S1"), cases[i].verdict);
			assert_string_equal(fixture_verdict(&f, "S3"), "clear");
			fixture_deinit(&f);
		}
	}
}

static void report_of_each(struct fixture *f, int first, int last, const char *rows, int64_t at_ms)
{
	for (int n = first; n <= last; n++) {
		char name[8];
		snprintf(name, sizeof name, "S%d", n);
		struct fixture_words words = { .name = name, .rows = rows };
		fixture_report(f, &words, at_ms, at_ms);
	}
}

static int count_verdicts(const struct fixture *f, int first, int last, const char *verdict)
{
	int n = 0;

	for (int i = first; i <= last; i++) {
		char name[8];
		snprintf(name, sizeof name, "S%d", i);
		n += strcmp(fixture_verdict(f, name), verdict) == 0;
	}
	return n;
}

/*
 * S1 to S20 are silent and fail on S22, which a late report of S21 would prove; for each of them the
 * reports of then of the twenty others are read.
 */
static void set_up_half_a_silent_site(struct fixture *f)
{
	fixture_init(f);
	report_of_each(f, 1, 20, "S22:none/none", T0);
	report_of_each(f, 21, 40, "S22:none/none", T0 + 10 * MINUTE);
	fixture_advance(f, T0 + LAST_FRESH + 1);
	report_of_each(f, 21, 40, "S22:none/none", T0 + 17 * MINUTE);
}

static void one_call_does_not_read_the_past_of_a_whole_site(void **state)
{
	static const struct fixture_words late = { .name = "S21", .rows = "S22:mta/mta" };
	struct fixture f;
	(void)state;

	set_up_half_a_silent_site(&f);
	assert_int_equal(count_verdicts(&f, 1, 20, "unknown silent"), 20);

	f.n_read_until = 0;
	fixture_report(&f, &late, T0 + 12 * MINUTE, T0 + 18 * MINUTE);
	assert_in_range(f.n_read_until, 20, FLEET_MAX_READ_AGAIN + 40);
	assert_in_range(count_verdicts(&f, 1, 20, "exposed silent"), 1, 10);
	assert_int_equal(fleet_next_expiry(f.fleet), 0);
	fixture_advance(&f, T0 + 18 * MINUTE);
	assert_int_equal(count_verdicts(&f, 1, 20, "exposed silent"), 20);
	fixture_deinit(&f);
}

/* The same world; what the fleet would read is at hand. */
static void what_was_read_ahead_is_not_read_again(void **state)
{
	static const struct fixture_words late = { .name = "S21",
						   .rows = "S22:mta/mta",
						   .sequence = 999999 };
	struct fixture f;
	char *body;
	(void)state;

	set_up_half_a_silent_site(&f);

	struct snapshot *snapshot = fixture_read(&late, T0 + 12 * MINUTE, T0 + 18 * MINUTE, &body);
	assert_true(fleet_ahead_is_due(f.fleet, snapshot, T0 + 18 * MINUTE));
	struct fleet_ahead *ahead = fleet_ahead_of_report(f.fleet, snapshot, T0 + 18 * MINUTE);
	fleet_ahead_read(ahead, &f.store);
	fleet_ahead_use(ahead);
	f.n_read_until = 0;
	struct changes *changes = fixture_take(&f, &late, T0 + 12 * MINUTE, T0 + 18 * MINUTE);
	assert_int_equal(f.n_read_until, 0);
	fixture_commit(&f, changes);
	assert_in_range(count_verdicts(&f, 1, 20, "exposed silent"), 1, 10);
	fleet_ahead_free(ahead);
	fixture_advance(&f, T0 + 18 * MINUTE);
	assert_int_equal(count_verdicts(&f, 1, 20, "exposed silent"), 20);
	snapshot_unref(snapshot);
	free(body);
	fixture_deinit(&f);
}

static void a_failed_commit_leaves_what_is_stored(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/mta" };
	static const struct fixture_words worse = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words new = { .name = "S5", .rows = "S2:mta/none" };
	struct changes *changes = NULL;
	char error[FLEET_ERROR_SIZE];
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	changes_free(fixture_take(&f, &worse, T0 + 1000, T0 + 1000));
	changes_free(fixture_take(&f, &new, T0 + 1000, T0 + 1000));
	f.is_broken = true;
	assert_int_equal(fleet_load(f.fleet, T0 + 2000, &changes, error), STATUS_SYSTEM);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	f.is_broken = false;
	assert_int_equal(fleet_load(f.fleet, T0 + 2000, &changes, error), STATUS_OK);
	assert_int_equal(changes->n_views, 0);
	changes_free(changes);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	assert_string_equal(fixture_verdict(&f, "S5"), "absent");
	fixture_deinit(&f);
}

static void deals_the_peers_of_the_site_as_they_were_reported_last(void **state)
{
	struct fixture_words words = { .name = "S1" };
	struct fixture f;
	struct probe_mesh_peers peers;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &words, T0, T0);
	fleet_peers_of(f.fleet, "s1", &peers);
	assert_int_equal(peers.n, 0);
	words.name = "S2";
	fixture_report(&f, &words, T0, T0);
	fleet_peers_of(f.fleet, "s1", &peers);
	assert_int_equal(peers.n, 1);
	assert_string_equal(peers.peers[0].name, "S2");
	assert_int_equal(peers.peers[0].n_addresses, 2);
	assert_int_equal(peers.peers[0].addresses[0], 0x0A000201);
	words.site = "Branch"; /* it moved */
	fixture_report(&f, &words, T0 + 1000, T0 + 1000);
	fleet_peers_of(f.fleet, "s1", &peers);
	assert_int_equal(peers.n, 0);
	fixture_deinit(&f);
}

static void a_clock_that_is_set_back_harms_nobody(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words s2 = { .name = "S2", .rows = "S1:mta/mta" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	fixture_report(&f, &s2, T0 - DAY, T0 - DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	assert_string_equal(fixture_verdict(&f, "S2"), "clear silent");
	fixture_advance(&f, T0 - DAY);
	fixture_restart(&f, T0 - DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	fixture_report(&f, &s2, T0 + MINUTE, T0 + MINUTE);
	assert_string_equal(fixture_verdict(&f, "S2"), "clear");
	fixture_deinit(&f);
}

static void remove_s3(struct fixture *f, int64_t now_ms)
{
	struct changes *changes = NULL;

	assert_int_equal(fixture_remove(f, "s3", now_ms, &changes), STATUS_OK);
	assert_string_equal(fixture_verdict(f, "S3"), "clear"); /* until it is durable */
	fixture_commit(f, changes);
	assert_string_equal(fixture_verdict(f, "S3"), "absent");
	assert_int_equal(fixture_remove(f, "s3", now_ms, &changes), STATUS_NOT_FOUND);
}

static void a_removed_server_proves_nothing_and_comes_back_only_alive(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
	static const struct fixture_words s3 = { .name = "S3", .rows = "S2:mta/mta" };
	(void)state;

	for (int restart = 0; restart < 2; restart++) {
		struct fixture f;
		fixture_init(&f);
		fixture_report(&f, &s1, T0, T0);
		fixture_report(&f, &s3, T0, T0);
		assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
		remove_s3(&f, T0 + MINUTE);
		assert_string_equal(fixture_verdict(&f, "S1"), "unknown");
		if (restart)
			fixture_restart(&f, T0 + MINUTE);
		/* From a spool, of before. */
		fixture_report(&f, &s3, T0 + MINUTE, T0 + 2 * MINUTE);
		assert_string_equal(fixture_verdict(&f, "S3"), "absent");
		assert_int_equal(fleet_count(f.fleet), 1);
		fixture_report(&f, &s3, T0 + MINUTE + SECOND, T0 + 2 * MINUTE);
		assert_string_equal(fixture_verdict(&f, "S3"), "clear");
		assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
		assert_non_null(fleet_find_removal(f.fleet, "S3.acme.example"));
		fixture_deinit(&f);
	}
}

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

static void expect_all_as_the_rule_says(const struct fixture *f, struct sent *sent, int64_t now_ms)
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
			for (size_t i = 0; i < SERVERS; i++)
				expect_as_the_rule_says(&f, &sent, names[i], now_ms);
			fixture_restart(&f, now_ms);
		}
		for (size_t i = 0; i < sent.n; i++)
			snapshot_unref(sent.snapshots[i]);
		fixture_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_seen_only_after_its_commit),
		cmocka_unit_test(a_machine_is_known_by_its_short_name_without_case),
		cmocka_unit_test(an_agents_next_report_is_known_to_be_new),
		cmocka_unit_test(the_hash_of_a_body_changes_with_each_byte),
		cmocka_unit_test(a_repeated_report_is_stored_once_and_another_body_refused),
		cmocka_unit_test(an_older_report_is_stored_and_changes_nothing),
		cmocka_unit_test(only_servers_of_one_site_prove_anything_to_each_other),
		cmocka_unit_test(a_server_is_judged_again_when_a_proof_expires),
		cmocka_unit_test(a_silent_server_keeps_its_verdict_over_restarts_until_it_reports),
		cmocka_unit_test(
			one_that_fell_silent_unseen_is_judged_at_its_own_last_fresh_moment),
		cmocka_unit_test(one_call_does_not_read_the_past_of_a_whole_site),
		cmocka_unit_test(what_was_read_ahead_is_not_read_again),
		cmocka_unit_test(a_failed_commit_leaves_what_is_stored),
		cmocka_unit_test(deals_the_peers_of_the_site_as_they_were_reported_last),
		cmocka_unit_test(a_removed_server_proves_nothing_and_comes_back_only_alive),
		cmocka_unit_test(a_clock_that_is_set_back_harms_nobody),
		cmocka_unit_test(whatever_the_order_of_arrival_the_verdicts_are_those_of_the_rule),
		cmocka_unit_test(what_is_read_ahead_changes_no_verdict),
		cmocka_unit_test(reports_that_are_not_durable_yet_count_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
