/*
 * The writer: a thread of the store that commits what it is handed, in that order, drops what is
 * old in between, and takes nothing after a commit has failed until it is asked to go on. The
 * loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/store/engine.h"

/* A change on its way to the database and back. */
struct pending {
	STAILQ_ENTRY(pending) link;
	struct store_change change;
	size_t bytes;       /* of its report */
	enum status status; /* once it is over */
	char *error;        /* of a failure; shared by nobody */
};

STAILQ_HEAD(pending_list, pending);

struct writer;

/*
 * The connection is the thread's until it has ended, but for the engine's look(). `news` is called
 * from the loop when something is to be taken: changes, the end of an attempt to go on, or of the
 * thread. STATUS_SYSTEM: there is no thread to be had, and nothing is left.
 */
enum status writer_start(struct writer **out, const struct store_connection *connection,
			 const struct store_limits *limits, uv_loop_t *loop,
			 void (*news)(void *user), void *user, char error[STORE_ERROR_SIZE]);

/* What holds from the next commit on. */
void writer_set_limits(struct writer *writer, const struct store_limits *limits);

/* Hands all of a list over, which is empty then: they share a commit. */
void writer_hand_over(struct writer *writer, struct pending_list *changes);

/* Puts what is over behind `over`, in its order. */
void writer_take_over(struct writer *writer, struct pending_list *over);

/* Waits until something is over, at most until a moment of uv_hrtime(). Returns whether it is. */
bool writer_wait(struct writer *writer, uint64_t until);

/* Why nothing is committed; STATUS_OK: it is. */
enum status writer_failure(struct writer *writer, char error[STORE_ERROR_SIZE]);

/* Asks it to go on, as store_resume() does. */
void writer_begin_resume(struct writer *writer);

/* Whether that attempt is over, and how; after STATUS_OK changes are committed again. */
bool writer_end_resume(struct writer *writer, enum status *status, char error[STORE_ERROR_SIZE]);

/* Has the thread end once all that was handed over is committed; that is news, too. */
void writer_stop(struct writer *writer);

/* Whether it has; all is taken from it by then. */
bool writer_has_ended(const struct writer *writer);

/* After its end: frees it, then calls `freed` from the loop. */
void writer_free(struct writer *writer, void (*freed)(void *user), void *user);
