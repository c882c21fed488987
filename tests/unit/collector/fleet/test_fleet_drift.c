/* The drift of servers, from report to report, over restarts, in lists and in the history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/model/drift.h"
#include "collector/model/drift_marks.h"
#include "proto/base/buffer.h"
#include "proto/json/slice.h"
#include "tests/unit/collector/fleet/fleet_fixture.h"

#define ROUND      (5 * MINUTE)
#define RPC(order) ",\"bindings\":{\"rpc\":[" order "]}"
#define USUAL      RPC("\"x\",\"y\"")
#define TURNED     RPC("\"y\",\"x\"")
#define IS_TURNED  "The binding order of RPC is now y, x; before x, y. "
#define S2_LOST    "Adapter B no longer reaches S2, which others still reach. "
#define BOTH_LOST  "Adapter B no longer reaches S2, S3, which others still reach. "

/* A site of three; S2 and S3 reach each other and S1 unless the test says something else. */
struct site_play {
	struct fixture f;
	int64_t now_ms;
	char history[4096]; /* "began/ended TEXT; " of S1 */
};

static void begin_play(struct site_play *p)
{
	memset(p, 0, sizeof *p);
	fixture_init(&p->f);
	p->now_ms = T0;
}

static void end_play(struct site_play *p)
{
	fixture_deinit(&p->f);
}

/* "TEXT TEXT " of marks. */
static const char *texts_of(const char *marks)
{
	static char out[2048];
	struct drift_mark mark;
	struct json_slice text;

	out[0] = '\0';
	while (drift_next_mark(&marks, &mark)) {
		size_t n = strlen(out);
		assert_true(json_slice_member(mark.json, "text", &text));
		snprintf(out + n, sizeof out - n, "%.*s ", (int)text.size - 2, text.at + 1);
	}
	return out;
}

static void note_history(struct site_play *p, const struct changes *changes)
{
	static const char *const names[] = { "began", "ended" };
	struct json_slice marks;

	for (size_t i = 0; i < changes->n_events; i++) {
		const struct record_event *event = &changes->events[i];
		if (strcmp(event->kind, "drift") != 0 || strcmp(event->key, "s1") != 0)
			continue;
		for (size_t k = 0; k < 2; k++) {
			size_t n = strlen(p->history);
			assert_true(json_slice_member(event->detail, names[k], &marks));
			const char *texts = texts_of(marks.at);
			if (*texts)
				snprintf(p->history + n, sizeof p->history - n, "%s %s; ", names[k],
					 texts);
		}
	}
}

static void report(struct site_play *p, const struct fixture_words *words)
{
	struct changes *changes = fixture_take(&p->f, words, p->now_ms, p->now_ms);

	note_history(p, changes);
	fixture_commit(&p->f, changes);
}

/* The next round: S2, S3, then S1 with these rows and members. */
static void play_round(struct site_play *p, const char *s1, const char *extra, const char *s2,
		       const char *s3)
{
	report(p, &(struct fixture_words){ .name = "S2", .rows = s2 });
	report(p, &(struct fixture_words){ .name = "S3", .rows = s3 });
	report(p, &(struct fixture_words){ .name = "S1", .rows = s1, .extra = extra });
	p->now_ms += ROUND;
}

static void play(struct site_play *p, const char *s1, const char *extra)
{
	play_round(p, s1, extra, "S1:mta/mta S3:mta/mta", "S1:mta/mta S2:mta/mta");
}

static const char *marks(const struct site_play *p)
{
	const struct view *view = fleet_find(p->f.fleet, "S1");
	struct buffer out = { 0 };

	assert_non_null(view);
	drift_add_marks(view->drift, NULL, &out);
	const char *texts = texts_of(out.bytes);
	assert_int_equal(view->drifted, *texts != '\0');
	buffer_deinit(&out);
	return texts;
}

#define ALL  "S2:mta/mta S3:mta/mta"
#define NO_2 "S2:mta/none S3:mta/mta"

static void a_first_report_is_no_drift_and_a_change_is_until_it_is_undone(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, ALL, USUAL);
	assert_string_equal(marks(&p), "");
	play(&p, ALL, TURNED);
	assert_string_equal(marks(&p), IS_TURNED);
	play(&p, ALL, TURNED);
	assert_string_equal(marks(&p), IS_TURNED);
	play(&p, ALL, "");
	assert_string_equal(marks(&p), IS_TURNED);
	play(&p, ALL, USUAL);
	assert_string_equal(marks(&p), "");
	assert_string_equal(p.history, "began " IS_TURNED "; ended " IS_TURNED "; ");
	assert_string_equal(fixture_verdict(&p.f, "S1"), "clear");
	end_play(&p);
}

