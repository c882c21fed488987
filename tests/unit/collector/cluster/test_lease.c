/* Which of several collectors judges: never two at a time, however their steps fall. */
#include "collector/cluster/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/count.h"

#define DEPTH  8
#define ACTORS 3 /* a judge, and two that would be one */

/* What is said to the database is on its way, was done there, or its answer has come. */
enum phase { IDLE, SENT, DONE };

struct actor {
	struct lease lease;
	enum phase phase;
	enum lease_step step;
	/* What was sent, and what comes back. */
	struct lease_seen compared;
	bool compares_beat;
	char token[LEASE_TOKEN_SIZE];
	int64_t epoch;
	struct lease_seen answer;
	enum lease_outcome outcome;
};

/* What is compared when the lease is taken: all that has to be, or less. */
enum compared { NOTHING, TOKEN, TOKEN_AND_BEAT };

/* All there is: copied at each fork. */
struct world {
	int64_t now_ms;
	struct actor actors[ACTORS];
	struct lease_seen table; /* its row; beats are below */
	int64_t beats[ACTORS];
	unsigned n_tokens;
	enum compared compared;
};

static const char *const nodes[ACTORS] = { "c0", "c1", "c2" };

static struct world begin_world(unsigned takeover_after)
{
	struct world w = { .now_ms = 1000000, .compared = TOKEN_AND_BEAT };

	for (size_t i = 0; i < ACTORS; i++)
		lease_init(&w.actors[i].lease, nodes[i], true, takeover_after);
	return w;
}

static enum lease_step next(const struct world *w, size_t i)
{
	return lease_next(&w->actors[i].lease, w->now_ms, w->now_ms);
}

static void send(struct world *w, size_t i)
{
	struct actor *a = &w->actors[i];
	char token[LEASE_TOKEN_SIZE];

	a->phase = SENT;
	if (a->step == LEASE_BEAT) {
		lease_beat_begins(&a->lease, w->now_ms);
		return;
	}
	snprintf(token, sizeof token, "token-%u", ++w->n_tokens);
	struct lease_attempt attempt = lease_take_begins(&a->lease, w->now_ms, token);
	a->compared.epoch = attempt.seen_epoch;
	snprintf(a->compared.token, sizeof a->compared.token, "%s", attempt.seen_token);
	a->compares_beat = attempt.holder != NULL;
	a->compared.beat = attempt.beat;
	snprintf(a->token, sizeof a->token, "%s", attempt.token);
	a->epoch = attempt.epoch;
}

static void beat(struct world *w, size_t i)
{
	struct actor *a = &w->actors[i];

	w->beats[i]++;
	a->answer = w->table;
	for (size_t k = 0; k < ACTORS; k++) {
		if (strcmp(w->table.node, nodes[k]) != 0 || w->beats[k] == 0)
			continue;
		snprintf(a->answer.incarnation, sizeof a->answer.incarnation, "i%zu", k);
		a->answer.beat = w->beats[k];
	}
}

static int64_t holders_beat(const struct world *w)
{
	int64_t beat = 0;

	for (size_t k = 0; k < ACTORS; k++)
		beat = strcmp(w->table.node, nodes[k]) == 0 ? w->beats[k] : beat;
	return beat;
}

static void take(struct world *w, size_t i)
{
	struct actor *a = &w->actors[i];
	bool is_as_seen = a->compared.epoch == w->table.epoch &&
			  strcmp(a->compared.token, w->table.token) == 0;
	bool beat_is = !a->compares_beat || a->compared.beat == holders_beat(w);

	a->outcome =
		(is_as_seen || w->compared < TOKEN) && (beat_is || w->compared < TOKEN_AND_BEAT)
			? LEASE_TAKEN
			: LEASE_NOT_TAKEN;
	if (a->outcome != LEASE_TAKEN)
		return;
	w->table.epoch = a->epoch;
	snprintf(w->table.token, sizeof w->table.token, "%s", a->token);
	snprintf(w->table.node, sizeof w->table.node, "%s", nodes[i]);
}

