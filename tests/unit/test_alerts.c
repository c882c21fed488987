/* The alerts of a fleet: what is stored and told of what is seen, over hours and days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts.h"
#include "collector/notification.h"
#include "proto/mem.h"
#include "proto/timestamp.h"

#define S  INT64_C(1000)
#define T0 (INT64_C(1700000000) * S)

#define FINDINGS                                                                                   \
	"\"reasons\":[{\"code\":\"adapter_isolated\",\"text\":\"NIC 2 reaches nobody.\","          \
	"\"evidence\":{\"adapter\":\"NIC 2\"}}],\"remedy\":{\"options\":[{\"steps\":[{"            \
	"\"action\":\"disable_adapter\",\"adapter\":\"NIC 2\",\"verdict_after\":\"clear\","        \
	"\"text\":\"Disable NIC 2.\"}]}]}"

struct play {
	struct alerts *alerts;
	struct alert_policy policy;
	struct hook_route route;
	struct alert_target target;
	int64_t now;
	char told[8192];                      /* what was told since the last look */
	char stored[8192];                    /* the rows */
	const struct record_alert *rows[256]; /* what the store has, by first storing */
	int64_t row_ids[256];
	size_t n_rows;
	struct alert_changes kept[512]; /* that own the rows */
	size_t n_kept;
};

static void append(char *where, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void append(char *where, size_t size, const char *format, ...)
{
	size_t n = strlen(where);
	va_list args;
	va_start(args, format);
	vsnprintf(where + n, size - n, format, args);
	va_end(args);
}

static void note_delivery(struct play *p, const struct record_delivery *row)
{
	struct notification n;
	struct arena arena;

	arena_init(&arena);
	assert_int_equal(notification_read(row->body, row->body_size, &arena, &n), STATUS_OK);
	append(p->told, sizeof p->told, "%s[%s]", notification_reason_text(n.reason), n.group_key);
	for (size_t i = 0; i < n.n_alerts; i++)
		append(p->told, sizeof p->told, " %s=%s%s", n.alerts[i].server,
		       n.alerts[i].resolved_ms == TIMESTAMP_NONE ? "firing" : "resolved",
		       n.alerts[i].flapping ? "~" : "");
	append(p->told, sizeof p->told, "; ");
	arena_deinit(&arena);
}

static void store_row(struct play *p, const struct record_alert *row)
{
	size_t i = 0;
	while (i < p->n_rows && p->row_ids[i] != row->id)
		i++;
	assert_true(i < 256);
	p->row_ids[i] = row->id;
	p->rows[i] = row;
	p->n_rows += i == p->n_rows;
}

static void drop_row(struct play *p, int64_t id)
{
	for (size_t i = 0; i < p->n_rows; i++) {
		if (p->row_ids[i] == id) {
			p->rows[i] = NULL;
			return;
		}
	}
	fail_msg("a row is dropped that was never stored");
}

static void commit(struct play *p, struct alert_changes *changes)
{
	for (size_t i = 0; i < changes->n_alerts; i++)
		store_row(p, changes->alerts[i]);
	for (size_t i = 0; i < changes->n_dropped; i++)
		drop_row(p, changes->dropped[i]);
	for (size_t i = 0; i < changes->n_deliveries; i++)
		note_delivery(p, changes->deliveries[i]);
	assert_true(p->n_kept < 512);
	p->kept[p->n_kept++] = *changes;
}

/* Advances to that moment, doing what is due on the way. */
static void go_to(struct play *p, int64_t ms)
{
	for (int64_t due = alerts_next_due(p->alerts); due <= ms;
	     due = alerts_next_due(p->alerts)) {
		struct alert_changes changes;
		p->now = due > p->now ? due : p->now;
		alert_changes_init(&changes);
		alerts_advance(p->alerts, p->now, &changes);
		if (alert_changes_are_empty(&changes))
			alert_changes_deinit(&changes);
		else
			commit(p, &changes);
		assert_true(alerts_next_due(p->alerts) > p->now);
	}
	p->now = ms;
}

static void pass(struct play *p, int64_t seconds)
{
	go_to(p, p->now + seconds * S);
}

static void set_up(struct play *p)
{
	struct sections none = { NULL, NULL };
	struct faults faults = { .n = 0 };
	struct arena arena;

	memset(p, 0, sizeof *p);
	arena_init(&arena);
	alert_policy_read(&none, &p->policy, &arena, &faults);
	arena_deinit(&arena);
	p->policy.hold_ms[CONDITION_AT_RISK] = 60 * S;
	p->route = (struct hook_route){ .conditions = CONDITION_ALL, .send_resolved = true };
	p->target = (struct alert_target){ "ops", &p->route, false };
	p->now = T0;
	p->alerts = alerts_new();
	alerts_configure(p->alerts, &p->policy, "https://c/");
	alerts_set_targets(p->alerts, &p->target, 1);
	alerts_hear(p->alerts, T0 - 86400 * S);
	go_to(p, T0);
}

static void tear_down(struct play *p)
{
	alerts_free(p->alerts);
	for (size_t i = 0; i < p->n_kept; i++)
		alert_changes_deinit(&p->kept[i]);
}

static struct view *make_view(const char *server, const char *site, enum verdict verdict,
			      bool silent, int64_t at_ms)
{
	struct view *view = mem_alloc(sizeof *view);
	*view = (struct view){
		.key = server,
		.server = server,
		.organization = "ORG",
		.site = site,
		.exchange_server = server,
		.findings_json = FINDINGS,
		.verdict = verdict,
		.silent = silent,
		.since_ms = at_ms,
		.reported_at_ms = at_ms,
		.interval_s = 300,
		.references = 1,
	};
	return view;
}

static void see_in(struct play *p, const char *server, const char *site, enum verdict verdict)
{
	struct view *view = make_view(server, site, verdict, false, p->now);
	struct alert_changes changes;
	alert_changes_init(&changes);
	alerts_see(p->alerts, view, p->now, &changes);
	commit(p, &changes);
	view_unref(view);
}

static void see(struct play *p, const char *server, enum verdict verdict)
{
	see_in(p, server, "HQ", verdict);
}

/* It reported last at that moment, and is silent now. */
static void see_silent(struct play *p, const char *server, int64_t at_ms)
{
	struct view *view = make_view(server, "HQ", VERDICT_CLEAR, true, at_ms);
	struct alert_changes changes;
	alert_changes_init(&changes);
	alerts_see(p->alerts, view, p->now, &changes);
	commit(p, &changes);
	view_unref(view);
}

static void expect_told(struct play *p, const char *told)
{
	assert_string_equal(p->told, told);
	p->told[0] = '\0';
}

/* "exch1 exposed firing; " of every row that is there and not over. */
static void expect_open(struct play *p, const char *open)
{
	static const char *const states[] = { "none", "pending", "firing", "resolved" };
	char text[2048] = "";
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct record_alert *row = p->rows[i];
		if (row && row->state != RECORD_ALERT_RESOLVED)
			append(text, sizeof text, "%s %s %s; ", row->server,
			       condition_name(row->condition), states[row->state]);
	}
	assert_string_equal(text, open);
}

