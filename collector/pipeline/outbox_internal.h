/*
 * Inside the outbox: notifications on their way, and the hooks that they go to. Only outbox*.c
 * include this; collector/pipeline/outbox.h is the contract.
 */
#pragma once

#include "collector/base/text_map.h"
#include "collector/pipeline/outbox.h"

/* A notification on its way. */
struct delivery {
	struct record_delivery row; /* without its body; its strings are its own */
	struct outbox *outbox;
	struct hook_state *hook_state;
	struct delivery_queue *queue;
	struct delivery *next; /* in its queue */
	bool is_busy;          /* an attempt, with its reading, or its saving is under way */
	bool is_unsaved;       /* what became of it is to be saved */
	bool disables;         /* and its hook with it */
	struct record_hook hook;
};

struct delivery_queue {
	char *key;
	struct delivery *first;
	struct delivery **tail;
};

/* A hook, also one that is not configured any more while something waits for it. */
struct hook_state {
	char *name;
	size_t n_running; /* attempts under way */
	struct outbox_counts counts;
	bool is_known; /* the store has a row of it */
	bool is_disabled;
	int64_t not_before_ms; /* its Retry-After */
	bool is_failing;       /* the last attempt failed */
	int64_t failing_ms;    /* since when, while it is so */
	struct hook_state *next;
};

struct outbox {
	struct outbox_options options;
	struct loop_timer *timer;
	struct text_map by_queue;
	struct delivery_queue **queues;
	size_t n_queues;
	size_t room_queues;
	struct hook_state *hook_states;
	int64_t last_dead_ms;
	uint32_t random;
	bool is_stopped;
};

/* The state of the hook of that name; adds one where there is none. */
struct hook_state *outbox_hook_state(struct outbox *outbox, const char *name);

/* The notification of that id, or NULL: it is not waiting. */
struct delivery *outbox_find(const struct outbox *outbox, int64_t id);

/* Adds a notification at the end of its queue. */
struct delivery *outbox_add(struct outbox *outbox, const struct record_delivery *row);

/* Sends what can be sent; the callback of its timer. `user` is the outbox. */
void outbox_send_due(void *user);
