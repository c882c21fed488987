/*
 * One incident: the clocks of its degrees, and what they make of its row. Declared in
 * collector/alerts/internal.h.
 */
#include <assert.h>
#include <string.h>

#include "collector/alerts/internal.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

#define NO_CONDITION CONDITION_COUNT

struct alert *alerts_add(struct alerts *alerts, struct alert_subject *subject,
			 enum condition condition, int64_t now_ms)
{
	struct alert *alert = mem_alloc(sizeof *alert);
	struct record_alert *row = &alert->row;
	const char **texts[ALERT_TEXTS];

	assert(!subject->alerts[condition_kind(condition)]);
	alerts_texts_of(row, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		*texts[i] = mem_strdup("");
	row->id = now_ms == TIMESTAMP_NONE ? 0 : alerts_next_id(alerts, now_ms);
	row->key = subject->key;
	row->condition = row->opened = condition;
	row->gone_ms = row->fired_ms = row->resolved_ms = row->event_ms = TIMESTAMP_NONE;
	row->notified_ms = row->notified_acknowledged_ms = TIMESTAMP_NONE;
	row->acknowledged_ms = row->acknowledged_until_ms = TIMESTAMP_NONE;
	alert->subject = subject;
	subject->alerts[condition_kind(condition)] = alert;
	return alert;
}

void alerts_release(struct alert *alert)
{
	assert(alert->subject->alerts[condition_kind(alert->row.condition)] == alert);
	alert->subject->alerts[condition_kind(alert->row.condition)] = NULL;
}

struct alert *alerts_open_incident(const struct alert_subject *subject, enum condition kind)
{
	struct alert *alert = subject->alerts[kind];
	return alert && alert->row.state == RECORD_ALERT_FIRING ? alert : NULL;
}

static void drop_pending(struct alert *alert, struct alert_changes *out)
{
	assert(alert->row.state == RECORD_ALERT_PENDING && !alert->group && !alert->is_dirty);
	if (alert->is_stored)
		alerts_emit_drop(out, alert->row.id);
	alerts_release(alert);
	alerts_free_alert(alert);
}

/* The worst condition from `from` on whose clock fires, or (`by_condition`) that is active. */
static enum condition find_worst(const struct alert_subject *subject, enum condition kind,
				 enum condition from, bool by_condition)
{
	for (int i = (int)from; i < CONDITION_COUNT; i++) {
		const struct alert_clock *clock = &subject->clocks[i];
		if (condition_kind((enum condition)i) == kind &&
		    (by_condition ? clock->active : clock->state == RECORD_ALERT_FIRING))
			return (enum condition)i;
	}
	return NO_CONDITION;
}

/*
 * When the degree itself is over, lesser ones do not linger that are gone: their time of waiting is
 * for what was of that degree.
 */
static void end_lesser(struct alert_subject *subject, const struct alert *open, int64_t now_ms)
{
	enum condition degree = open->row.condition;

	if (subject->clocks[degree].state == RECORD_ALERT_FIRING)
		return;
	for (int i = (int)degree + 1; i < CONDITION_COUNT; i++) {
		struct alert_clock *clock = &subject->clocks[i];
		if (condition_kind((enum condition)i) == condition_kind(degree) &&
		    clock->state == RECORD_ALERT_FIRING && !clock->active && !clock->flapping)
			alert_clock_end(clock, now_ms);
	}
}

/*
 * The degree of an incident now: the worst that fires; of one that is open, or whose end is not
 * known yet, and of which nothing fires, the worst that holds.
 */
static enum condition find_degree(struct alert_subject *subject, enum condition kind,
				  int64_t now_ms)
{
	const struct alert *alert = subject->alerts[kind];

	if (alert && alert->row.state == RECORD_ALERT_FIRING)
		end_lesser(subject, alert, now_ms);
	enum condition degree = find_worst(subject, kind, kind, false);
	if (degree == NO_CONDITION && alert && alert->row.state != RECORD_ALERT_PENDING)
		degree = find_worst(subject, kind, alert->row.condition, true);
	return degree;
}

static void set_condition(struct alerts *alerts, struct alert *alert, enum condition degree,
			  int64_t now_ms)
{
	struct record_alert *row = &alert->row;

	assert(condition_kind(row->condition) == condition_kind(degree));
	if (row->condition == degree)
		return;
	row->condition = degree;
	if (*row->acknowledged_by && degree < row->acknowledged_condition)
		alerts_end_acknowledgement(alerts, alert, now_ms);
	alerts_mark(alerts, alert);
}

/* The incident fires: newly, again before its end was known, or still, if in another degree. */
static void keep_open(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
		      enum condition degree, int64_t now_ms)
{
	struct alert *alert = subject->alerts[kind];

