#include "collector/alerts/internal.h"

#include <stdlib.h>
#include <string.h>

#include "collector/alerts/explanation.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/site/site.h"

static const enum verdict verdict_of[CONDITION_COUNT] = {
	[CONDITION_FAILING] = VERDICT_FAILING,
	[CONDITION_EXPOSED] = VERDICT_EXPOSED,
	[CONDITION_AT_RISK] = VERDICT_AT_RISK,
	[CONDITION_UNKNOWN] = VERDICT_UNKNOWN,
};

void alerts_due_at(struct alerts *alerts, int64_t ms)
{
	if (ms < alerts->next_due_ms)
		alerts->next_due_ms = ms;
}

int64_t alerts_next_due(const struct alerts *alerts)
{
	return alerts->next_due_ms;
}

int64_t alerts_next_id(struct alerts *alerts, int64_t now_ms)
{
	int64_t of_now = now_ms * 1000;
	alerts->last_id = alerts->last_id < of_now ? of_now : alerts->last_id + 1;
	return alerts->last_id;
}

size_t alerts_count_firing(const struct alerts *alerts, enum condition condition)
{
	return alerts->firing[condition];
}

/* Subjects. */

struct alert_subject *alerts_subject(struct alerts *alerts, const char *key)
{
	struct alert_subject *subject = text_map_get(&alerts->by_key, key);
	if (subject)
		return subject;
	subject = mem_alloc(sizeof *subject);
	subject->key = mem_strdup(key);
	subject->at = alerts->n_subjects;
	for (int i = 0; i < CONDITION_COUNT; i++)
		alert_clock_init(&subject->slots[i].clock);
	alerts->subjects = alerts_append(alerts->subjects, &alerts->n_subjects,
					 &alerts->room_subjects, subject);
	text_map_add(&alerts->by_key, subject->key, subject);
	return subject;
}

void alerts_free_subject(struct alert_subject *subject)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (subject->slots[i].alert)
			alerts_free_alert(subject->slots[i].alert);
	}
	view_unref(subject->view);
	free(subject->key);
	free(subject);
}

static void drop_subject(struct alerts *alerts, struct alert_subject *subject)
{
	text_map_remove(&alerts->by_key, subject->key);
	alerts->subjects[subject->at] = alerts->subjects[--alerts->n_subjects];
	alerts->subjects[subject->at]->at = subject->at;
	alerts_free_subject(subject);
}

void alerts_release(struct alert *alert)
{
	alert->subject->slots[alert->row.condition].alert = NULL;
}

/* Rows of alerts. */

struct alert *alerts_add(struct alerts *alerts, struct alert_subject *subject,
			 enum condition condition, int64_t now_ms)
{
	struct alert *alert = mem_alloc(sizeof *alert);
	struct record_alert *row = &alert->row;
	const char **texts[ALERT_TEXTS];

