/*
 * The outbox over a real store and a clock that the test sets. What is sent goes to hooks of the
 * test's own, in the place of collector/hooks/hook.c: they take every attempt and end it when they
 * are told to.
 */
#include "collector/pipeline/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

#define S  INT64_C(1000)
#define T0 (INT64_C(1700000000) * S)

#define MAX_ROWS 6000

/* An attempt that goes on. */
struct sending {
	char id[24];
	hook_done *done;
	void *user;
};

static struct play {
	struct fixture f;
	struct outbox *outbox;
	int64_t now;
	int64_t last_id;
	size_t n_changes;
	bool is_held;       /* nobody may be told anything */
	enum status answer; /* to a request to send again */
	bool answered;
	struct sending sendings[64]; /* in the order in which they began */
	size_t n;
	char sent[4096]; /* "1 2 ", all that ever were sent */
} * play;

/* The hooks. */

static struct hook ops = { .name = "ops", .type = HOOK_TYPE_WEBHOOK };
static struct hook other = { .name = "other", .type = HOOK_TYPE_WEBHOOK };

struct hook *hooks_find(struct hooks *hooks, const char *name)
{
	(void)hooks;
	return strcmp(name, ops.name) == 0 ? &ops : strcmp(name, other.name) == 0 ? &other : NULL;
}

bool hook_is_notified(const struct hook *hook)
{
	return hook->type == HOOK_TYPE_WEBHOOK;
}

void hook_send(struct hook *hook, const struct notification *notification, hook_done *done,
	       void *user)
{
	struct sending *sending = &play->sendings[play->n++];
	size_t n = strlen(play->sent);

	assert_true(play->n <= 64);
	assert_string_equal(hook->name, notification->hook);
	snprintf(sending->id, sizeof sending->id, "%s", notification->id);
	sending->done = done;
	sending->user = user;
	snprintf(play->sent + n, sizeof play->sent - n, "%s ", notification->id);
}

/* The outbox in its loop. */

static int64_t now_ms(void)
{
	return play->now;
}

static void on_changed(void *user)
{
	(void)user;
	play->n_changes++;
}

static bool may_send(void *user)
{
	(void)user;
	return !play->is_held;
}

static bool store_is_busy(void)
{
	return store_pending(play->f.store) + store_asking(play->f.store) > 0;
}

/* Runs what can run without time going by; timers of the outbox are real ones, and short. */
static void settle(void)
{
	for (int i = 0; i < 3 || store_is_busy(); i++) {
		if (store_is_busy())
			uv_run(&play->f.loop, UV_RUN_ONCE);
		else
			uv_run(&play->f.loop, UV_RUN_NOWAIT);
	}
}

static void open_outbox(void)
{
	struct outbox_options options = { .loop = &play->f.loop,
					  .store = play->f.store,
					  .now_ms = now_ms,
					  .changed = on_changed,
					  .may_send = may_send };
	play->outbox = outbox_new(&options);
	assert_int_equal(outbox_load(play->outbox, play->f.error), STATUS_OK);
}

