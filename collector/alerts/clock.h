/*
 * The clock of one condition: when does one that comes and goes make an alert fire, and when is
 * that over? Pure: observations and the time go in, a step comes out.
 *
 * An alert is pending until its condition has held for as long as the policy says, then it fires;
 * it is resolved when the condition has been gone for as long. A condition that changes
 * `flap_changes` times within `flap_window_ms` flaps: the alert fires at once, says so, and is not
 * resolved before the changes have become half as many, so that one long alert stands in the place
 * of many short ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_alert.h"
#include "proto/base/buffer.h"

static inline int64_t alert_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Changes that are remembered of one condition at most: as many as a policy may ask for. */
#define ALERT_MAX_CHANGES 32

struct alert_rule {
	int64_t hold_ms;
	size_t flap_changes; /* 2 to ALERT_MAX_CHANGES; 0: flapping is not looked for */
	int64_t flap_window_ms;
};

/* One that has not begun has TIMESTAMP_NONE for its times: alert_clock_init(). */
struct alert_clock {
	enum record_alert_state state; /* RECORD_ALERT_NONE: neither pending nor firing */
	bool active;                   /* the condition is there */
	int64_t since_ms;              /* since when it is, or was when the alert fired */
	int64_t gone_ms;               /* since when it is gone, while the alert fires still */
	int64_t fired_ms;
	int64_t resolved_ms;
	bool flapping;
	int64_t *changes; /* the oldest first; most conditions of a server never have any */
	size_t n_changes;
	size_t room;
};

enum alert_step {
	ALERT_STEP_NONE,
	ALERT_STEP_PENDING,   /* it is pending now */
	ALERT_STEP_CANCELLED, /* it was pending and is nothing any more */
	ALERT_STEP_FIRING,    /* from now on */
	ALERT_STEP_CHANGED,   /* it fires still; what it says of its condition is different */
	ALERT_STEP_RESOLVED,  /* now; `state` is RECORD_ALERT_NONE again */
};

void alert_clock_init(struct alert_clock *clock);

/* It has not begun then. */
void alert_clock_deinit(struct alert_clock *clock);

/*
 * What is so at `now_ms`: the condition is there since `since_ms`, or it is not. To be called with
 * every observation, and when alert_clock_due() has come with the same as the last time.
 */
enum alert_step alert_clock_step(struct alert_clock *clock, const struct alert_rule *rule,
				 bool active, int64_t since_ms, int64_t now_ms);

/* When the next step is due without any news; INT64_MAX: never. */
int64_t alert_clock_due(const struct alert_clock *clock, const struct alert_rule *rule);

/* Ends an alert that fires although its condition is gone, before its time is over. */
void alert_clock_end(struct alert_clock *clock, int64_t now_ms);

/* Is there nothing to remember? */
bool alert_clock_is_idle(const struct alert_clock *clock);

/*
 * For the store, clocks of one incident in a row: "exposed 2 1 100 -1 160 0 100 140;", that is,
 * condition, state, does it hold, since, gone, fired, flapping, changes; -1 is TIMESTAMP_NONE.
 */
void alert_clock_write(const struct alert_clock *clock, enum condition condition,
		       struct buffer *out);

/*
 * Reads the next one into a clock that is not initialized, and moves `*text` behind it; false: there
 * is none, or it is damaged, and the clock has not begun.
 */
bool alert_clock_read(const char **text, enum condition *condition, struct alert_clock *clock);