	if (!alert)
		alert = alerts_add(alerts, subject, degree, now_ms);
	struct record_alert *row = &alert->row;
	assert(row->state != RECORD_ALERT_FIRING || alerts->firing[row->condition] > 0);
	if (row->state == RECORD_ALERT_FIRING)
		alerts->firing[row->condition]--;
	else
		alerts_mark(alerts, alert);
	set_condition(alerts, alert, degree, now_ms);
	alerts->firing[degree]++;
	if (row->fired_ms == TIMESTAMP_NONE) {
		row->fired_ms = now_ms;
		row->opened = degree;
	}
	row->degrees |= CONDITION_BIT(degree);
	row->state = RECORD_ALERT_FIRING;
	row->resolved_ms = TIMESTAMP_NONE;
}

static void resolve_alert(struct alerts *alerts, struct alert *alert, int64_t now_ms)
{
	assert(alert->row.state == RECORD_ALERT_FIRING);
	assert(alerts->firing[alert->row.condition] > 0);
	alerts->firing[alert->row.condition]--;
	alert->row.state = RECORD_ALERT_RESOLVED;
	alert->row.resolved_ms = now_ms;
	alert->row.flapping = false;
	alerts_mark(alerts, alert);
	alerts_join(alerts, alert);
}

/* The incident does not fire; it may soon, or no longer may. */
static void keep_pending(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
			 int64_t now_ms, struct alert_changes *out)
{
	struct alert *alert = subject->alerts[kind];
	enum condition degree = find_worst(subject, kind, kind, true);

	if (alert && alert->row.state == RECORD_ALERT_RESOLVED)
		return; /* its end is still to be sent, and nothing less holds */
	if (degree == NO_CONDITION) {
		if (alert)
			drop_pending(alert, out);
		return;
	}
	if (!alert) {
		alert = alerts_add(alerts, subject, degree, now_ms);
		alert->row.state = RECORD_ALERT_PENDING;
		alerts_mark(alerts, alert);
	}
	set_condition(alerts, alert, degree, now_ms);
}

/* Copies into the row what it says of the clocks. */
static void show_clocks(struct alerts *alerts, struct alert *alert)
{
	struct record_alert *row = &alert->row;
	const struct alert_clock *clock = &alert->subject->clocks[row->condition];

	if (row->state == RECORD_ALERT_RESOLVED)
		return;
	if (row->since_ms != clock->since_ms || row->gone_ms != clock->gone_ms ||
	    row->flapping != clock->flapping)
		alerts_mark(alerts, alert);
	row->since_ms = clock->since_ms;
	row->gone_ms = clock->gone_ms;
	row->flapping = clock->flapping;
	alert->flapping_notified &= clock->flapping;
}

/*
 * The rule for a condition that holds because a worse one does: it does not fire before that could,
 * or an incident would open as less than is known.
 */
static struct alert_rule rule_of(const struct alerts *alerts, enum condition condition,
				 unsigned active)
{
	struct alert_rule rule = alert_policy_rule(&alerts->policy, condition);

	for (int i = 0; (active & CONDITION_BIT(condition)) && i < (int)condition; i++) {
		if ((active & CONDITION_BIT(i)) && alerts->policy.hold_ms[i] > rule.hold_ms)
			rule.hold_ms = alerts->policy.hold_ms[i];
	}
	return rule;
}

/* Returns whether a clock has done anything that is to be stored. */
static bool step_clocks(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
			unsigned active, int64_t since_ms, int64_t now_ms)
{
	bool is_changed = false;

	for (int i = 0; i < CONDITION_COUNT; i++) {
		struct alert_clock *clock = &subject->clocks[i];
		if (condition_kind((enum condition)i) != kind)
			continue;
		struct alert_rule rule = rule_of(alerts, (enum condition)i, active);
		is_changed |= alert_clock_step(clock, &rule, active & CONDITION_BIT(i), since_ms,
					       now_ms) != ALERT_STEP_NONE;
		alerts_due_at(alerts, alert_clock_due(clock, &rule));
	}
	return is_changed;
}

void alerts_step_incident(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
			  unsigned active, int64_t since_ms, int64_t now_ms,
			  struct alert_changes *out)
{
	active &= ~alerts->off;
	bool is_changed = step_clocks(alerts, subject, kind, active, since_ms, now_ms);
	enum condition degree = find_degree(subject, kind, now_ms);

	if (degree != NO_CONDITION)
		keep_open(alerts, subject, kind, degree, now_ms);
	else if (alerts_open_incident(subject, kind))
		resolve_alert(alerts, subject->alerts[kind], now_ms);
	else
		keep_pending(alerts, subject, kind, now_ms, out);
	struct alert *alert = subject->alerts[kind];
	if (!alert)
		return;
	if (is_changed)
		alerts_mark(alerts, alert);
	show_clocks(alerts, alert);
}

void alerts_end_incident(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
			 int64_t now_ms, struct alert_changes *out)
{
	struct alert *alert = subject->alerts[kind];

	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (condition_kind((enum condition)i) == kind)
			alert_clock_deinit(&subject->clocks[i]);
	}
	if (alert && alert->row.state == RECORD_ALERT_PENDING)
		drop_pending(alert, out);
	else if (alert && alert->row.state == RECORD_ALERT_FIRING)
		resolve_alert(alerts, alert, now_ms);
}