static void it_outlives_a_restart_and_silence_and_is_usual_after_a_week(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, ALL, USUAL);
	int64_t turned_ms = p.now_ms;
	play(&p, ALL, TURNED);
	fixture_restart(&p.f, p.now_ms);
	assert_string_equal(marks(&p), IS_TURNED);
	play(&p, ALL, TURNED);
	assert_string_equal(marks(&p), IS_TURNED);
	p.now_ms += DAY;
	fixture_advance(&p.f, p.now_ms);
	fixture_restart(&p.f, p.now_ms);
	assert_string_equal(fixture_verdict(&p.f, "S1"), "clear silent");
	assert_string_equal(marks(&p), IS_TURNED);
	p.now_ms = turned_ms + DRIFT_KEPT_MS - 1000;
	play(&p, ALL, TURNED);
	assert_string_equal(marks(&p), IS_TURNED);
	p.now_ms = turned_ms + DRIFT_KEPT_MS;
	play(&p, ALL, TURNED);
	assert_string_equal(marks(&p), "");
	play(&p, ALL, USUAL); /* this is the change now */
	assert_string_equal(marks(&p), "The binding order of RPC is now x, y; before y, x. ");
	end_play(&p);
}

static void a_removed_server_that_comes_back_has_none(void **state)
{
	struct changes *changes = NULL;
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, ALL, USUAL);
	play(&p, ALL, TURNED);
	assert_int_equal(fixture_remove(&p.f, "s1", p.now_ms, &changes), STATUS_OK);
	fixture_commit(&p.f, changes);
	p.now_ms += ROUND;
	play(&p, ALL, TURNED);
	assert_string_equal(marks(&p), "");
	end_play(&p);
}

static void a_report_that_comes_late_changes_nothing(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, ALL, USUAL);
	play(&p, ALL, USUAL);
	fixture_report(&p.f, &(struct fixture_words){ .name = "S1", .rows = ALL, .extra = TURNED },
		       T0 + MINUTE, p.now_ms);
	assert_string_equal(marks(&p), "");
	play(&p, ALL, USUAL);
	assert_string_equal(marks(&p), "");
	end_play(&p);
}

static void marks_peers_that_an_adapter_lost_for_good_and_others_reach(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, ALL, NULL);
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	assert_string_equal(marks(&p), ""); /* ten minutes */
	play(&p, NO_2, NULL);
	assert_string_equal(marks(&p), S2_LOST);
	fixture_restart(&p.f, p.now_ms);
	assert_string_equal(marks(&p), S2_LOST);
	play(&p, "S2:mta/none S3:mta/tcp", NULL);
	assert_string_equal(marks(&p), BOTH_LOST);
	play(&p, NO_2, NULL);
	assert_string_equal(marks(&p), S2_LOST);
	play(&p, "S3:mta/mta", NULL); /* it does not probe S2 any more */
	assert_string_equal(marks(&p), "");
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	assert_string_equal(marks(&p), "");
	assert_string_equal(p.history, "began " S2_LOST "; ended " S2_LOST "; ");
	end_play(&p);
}

static void the_restart_between_loss_and_mark_loses_neither(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, ALL, NULL);
	play(&p, NO_2, NULL);
	fixture_restart(&p.f, p.now_ms);
	assert_string_equal(marks(&p), "");
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	play(&p, NO_2, NULL);
	assert_string_equal(marks(&p), S2_LOST);
	end_play(&p);
}

/* What was never reached, came back soon, or is reached by nobody, is no loss. */
static void marks_no_peer_that_is_down_or_was_only_briefly_away(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	for (int i = 0; i < 6; i++)
		play(&p, NO_2, NULL);
	assert_string_equal(marks(&p), "");
	play(&p, ALL, NULL);
	play(&p, NO_2, NULL);
	play(&p, ALL, NULL);
	for (int i = 0; i < 3; i++)
		play(&p, i == 1 ? ALL : NO_2, NULL);
	assert_string_equal(marks(&p), "");
	play(&p, ALL, NULL);
	for (int i = 0; i < 6; i++) /* S2 is down */
		play_round(&p, "S2:none/none S3:mta/mta", NULL, "S1:none/none S3:none/none",
			   "S1:mta/mta S2:none/none");
	assert_string_equal(marks(&p), "");
	assert_string_equal(p.history, "");
	end_play(&p);
}

/* An adapter that reached nobody before, and another one loses a peer: both in one report. */
static void sees_the_loss_of_one_adapter_beside_another_that_never_reached(void **state)
{
	struct site_play p;
	(void)state;

	begin_play(&p);
	play(&p, "S2:none/mta S3:none/mta", NULL);
	for (int i = 0; i < 4; i++)
		play(&p, "S2:none/none S3:none/mta", NULL);
	assert_string_equal(marks(&p), S2_LOST);
	end_play(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_report_is_no_drift_and_a_change_is_until_it_is_undone),
		cmocka_unit_test(it_outlives_a_restart_and_silence_and_is_usual_after_a_week),
		cmocka_unit_test(a_removed_server_that_comes_back_has_none),
		cmocka_unit_test(a_report_that_comes_late_changes_nothing),
		cmocka_unit_test(marks_peers_that_an_adapter_lost_for_good_and_others_reach),
		cmocka_unit_test(the_restart_between_loss_and_mark_loses_neither),
		cmocka_unit_test(marks_no_peer_that_is_down_or_was_only_briefly_away),
		cmocka_unit_test(sees_the_loss_of_one_adapter_beside_another_that_never_reached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