static int set_up(void **state)
{
	(void)state;
	log_set(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	play = mem_alloc(sizeof *play);
	fixture_set_up(&play->f);
	fixture_open(&play->f);
	play->now = T0;
	ops.type = HOOK_TYPE_WEBHOOK;
	open_outbox();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outbox_stop(play->outbox);
	fixture_close(&play->f);
	outbox_free(play->outbox);
	fixture_tear_down(&play->f);
	free(play);
	return 0;
}

/* The process is killed and starts again; what was under way is forgotten. */
static void restart(void)
{
	outbox_stop(play->outbox);
	fixture_close(&play->f);
	outbox_free(play->outbox);
	play->n = 0;
	fixture_open(&play->f);
	open_outbox();
}

static struct record_delivery make_row(const char *hook, const char *lane, struct arena *arena)
{
	int64_t id = ++play->last_id;
	struct notification n = { .id = arena_printf(arena, "%lld", (long long)id),
				  .hook = hook,
				  .group_key = lane,
				  .organization = "",
				  .site = "",
				  .cause = "",
				  .url = "",
				  .at_ms = play->now };
	struct record_delivery row = { .id = id,
				       .hook = hook,
				       .lane = lane,
				       .state = RECORD_DELIVERY_WAITING,
				       .made_ms = play->now,
				       .next_ms = play->now,
				       .ended_ms = TIMESTAMP_NONE,
				       .result = "" };
	struct buffer body;

	buffer_init(&body);
	notification_write(&n, &body);
	row.body = arena_strndup(arena, body.bytes, body.size);
	row.body_size = body.size;
	buffer_deinit(&body);
	return row;
}

/* `n` notifications become durable in one change, and go into the outbox. */
static void put_many(const char *hook, const char *lane, size_t n)
{
	static const struct record_delivery *rows[MAX_ROWS];
	struct record_delivery *all = mem_alloc(n * sizeof *all);
	size_t over = play->f.done;
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < n; i++) {
		all[i] = make_row(hook, lane, &arena);
		rows[i] = &all[i];
	}
	struct store_change change = {
		.deliveries = rows, .n_deliveries = n, .done = fixture_on_done, .user = &play->f
	};
	assert_int_equal(store_submit(play->f.store, &change), STATUS_OK);
	while (play->f.done == over)
		uv_run(&play->f.loop, UV_RUN_ONCE);
	for (size_t i = 0; i < n; i++)
		outbox_put(play->outbox, &all[i]);
	settle();
	free(all);
	arena_deinit(&arena);
}

static void put(const char *hook, const char *lane)
{
	put_many(hook, lane, 1);
}

/* The attempt under way at that notification ends so. */
static void finish(const char *id, enum hook_outcome outcome, int64_t retry_s)
{
	struct hook_result result = { outcome, retry_s, "it said so" };
	size_t i = 0;

	while (i < play->n && strcmp(play->sendings[i].id, id) != 0)
		i++;
	assert_true(i < play->n);
	struct sending sending = play->sendings[i];
	play->n--;
	memmove(&play->sendings[i], &play->sendings[i + 1], (play->n - i) * sizeof *play->sendings);
	sending.done(sending.user, &result);
	settle();
}

/* Time goes by; reading makes the outbox look after 1 ms of the real clock. */
static void pass(int64_t ms)
{
	play->now += ms;
	assert_int_equal(outbox_load(play->outbox, play->f.error), STATUS_OK);
	uv_sleep(2);
	settle();
}

static void expect_sent(const char *ids)
{
	assert_string_equal(play->sent, ids);
	play->sent[0] = '\0';
}

static int64_t count(const char *where)
{
	char query[256];
	snprintf(query, sizeof query, "SELECT count(*) FROM delivery WHERE %s", where);
	return fixture_count(&play->f, query);
}

static void on_again(void *user, enum status status, const char *error)
{
	(void)user;
	(void)error;
	play->answer = status;
	play->answered = true;
}

static enum status again(int64_t id)
{
	struct record_delivery row;
	struct arena arena;

	arena_init(&arena);
	play->answered = false;
	enum status status =
		store_read_delivery(store_reader(play->f.store), id, &arena, &row, play->f.error);
	if (status == STATUS_OK)
		status = outbox_retry(play->outbox, &row, NULL, on_again, NULL);
	arena_deinit(&arena);
	settle();
	assert_int_equal(play->answered, status == STATUS_OK);
	return status == STATUS_OK ? play->answer : status;
}

static void pauses_double_up_to_a_quarter_of_an_hour(void **state)
{
	static const int64_t seconds[] = { 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900 };
	(void)state;

	for_each_row(i, seconds) {
		for (uint32_t random = 0; random < 5000; random += 7) {
			int64_t ms = outbox_pause_ms((int64_t)i + 1, random);
			assert_in_range(ms, seconds[i] * S, seconds[i] * S * 6 / 5);
		}
		assert_int_not_equal(outbox_pause_ms((int64_t)i + 1, 0),
				     outbox_pause_ms((int64_t)i + 1, 512));
	}
	assert_int_equal(outbox_pause_ms(INT64_MAX, 0), OUTBOX_MAX_PAUSE_MS);
	assert_int_equal(outbox_pause_ms(0, 0), OUTBOX_MIN_PAUSE_MS);
}