	alerts_texts_of(row, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		*texts[i] = mem_strdup("");
	row->id = now_ms == TIMESTAMP_NONE ? 0 : alerts_next_id(alerts, now_ms);
	row->key = subject->key;
	row->condition = condition;
	row->gone_ms = row->fired_ms = row->resolved_ms = TIMESTAMP_NONE;
	row->told_ms = row->acknowledged_ms = row->acknowledged_until_ms = TIMESTAMP_NONE;
	alert->subject = subject;
	subject->slots[condition].alert = alert;
	return alert;
}

/* Sets a text of the row that is to say something else. */
static void say(struct alerts *alerts, struct alert *alert, const char **where, const char *text)
{
	if (strcmp(*where, text) == 0)
		return;
	alerts_set_text(where, text);
	alerts_mark(alerts, alert);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* Does the row say already what this view would make it say? */
static bool is_told(const struct alert *alert, const struct view *view)
{
	return alert->told && alert->group && alert->row.condition != CONDITION_SILENT &&
	       view_says_the_same(alert->told, view);
}

static void set_told(struct alert *alert, struct view *view)
{
	if (view)
		view_ref(view);
	view_unref(alert->told);
	alert->told = view;
}

static void write_story(struct alerts *alerts, struct alert *alert, const struct view *view)
{
	struct record_alert *row = &alert->row;
	struct alert_explanation explanation;
	struct arena arena;

	arena_init(&arena);
	alert_explanation_tell(view, row->condition, &explanation, &arena);
	say(alerts, alert, &row->server, view->server);
	say(alerts, alert, &row->verdict, verdict_name(view->verdict));
	say(alerts, alert, &row->reason, explanation.reason);
	say(alerts, alert, &row->text, explanation.text);
	say(alerts, alert, &row->remedy, explanation.remedy);
	say(alerts, alert, &row->adapter, explanation.adapter);
	say(alerts, alert, &row->organization, or_empty(view->organization));
	say(alerts, alert, &row->site, or_empty(view->site));
	if (!alert->group) /* which stays that of the cause for which it fired */
		say(alerts, alert, &row->cause, explanation.cause);
	arena_deinit(&arena);
}

/* What the alert says is what the view says. Most views say what the one before did. */
static void tell_story(struct alerts *alerts, struct alert *alert, struct view *view)
{
	if (!is_told(alert, view))
		write_story(alerts, alert, view);
	set_told(alert, alert->group ? view : NULL);
}

static void end_firing(struct alerts *alerts, struct alert *alert, int64_t now_ms)
{
	alerts->firing[alert->row.condition]--;
	alert->row.state = RECORD_ALERT_RESOLVED;
	alert->row.resolved_ms = now_ms;
	alerts_mark(alerts, alert);
	alerts_join(alerts, alert);
}

static void drop_pending(struct alert *alert, struct alert_changes *out)
{
	if (alert->is_stored)
		alerts_emit_drop(out, alert->row.id);
	alerts_release(alert);
	alerts_free_alert(alert);
}

static void begin(struct alerts *alerts, struct alert_subject *subject, enum condition condition,
		  int64_t now_ms)
{
	struct alert_slot *slot = &subject->slots[condition];

	if (slot->alert)
		return; /* its end is still to be told */
	struct alert *alert = alerts_add(alerts, subject, condition, now_ms);
	alert->row.state = RECORD_ALERT_PENDING;
	alert->row.since_ms = slot->clock.since_ms;
	alerts_mark(alerts, alert);
}

static void fire(struct alerts *alerts, struct alert_subject *subject, enum condition condition,
		 int64_t now_ms)
{
	struct alert_slot *slot = &subject->slots[condition];
	struct alert *alert =
		slot->alert ? slot->alert : alerts_add(alerts, subject, condition, now_ms);

	if (alert->row.state !=
	    RECORD_ALERT_RESOLVED) { /* else it is back before its end was told */
		alert->row.since_ms = slot->clock.since_ms;
		alert->row.fired_ms = slot->clock.fired_ms;
	}
	alerts->firing[condition]++;
	alert->row.state = RECORD_ALERT_FIRING;
	alert->row.resolved_ms = TIMESTAMP_NONE;
	alerts_mark(alerts, alert);
}

/* One condition: its clock goes on, and its alert with it. */
static void step(struct alerts *alerts, struct alert_subject *subject, enum condition condition,
		 bool holds, int64_t since_ms, int64_t now_ms, struct alert_changes *out)
{
	struct alert_slot *slot = &subject->slots[condition];
	struct alert_rule rule = alert_policy_rule(&alerts->policy, condition);

	enum alert_step s = alert_clock_step(&slot->clock, &rule, holds, since_ms, now_ms);
	if (s == ALERT_BEGINS)
		begin(alerts, subject, condition, now_ms);
	else if (s == ALERT_FIRES)
		fire(alerts, subject, condition, now_ms);
	else if (s == ALERT_PASSES && slot->alert && slot->alert->row.state == RECORD_ALERT_PENDING)
		drop_pending(slot->alert, out);
	else if (s == ALERT_RESOLVES)
		end_firing(alerts, slot->alert, now_ms);
	else if (s == ALERT_CHANGES)
		alerts_mark(alerts, slot->alert);
	if (slot->alert) {
		slot->alert->row.gone_ms = slot->clock.gone_ms;
		slot->alert->row.flapping = slot->clock.flapping;
		slot->alert->is_said_to_flap &= slot->clock.flapping;
	}
	alerts_due_at(alerts, alert_clock_due(&slot->clock, &rule));
}

/* What servers have. */

static bool fires_something_worse(const struct alert_subject *subject)
{
	return subject->slots[CONDITION_FAILING].clock.state == RECORD_ALERT_FIRING ||
	       subject->slots[CONDITION_EXPOSED].clock.state == RECORD_ALERT_FIRING ||
	       subject->slots[CONDITION_AT_RISK].clock.state == RECORD_ALERT_FIRING;
}

static bool has(const struct alert_subject *subject, enum condition condition, int64_t now_ms)
{
	const struct alert_clock *clock = &subject->slots[condition].clock;
	enum verdict verdict = subject->view->verdict;
	bool fires = clock->state == RECORD_ALERT_FIRING;

	if (condition == CONDITION_SILENT)
		return subject->view->silent && (fires || now_ms >= subject->silent_from_ms);
	if (condition == CONDITION_UNKNOWN)
		return verdict == VERDICT_UNKNOWN && !fires_something_worse(subject);
	/* Knowing too little is no recovery. */
	return verdict == verdict_of[condition] ||
	       (verdict == VERDICT_UNKNOWN && fires && clock->holds);
}

static bool is_told_by_view(const struct alert_subject *subject, enum condition condition)
{
	return condition == CONDITION_SILENT ? subject->view->silent
					     : subject->view->verdict == verdict_of[condition];
}

static void step_server(struct alerts *alerts, struct alert_subject *subject, int64_t now_ms,
			struct alert_changes *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		enum condition condition = (enum condition)i;
		if (condition_is_own(condition))
			continue;
		struct alert_slot *slot = &subject->slots[i];
		int64_t since_ms = condition == CONDITION_SILENT ? subject->silent_from_ms
								 : subject->view->since_ms;
		step(alerts, subject, condition, has(subject, condition, now_ms), since_ms, now_ms,
		     out);
		if (slot->alert && is_told_by_view(subject, condition))
			tell_story(alerts, slot->alert, subject->view);
		if (slot->alert && slot->alert->row.state == RECORD_ALERT_FIRING &&
		    (!slot->alert->group || slot->alert->is_dirty))
			alerts_join(alerts, slot->alert);
	}
	if (subject->view->silent && now_ms < subject->silent_from_ms)
		alerts_due_at(alerts, subject->silent_from_ms);
}

static bool is_harmless(const struct view *view)
{
	return view->verdict >= VERDICT_CLEAR && !view->silent;
}

static int64_t silence_counts_from(const struct alerts *alerts, const struct view *view)
{
	int64_t heard_of_ms = view->reported_at_ms > alerts->heard_from_ms ? view->reported_at_ms
									   : alerts->heard_from_ms;
	return heard_of_ms + SITE_FRESH_INTERVALS * view->interval_s * 1000;
}

void alerts_see(struct alerts *alerts, const struct view *view, int64_t now_ms,
		struct alert_changes *out)
{
	struct alert_subject *subject = text_map_get(&alerts->by_key, view->key);