/* `is_heard`: the answer has come; else its connection was lost. */
static void end(struct world *w, size_t i, bool is_heard)
{
	struct actor *a = &w->actors[i];

	a->phase = IDLE;
	if (a->step == LEASE_BEAT)
		lease_beat_ended(&a->lease, w->now_ms, is_heard ? &a->answer : NULL);
	else
		lease_take_ended(&a->lease, is_heard ? a->outcome : LEASE_UNKNOWN);
}

/* The next of an actor's steps. False: it has none. */
static bool advance(struct world *w, size_t i)
{
	struct actor *a = &w->actors[i];

	if (a->phase == IDLE) {
		a->step = next(w, i);
		if (a->step != LEASE_BEAT && a->step != LEASE_TAKE)
			return false;
		send(w, i);
	} else if (a->phase == SENT && a->step == LEASE_BEAT) {
		beat(w, i);
		a->phase = DONE;
	} else if (a->phase == SENT) {
		take(w, i);
		a->phase = DONE;
	} else {
		end(w, i, true);
	}
	return true;
}

/* All three of its steps. */
static void do_next(struct world *w, size_t i)
{
	while (advance(w, i) && w->actors[i].phase != IDLE)
		;
}

static size_t count_acting(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < ACTORS; i++)
		n += lease_may_act(&w->actors[i].lease, w->now_ms);
	return n;
}

struct search {
	size_t n_worlds;
	size_t n_takeovers; /* worlds in which another than the first judge acts */
	size_t n_broken;    /* in which two act */
};

static void look_at(const struct world *w, struct search *search)
{
	search->n_worlds++;
	search->n_takeovers += lease_may_act(&w->actors[1].lease, w->now_ms) ||
			       lease_may_act(&w->actors[2].lease, w->now_ms);
	search->n_broken += count_acting(w) > 1;
}

/* Everything that may come next: a step of anybody, a connection that is lost, a second. */
static void explore(const struct world *w, unsigned depth, struct search *search)
{
	look_at(w, search);
	if (depth == 0)
		return;
	for (size_t i = 0; i < ACTORS; i++) {
		struct world then = *w;
		if (advance(&then, i))
			explore(&then, depth - 1, search);
		if (w->actors[i].phase == IDLE)
			continue;
		then = *w;
		end(&then, i, false);
		explore(&then, depth - 1, search);
	}
	struct world later = *w;
	later.now_ms += LEASE_LOOK_MS;
	explore(&later, depth - 1, search);
}

/* The first one judges; the others have seen that it was silent, `looks` times in a row. */
static struct world begin_with_judge(unsigned looks)
{
	struct world w = begin_world(2);

	do_next(&w, 0); /* looks */
	do_next(&w, 0); /* takes */
	do_next(&w, 0); /* looks; it has to wait then */
	w.now_ms += LEASE_LOOK_MS;
	do_next(&w, 0);
	assert_true(lease_may_act(&w.actors[0].lease, w.now_ms));
	for (unsigned n = 0; n <= looks; n++) {
		w.now_ms += n > 0 ? LEASE_LOOK_MS : 0;
		do_next(&w, 1);
		do_next(&w, 2);
	}
	return w;
}

static void never_do_two_act_at_a_time(void **state)
{
	(void)state;
	for (unsigned looks = 0; looks <= 2; looks++) {
		struct world w = begin_with_judge(looks);
		struct search search = { 0 };
		explore(&w, DEPTH, &search);
		assert_true(search.n_worlds > 10000);
		assert_int_equal(search.n_broken, 0);
		assert_true(looks == 0 || search.n_takeovers > 0);
	}
	struct world free_one = begin_world(2);
	struct search search = { 0 };
	for (size_t i = 0; i < ACTORS; i++)
		do_next(&free_one, i);
	explore(&free_one, DEPTH, &search);
	assert_int_equal(search.n_broken, 0);
	assert_true(search.n_takeovers > 0);
}

