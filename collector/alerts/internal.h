/*
 * Inside the alerts: the servers that something is or was wrong with, and the groups. Only
 * alerts*.c include this; collector/alerts/alerts.h is the contract.
 */
#pragma once

#include "collector/alerts/alerts.h"
#include "collector/base/text_map.h"
#include "collector/model/notification.h"

struct alert_subject;
struct alert_group;

/* What an alert's row was written from, while the alert is in a group. */
struct alert_source {
	struct view *view; /* NULL: not known */
	enum condition as; /* the alert's degree then */
};

/* An alert that is not over, or whose end is not told yet. */
struct alert {
	struct record_alert row; /* its strings are its own, but for `key` */
	struct alert_subject *subject;
	struct alert_group *group;    /* once it has fired */
	struct alert_source last;     /* the last view */
	struct alert_source findings; /* the last one that was about the alert's condition */
	bool is_stored;
	bool is_dirty; /* the row is to be stored; among `dirty` then */
	bool is_muted; /* as of the last look */
	bool flapping_notified;
};

/* A server, or the collector itself. */
struct alert_subject {
	char *key;
	size_t at; /* its place among all */
	struct alert_clock clocks[CONDITION_COUNT];
	struct alert *alerts[CONDITION_COUNT]; /* by condition_kind(); NULL: none */
	struct view *view;      /* the last one; NULL: not seen since the last reset, or our own */
	int64_t silent_from_ms; /* when its silence counts; only while it is silent */
	int64_t due_ms;         /* when time alone may change something; INT64_MAX: never */
	bool is_expected;       /* as of the last look at those that never reported */
};

/* An array of pointers that alerts_append() adds to; those below likewise. */
struct alert_list {
	struct alert **at;
	size_t n;
	size_t room;
};

/* The alerts of one site and cause that have fired. */
struct alert_group {
	char *key;
	size_t at;
	struct alert_list alerts;
	int64_t notified_ms; /* the last notification, or TIMESTAMP_NONE */
	bool is_touched;
};

/* Notifications of a hook that are remembered: more than make a storm. */
#define ALERT_MAX_RECENT (ALERT_POLICY_MAX_STORM_AFTER + 1)

/* A notification of late; what of it fired, and was over. */
struct alert_recent {
	int64_t at_ms; /* TIMESTAMP_NONE: none */
	size_t opened;
	size_t resolved;
	bool is_single; /* it was sent by itself, and no summary counts it */
};

/* How much a hook is sent. */
struct alert_throttle {
	struct record_summary row;                    /* its name is its own */
	struct alert_recent recent[ALERT_MAX_RECENT]; /* a ring */
	size_t next_recent;
	bool is_dirty;
};

/* The news of a notification, as far as they decide whether it goes out singly. */
struct alert_news {
	size_t opened;
	size_t resolved;
	int64_t fired_ms;      /* when the first of its alerts did */
	bool is_of_failing;    /* a server fails, or did since its incident opened */
	bool is_worse;         /* something is than the hook knows, or fails */
	bool is_end;           /* nothing of it fires any more */
	bool is_acknowledging; /* it only says who looks after it: that is people's doing, no storm */
};

struct alert_subject_list {
	struct alert_subject **at;
	size_t n;
	size_t room;
};

struct alert_group_list {
	struct alert_group **at;
	size_t n;
	size_t room;
};

struct alert_throttle_list {
	struct alert_throttle **at;
	size_t n;
	size_t room;
};

/* The silences in the order of their ids, and beside each what its pattern of servers asks for. */
struct alert_silence_list {
	struct record_silence *rows; /* their strings are their own */
	uint64_t *letters;           /* pattern_letters() */
	size_t n;
};

struct alerts {
	struct alert_policy policy;
	unsigned off; /* alert_policy_off() of it */
	const char *url;
	const struct alert_target *targets;
	size_t n_targets;
	bool shows_acknowledgements; /* one of the targets does */
	struct {
		alerts_count_fleet *count; /* NULL: nobody can say */
		void *user;
	} fleet;

	const struct remarks *remarks; /* NULL: there are none */

	struct text_map by_key;
	struct alert_subject_list subjects;
	struct text_map by_group;
	struct alert_group_list groups;
	struct alert_group_list touched;      /* to be settled before the call ends */
	struct alert_list dirty;              /* to be stored with it */
	struct alert_throttle_list throttles; /* one for each hook that is or was told something */
	struct alert_silence_list silences;
	size_t firing[CONDITION_COUNT];
	int64_t last_id;
	int64_t heard_from_ms;
	int64_t next_due_ms;
	int64_t advanced_ms;  /* the last advance */
	bool has_other_rules; /* since the last advance: everything may be due at other times */
};

/* Appends to an array of pointers, which grows. */
void *alerts_append(void *array, size_t *n, size_t *room, void *item);

