/* What becomes of a report that arrives: new, repeated, late, another body of the same. */
#include "collector/fleet/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/base/hash.h"
#include "proto/base/mem.h"
#include "tests/unit/collector/fleet/fleet_fixture.h"
#include "tests/unit/rows.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_seen_only_after_its_commit),
		cmocka_unit_test(a_machine_is_known_by_its_short_name_without_case),
		cmocka_unit_test(an_agents_next_report_is_known_to_be_new),
		cmocka_unit_test(the_hash_of_a_body_changes_with_each_byte),
		cmocka_unit_test(a_repeated_report_is_stored_once_and_another_body_refused),
		cmocka_unit_test(an_older_report_is_stored_and_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