/* The same search finds what is wrong where less is compared. */
static void without_comparing_two_would_act(void **state)
{
	(void)state;
	for (int compared = NOTHING; compared < TOKEN_AND_BEAT; compared++) {
		struct world w = begin_with_judge(2);
		struct search search = { 0 };
		w.compared = (enum compared)compared;
		explore(&w, DEPTH, &search);
		assert_true(search.n_broken > 0);
	}
}

/* Seconds until `i` acts while the judge does nothing; 100: never. */
static int count_seconds_until_acting(struct world *w, size_t i)
{
	int n = 0;

	for (; n < 100 && !lease_may_act(&w->actors[i].lease, w->now_ms); n++) {
		w->now_ms += LEASE_LOOK_MS;
		do_next(w, i);
		do_next(w, i);
	}
	return n;
}

static void a_silent_judge_is_taken_over_from_after_so_many_looks(void **state)
{
	struct world w = begin_world(5);
	(void)state;

	do_next(&w, 0);
	do_next(&w, 0);
	do_next(&w, 0);
	do_next(&w, 1);
	assert_int_equal(count_seconds_until_acting(&w, 1), 5);
	assert_int_equal(w.table.epoch, 2);
	/* The first one meets that when it goes on. */
	assert_false(lease_may_act(&w.actors[0].lease, w.now_ms));
	do_next(&w, 0);
	assert_int_equal(next(&w, 0), LEASE_LEAVE);
	assert_false(lease_is_held(&w.actors[0].lease));
}

static void a_judge_that_beats_is_left_alone(void **state)
{
	struct world w = begin_world(5);
	(void)state;

	for (int n = 0; n < 60; n++) {
		for (size_t i = 0; i < ACTORS; i++) {
			do_next(&w, i);
			do_next(&w, i);
		}
		assert_int_equal(count_acting(&w), 1);
		w.now_ms += LEASE_LOOK_MS;
	}
	assert_int_equal(w.table.epoch, 1);
}

static void who_could_not_look_cannot_say_that_somebody_was_silent(void **state)
{
	struct world w = begin_world(5);
	struct actor *second = &w.actors[1];
	(void)state;

	do_next(&w, 0);
	do_next(&w, 0);
	do_next(&w, 0);
	for (int n = 0; n < 50; n++) {
		second->step = next(&w, 1);
		assert_int_equal(second->step, LEASE_BEAT);
		send(&w, 1);
		beat(&w, 1);
		end(&w, 1, n % 5 != 0);
		w.now_ms += LEASE_LOOK_MS;
	}
	assert_false(lease_is_held(&second->lease));
}

static void what_is_given_back_is_taken_at_the_next_look(void **state)
{
	struct world w = begin_with_judge(0);
	(void)state;

	const char *token = lease_give_back(&w.actors[0].lease, w.now_ms, 5000);
	assert_string_equal(token, w.table.token);
	assert_false(lease_may_act(&w.actors[0].lease, w.now_ms));
	w.table.token[0] = '\0';
	w.now_ms += LEASE_LOOK_MS;
	do_next(&w, 0); /* looks, and abstains */
	assert_int_equal(next(&w, 0), LEASE_WAIT);
	assert_int_equal(count_seconds_until_acting(&w, 1), 1);
	assert_string_equal(lease_give_back(&w.actors[0].lease, w.now_ms, 0), "");
}

static void what_is_left_to_somebody_is_taken_by_another_only_if_they_do_not(void **state)
{
	struct world w = begin_with_judge(0);
	(void)state;

	lease_give_back(&w.actors[0].lease, w.now_ms, 0);
	w.table.token[0] = '\0';
	snprintf(w.table.next, sizeof w.table.next, "c2");
	struct world then = w;
	assert_int_equal(count_seconds_until_acting(&then, 2), 1);
	then = w;
	assert_int_equal(count_seconds_until_acting(&then, 1),
			 3); /* one that is new, and two more */
	then = w;
	assert_int_equal(count_seconds_until_acting(&then, 0), 3);
}

