/*
 * When alerts fire and are repeated, and what is not told: sections [alerts] and [maintenance NAME]
 * of the collector's file.
 *
 *   [alerts]
 *   hold-at-risk = 10m
 *   repeat = 4h
 *
 *   [maintenance patches]
 *   days = sat sun
 *   from = 22:00
 *   to = 02:00
 *   sites = ACME/HQ, ACME/B*
 *
 * docs/alerts.md explains the keys.
 */
#pragma once

#include "collector/alerts/clock.h"
#include "collector/alerts/mute.h"
#include "collector/config/faults.h"
#include "collector/config/section.h"
#include "proto/base/arena.h"

/* Sites of a window, and likewise servers. */
#define ALERT_POLICY_MAX_PATTERNS 64

#define ALERT_POLICY_MAX_STORM_AFTER 100

/* `digest_until_ms` where nothing is said of it. */
#define ALERT_POLICY_NO_DIGEST INT64_MIN

struct alert_policy {
	int64_t hold_ms[CONDITION_COUNT]; /* CONDITION_NEVER: it is no alert */
	int64_t repeat_ms;
	int64_t group_wait_ms;     /* from the first alert of a group until it is told */
	int64_t group_interval_ms; /* from one notification of a group to the next */
	size_t flap_changes;
	int64_t flap_window_ms;
	size_t storm_after; /* so many notifications of a hook in five minutes are no storm; 0: none is */
	int64_t digest_until_ms; /* until then a hook gets a digest a day */
	struct maintenance *windows;
};

struct alert_rule alert_policy_rule(const struct alert_policy *policy, enum condition condition);

/* The conditions that are no alert. */
unsigned alert_policy_off(const struct alert_policy *policy);

/* Reads the sections; without them these are the defaults. Everything lives in `arena`. */
void alert_policy_read(const struct sections *sections, struct alert_policy *out,
		       struct arena *arena, struct faults *faults);