static void what_is_taken_is_sent_once(void **state)
{
	(void)state;
	put("ops", "HQ");
	expect_sent("1 ");
	finish("1", HOOK_DELIVERED, 0);
	pass(86400 * S);
	restart();
	pass(86400 * S);
	expect_sent("");
	assert_int_equal(count("state = 2 AND attempts = 1"), 1);
}

static void nobody_is_told_anything_while_that_may_not_be(void **state)
{
	(void)state;
	play->is_held = true;
	put("ops", "HQ");
	pass(10 * S);
	expect_sent("");
	play->is_held = false;
	pass(10 * S);
	expect_sent("1 ");
	finish("1", HOOK_RETRY, 0);
	play->is_held = true; /* as that of a process that was stopped for long */
	pass(60 * S);
	expect_sent("");
	play->is_held = false;
	pass(10 * S);
	expect_sent("1 ");
	finish("1", HOOK_DELIVERED, 0);
}

static void a_lane_keeps_its_order_whatever_fails(void **state)
{
	(void)state;
	put("ops", "HQ");
	put("ops", "HQ");
	put("ops", "Branch");
	expect_sent("1 3 ");
	finish("1", HOOK_RETRY, 0);
	pass(4 * S);
	expect_sent("");
	pass(3 * S);
	expect_sent("1 ");
	finish("1", HOOK_RETRY, 0);
	restart();
	pass(0);
	expect_sent("3 "); /* it was under way: at least once */
	pass(13 * S);
	expect_sent("1 ");
	finish("1", HOOK_DELIVERED, 0);
	expect_sent("2 ");
	assert_int_equal(count("state = 2 AND attempts = 3"), 1);
}

static void a_hook_that_hangs_delays_no_other_and_takes_a_few_at_once(void **state)
{
	char lane[16];
	(void)state;

	for (int i = 0; i < OUTBOX_MAX_AT_ONCE + 2; i++) {
		snprintf(lane, sizeof lane, "S%d", i);
		put("ops", lane);
	}
	expect_sent("1 2 3 4 5 6 7 8 ");
	put("other", "S0");
	expect_sent("11 ");
	finish("3", HOOK_DELIVERED, 0);
	expect_sent("9 ");
	finish("11", HOOK_DELIVERED, 0);
	expect_sent("");
}

/* Retry-After counts where it is longer than our own pause, up to an hour, for the whole hook. */
static void the_receivers_wish_is_met(void **state)
{
	static const struct {
		int64_t wish_s;
		int64_t at_least_s;
		int64_t at_most_s;
	} cases[] = {
		{ 1, 5, 6 },          { 30, 30, 30 },        { 3600, 3600, 3600 },
		{ 3601, 3600, 3600 }, { 86400, 3600, 3600 },
	};
	(void)state;

	for_each_row(i, cases) {
		char id[24];
		put("ops", "HQ");
		snprintf(id, sizeof id, "%lld ", (long long)play->last_id);
		expect_sent(id);
		id[strlen(id) - 1] = '\0';
		finish(id, HOOK_RETRY, cases[i].wish_s);
		pass(cases[i].at_least_s * S - 1);
		expect_sent("");
		pass((cases[i].at_most_s - cases[i].at_least_s) * S + 1);
		finish(id, HOOK_DELIVERED, 0);
		play->sent[0] = '\0';
	}
}

static void a_receiver_that_wants_a_pause_gets_nothing_else(void **state)
{
	(void)state;
	put("ops", "HQ");
	finish("1", HOOK_RETRY, 60);
	put("ops", "Branch");
	put("other", "Branch");
	expect_sent("1 3 ");
	pass(59 * S);
	expect_sent("");
	pass(S);
	assert_non_null(strstr(play->sent, "1 "));
	assert_non_null(strstr(play->sent, "2 "));
}

