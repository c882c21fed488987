#include "collector/alerts/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"

void alert_clock_init(struct alert_clock *clock)
{
	*clock = (struct alert_clock){ .state = RECORD_ALERT_NONE,
				       .since_ms = TIMESTAMP_NONE,
				       .gone_ms = TIMESTAMP_NONE,
				       .fired_ms = TIMESTAMP_NONE,
				       .resolved_ms = TIMESTAMP_NONE };
}

void alert_clock_deinit(struct alert_clock *clock)
{
	free(clock->changes);
	alert_clock_init(clock);
}

static void add_change(struct alert_clock *clock, int64_t ms)
{
	assert(clock->n_changes < ALERT_MAX_CHANGES);
	clock->changes = mem_make_room(clock->changes, clock->n_changes, &clock->room,
				       sizeof *clock->changes);
	clock->changes[clock->n_changes++] = ms;
}

static void drop_oldest(struct alert_clock *clock, size_t n)
{
	assert(n <= clock->n_changes);
	clock->n_changes -= n;
	memmove(clock->changes, clock->changes + n, clock->n_changes * sizeof *clock->changes);
}

static void note_change(struct alert_clock *clock, int64_t now_ms)
{
	if (clock->n_changes == ALERT_MAX_CHANGES)
		drop_oldest(clock, 1);
	add_change(clock, now_ms);
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

/*
 * Changes from before the window no longer count, and whether it flaps its last `flap_changes` ones
 * say: what is remembered is stored with each change.
 */
static void forget_changes(struct alert_clock *clock, const struct alert_rule *rule, int64_t now_ms)
{
	size_t n =
		clock->n_changes > rule->flap_changes ? clock->n_changes - rule->flap_changes : 0;

	while (n < clock->n_changes && now_ms - clock->changes[n] >= rule->flap_window_ms)
		n++;
	if (n > 0)
		drop_oldest(clock, n);
}

/* A condition begins to flap at `flap_changes`, and ends below half of them. */
static bool flaps(const struct alert_clock *clock, const struct alert_rule *rule)
{
	if (rule->flap_changes == 0)
		return false;
	return clock->n_changes >=
	       (clock->flapping ? (rule->flap_changes + 1) / 2 : rule->flap_changes);
}

static enum alert_step fire(struct alert_clock *clock, int64_t now_ms)
{
	assert(clock->state != RECORD_ALERT_FIRING);
	clock->state = RECORD_ALERT_FIRING;
	clock->fired_ms = now_ms;
	clock->resolved_ms = TIMESTAMP_NONE;
	clock->gone_ms = clock->active ? TIMESTAMP_NONE : now_ms;
	return ALERT_STEP_FIRING;
}

static enum alert_step step_quiet(struct alert_clock *clock, const struct alert_rule *rule,
				  int64_t now_ms)
{
	enum record_alert_state before = clock->state;

	if (clock->flapping || (clock->active && now_ms - clock->since_ms >= rule->hold_ms))
		return fire(clock, now_ms);
	clock->state = clock->active ? RECORD_ALERT_PENDING : RECORD_ALERT_NONE;
	if (clock->state == before)
		return ALERT_STEP_NONE;
	return clock->active ? ALERT_STEP_PENDING : ALERT_STEP_CANCELLED;
}

static enum alert_step step_firing(struct alert_clock *clock, const struct alert_rule *rule,
				   bool flapped, int64_t now_ms)
{
	bool was_gone = clock->gone_ms != TIMESTAMP_NONE;

	if (clock->active)
		clock->gone_ms = TIMESTAMP_NONE;
	else if (!was_gone)
		clock->gone_ms = now_ms;
	assert(clock->active == (clock->gone_ms == TIMESTAMP_NONE));
	if (!clock->active && !clock->flapping && now_ms - clock->gone_ms >= rule->hold_ms) {
		clock->state = RECORD_ALERT_NONE;
		clock->resolved_ms = now_ms;
		return ALERT_STEP_RESOLVED;
	}
	return was_gone == clock->active || flapped != clock->flapping ? ALERT_STEP_CHANGED
								       : ALERT_STEP_NONE;
}

enum alert_step alert_clock_step(struct alert_clock *clock, const struct alert_rule *rule,
				 bool active, int64_t since_ms, int64_t now_ms)
{
	bool flapped = clock->flapping;

	follow_clock(clock, now_ms);
	if (active != clock->active) {
		note_change(clock, now_ms);
		if (active && clock->state != RECORD_ALERT_FIRING)
			clock->since_ms = since_ms < now_ms ? since_ms : now_ms;
		clock->active = active;
	}
	forget_changes(clock, rule, now_ms);
	clock->flapping = flaps(clock, rule);
	if (clock->state == RECORD_ALERT_FIRING)
		return step_firing(clock, rule, flapped, now_ms);
	return step_quiet(clock, rule, now_ms);
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
		due = alert_earlier(due, clock->changes[0] + rule->flap_window_ms);
	return due;
}

void alert_clock_end(struct alert_clock *clock, int64_t now_ms)
{
	assert(clock->state == RECORD_ALERT_FIRING && !clock->active);
	clock->state = RECORD_ALERT_NONE;
	clock->resolved_ms = now_ms;
	clock->gone_ms = TIMESTAMP_NONE;
}

bool alert_clock_is_idle(const struct alert_clock *clock)
{
	return clock->state == RECORD_ALERT_NONE && clock->n_changes == 0;
}

static int64_t number_of(int64_t ms)
{
	return ms == TIMESTAMP_NONE ? -1 : ms;
}

static void add_number(int64_t number, struct buffer *out)
{
	buffer_add_char(out, ' ');
	buffer_add_integer(out, number);
}

void alert_clock_write(const struct alert_clock *clock, enum condition condition,
		       struct buffer *out)
{
	const int64_t numbers[] = { (int64_t)clock->state,      clock->active,
				    number_of(clock->since_ms), number_of(clock->gone_ms),
				    number_of(clock->fired_ms), clock->flapping };

	buffer_add_text(out, condition_name(condition));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		add_number(numbers[i], out);
	for (size_t i = 0; i < clock->n_changes; i++)
		add_number(clock->changes[i], out);
	buffer_add_char(out, ';');
}

static bool read_name(const char **text, enum condition *condition)
{
	char name[32];
	size_t n = strcspn(*text, " ;");

	if (n >= sizeof name)
		return false;
	memcpy(name, *text, n);
	name[n] = '\0';
	*text += n;
	return condition_from_name(name, condition);
}

/* " 12", or " -1". */
static bool read_number(const char **text, int64_t *out)
{
	if (**text != ' ')
		return false;
	++*text;
	return number_take(text, out);
}

static int64_t time_of(int64_t number)
{
	return number < 0 ? TIMESTAMP_NONE : number;
}

static bool read_state(const char **text, struct alert_clock *clock)
{
	int64_t n[6];

	for (size_t i = 0; i < 6; i++) {
		if (!read_number(text, &n[i]))
			return false;
	}
	if (n[0] < RECORD_ALERT_NONE || n[0] > RECORD_ALERT_FIRING)
		return false;
	clock->state = (enum record_alert_state)n[0];
	clock->active = n[1] == 1;
	clock->since_ms = time_of(n[2]);
	clock->gone_ms = time_of(n[3]);
	clock->fired_ms = time_of(n[4]);
	clock->flapping = n[5] == 1;
	return clock->since_ms != TIMESTAMP_NONE || clock->state == RECORD_ALERT_NONE;
}

static bool read_changes(const char **text, struct alert_clock *clock)
{
	while (**text == ' ') {
		int64_t change = 0;
		if (clock->n_changes == ALERT_MAX_CHANGES || !read_number(text, &change))
			return false;
		add_change(clock, change);
	}
	return true;
}

bool alert_clock_read(const char **text, enum condition *condition, struct alert_clock *clock)
{
	alert_clock_init(clock);
	if (!read_name(text, condition) || !read_state(text, clock) || !read_changes(text, clock) ||
	    **text != ';') {
		alert_clock_deinit(clock);
		return false;
	}
	++*text;
	return true;
}
