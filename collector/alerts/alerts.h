/*
 * The alerts: what is wrong where, since when, and whom to notify of it. Pure: views and the time
 * go in, rows for the store come out; nothing here sends, sleeps or reads a clock.
 *
 * An alert is an incident: one for the exposure of a server, over all its degrees, one for its
 * silence, one for each trouble of the collector's own. Each degree has a clock, and a worse one
 * keeps those of the lesser ones going. The incident fires while one of its clocks does, as the
 * worst of them; while it is open it also stays so as the worst degree that merely holds.
 *
 * Every alert that is not over is in memory; it is a cache of the store as the fleet is one, ahead
 * of it until the commit, and read anew with the fleet after a failed one. Each call that changes
 * something fills a struct alert_changes, whose rows are to be stored in one transaction with the
 * change that caused them. That holds for notifications, too: they leave as rows of the outbox
 * (collector/pipeline/outbox.h), so none is lost and none is sent of what was not stored.
 *
 * Notifications are per group: the alerts of one site and cause, as they were when they opened. The
 * first alert of a group is sent after `group_wait_ms`; what happens in it later not before
 * `group_interval_ms` have gone by since then, all at once; but what gets worse is sent at once.
 * While something fires that nobody has acknowledged or silenced it is repeated. What is muted
 * (collector/alerts/mute.h) is sent when that ends, if it fires still. An acknowledgement ends when
 * a worse degree fires. A hook that takes one of the degrees that an incident has had is notified
 * of it to its end.
 *
 * A hook of which more than `storm-after` notifications would go within five minutes gets summaries
 * instead, until it is calm; in the first days of a fleet (`digest-until`) one a day, but what
 * fails singly. What a summary stands for is stored with the alerts, and read from them when it is
 * due.
 *
 * `unknown` is no recovery: an incident of a worse verdict stays open while too little is known.
 * Silence is counted from when the collector could hear (alerts_start_grace).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/alerts/policy.h"
#include "collector/hooks/route.h"
#include "collector/model/record_alert.h"
#include "collector/model/remarks.h"
#include "collector/model/view.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* Silences that hold or will. */
#define ALERTS_MAX_SILENCES 1024

struct alerts;
struct notification_alert;
struct notification_option;
struct notification_fleet;
struct time_zone;

/* Whom notifications go to. */
struct alert_target {
	const char *name;
	const struct hook_route *route;
	bool disabled;
	bool is_stuck; /* it takes nothing: that a hook does so is told to the others */
	bool shows_acknowledgements; /* its receivers can show who looks after something */
	bool keeps_incidents; /* its receiver has an incident for each group key, until its end */
	int report_minute;    /* of the day in `zone`, when it gets a daily report; -1: none */
	const struct time_zone *zone; /* NULL: UTC */
};

/* Rows for the store; everything lives in `arena`. */
struct alert_changes {
	const struct record_alert **alerts; /* new, or in the place of those with their ids */
	size_t n_alerts;
	const int64_t *dropped; /* ids of alerts that came to nothing */
	size_t n_dropped;
	const struct record_delivery **deliveries; /* new ones, waiting */
	size_t n_deliveries;
	const struct record_summary **summaries; /* in the place of what was */
	size_t n_summaries;

	struct arena arena;
	size_t room_alerts; /* private, as all that follows */
	size_t room_dropped;
	size_t room_deliveries;
	size_t room_summaries;
};

void alert_changes_init(struct alert_changes *changes);
void alert_changes_deinit(struct alert_changes *changes);
bool alert_changes_are_empty(const struct alert_changes *changes);

struct alerts *alerts_new(void);
void alerts_free(struct alerts *alerts); /* NULL is allowed */

/* Sets the rules from now on; both are borrowed. `url` is that of the collector, or NULL. */
void alerts_configure(struct alerts *alerts, const struct alert_policy *policy, const char *url);
void alerts_set_targets(struct alerts *alerts, const struct alert_target *targets, size_t n);

/* Counts the servers that a route takes, for daily reports. */
typedef void alerts_count_fleet(void *user, const struct hook_route *route,
				struct notification_fleet *out);
void alerts_set_fleet(struct alerts *alerts, alerts_count_fleet *count, void *user);

/* Where owners and notes are, which outlives it; NULL: nowhere. */
void alerts_set_remarks(struct alerts *alerts, const struct remarks *remarks);

/*
 * Forgets everything and takes what the store has: every alert that is not over or whose end is not
 * told, every silence, and the largest id of alerts, silences and deliveries.
 */
void alerts_reset(struct alerts *alerts);
void alerts_restore(struct alerts *alerts, const struct record_alert *row);
void alerts_restore_silence(struct alerts *alerts, const struct record_silence *row);
void alerts_restore_summary(struct alerts *alerts, const struct record_summary *row);
void alerts_restore_id(struct alerts *alerts, int64_t id);

/* From now on the collector hears: whoever is silent is so only some intervals later. */
void alerts_start_grace(struct alerts *alerts, int64_t now_ms);

/* Views of servers, as they are to be published; what is new of one group is told at once. */
void alerts_update_servers(struct alerts *alerts, struct view *const *views, size_t n,
			   int64_t now_ms, struct alert_changes *out);