static void a_hook_that_works_again_hears_of_everything_at_once(void **state)
{
	(void)state;
	put("ops", "HQ");
	put("ops", "Branch");
	put("other", "HQ");
	for (int i = 0; i < 12; i++) {
		finish("1", HOOK_RETRY, 0);
		finish("2", HOOK_RETRY, 0);
		finish("3", HOOK_RETRY, 0);
		pass(OUTBOX_MAX_PAUSE_MS * 6 / 5);
	}
	finish("1", HOOK_RETRY, 0);
	finish("2", HOOK_RETRY, 0);
	finish("3", HOOK_RETRY, 0);
	play->sent[0] = '\0';
	put("ops", "Elsewhere");
	finish("4", HOOK_DELIVERED, 0);
	assert_string_equal(play->sent, strstr(play->sent, "4 1 2 ") ? "4 1 2 " : "4 2 1 ");
}

static void what_fails_for_three_days_is_a_dead_letter(void **state)
{
	(void)state;
	put("ops", "HQ");
	while (play->now < T0 + OUTBOX_MAX_AGE_MS) {
		assert_int_equal(play->n, 1);
		finish("1", HOOK_RETRY, 0);
		assert_int_equal(count("state = 1"), 1);
		pass(OUTBOX_MAX_PAUSE_MS * 6 / 5);
	}
	assert_int_equal(outbox_last_dead_ms(play->outbox), TIMESTAMP_NONE);
	pass(1);
	finish("1", HOOK_RETRY, 0);
	assert_int_equal(count("state = 3 AND result = 'it said so'"), 1);
	assert_int_equal(outbox_last_dead_ms(play->outbox), play->now);
	assert_int_equal(outbox_count(play->outbox, "ops").dead, 1);
	assert_int_equal(outbox_count(play->outbox, "ops").waiting, 0);
}

static void what_is_refused_or_has_no_hook_is_a_dead_letter_and_holds_up_nothing(void **state)
{
	(void)state;
	put("ops", "HQ");
	put("ops", "HQ");
	put("gone", "HQ");
	finish("1", HOOK_REFUSED, 0);
	expect_sent("1 2 ");
	ops.type = HOOK_TYPE_ALERTMANAGER; /* SIGHUP: it is of another type now */
	put("ops", "Branch");
	expect_sent("");
	assert_int_equal(count("state = 3"), 3);
	assert_int_equal(count("state = 3 AND result LIKE 'there is no hook of that name%'"), 1);
	assert_int_equal(count("state = 3 AND result LIKE '%not told of single changes'"), 1);
}

static void a_dead_letter_is_sent_again_when_somebody_wants_it(void **state)
{
	(void)state;
	put("ops", "HQ");
	finish("1", HOOK_REFUSED, 0);
	assert_int_equal(outbox_last_dead_ms(play->outbox), T0);
	play->sent[0] = '\0';
	assert_int_equal(again(1), STATUS_OK);
	expect_sent("1 ");
	assert_int_equal(outbox_last_dead_ms(play->outbox), TIMESTAMP_NONE); /* no ill any more */
	assert_int_equal(again(1), STATUS_CONFLICT);                         /* it is under way */
	finish("1", HOOK_DELIVERED, 0);
	assert_int_equal(again(1), STATUS_CONFLICT);
	assert_int_equal(again(7), STATUS_NOT_FOUND);
	assert_int_equal(play->n_changes, 2);
}

static void one_that_waits_is_sent_at_once_when_somebody_wants_it(void **state)
{
	(void)state;
	put("ops", "HQ");
	finish("1", HOOK_RETRY, 600);
	play->sent[0] = '\0';
	assert_int_equal(again(1), STATUS_OK);
	expect_sent("1 ");
}

static void a_clock_that_is_set_back_holds_up_nothing(void **state)
{
	(void)state;
	put("ops", "HQ");
	finish("1", HOOK_RETRY, OUTBOX_MAX_RETRY_AFTER_S);
	play->sent[0] = '\0';
	pass(0);
	expect_sent("");
	pass(-86400 * S);
	expect_sent("1 ");
}