	if (!subject && is_harmless(view))
		return;
	if (!subject)
		subject = alerts_subject(alerts, view->key);
	view_unref(subject->view);
	subject->view = view_ref((struct view *)view);
	subject->silent_from_ms = silence_counts_from(alerts, view);
	step_server(alerts, subject, now_ms, out);
	alerts_settle(alerts, false, now_ms, out);
}

static void forget(struct alerts *alerts, struct alert_subject *subject, int64_t now_ms,
		   struct alert_changes *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		struct alert *alert = subject->slots[i].alert;
		alert_clock_init(&subject->slots[i].clock);
		if (alert && alert->row.state == RECORD_ALERT_PENDING) {
			drop_pending(alert, out);
		} else if (alert && alert->row.state == RECORD_ALERT_FIRING) {
			say(alerts, alert, &alert->row.text,
			    "The server was taken out of the fleet.");
			say(alerts, alert, &alert->row.remedy, "");
			set_told(alert, NULL);
			end_firing(alerts, alert, now_ms);
		}
	}
	view_unref(subject->view);
	subject->view = NULL;
	alerts_due_at(alerts, now_ms); /* then the subject goes */
}

void alerts_forget(struct alerts *alerts, const char *key, int64_t now_ms,
		   struct alert_changes *out)
{
	struct alert_subject *subject = text_map_get(&alerts->by_key, key);
	if (!subject)
		return;
	forget(alerts, subject, now_ms, out);
	alerts_settle(alerts, false, now_ms, out);
}