/*
 * The servers that should be there and have never reported: before the first of them, each of them,
 * and after the last. Who was one before, and did not report since, is expected no longer.
 */
void alerts_begin_expected(struct alerts *alerts);
void alerts_update_expected(struct alerts *alerts, const struct view *view, int64_t now_ms,
			    struct alert_changes *out);
void alerts_end_expected(struct alerts *alerts, int64_t now_ms, struct alert_changes *out);

/* The server of that key was taken out of the fleet: what was wrong with it is over. */
void alerts_forget(struct alerts *alerts, const char *key, int64_t now_ms,
		   struct alert_changes *out);

/*
 * All servers were seen since alerts_reset(): those that have alerts and were not are out of the
 * fleet.
 */
void alerts_forget_unseen(struct alerts *alerts, int64_t now_ms, struct alert_changes *out);

/* An ill that no single server has is there, or not. */
struct alert_ill {
	bool active;
	int64_t since_ms;
	const char *text; /* what is so, whether it is active or not */
	const char *remedy;
};

/* A condition of the collector's own is active, or not. */
void alerts_update_self_check(struct alerts *alerts, enum condition condition,
			      const struct alert_ill *ill, int64_t now_ms,
			      struct alert_changes *out);

/*
 * Most servers of a site (or of all, where both names are "") fell silent at once: that is one
 * incident of the surroundings, and those servers' silence is inside it.
 */
void alerts_update_surroundings(struct alerts *alerts, const char *organization, const char *site,
				const struct alert_ill *ill, int64_t now_ms,
				struct alert_changes *out);

/* The incident of the surroundings of that site, or of all, that fires; or NULL. Borrowed. */
const struct record_alert *alerts_find_surroundings(const struct alerts *alerts,
						    const char *organization, const char *site);

/* The incident of the surroundings that the silence of a server is inside of, or NULL. */
const struct record_alert *alerts_surroundings_of(const struct alerts *alerts,
						  const struct record_alert *alert);

/* Does what is due. */
void alerts_advance(struct alerts *alerts, int64_t now_ms, struct alert_changes *out);

/* When something will be due; INT64_MAX: never. It may turn out to be nothing. */
int64_t alerts_next_due(const struct alerts *alerts);

/* A hook that was not there before hears of everything that fires. */
void alerts_notify_target(struct alerts *alerts, const char *name, int64_t now_ms,
			  struct alert_changes *out);

/*
 * Somebody looks after an alert (until `until_ms`, or TIMESTAMP_NONE: until it is resolved), or no
 * longer: `by` is NULL then.
 *
 * STATUS_NOT_FOUND  no alert that is not over has that id
 */
enum status alerts_acknowledge(struct alerts *alerts, int64_t id, const char *by,
			       const char *comment, int64_t until_ms, int64_t now_ms,
			       struct alert_changes *out);

/* A new silence gets its id; STATUS_LIMIT: there are ALERTS_MAX_SILENCES. */
enum status alerts_add_silence(struct alerts *alerts, struct record_silence *silence,
			       int64_t now_ms);

/* STATUS_NOT_FOUND: none has that id. */
enum status alerts_end_silence(struct alerts *alerts, int64_t id, int64_t now_ms);

/* The silences in the order of their ids; borrowed until the next change. */
const struct record_silence *alerts_silence(const struct alerts *alerts, size_t i);
size_t alerts_count_silences(const struct alerts *alerts);

/* A copy whose texts are in `arena`, too. Any thread. */
struct record_alert *alerts_copy_row(const struct record_alert *row, struct arena *arena);

/* Does somebody look after it now? Any thread. */
bool alerts_is_acknowledged(const struct record_alert *alert, int64_t now_ms);

/*
 * The first silence from place `*at` on that mutes that alert now; `*at` is behind it then. NULL:
 * there is none. Quick, for a page asks it of a thousand alerts with a thousand silences.
 */
const struct record_silence *alerts_next_silence(const struct alerts *alerts,
						 const struct record_alert *alert, int64_t now_ms,
						 size_t *at);

/* The name of a maintenance window that mutes it now, or NULL. */
const char *alerts_maintenance_of(const struct alerts *alerts, const struct record_alert *alert,
				  int64_t now_ms);

/* What holds for its server or its site; borrowed until a remark changes. */
struct remark_pair alerts_remarks(const struct alerts *alerts, const struct record_alert *alert);

/* The page of its server, in `arena`; "" where the collector does not know its own address. */
const char *alerts_url(const struct alerts *alerts, const struct record_alert *alert,
		       struct arena *arena);

/* The ways to mend it, in `arena`; `*n` is 0 where none is known. */
const struct notification_option *alerts_options(const struct record_alert *alert, size_t *n,
						 struct arena *arena);

/* How many fire of a condition. */
size_t alerts_count_firing(const struct alerts *alerts, enum condition condition);

/*
 * Visits everything that fires and is known to: not what is muted since before it was told. What is
 * muted later does not seem to be over by that.
 */
void alerts_each_firing(const struct alerts *alerts,
			void (*visit)(void *visitor, const struct notification_alert *alert),
			void *visitor);

/* A new id of an alert, silence or delivery: grows, also over restarts. */
int64_t alerts_next_id(struct alerts *alerts, int64_t now_ms);