/* The row is to be stored. */
void alerts_mark(struct alerts *alerts, struct alert *alert);

/* Sets a string of a row; frees the old one. */
void alerts_set_text(const char **where, const char *text);

void alerts_due_at(struct alerts *alerts, int64_t ms);

/* rows.c: rows out. */

/* Where the strings of a row are that are the alert's own. */
#define ALERT_TEXTS 14
void alerts_texts_of(struct record_alert *row, const char **out[ALERT_TEXTS]);
void alerts_emit(struct alerts *alerts, struct alert_changes *out);
void alerts_emit_drop(struct alert_changes *out, int64_t id);
void alerts_emit_delivery(struct alert_changes *out, const struct record_delivery *row);
void alerts_free_alert(struct alert *alert);

/*
 * group.c: something is new about an alert that fires, or has; it joins the group of its cause
 * unless it is in it.
 */
void alerts_join(struct alerts *alerts, struct alert *alert);

/* "ORGANIZATION/SITE", unambiguous. */
const char *alerts_place_key(const char *organization, const char *site, struct arena *arena);

/*
 * Notifies of what is due of the groups that were touched (or of all), and frees alerts that are
 * over.
 */
void alerts_settle(struct alerts *alerts, bool all, int64_t now_ms, struct alert_changes *out);

void alerts_free_group(struct alert_group *group);

/* Does something fire that the target knows, and is not muted? */
bool alerts_is_for_target(const struct alert_target *target, const struct alert *alert);

/* throttle.c: is the target to be told this singly? Else it was noted for its next summary. */
bool alerts_may_notify(struct alerts *alerts, const struct alert_target *target,
		       const struct alert_news *news, int64_t now_ms);

/* Writes the summaries and daily reports that are due. */
void alerts_advance_summaries(struct alerts *alerts, int64_t now_ms, struct alert_changes *out);
void alerts_emit_summaries(struct alerts *alerts, struct alert_changes *out);
void alerts_drop_throttles(struct alerts *alerts);

/* summary.c: what is in a summary. `row` says of what span, `next_ms` when another may be due. */
void alerts_write_summary(struct alerts *alerts, const struct alert_target *target,
			  const struct record_summary *row, int64_t next_ms, int64_t now_ms,
			  struct alert_changes *out);
void alerts_write_end_of_storm(struct alerts *alerts, const struct alert_target *target,
			       const struct record_summary *row, int64_t now_ms,
			       struct alert_changes *out);
void alerts_write_report(struct alerts *alerts, const struct alert_target *target,
			 const struct record_summary *row, int64_t now_ms,
			 struct alert_changes *out);

/* When the target's next daily report is due after one at `after_ms`. */
int64_t alerts_report_due(const struct alert_target *target, int64_t after_ms);

/* Does anything fire that the target was told of, and that fired by `until_ms`? */
bool alerts_still_fires(const struct alerts *alerts, const struct alert_target *target,
			int64_t until_ms);

/* The notification gets its id, and a delivery of it goes into the changes. */
void alerts_emit_notification(struct alerts *alerts, struct notification *notification,
			      struct alert_changes *out);

/* All of them, as if there had been none. */
void alerts_drop_silences(struct alerts *alerts);

/* The alert as a notification shows it; in `arena`, or borrowed from `row`. */
struct notification_alert alerts_show(const struct alerts *alerts, const struct record_alert *row,
				      struct arena *arena);

/* alerts.c: servers, and the alerts of their conditions. */
struct alert_subject *alerts_subject(struct alerts *alerts, const char *key);
void alerts_free_subject(struct alert_subject *subject);

/* incident.c: a new alert; `now_ms` is TIMESTAMP_NONE where it gets its id from elsewhere. */
struct alert *alerts_add(struct alerts *alerts, struct alert_subject *subject,
			 enum condition condition, int64_t now_ms);

/* Takes it from its subject; alerts_emit() frees it with its last row. */
void alerts_release(struct alert *alert);

/* The alert of that kind of incident that fires, or NULL. */
struct alert *alerts_open_incident(const struct alert_subject *subject, enum condition kind);

/*
 * An incident goes on: which of its conditions hold now (a set), since when those do that did not
 * before. Its clocks say what becomes of it.
 */
void alerts_step_incident(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
			  unsigned active, int64_t since_ms, int64_t now_ms,
			  struct alert_changes *out);

/* Ends an incident, whatever its clocks say. */
void alerts_end_incident(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
			 int64_t now_ms, struct alert_changes *out);

/* story.c: what a row says. */
void alerts_set_row_text(struct alerts *alerts, struct alert *alert, const char **where,
			 const char *text);
void alerts_write_story(struct alerts *alerts, struct alert *alert, struct view *view);

/* actions.c: an acknowledgement ends by itself. */
void alerts_end_acknowledgement(struct alerts *alerts, struct alert *alert, int64_t now_ms);