void alerts_forget_unseen(struct alerts *alerts, int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; i < alerts->n_subjects; i++) {
		if (!alerts->subjects[i]->view && *alerts->subjects[i]->key)
			forget(alerts, alerts->subjects[i], now_ms, out);
	}
	alerts_settle(alerts, false, now_ms, out);
}

void alerts_see_own(struct alerts *alerts, enum condition condition, bool holds, const char *text,
		    const char *remedy, int64_t now_ms, struct alert_changes *out)
{
	struct alert_subject *subject = alerts_subject(alerts, "");
	struct alert_slot *slot = &subject->slots[condition];

	step(alerts, subject, condition, holds, now_ms, now_ms, out);
	if (slot->alert && holds) {
		say(alerts, slot->alert, &slot->alert->row.text, text);
		say(alerts, slot->alert, &slot->alert->row.remedy, remedy);
		say(alerts, slot->alert, &slot->alert->row.reason, condition_name(condition));
		say(alerts, slot->alert, &slot->alert->row.cause, condition_name(condition));
	}
	if (slot->alert && slot->alert->row.state == RECORD_ALERT_FIRING &&
	    (!slot->alert->group || slot->alert->is_dirty))
		alerts_join(alerts, slot->alert);
	alerts_settle(alerts, false, now_ms, out);
}

static void step_own(struct alerts *alerts, struct alert_subject *subject, int64_t now_ms,
		     struct alert_changes *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		struct alert_slot *slot = &subject->slots[i];
		if (!condition_is_own((enum condition)i))
			continue;
		if (slot->alert)
			step(alerts, subject, (enum condition)i, slot->clock.holds, now_ms, now_ms,
			     out);
		if (slot->alert && slot->alert->row.state == RECORD_ALERT_FIRING)
			alerts_join(alerts, slot->alert);
	}
}

/* Is there nothing to remember of it? */
static bool is_over(const struct alert_subject *subject)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (subject->slots[i].alert || !alert_clock_is_idle(&subject->slots[i].clock))
			return false;
	}
	return !subject->view || is_harmless(subject->view);
}

void alerts_advance(struct alerts *alerts, int64_t now_ms, struct alert_changes *out)
{
	alerts->next_due_ms = INT64_MAX;
	for (size_t i = alerts->n_subjects; i-- > 0;) {
		struct alert_subject *subject = alerts->subjects[i];
		if (subject->view)
			step_server(alerts, subject, now_ms, out);
		else if (!*subject->key)
			step_own(alerts, subject, now_ms, out);
	}
	alerts_settle(alerts, true, now_ms, out);
	for (size_t i = alerts->n_subjects; i-- > 0;) {
		if (is_over(alerts->subjects[i]))
			drop_subject(alerts, alerts->subjects[i]);
	}
}