/* The alerts anew, from what is stored. */
static void restart(struct play *p)
{
	alerts_reset(p->alerts);
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct record_alert *row = p->rows[i];
		if (row && (row->state != RECORD_ALERT_RESOLVED || row->told == RECORD_TOLD_FIRING))
			alerts_restore(p->alerts, row);
		if (row)
			alerts_restore_id(p->alerts, row->id);
	}
	alerts_hear(p->alerts, p->now);
}

static void a_change_is_told_at_once_and_its_end_too(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_CLEAR);
	expect_told(&p, "");
	see(&p, "S1", VERDICT_EXPOSED);
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S1=firing; ");
	expect_open(&p, "S1 exposed firing; ");
	assert_string_equal(p.rows[0]->text, "NIC 2 reaches nobody.");
	assert_string_equal(p.rows[0]->remedy, "Disable NIC 2. (verdict then: clear)");
	assert_string_equal(p.rows[0]->adapter, "NIC 2");
	see(&p, "S1", VERDICT_EXPOSED);
	pass(&p, 3600);
	see(&p, "S1", VERDICT_CLEAR);
	expect_told(&p, "all alerts resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	expect_open(&p, "");
	pass(&p, 86400);
	expect_told(&p, "");
	tear_down(&p);
}

static void what_happens_soon_after_is_told_together(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S1=firing; ");
	see(&p, "S2", VERDICT_EXPOSED);
	see_in(&p, "B1", "Branch", VERDICT_EXPOSED);
	expect_told(&p, "first notification[ORG/Branch/adapter_isolated] B1=firing; ");
	pass(&p, 10);
	see(&p, "S3", VERDICT_EXPOSED);
	see(&p, "S1", VERDICT_CLEAR);
	pass(&p, 19);
	expect_told(&p, "");
	pass(&p, 1);
	expect_told(&p, "new alerts added[ORG/HQ/adapter_isolated] S1=resolved S2=firing "
			"S3=firing; ");
	pass(&p, 30);
	see(&p, "S2", VERDICT_CLEAR);
	expect_told(&p, "some alerts resolved[ORG/HQ/adapter_isolated] S2=resolved S3=firing; ");
	tear_down(&p);
}

