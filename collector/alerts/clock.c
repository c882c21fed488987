#include "collector/alerts/clock.h"

#include <string.h>

#include "proto/base/timestamp.h"

void alert_clock_init(struct alert_clock *clock)
{
	*clock = (struct alert_clock){ .state = RECORD_ALERT_NONE,
				       .since_ms = TIMESTAMP_NONE,
				       .gone_ms = TIMESTAMP_NONE,
				       .fired_ms = TIMESTAMP_NONE,
				       .resolved_ms = TIMESTAMP_NONE };
}

static void drop_oldest(struct alert_clock *clock, size_t n)
{
	clock->n_changes -= n;
	memmove(clock->changes, clock->changes + n, clock->n_changes * sizeof *clock->changes);
}

static void note_change(struct alert_clock *clock, int64_t now_ms)
{
	if (clock->n_changes == ALERT_MAX_CHANGES)
		drop_oldest(clock, 1);
	clock->changes[clock->n_changes++] = now_ms;
}

/* The clock may have been set back: nothing was later than now. */
static void follow_clock(struct alert_clock *clock, int64_t now_ms)
{
	if (clock->since_ms > now_ms)
		clock->since_ms = now_ms;
	if (clock->gone_ms > now_ms)
		clock->gone_ms = now_ms;
	for (size_t i = clock->n_changes; i-- > 0 && clock->changes[i] > now_ms;)
		clock->changes[i] = now_ms;
}

/* Changes from before the window no longer count. */
static void forget_changes(struct alert_clock *clock, const struct alert_rule *rule, int64_t now_ms)
{
	size_t n = 0;
	while (n < clock->n_changes && now_ms - clock->changes[n] >= rule->flap_window_ms)
		n++;
	if (n > 0)
		drop_oldest(clock, n);
}

/* It begins to flap at `flap_changes`, and ends below half of them. */
static bool flaps(const struct alert_clock *clock, const struct alert_rule *rule)
{
	if (rule->flap_changes == 0)
		return false;
	return clock->n_changes >=
	       (clock->flapping ? (rule->flap_changes + 1) / 2 : rule->flap_changes);
}

static enum alert_step fire(struct alert_clock *clock, int64_t now_ms)
{
	clock->state = RECORD_ALERT_FIRING;
	clock->fired_ms = now_ms;
	clock->resolved_ms = TIMESTAMP_NONE;
	clock->gone_ms = clock->holds ? TIMESTAMP_NONE : now_ms;
	return ALERT_FIRES;
}

static enum alert_step step_quiet(struct alert_clock *clock, const struct alert_rule *rule,
				  int64_t now_ms)
{
	enum record_alert_state before = clock->state;

	if (clock->flapping || (clock->holds && now_ms - clock->since_ms >= rule->hold_ms))
		return fire(clock, now_ms);
	clock->state = clock->holds ? RECORD_ALERT_PENDING : RECORD_ALERT_NONE;
	if (clock->state == before)
		return ALERT_NO_STEP;
	return clock->holds ? ALERT_BEGINS : ALERT_PASSES;
}

static enum alert_step step_firing(struct alert_clock *clock, const struct alert_rule *rule,
				   bool flapped, int64_t now_ms)
{
	bool was_gone = clock->gone_ms != TIMESTAMP_NONE;

	if (clock->holds)
		clock->gone_ms = TIMESTAMP_NONE;
	else if (!was_gone)
		clock->gone_ms = now_ms;
	if (!clock->holds && !clock->flapping && now_ms - clock->gone_ms >= rule->hold_ms) {
		clock->state = RECORD_ALERT_NONE;
		clock->resolved_ms = now_ms;
		return ALERT_RESOLVES;
	}
	return was_gone == clock->holds || flapped != clock->flapping ? ALERT_CHANGES
								      : ALERT_NO_STEP;
}

enum alert_step alert_clock_step(struct alert_clock *clock, const struct alert_rule *rule,
				 bool holds, int64_t since_ms, int64_t now_ms)
{
	bool flapped = clock->flapping;

	follow_clock(clock, now_ms);
	if (holds != clock->holds) {
		note_change(clock, now_ms);
		if (holds && clock->state != RECORD_ALERT_FIRING)
			clock->since_ms = since_ms < now_ms ? since_ms : now_ms;
		clock->holds = holds;
	}
	forget_changes(clock, rule, now_ms);
	clock->flapping = flaps(clock, rule);
	if (clock->state == RECORD_ALERT_FIRING)
		return step_firing(clock, rule, flapped, now_ms);
	return step_quiet(clock, rule, now_ms);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t alert_clock_due(const struct alert_clock *clock, const struct alert_rule *rule)
{
	int64_t due = INT64_MAX;

	if (clock->state == RECORD_ALERT_PENDING)
		due = clock->since_ms + rule->hold_ms;
	if (clock->state == RECORD_ALERT_FIRING && clock->gone_ms != TIMESTAMP_NONE &&
	    !clock->flapping)
		due = clock->gone_ms + rule->hold_ms;
	if (clock->n_changes > 0) /* it counts no longer: flapping may end, or all be forgotten */
		due = earlier(due, clock->changes[0] + rule->flap_window_ms);
	return due;
}

bool alert_clock_is_idle(const struct alert_clock *clock)
{
	return clock->state == RECORD_ALERT_NONE && clock->n_changes == 0;
}
