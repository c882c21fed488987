#include "collector/store/sqlite/internal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

#include "collector/base/log.h"
#include "proto/base/mem.h"

/*
 * Pause between two checkpoints while commits go on: a page that many of them changed meanwhile is
 * moved once.
 */
#define PAUSE_NS (UINT64_C(1000) * 1000 * 1000)

#define MAX_LOG_PAGES (STORE_MAX_LOG_BYTES / 4096)

#define MOVING "move what is committed out of the write-ahead log"

/* What it waits for the commit that is under way. */
#define HOLD_BUSY_MS 2000

struct store_checkpointer {
	struct store_db db;
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t woken;
	bool is_work;    /* under the mutex: something was committed since the last checkpoint */
	bool is_blocked; /* the last checkpoint left something, for somebody reads */
	bool is_holding; /* the writer is to wait for it */
	int log_pages;   /* at the last commit; 0: it starts over */
	bool stopping;
};

static void hold_writer(struct store_checkpointer *c)
{
	uv_mutex_lock(&c->mutex);
	c->is_holding = true;
	uv_mutex_unlock(&c->mutex);
}

static void release_writer(struct store_checkpointer *c)
{
	uv_mutex_lock(&c->mutex);
	c->is_holding = false;
	c->log_pages = 0;
	uv_cond_broadcast(&c->woken);
	uv_mutex_unlock(&c->mutex);
}

/*
 * While commits go on there is no moment at which a passive checkpoint leaves nothing in the log,
 * so that it would be written from its beginning again: the writer has to wait for one. What is
 * left to move by then is what was committed during the second of two passive ones, for the first
 * may take long. Where one leaves something, somebody reads (a backup, a check), and the log can
 * only grow before they are through.
 *
 * The log keeps its size on the disk until there is rest: to give back tens of MB and to take them
 * again costs the commits more than all else that a checkpoint does.
 */
static int start_over(struct store_checkpointer *c)
{
	int log_pages = 0;
	int done_pages = 0;
	int code = sqlite3_wal_checkpoint_v2(c->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
					     &log_pages, &done_pages);
	if (code != SQLITE_OK || done_pages < log_pages)
		return code;
	hold_writer(c);
	sqlite3_busy_timeout(c->db.handle, HOLD_BUSY_MS);
	code = sqlite3_wal_checkpoint_v2(c->db.handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	sqlite3_busy_timeout(c->db.handle, 0);
	release_writer(c);
	return code;
}

/*
 * A passive checkpoint disturbs nobody, and leaves the rest for the next time where somebody reads.
 * Returns whether it left something. That it fails is no harm by itself, for the log still holds
 * everything, and it is told once; a disk that is full fails the next commit, which is told to all.
 */
static bool checkpoint(struct store_checkpointer *c, int mode, bool *failing)
{
	int log_pages = 0;
	int done_pages = 0;
	int code = sqlite3_wal_checkpoint_v2(c->db.handle, NULL, mode, &log_pages, &done_pages);

	if (code == SQLITE_OK && mode == SQLITE_CHECKPOINT_PASSIVE && log_pages > MAX_LOG_PAGES)
		code = start_over(c);
	bool left_something = code != SQLITE_OK || done_pages < log_pages;
	bool fails = code != SQLITE_OK && code != SQLITE_BUSY;
	if (fails && !*failing) {
		char error[STORE_ERROR_SIZE];
		store_db_fail(&c->db, MOVING, error);
		log_warning("%s", error);
	}
	*failing = fails;
	return left_something;
}

/* Returns false when it is to stop. */
static bool wait_for_work(struct store_checkpointer *c)
{
	uv_mutex_lock(&c->mutex);
	while (!c->is_work && !c->stopping)
		uv_cond_wait(&c->woken, &c->mutex);
	bool is_work = c->is_work && !c->stopping;
	c->is_work = false;
	uv_mutex_unlock(&c->mutex);
	return is_work;
}

/* True where commits came in meanwhile. Those that fill the log end it. */
static bool pause_for_commits(struct store_checkpointer *c, bool left_something)
{
	uint64_t until = uv_hrtime() + PAUSE_NS;

	uv_mutex_lock(&c->mutex);
	c->is_blocked = left_something;
	uv_cond_broadcast(&c->woken);
	for (uint64_t now = uv_hrtime();
	     now < until && !c->stopping && (left_something || c->log_pages <= MAX_LOG_PAGES);
	     now = uv_hrtime())
		uv_cond_timedwait(&c->woken, &c->mutex, until - now);
	bool more = c->is_work;
	uv_mutex_unlock(&c->mutex);
	return more;
}

static void run_checkpoints(void *user)
{
	struct store_checkpointer *c = user;
	bool failing = false;

	while (wait_for_work(c)) {
		bool left_something = checkpoint(c, SQLITE_CHECKPOINT_PASSIVE, &failing);
		/* At rest nobody is held up by cutting the log off. */
		if (!pause_for_commits(c, left_something))
			checkpoint(c, SQLITE_CHECKPOINT_TRUNCATE, &failing);
	}
}

enum status store_checkpointer_start(struct store_checkpointer **out, const char *path,
				     char error[STORE_ERROR_SIZE])
{
	struct store_checkpointer *c = mem_alloc(sizeof *c);
	enum status status = store_db_open(&c->db, path, error);
	if (status != STATUS_OK) {
		free(c);
		return status;
	}
	/* A checkpoint has time, and must not hold up the end of the program. */
	sqlite3_busy_timeout(c->db.handle, 0);
	if (uv_mutex_init(&c->mutex) != 0 || uv_cond_init(&c->woken) != 0)
		abort(); /* only for lack of memory */
	int code = uv_thread_create(&c->thread, run_checkpoints, c);
	if (code != 0) {
		snprintf(error, STORE_ERROR_SIZE, "could not start a thread for '%s': %s", path,
			 uv_strerror(code));
		uv_cond_destroy(&c->woken);
		uv_mutex_destroy(&c->mutex);
		store_db_close(&c->db);
		free(c);
		return STATUS_SYSTEM;
	}
	*out = c;
	return STATUS_OK;
}

void store_checkpointer_wait(struct store_checkpointer *c)
{
	uv_mutex_lock(&c->mutex);
	while (c->is_holding || (c->log_pages > 2 * MAX_LOG_PAGES && !c->is_blocked))
		uv_cond_wait(&c->woken, &c->mutex);
	uv_mutex_unlock(&c->mutex);
}

void store_checkpointer_wake(struct store_checkpointer *c, int log_pages)
{
	uv_mutex_lock(&c->mutex);
	bool is_news = !c->is_work || log_pages > MAX_LOG_PAGES; /* what the thread waits for */
	c->is_work = true;
	c->log_pages = log_pages;
	if (is_news)
		uv_cond_broadcast(&c->woken);
	uv_mutex_unlock(&c->mutex);
}

void store_checkpointer_stop(struct store_checkpointer *c)
{
	uv_mutex_lock(&c->mutex);
	c->stopping = true;
	uv_cond_broadcast(&c->woken);
	uv_mutex_unlock(&c->mutex);
	uv_thread_join(&c->thread);

	uv_cond_destroy(&c->woken);
	uv_mutex_destroy(&c->mutex);
	store_db_close(&c->db);
	free(c);
}

enum status store_db_empty_log(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int code =
		sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (code != SQLITE_OK) /* also where the checkpointer is at it */
		return store_db_fail(db, MOVING, error);
	code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (code != SQLITE_OK && code != SQLITE_BUSY)
		return store_db_fail(db, MOVING, error);
	return STATUS_OK;
}
