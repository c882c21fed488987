#include "tests/unit/collector/alerts/alerts_play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/model/notification.h"
#include "collector/model/drift_marks.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

#define FINDINGS                                                                                   \
	"\"reasons\":[{\"code\":\"adapter_isolated\",\"text\":\"NIC 2 reaches nobody.\","          \
	"\"evidence\":{\"adapter\":\"NIC 2\"}}],\"remedy\":{\"options\":[{\"steps\":[{"            \
	"\"action\":\"disable_adapter\",\"adapter\":\"NIC 2\",\"verdict_after\":\"clear\","        \
	"\"text\":\"Disable NIC 2.\"}]}]}"

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

static void note_alert(struct play *p, const struct notification_alert *alert)
{
	append(p->told, sizeof p->told, " %s=", alert->server);
	if (alert->resolved_ms != TIMESTAMP_NONE)
		append(p->told, sizeof p->told, "resolved");
	else if (alert->has_before)
		append(p->told, sizeof p->told, "%s>%s", condition_name(alert->before),
		       condition_name(alert->condition));
	else
		append(p->told, sizeof p->told, "%s", condition_name(alert->condition));
	append(p->told, sizeof p->told, "%s%s%s", alert->flapping ? "~" : "",
	       *alert->acknowledged_by ? "+" : "", alert->acknowledged_by);
}

static void note_delivery(struct play *p, const struct record_delivery *row)
{
	struct notification n;
	struct arena arena;

	p->last = row;
	arena_init(&arena);
	assert_int_equal(notification_read(row->body, row->body_size, &arena, &n), STATUS_OK);
	size_t key = n.summary ? strcspn(n.group_key, "0123456789") : strlen(n.group_key);
	append(p->told, sizeof p->told, "%s[%.*s]", notification_reason_text(n.reason), (int)key,
	       n.group_key);
	for (size_t i = 0; i < n.n_alerts; i++)
		note_alert(p, &n.alerts[i]);
	if (n.summary)
		append(p->told, sizeof p->told, " +%zu -%zu", n.summary->opened,
		       n.summary->resolved);
	append(p->told, sizeof p->told, "; ");
	arena_deinit(&arena);
}

const struct notification *play_last_notification(const struct play *p, struct arena *arena)
{
	struct notification *n = arena_alloc(arena, sizeof *n);

	assert_int_equal(notification_read(p->last->body, p->last->body_size, arena, n), STATUS_OK);
	return n;
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

void play_commit(struct play *p, struct alert_changes *changes)
{
	for (size_t i = 0; i < changes->n_alerts; i++)
		store_row(p, changes->alerts[i]);
	for (size_t i = 0; i < changes->n_dropped; i++)
		drop_row(p, changes->dropped[i]);
	for (size_t i = 0; i < changes->n_deliveries; i++)
		note_delivery(p, changes->deliveries[i]);
	for (size_t i = 0; i < changes->n_summaries; i++)
		p->summary = changes->summaries[i];
	assert_true(p->n_kept < 512);
	p->kept[p->n_kept++] = *changes;
}

void play_go_to(struct play *p, int64_t ms)
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
			play_commit(p, &changes);
		assert_true(alerts_next_due(p->alerts) > p->now);
	}
	p->now = ms;
}

void play_pass(struct play *p, int64_t seconds)
{
	play_go_to(p, p->now + seconds * S);
}

void play_set_up(struct play *p)
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
	p->target = (struct alert_target){ .name = "ops",
					   .route = &p->route,
					   .shows_acknowledgements = true,
					   .report_minute = -1 };
	p->now = T0;
	p->alerts = alerts_new();
	alerts_configure(p->alerts, &p->policy, "https://c/");
	alerts_set_targets(p->alerts, &p->target, 1);
	alerts_start_grace(p->alerts, T0 - 86400 * S);
	play_go_to(p, T0);
}

void play_tear_down(struct play *p)
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

static void see(struct play *p, const char *server, const char *site, enum verdict verdict,
		const char *findings)
{
	struct view *view = make_view(server, site, verdict, false, p->now);
	struct alert_changes changes;
	view->findings_json = findings;
	alert_changes_init(&changes);
	alerts_update_servers(p->alerts, &view, 1, p->now, &changes);
	play_commit(p, &changes);
	view_unref(view);
}

void play_see_in(struct play *p, const char *server, const char *site, enum verdict verdict)
{
	see(p, server, site, verdict, FINDINGS);
}

void play_see_findings(struct play *p, const char *server, enum verdict verdict,
		       const char *findings)
{
	see(p, server, "HQ", verdict, findings);
}

void play_see(struct play *p, const char *server, enum verdict verdict)
{
	play_see_in(p, server, "HQ", verdict);
}

void play_see_drift(struct play *p, const char *server, const char *drift)
{
	struct view *view = make_view(server, "HQ", VERDICT_CLEAR, false, p->now);
	struct alert_changes changes;
	view->drift = drift;
	view->drifted = drift_has_mark(drift);
	alert_changes_init(&changes);
	alerts_update_servers(p->alerts, &view, 1, p->now, &changes);
	play_commit(p, &changes);
	view_unref(view);
}

void play_see_silent(struct play *p, const char *server, int64_t at_ms)
{
	struct view *view = make_view(server, "HQ", VERDICT_CLEAR, true, at_ms);
	struct alert_changes changes;
	alert_changes_init(&changes);
	alerts_update_servers(p->alerts, &view, 1, p->now, &changes);
	play_commit(p, &changes);
	view_unref(view);
}

void play_expect_told(struct play *p, const char *told)
{
	assert_string_equal(p->told, told);
	p->told[0] = '\0';
}

void play_expect_open(struct play *p, const char *open)
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

void play_restart(struct play *p)
{
	alerts_reset(p->alerts);
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct record_alert *row = p->rows[i];
		if (row && (row->state != RECORD_ALERT_RESOLVED ||
			    row->notified == RECORD_NOTIFIED_FIRING))
			alerts_restore(p->alerts, row);
		if (row)
			alerts_restore_id(p->alerts, row->id);
	}
	if (p->summary)
		alerts_restore_summary(p->alerts, p->summary);
	alerts_start_grace(p->alerts, p->now);
}