static void what_is_undone_before_its_end_was_told_goes_on(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	pass(&p, 5);
	see(&p, "S1", VERDICT_CLEAR);
	pass(&p, 5);
	see(&p, "S1", VERDICT_EXPOSED);
	pass(&p, 300);
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S1=firing; ");
	expect_open(&p, "S1 exposed firing; ");
	assert_int_equal(p.n_rows, 1);
	tear_down(&p);
}

static void it_is_repeated_until_somebody_acknowledges(void **state)
{
	static const char first[] = "first notification[ORG/HQ/adapter_isolated] S1=firing; ";
	static const char again[] = "repeat interval elapsed[ORG/HQ/adapter_isolated] S1=firing; ";
	struct alert_changes changes;
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	expect_told(&p, first);
	pass(&p, 4 * 3600 - 1);
	expect_told(&p, "");
	pass(&p, 1);
	expect_told(&p, again);

	alert_changes_init(&changes);
	assert_int_equal(alerts_acknowledge(p.alerts, p.row_ids[0], "token ops", "on it",
					    p.now + 10 * 3600 * S, p.now, &changes),
			 STATUS_OK);
	commit(&p, &changes);
	assert_string_equal(p.rows[0]->acknowledged_by, "token ops");
	pass(&p, 10 * 3600 - 1);
	expect_told(&p, "");
	pass(&p, 1);
	expect_told(&p, again);
	alert_changes_init(&changes);
	assert_int_equal(alerts_acknowledge(p.alerts, 1, "x", "", TIMESTAMP_NONE, p.now, &changes),
			 STATUS_NOT_FOUND);
	alert_changes_deinit(&changes);
	tear_down(&p);
}

static void what_is_silenced_is_told_when_the_silence_ends_if_it_fires_still(void **state)
{
	struct record_silence silence = { 0,          "s*",        "", "",           "exposed",
					  "patching", "token ops", T0, T0 + 3600 * S };
	struct play p;
	(void)state;

	set_up(&p);
	assert_int_equal(alerts_add_silence(p.alerts, &silence, p.now), STATUS_OK);
	see(&p, "S1", VERDICT_EXPOSED);
	see(&p, "S2", VERDICT_EXPOSED);
	see(&p, "S3", VERDICT_FAILING); /* is not silenced */
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S3=firing; ");
	pass(&p, 600);
	see(&p, "S2", VERDICT_CLEAR);
	pass(&p, 2999);
	expect_told(&p, "");
	pass(&p, 61);
	expect_told(&p, "new alerts added[ORG/HQ/adapter_isolated] S1=firing S3=firing; ");
	assert_int_equal(alerts_end_silence(p.alerts, silence.id, p.now), STATUS_OK);
	assert_int_equal(alerts_end_silence(p.alerts, silence.id, p.now), STATUS_NOT_FOUND);
	tear_down(&p);
}

static void maintenance_mutes_as_a_silence_does(void **state)
{
	static const char *servers[] = { "S1" };
	struct maintenance window = { .days = 0x7f, .servers = servers, .n_servers = 1 };
	struct play p;
	(void)state;

	set_up(&p);
	window.from_min = (unsigned)(p.now / 60000 % 1440);
	window.to_min = (window.from_min + 30) % 1440;
	p.policy.windows = &window;
	alerts_configure(p.alerts, &p.policy, NULL);
	see(&p, "S1", VERDICT_EXPOSED);
	pass(&p, 25 * 60);
	expect_told(&p, "");
	pass(&p, 6 * 60);
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S1=firing; ");
	tear_down(&p);
}