static void other_settings_are_tried_at_once(void **state)
{
	(void)state;
	put("ops", "HQ");
	finish("1", HOOK_RETRY, 600);
	play->sent[0] = '\0';
	outbox_retry_now(play->outbox);
	settle();
	expect_sent("1 ");
}

static void gone_disables_the_hook_until_somebody_sends_again(void **state)
{
	(void)state;
	put("ops", "HQ");
	put("ops", "HQ");
	finish("1", HOOK_GONE, 0);
	expect_sent("1 ");
	assert_true(outbox_is_disabled(play->outbox, "ops"));
	assert_int_equal(count("state = 3"), 2);
	restart();
	assert_true(outbox_is_disabled(play->outbox, "ops"));
	assert_true(outbox_is_known(play->outbox, "ops"));
	assert_int_equal(again(2), STATUS_OK);
	expect_sent("2 ");
	assert_false(outbox_is_disabled(play->outbox, "ops"));
	assert_false(outbox_is_known(play->outbox, "ops")); /* it is told of what fires now */
	finish("2", HOOK_DELIVERED, 0);
	restart();
	assert_false(outbox_is_disabled(play->outbox, "ops"));
}

/* At the limit nothing is given up; past it the oldest that is not under way. */
static void what_waits_for_a_hook_has_a_limit(void **state)
{
	(void)state;
	put_many("ops", "HQ", OUTBOX_MAX_WAITING);
	assert_int_equal(outbox_count(play->outbox, "ops").waiting, OUTBOX_MAX_WAITING);
	assert_int_equal(count("state = 3"), 0);
	put("ops", "HQ");
	assert_int_equal(outbox_count(play->outbox, "ops").waiting, OUTBOX_MAX_WAITING);
	assert_int_equal(count("state = 3 AND id = 2"), 1);
	put("ops", "Branch");
	assert_int_equal(count("state = 3"), 2);
	put("other", "HQ");
	assert_int_equal(count("state = 3"), 2);
	assert_int_equal(outbox_count(play->outbox, "ops").waiting, OUTBOX_MAX_WAITING);
}

static void what_waits_survives_a_restart_in_its_order(void **state)
{
	(void)state;
	put_many("ops", "HQ", 5);
	finish("1", HOOK_DELIVERED, 0);
	play->sent[0] = '\0';
	restart();
	pass(0);
	for (int i = 2; i <= 5; i++) {
		char id[24];
		snprintf(id, sizeof id, "%d ", i);
		expect_sent(id);
		id[strlen(id) - 1] = '\0';
		finish(id, HOOK_DELIVERED, 0);
	}
	assert_int_equal(count("state = 2"), 5);
}

#define IN_PLAY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_up_to_a_quarter_of_an_hour),
		IN_PLAY(nobody_is_told_anything_while_that_may_not_be),
		IN_PLAY(what_is_taken_is_sent_once),
		IN_PLAY(a_lane_keeps_its_order_whatever_fails),
		IN_PLAY(a_hook_that_hangs_delays_no_other_and_takes_a_few_at_once),
		IN_PLAY(the_receivers_wish_is_met),
		IN_PLAY(a_receiver_that_wants_a_pause_gets_nothing_else),
		IN_PLAY(a_hook_that_works_again_hears_of_everything_at_once),
		IN_PLAY(what_fails_for_three_days_is_a_dead_letter),
		IN_PLAY(what_is_refused_or_has_no_hook_is_a_dead_letter_and_holds_up_nothing),
		IN_PLAY(a_dead_letter_is_sent_again_when_somebody_wants_it),
		IN_PLAY(one_that_waits_is_sent_at_once_when_somebody_wants_it),
		IN_PLAY(a_clock_that_is_set_back_holds_up_nothing),
		IN_PLAY(other_settings_are_tried_at_once),
		IN_PLAY(gone_disables_the_hook_until_somebody_sends_again),
		IN_PLAY(what_waits_for_a_hook_has_a_limit),
		IN_PLAY(what_waits_survives_a_restart_in_its_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
