/*
 * Alerts in a fleet of a test's own, over hours and days: views and time go in; what is told is
 * kept as text, and rows as a store would have them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/alerts/alerts.h"
#include "collector/model/notification.h"

#define S  INT64_C(1000)
#define T0 (INT64_C(1700000000) * S)

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
	const struct record_delivery *last;   /* notification */
	const struct record_summary *summary; /* of the one target, as it is stored; or NULL */
	char names[128][4];                   /* of servers, for tests with many */
};

void play_set_up(struct play *p);
void play_tear_down(struct play *p);

/* What a call has changed is stored; takes `changes`. */
void play_commit(struct play *p, struct alert_changes *changes);

/* Goes to that moment, or on by so many seconds, and does what is due on the way. */
void play_go_to(struct play *p, int64_t ms);
void play_pass(struct play *p, int64_t seconds);

/* A server of the site HQ, or another one, has that verdict since now. */
void play_see(struct play *p, const char *server, enum verdict verdict);
void play_see_in(struct play *p, const char *server, const char *site, enum verdict verdict);

/* Likewise, with these findings (JSON as of verdict_json_write_findings()). */
void play_see_findings(struct play *p, const char *server, enum verdict verdict,
		       const char *findings);

/* A clear server of the site HQ, with these marks of drift (JSON as of drift_write()), or NULL. */
void play_see_drift(struct play *p, const char *server, const char *drift);

/* A server that reported last at that moment, and is silent now. */
void play_see_silent(struct play *p, const char *server, int64_t at_ms);

/* The alerts anew, from what is stored. */
void play_restart(struct play *p);

/*
 * "escalated[ORG/HQ/adapter_isolated] S1=exposed>failing; ", since the last time; '~': it flaps,
 * "+ann": who looks after it; " +2 -1" behind the alerts of a summary: how many opened and were
 * over.
 */
void play_expect_told(struct play *p, const char *told);

/* The last notification, in `arena`. */
const struct notification *play_last_notification(const struct play *p, struct arena *arena);

/* "S1 exposed firing; " of every row that is there and not over. */
void play_expect_open(struct play *p, const char *open);