static void unknown_is_no_recovery(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	p.told[0] = '\0';
	pass(&p, 60);
	see(&p, "S1", VERDICT_UNKNOWN);
	pass(&p, 3 * 3600);
	expect_open(&p, "S1 exposed firing; ");
	assert_string_equal(p.rows[0]->verdict, "exposed");
	see(&p, "S1", VERDICT_CLEAR);
	expect_told(&p, "all alerts resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	see(&p, "S2", VERDICT_UNKNOWN); /* by itself it is worth a word when it lasts */
	pass(&p, 3599);
	expect_told(&p, "");
	expect_open(&p, "S2 unknown pending; ");
	pass(&p, 1);
	expect_open(&p, "S2 unknown firing; ");
	tear_down(&p);
}

static void a_worse_verdict_is_an_alert_of_its_own(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	pass(&p, 60);
	p.told[0] = '\0';
	see(&p, "S1", VERDICT_FAILING);
	expect_open(&p, "S1 failing firing; ");
	expect_told(&p, "new alerts added[ORG/HQ/adapter_isolated] S1=resolved S1=firing; ");
	see(&p, "S1", VERDICT_AT_RISK); /* has to hold a minute first */
	expect_open(&p, "S1 at_risk pending; ");
	pass(&p, 60);
	expect_open(&p, "S1 at_risk firing; ");
	tear_down(&p);
}

static void silence_counts_from_when_the_collector_could_hear(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see_silent(&p, "S1", p.now - 901 * S);
	expect_told(&p, "first notification[ORG/HQ/silent] S1=firing; ");
	/* The collector was down for a day: everybody is silent when it comes back. */
	pass(&p, 60);
	p.now += 86400 * S;
	restart(&p);
	see_silent(&p, "S1", T0 - 901 * S);
	for (int i = 0; i < 10; i++) {
		static const char *const names[] = { "A0", "A1", "A2", "A3", "A4",
						     "A5", "A6", "A7", "A8", "A9" };
		see_silent(&p, names[i], p.now - 86400 * S);
	}
	go_to(&p, p.now);
	p.told[0] = '\0'; /* S1 is repeated, for a day has gone by */
	pass(&p, 600);
	for (int i = 0; i < 9; i++) {
		static const char *const names[] = { "A0", "A1", "A2", "A3", "A4",
						     "A5", "A6", "A7", "A8" };
		see(&p, names[i], VERDICT_CLEAR);
	}
	expect_open(&p, "S1 silent firing; "); /* no storm */
	pass(&p, 300);
	expect_told(&p, "new alerts added[ORG/HQ/silent] A9=firing S1=firing; ");
	tear_down(&p);
}

static void a_restart_forgets_and_repeats_nothing(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	pass(&p, 10);
	see(&p, "S2", VERDICT_EXPOSED); /* its turn has not come yet */
	see(&p, "S3", VERDICT_AT_RISK);
	p.told[0] = '\0';
	restart(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	see(&p, "S2", VERDICT_EXPOSED);
	expect_told(&p, "");
	pass(&p, 20);
	expect_told(&p, "new alerts added[ORG/HQ/adapter_isolated] S2=firing S1=firing; ");
	see(&p, "S1", VERDICT_CLEAR);
	restart(&p); /* the end is not told yet */
	see(&p, "S1", VERDICT_CLEAR);
	see(&p, "S2", VERDICT_EXPOSED);
	pass(&p, 30);
	expect_told(&p, "some alerts resolved[ORG/HQ/adapter_isolated] S1=resolved S2=firing; ");
	struct alert_changes changes;
	alert_changes_init(&changes);
	alerts_forget_unseen(p.alerts, p.now, &changes); /* S3 is not in the fleet any more */
	commit(&p, &changes);
	expect_open(&p, "S2 exposed firing; ");
	tear_down(&p);
}

static void what_flaps_is_told_once_and_said(void **state)
{
	struct play p;
	(void)state;

	set_up(&p);
	p.policy.hold_ms[CONDITION_EXPOSED] = 300 * S;
	alerts_configure(p.alerts, &p.policy, NULL);
	for (int i = 0; i < 200; i++) {
		see(&p, "S1", i % 2 ? VERDICT_CLEAR : VERDICT_EXPOSED);
		pass(&p, 120);
	}
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S1=firing~; "
			"repeat interval elapsed[ORG/HQ/adapter_isolated] S1=firing~; ");
	pass(&p, 2 * 3600);
	expect_told(&p, "all alerts resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	tear_down(&p);
}

static void a_hook_hears_only_of_what_is_for_it(void **state)
{
	static const char *sites[] = { "org/b*" };
	struct play p;
	(void)state;

	set_up(&p);
	p.route = (struct hook_route){ .sites = sites,
				       .n_sites = 1,
				       .conditions = CONDITION_BIT(CONDITION_EXPOSED) };
	see(&p, "S1", VERDICT_EXPOSED);
	see_in(&p, "B1", "Branch", VERDICT_FAILING);
	see_in(&p, "B2", "Branch2", VERDICT_EXPOSED);
	expect_told(&p, "first notification[ORG/Branch2/adapter_isolated] B2=firing; ");
	pass(&p, 60);
	see_in(&p, "B2", "Branch2", VERDICT_CLEAR); /* it does not want to know */
	expect_told(&p, "");
	tear_down(&p);
}

static void a_new_hook_hears_of_what_fires_already(void **state)
{
	struct alert_changes changes;
	struct play p;
	(void)state;

	set_up(&p);
	alerts_set_targets(p.alerts, NULL, 0);
	see(&p, "S1", VERDICT_EXPOSED);
	expect_told(&p, "");
	pass(&p, 60);
	alerts_set_targets(p.alerts, &p.target, 1);
	alert_changes_init(&changes);
	alerts_tell_target(p.alerts, "ops", p.now, &changes);
	commit(&p, &changes);
	expect_told(&p, "first notification[ORG/HQ/adapter_isolated] S1=firing; ");
	tear_down(&p);
}

static void the_collectors_own_ills_are_alerts_too(void **state)
{
	struct alert_changes changes;
	struct play p;
	(void)state;

	set_up(&p);
	for (int i = 0; i < 3; i++) {
		alert_changes_init(&changes);
		alerts_see_own(p.alerts, CONDITION_DISK, true, "1 % is free.", "Make room.", p.now,
			       &changes);
		commit(&p, &changes);
		pass(&p, 60);
	}
	expect_told(&p, "first notification[//disk] =firing; ");
	assert_string_equal(p.rows[0]->text, "1 % is free.");
	alert_changes_init(&changes);
	alerts_see_own(p.alerts, CONDITION_DISK, false, "", "", p.now, &changes);
	commit(&p, &changes);
	pass(&p, 60);
	expect_told(&p, "all alerts resolved[//disk] =resolved; ");
	tear_down(&p);
}

static void a_server_that_is_taken_out_has_no_alerts(void **state)
{
	struct alert_changes changes;
	struct play p;
	(void)state;

	set_up(&p);
	see(&p, "S1", VERDICT_EXPOSED);
	see(&p, "S2", VERDICT_UNKNOWN);
	pass(&p, 60);
	p.told[0] = '\0';
	alert_changes_init(&changes);
	alerts_forget(p.alerts, "S1", p.now, &changes);
	alerts_forget(p.alerts, "S2", p.now, &changes);
	alerts_forget(p.alerts, "S3", p.now, &changes);
	commit(&p, &changes);
	expect_told(&p, "all alerts resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	expect_open(&p, "");
	tear_down(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_told_at_once_and_its_end_too),
		cmocka_unit_test(what_happens_soon_after_is_told_together),
		cmocka_unit_test(what_is_undone_before_its_end_was_told_goes_on),
		cmocka_unit_test(it_is_repeated_until_somebody_acknowledges),
		cmocka_unit_test(what_is_silenced_is_told_when_the_silence_ends_if_it_fires_still),
		cmocka_unit_test(maintenance_mutes_as_a_silence_does),
		cmocka_unit_test(unknown_is_no_recovery),
		cmocka_unit_test(a_worse_verdict_is_an_alert_of_its_own),
		cmocka_unit_test(silence_counts_from_when_the_collector_could_hear),
		cmocka_unit_test(a_restart_forgets_and_repeats_nothing),
		cmocka_unit_test(what_flaps_is_told_once_and_said),
		cmocka_unit_test(a_hook_hears_only_of_what_is_for_it),
		cmocka_unit_test(a_new_hook_hears_of_what_fires_already),
		cmocka_unit_test(the_collectors_own_ills_are_alerts_too),
		cmocka_unit_test(a_server_that_is_taken_out_has_no_alerts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
