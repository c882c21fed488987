/*
 * Inside the outbox: notifications on their way, and the hooks that they go to. Only outbox*.c
 * include this; collector/pipeline/outbox.h is the contract.
 */
#pragma once

#include "collector/base/text_map.h"
#include "collector/pipeline/outbox.h"

/* A notification on its way. */
struct parcel {
	struct record_delivery row; /* without its body; its strings are its own */
	struct outbox *outbox;
	struct receiver *receiver;
	struct lane *lane;
	struct parcel *next; /* in its lane */
	bool is_busy;        /* an attempt or its saving is under way */
	bool is_unsaved;     /* what became of it is to be saved */
	bool disables;       /* and its hook with it */
	struct record_hook hook;
};

struct lane {
	char *key;
	struct parcel *first;
	struct parcel **end;
};

/* A hook, also one that is not configured any more while something waits for it. */
struct receiver {
	char *name;
	size_t at_once; /* attempts under way */
	struct outbox_counts counts;
	bool is_known; /* the store has a row of it */
	bool is_disabled;
	int64_t not_before_ms; /* it wants nothing earlier */
	struct receiver *next;
};

struct outbox {
	struct outbox_options options;
	struct loop_timer *timer;
	struct text_map by_lane;
	struct lane **lanes;
	size_t n_lanes;
	size_t room_lanes;
	struct receiver *receivers;
	int64_t last_dead_ms;
	uint32_t random;
	bool is_stopped;
};

/* The hook of that name, made where it is new. */
struct receiver *outbox_receiver(struct outbox *outbox, const char *name);

/* That notification, or NULL: it does not wait. */
struct parcel *outbox_find(const struct outbox *outbox, int64_t id);

/* One more, behind those of its lane. */
struct parcel *outbox_add(struct outbox *outbox, const struct record_delivery *row);

/* The last dead letter is another one, or there is none any more. */
enum status outbox_count_dead(struct outbox *outbox, char error[STORE_ERROR_SIZE]);

/* Sends what can be sent; the callback of its timer. `user` is the outbox. */
void outbox_pump(void *user);
