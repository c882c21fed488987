/*
 * Alerts at work: between the pipeline, which knows what changes, the alerts, which decide what is
 * to be told (collector/alerts/alerts.h), and the outbox, which tells it
 * (collector/pipeline/outbox.h).
 *
 * What a change of the fleet means for the alerts is worked out before it goes to the store, and
 * stored with it, in one transaction; what time brings, and what people do, is stored by itself.
 * After a failed commit everything is read from the store again, as the fleet is. It also watches
 * the collector's own ills. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/alerts/alerts.h"
#include "collector/fleet/fleet.h"
#include "collector/model/remarks.h"
#include "collector/pipeline/outbox.h"
#include "collector/query/inventory.h"
#include "collector/store/store.h"

/* How often the collector's own ills are looked for. */
#define ALERTING_LOOK_MS (INT64_C(60) * 1000)

struct alerting;

/* Settings of the collector that matter here; they live until the next call that hands them in. */
struct alerting_settings {
	const struct alert_policy *policy;
	const char *url; /* where browsers find the collector; NULL: not known */
};

struct alerting_options {
	struct uv_loop_s *loop;
	struct store *store;         /* outlives it */
	struct hooks *hooks;         /* likewise, but for alerting_stop() */
	struct inventory *inventory; /* likewise; NULL: no server is expected */
	const char *data;            /* directory of the store */
	struct alerting_settings settings;
	int64_t (*now_ms)(void);
	/* The end of the last time that the clock left out, as now_ms() saw it (collector/base/clock.h). */
	int64_t (*last_gap_ms)(void);
	/* When the server's certificate ends; TIMESTAMP_NONE: there is none. */
	int64_t (*certificate_end_ms)(void *user);
	/* Names of other collectors that give no sign, in `arena`; NULL: none does. May be NULL. */
	const char *(*away)(void *user, struct arena *arena);
	/* How far the clock of each is ahead of the database's, if they are apart; likewise. */
	const char *(*clocks_apart)(void *user, struct arena *arena);
	/* May anybody be told anything at this moment? NULL: always. */
	bool (*may_act)(void *user);
	/* An alert is durable as it is now; borrowed for the call. May be NULL. */
	void (*changed)(void *user, const struct record_alert *alert);
	void *user;
};

struct alerting *alerting_new(const struct alerting_options *options);

/* Other settings hold, and the hooks are others; they live until the next call. */
void alerting_configure(struct alerting *alerting, const struct alerting_settings *settings);

/* Does nothing more; before the hooks and the store are closed. */
void alerting_stop(struct alerting *alerting);

/* After the store is closed. NULL is allowed. */
void alerting_free(struct alerting *alerting);

/* Looks for the collector's own ills at once, not only the next time. */
void alerting_look_soon(struct alerting *alerting);

/* For the pipeline, from here on. Who is told that a commit failed. */
void alerting_on_failure(struct alerting *alerting, void (*failed)(void *user, const char *error),
			 void *user);

/* Reads the alerts from the store, while nothing is pending there. */
enum status alerting_load(struct alerting *alerting, char error[STORE_ERROR_SIZE]);

/* The fleet is what the store says, and the collector can hear: everything published is seen. */
void alerting_resume(struct alerting *alerting, const struct fleet *fleet);

/* A commit failed: nothing is done before alerting_load(). */
void alerting_suspend(struct alerting *alerting);

/*
 * What the changes of the fleet mean goes into the change for the store. Comes back to
 * alerting_finish() when that is over.
 */
struct alert_changes *alerting_prepare(struct alerting *alerting, const struct changes *changes,
				       struct store_change *change);
void alerting_finish(struct alerting *alerting, struct alert_changes *prepared, bool durable);

/* What is known of owners and notes: ahead of the store until the commit, as alerts are. */
const struct remarks *alerting_remarks(const struct alerting *alerting);

/* For the API, from here on; audit rows are copied. `done` runs once, from the loop. */
typedef void alerting_done(void *user, enum status status, const char *error);

/* As alerts_acknowledge(); STATUS_FULL: too much waits for the store. */
enum status alerting_acknowledge(struct alerting *alerting, int64_t id, const char *by,
				 const char *comment, int64_t until_ms,
				 const struct record_audit *audit, alerting_done *done, void *user);

/* As alerts_add_silence(): `silence` gets its id. STATUS_FULL: too much waits for the store. */
enum status alerting_add_silence(struct alerting *alerting, struct record_silence *silence,
				 struct record_audit *audit, alerting_done *done, void *user);
enum status alerting_end_silence(struct alerting *alerting, int64_t id,
				 const struct record_audit *audit, alerting_done *done, void *user);

/* The owner and the note of a server or a site, in the place of what was; copied. */
enum status alerting_put_remark(struct alerting *alerting, const struct record_remark *remark,
				const struct record_audit *audit, alerting_done *done, void *user);

const struct alerts *alerting_alerts(const struct alerting *alerting);
struct outbox *alerting_outbox(struct alerting *alerting);
struct hooks *alerting_hooks(struct alerting *alerting);
const char *alerting_url(const struct alerting *alerting); /* ends with '/'; NULL: not known */
