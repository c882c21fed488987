/*
 * Inside alerts at work: what they know, and changes of theirs on their way to the store. Only
 * alerting*.c include this; collector/pipeline/alerting.h is the contract.
 */
#pragma once

#include "collector/pipeline/alerting.h"
#include "proto/base/arena.h"

struct alerting {
	struct alerting_options options;
	struct alerts *alerts;
	struct remarks *remarks;
	struct outbox *outbox;
	struct loop_timer *timer;
	struct alert_target *targets;
	const struct fleet *fleet; /* NULL: none is loaded yet */
	char *url;
	char *data;
	bool is_ready;
	bool is_stopped;
	int64_t look_ms;         /* when ills are looked for next */
	int64_t heard_from_ms;   /* since when the collector can hear */
	int64_t surroundings_ms; /* when they were looked at last */
	int64_t trim_ms;
	void (*failed)(void *user, const char *error);
	void *failed_user;
};

/* A change of our own on its way to the store. */
struct alerting_change {
	struct alerting *alerting;
	struct alert_changes *changes;
	struct record_audit audit;
	struct record_silence silence;
	struct record_remark remark;
	struct record_hook hook;
	int64_t id;
	struct arena arena;
	alerting_done *done;
	void *user;
};

/* A change begins; either it is dropped, or it is submitted, which ends it by `done`. */
struct alerting_change *alerting_begin(struct alerting *alerting, alerting_done *done, void *user);
void alerting_drop(struct alerting_change *pending);

/* Takes the passage. Refused: the alerts are ahead of the store, and are read again. */
enum status alerting_submit(struct alerting_change *pending, struct store_change *change);
