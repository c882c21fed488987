/*
 * The outbox: what hooks are still to be told, from the store to their receivers.
 *
 * A notification comes here when it is durable, and leaves when the store knows that it was taken,
 * or that it never will be. A crash in between sends it again, with the same id: at least once.
 * Notifications of one hook and site are a queue, which goes out one after another, in the order
 * in which they were made; OUTBOX_MAX_AT_ONCE queues of a hook at the same time. A hook that hangs
 * or fails delays no other.
 *
 * A failed attempt is made again after outbox_pause_ms(), not before the receiver's Retry-After
 * (until which it gets nothing else either), and as soon as the hook takes something else. What
 * fails when it is older than OUTBOX_MAX_AGE_MS, is refused, or belongs to a hook that is gone
 * becomes a dead letter, which somebody may send again. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/hooks/hook.h"
#include "collector/store/store.h"

#define OUTBOX_MAX_AT_ONCE 8

/*
 * The pause between two attempts. Standard Webhooks goes up to 24 hours; an alert is of little use
 * so late, and a receiver that came back is to hear soon what is wrong.
 */
#define OUTBOX_MIN_PAUSE_MS (INT64_C(5) * 1000)
#define OUTBOX_MAX_PAUSE_MS (INT64_C(15) * 60 * 1000)

/* The longest Retry-After of a receiver that is kept to. */
#define OUTBOX_MAX_RETRY_AFTER_S INT64_C(3600)

/* A notification older than this gets no further attempt after a failed one. */
#define OUTBOX_MAX_AGE_MS (INT64_C(3) * 86400 * 1000)

/* Notifications that wait for one hook; past it the oldest become dead letters. */
#define OUTBOX_MAX_WAITING 5000

struct outbox;

struct outbox_options {
	struct uv_loop_s *loop;
	struct store *store; /* outlives it */
	struct hooks *hooks; /* likewise, but for outbox_stop() */
	int64_t (*now_ms)(void);
	/*
	 * Called when a hook is disabled or enabled, begins to fail or takes something again, or
	 * the number of dead letters changes.
	 */
	void (*changed)(void *user);
	void *user;
	/* May anybody be told anything at this moment? NULL: always. */
	bool (*may_send)(void *may_user);
	void *may_user;
};

/*
 * How long to wait after that many failed attempts, from 1 on: OUTBOX_MIN_PAUSE_MS, twice as long
 * each time up to OUTBOX_MAX_PAUSE_MS, and up to a fifth more, as `random` says.
 */
int64_t outbox_pause_ms(int64_t attempts, uint32_t random);

struct outbox *outbox_new(const struct outbox_options *options);

/* Sends nothing more; before the hooks and the store are closed. */
void outbox_stop(struct outbox *outbox);

/* After the store is closed. NULL is allowed. */
void outbox_free(struct outbox *outbox);

/* Adds what waits in the store and is not here yet; at start and after a failure of the store. */
enum status outbox_load(struct outbox *outbox, char error[STORE_ERROR_SIZE]);

/* Adds a notification that is durable. */
void outbox_put(struct outbox *outbox, const struct record_delivery *row);

/* Tries everything that failed again at once: the hooks may have changed. */
void outbox_retry_now(struct outbox *outbox);

/*
 * Sends a waiting or dead notification again, whose row was just read; `audit` may be NULL. `done`
 * runs once, from the loop.
 *
 * STATUS_CONFLICT  it was delivered, or is under way
 * STATUS_FULL      too much waits for the store
 */
typedef void outbox_done(void *user, enum status status, const char *error);
enum status outbox_retry(struct outbox *outbox, const struct record_delivery *row,
			 const struct record_audit *audit, outbox_done *done, void *user);

/* Has the hook's receiver answered that it wants nothing any more? */
bool outbox_is_disabled(const struct outbox *outbox, const char *hook);

/* Has the hook been told of everything that fires, in this run or an earlier one? */
bool outbox_is_known(const struct outbox *outbox, const char *hook);

/* Marks the hook as known. The caller stores its row and sends what fires. */
void outbox_mark_known(struct outbox *outbox, const char *hook);

/* For the metrics, of one hook. */
struct outbox_counts {
	size_t waiting;
	uint64_t delivered; /* since the start */
	uint64_t failed;    /* attempts since the start */
	uint64_t dead;
};
struct outbox_counts outbox_count(const struct outbox *outbox, const char *hook);

/* Did the hook's last attempt fail, and does something wait for it? */
bool outbox_is_stuck(const struct outbox *outbox, const char *hook);

/*
 * Of the hooks whose last attempt failed, and that something waits for, the one that has been so
 * for longest; `hook` is NULL where there is none. Borrowed until control returns to the loop.
 */
struct outbox_stuck {
	const char *hook;
	int64_t since_ms; /* of the first of the attempts that failed in a row */
};
struct outbox_stuck outbox_find_stuck(const struct outbox *outbox);

/* When something became a dead letter last, or TIMESTAMP_NONE. */
int64_t outbox_last_dead_ms(const struct outbox *outbox);