/* The data directory's lock proves it dead. */
static void ones_own_predecessor_is_not_waited_for(void **state)
{
	struct world w = begin_with_judge(0);
	(void)state;

	lease_init(&w.actors[0].lease, nodes[0], true, 5);
	do_next(&w, 0);
	assert_int_equal(next(&w, 0), LEASE_TAKE);
	do_next(&w, 0);
	assert_true(lease_may_act(&w.actors[0].lease, w.now_ms));
	assert_string_equal(lease_token(&w.actors[0].lease), w.table.token);
}

static void an_attempt_whose_answer_was_lost_is_known_at_the_next_look(void **state)
{
	struct world w = begin_world(5);
	struct actor *first = &w.actors[0];
	(void)state;

	do_next(&w, 0);
	advance(&w, 0);
	advance(&w, 0); /* it took it */
	end(&w, 0, false);
	assert_false(lease_is_held(&first->lease));
	w.now_ms += LEASE_LOOK_MS;
	do_next(&w, 0);
	assert_true(lease_may_act(&first->lease, w.now_ms));
	assert_string_equal(lease_token(&first->lease), w.table.token);
}

/* Its commit holds the row: that it is silent was seen already. */
static void a_lease_that_is_in_use_is_looked_at_once_more(void **state)
{
	struct world w = begin_with_judge(2);
	struct actor *second = &w.actors[1];
	(void)state;

	assert_int_equal(advance(&w, 1), true);
	assert_int_equal(second->step, LEASE_TAKE);
	second->outcome = LEASE_BUSY;
	end(&w, 1, true);
	assert_int_equal(next(&w, 1), LEASE_WAIT);
	w.now_ms += LEASE_LOOK_MS;
	assert_int_equal(next(&w, 1), LEASE_BEAT);
	do_next(&w, 1);
	assert_int_equal(next(&w, 1), LEASE_TAKE);
}

static void who_hangs_or_may_not_judge_takes_nothing(void **state)
{
	struct lease lease;
	struct world w = begin_world(5);
	(void)state;

	lease_init(&lease, "c9", false, 5);
	assert_int_equal(lease_next(&lease, w.now_ms, w.now_ms), LEASE_BEAT);
	lease_beat_begins(&lease, w.now_ms);
	lease_beat_ended(&lease, w.now_ms, &w.table);
	assert_int_equal(lease_next(&lease, w.now_ms, w.now_ms), LEASE_WAIT);

	do_next(&w, 0);
	assert_int_equal(lease_next(&w.actors[0].lease, w.now_ms, w.now_ms - 2001), LEASE_WAIT);
	assert_int_equal(lease_next(&w.actors[0].lease, w.now_ms, w.now_ms - 2000), LEASE_TAKE);
}

static void a_commit_that_was_fenced_ends_it(void **state)
{
	struct world w = begin_with_judge(0);
	(void)state;

	lease_note_fenced(&w.actors[0].lease);
	assert_false(lease_may_act(&w.actors[0].lease, w.now_ms));
	assert_int_equal(next(&w, 0), LEASE_LEAVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_do_two_act_at_a_time),
		cmocka_unit_test(without_comparing_two_would_act),
		cmocka_unit_test(a_silent_judge_is_taken_over_from_after_so_many_looks),
		cmocka_unit_test(a_judge_that_beats_is_left_alone),
		cmocka_unit_test(who_could_not_look_cannot_say_that_somebody_was_silent),
		cmocka_unit_test(what_is_given_back_is_taken_at_the_next_look),
		cmocka_unit_test(what_is_left_to_somebody_is_taken_by_another_only_if_they_do_not),
		cmocka_unit_test(ones_own_predecessor_is_not_waited_for),
		cmocka_unit_test(an_attempt_whose_answer_was_lost_is_known_at_the_next_look),
		cmocka_unit_test(a_lease_that_is_in_use_is_looked_at_once_more),
		cmocka_unit_test(who_hangs_or_may_not_judge_takes_nothing),
		cmocka_unit_test(a_commit_that_was_fenced_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
