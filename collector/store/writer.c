#include "collector/store/writer_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "proto/base/mem.h"

/* Changes of one commit at most: a longer one would keep the first of them waiting. */
#define MAX_BATCH 512

/* Between two chunks of the sweep: at rest, and while there is much to drop. */
#define SWEEP_PAUSE_NS (UINT64_C(2) * 1000 * 1000 * 1000)
#define SWEEP_HURRY_NS (UINT64_C(50) * 1000 * 1000)

/* An attempt to commit changes again. */
struct resume {
	bool is_wanted;
	bool is_over;
	enum status status;
	char error[STORE_ERROR_SIZE];
};

struct writer {
	struct store_connection connection;
	uv_thread_t thread;
	uv_async_t signal; /* something is in `completed`, an attempt is over, or the thread ends */
	bool has_ended;    /* and was joined */
	void (*news)(void *user);
	void *user;
	void (*freed)(void *user);
	void *freed_user;

	uv_mutex_t mutex;
	uv_cond_t woken;
	uv_cond_t committed; /* something is in `completed` while the loop rests */

	/* Under the mutex. */
	struct pending_list waiting;
	struct pending_list completed;
	bool loop_rests;
	struct store_limits limits;
	bool stopping;       /* the thread is to end when nothing waits */
	bool ended;          /* it has */
	enum status failure; /* of the last commit; until it goes on */
	char failure_error[STORE_ERROR_SIZE];
	struct resume resume;
};

/* The writer's thread, from here on. */

/*
 * Waits for changes, at most until a moment of uv_hrtime(). Returns how many; 0 may be the end.
 * Fills in the limits that hold now.
 */
static size_t gather(struct writer *writer, struct pending *batch[MAX_BATCH], uint64_t until,
		     struct store_limits *limits, bool *stopping)
{
	size_t n = 0;

	uv_mutex_lock(&writer->mutex);
	for (uint64_t now = uv_hrtime(); STAILQ_EMPTY(&writer->waiting) && !writer->stopping &&
					 !writer->resume.is_wanted && now < until;
	     now = uv_hrtime())
		uv_cond_timedwait(&writer->woken, &writer->mutex, until - now);
	while (n < MAX_BATCH && !STAILQ_EMPTY(&writer->waiting)) {
		batch[n++] = STAILQ_FIRST(&writer->waiting);
		STAILQ_REMOVE_HEAD(&writer->waiting, link);
	}
	*limits = writer->limits;
	*stopping = writer->stopping;
	uv_mutex_unlock(&writer->mutex);
	return n;
}

/* Either thread's. */
enum status writer_failure(struct writer *writer, char error[STORE_ERROR_SIZE])
{
	uv_mutex_lock(&writer->mutex);
	enum status failure = writer->failure;
	if (failure != STATUS_OK)
		snprintf(error, STORE_ERROR_SIZE, "%s", writer->failure_error);
	uv_mutex_unlock(&writer->mutex);
	return failure;
}

static enum status commit(struct writer *writer, struct pending *const *batch, size_t n,
			  const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	const struct store_change *changes[MAX_BATCH];

	enum status failure = writer_failure(writer, error);
	if (failure != STATUS_OK)
		return failure;
	assert(n > 0 && n <= MAX_BATCH);
	for (size_t i = 0; i < n; i++)
		changes[i] = &batch[i]->change;
	return writer->connection.engine->commit(writer->connection.db, changes, n, limits, error);
}

/* Under the mutex. */
static void note_failure(struct writer *writer, enum status status, const char *error)
{
	if (status == STATUS_OK || writer->failure != STATUS_OK)
		return;
	/* What comes behind it fails, too, but not because of what it says. */
	writer->failure = status == STATUS_INVALID ? STATUS_SYSTEM : status;
	snprintf(writer->failure_error, sizeof writer->failure_error, "%s", error);
}

static void hand_back(struct writer *writer, struct pending *const *batch, size_t n,
		      enum status status, const char *error)
{
	uv_mutex_lock(&writer->mutex);
	note_failure(writer, status, error);
	for (size_t i = 0; i < n; i++) {
		batch[i]->status = status;
		batch[i]->error = status == STATUS_OK ? NULL : mem_strdup(error);
		STAILQ_INSERT_TAIL(&writer->completed, batch[i], link);
	}
	bool loop_rests = writer->loop_rests;
	uv_mutex_unlock(&writer->mutex);
	if (loop_rests)
		uv_cond_signal(&writer->committed);
	else
		uv_async_send(&writer->signal);
}

/* Nothing can be committed any more, which nobody would know of before there is something. */
static bool note_loss(struct writer *writer, enum status status, const char *error)
{
	bool is_lost =
		status == STATUS_UNREACHABLE || status == STATUS_REFUSED || status == STATUS_FENCED;

	uv_mutex_lock(&writer->mutex);
	if (is_lost)
		note_failure(writer, status, error);
	uv_mutex_unlock(&writer->mutex);
	return is_lost;
}

/*
 * Drops a chunk of what is old, between two batches. A failure is told and harmless, but that of a
 * database that is away: the next commit meets the same disk. Returns when to go on, in
 * uv_hrtime()'s terms.
 */
static uint64_t sweep(struct writer *writer, const struct store_limits *limits, bool *failing)
{
	char error[STORE_ERROR_SIZE];
	bool more = false;

	if (writer_failure(writer, error) != STATUS_OK)
		return uv_hrtime() + SWEEP_PAUSE_NS;
	enum status status = writer->connection.engine->sweep(writer->connection.db, limits,
							      loop_wall_ms(), &more, error);
	if (!note_loss(writer, status, error) && status != STATUS_OK && !*failing)
		log_warning("%s", error);
	*failing = status != STATUS_OK;
	return uv_hrtime() + (status == STATUS_OK && more ? SWEEP_HURRY_NS : SWEEP_PAUSE_NS);
}

/*
 * Where the database does not take what one of several changes says, they are committed one by one
 * up to that: so it is found, and a fleet does not stand still for it.
 */
static void write_batch(struct writer *writer, struct pending *const *batch, size_t n,
			const struct store_limits *limits)
{
	char error[STORE_ERROR_SIZE] = "";
	enum status status = commit(writer, batch, n, limits, error);

	if (status != STATUS_INVALID || n == 1) {
		hand_back(writer, batch, n, status, error);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		status = commit(writer, &batch[i], 1, limits, error);
		hand_back(writer, &batch[i], 1, status, error);
	}
}

static enum status try_to_resume(struct writer *writer, char error[STORE_ERROR_SIZE])
{
	const struct store_engine *engine = writer->connection.engine;

	enum status status = engine->look(writer->connection.db, error);
	if (status == STATUS_OK && writer_failure(writer, error) == STATUS_MALFORMED)
		return STATUS_MALFORMED;
	return status == STATUS_OK ? engine->touch(writer->connection.db, error) : status;
}

static void resume_if_wanted(struct writer *writer, bool stopping)
{
	char error[STORE_ERROR_SIZE] = "";

	uv_mutex_lock(&writer->mutex);
	bool is_wanted = writer->resume.is_wanted;
	writer->resume.is_wanted = false;
	uv_mutex_unlock(&writer->mutex);
	if (!is_wanted)
		return;
	enum status status = stopping ? STATUS_REFUSED : try_to_resume(writer, error);
	uv_mutex_lock(&writer->mutex);
	writer->resume.status = status;
	snprintf(writer->resume.error, sizeof writer->resume.error, "%s", error);
	writer->resume.is_over = true;
	uv_mutex_unlock(&writer->mutex);
	uv_async_send(&writer->signal);
}

static void write_changes(void *user)
{
	struct writer *writer = user;
	struct pending *batch[MAX_BATCH];
	struct store_limits limits;
	uint64_t next_sweep = uv_hrtime() + SWEEP_PAUSE_NS;
	bool failing = false;
	bool stopping = false;
	size_t n;

	do {
		n = gather(writer, batch, next_sweep, &limits, &stopping);
		if (n > 0)
			write_batch(writer, batch, n, &limits);
		resume_if_wanted(writer, stopping);
		if (!stopping && uv_hrtime() >= next_sweep)
			next_sweep = sweep(writer, &limits, &failing);
	} while (n > 0 || !stopping);
	uv_mutex_lock(&writer->mutex);
	writer->ended = true;
	uv_mutex_unlock(&writer->mutex);
	uv_async_send(&writer->signal);
}

/* The loop's thread, from here on. */

static void destroy(struct writer *writer)
{
	uv_cond_destroy(&writer->committed);
	uv_cond_destroy(&writer->woken);
	uv_mutex_destroy(&writer->mutex);
	free(writer);
}

static void on_signal(uv_async_t *signal)
{
	struct writer *writer = signal->data;

	if (writer->has_ended)
		return; /* the thread signalled once more, and everything was taken */
	uv_mutex_lock(&writer->mutex);
	bool ended = writer->ended;
	uv_mutex_unlock(&writer->mutex);
	if (ended) {
		uv_thread_join(&writer->thread);
		writer->has_ended = true;
	}
	writer->news(writer->user);
}

static enum status start_thread(struct writer *writer, uv_loop_t *loop,
				char error[STORE_ERROR_SIZE])
{
	int code = uv_thread_create(&writer->thread, write_changes, writer);

	if (code != 0) {
		snprintf(error, STORE_ERROR_SIZE, "could not start a thread for the store: %s",
			 uv_strerror(code));
		return STATUS_SYSTEM;
	}
	/* The thread signals only what was handed over, so the handle may come after it. */
	if (uv_async_init(loop, &writer->signal, on_signal) != 0)
		abort(); /* only when the process is out of file descriptors at its start */
	writer->signal.data = writer;
	return STATUS_OK;
}

enum status writer_start(struct writer **out, const struct store_connection *connection,
			 const struct store_limits *limits, uv_loop_t *loop,
			 void (*news)(void *user), void *user, char error[STORE_ERROR_SIZE])
{
	struct writer *writer = mem_alloc(sizeof *writer);

	writer->connection = *connection;
	writer->limits = *limits;
	writer->news = news;
	writer->user = user;
	STAILQ_INIT(&writer->waiting);
	STAILQ_INIT(&writer->completed);
	if (uv_mutex_init(&writer->mutex) != 0 || uv_cond_init(&writer->woken) != 0 ||
	    uv_cond_init(&writer->committed) != 0)
		abort(); /* only for lack of memory */
	enum status status = start_thread(writer, loop, error);
	if (status == STATUS_OK)
		*out = writer;
	else
		destroy(writer);
	return status;
}

void writer_set_limits(struct writer *writer, const struct store_limits *limits)
{
	uv_mutex_lock(&writer->mutex);
	writer->limits = *limits;
	uv_mutex_unlock(&writer->mutex);
}

void writer_hand_over(struct writer *writer, struct pending_list *changes)
{
	uv_mutex_lock(&writer->mutex);
	STAILQ_CONCAT(&writer->waiting, changes);
	uv_mutex_unlock(&writer->mutex);
	uv_cond_signal(&writer->woken); /* who wakes up finds the mutex free */
}

void writer_take_over(struct writer *writer, struct pending_list *over)
{
	uv_mutex_lock(&writer->mutex);
	STAILQ_CONCAT(over, &writer->completed);
	uv_mutex_unlock(&writer->mutex);
}

bool writer_wait(struct writer *writer, uint64_t until)
{
	uv_mutex_lock(&writer->mutex);
	writer->loop_rests = true;
	for (uint64_t now = uv_hrtime(); STAILQ_EMPTY(&writer->completed) && now < until;
	     now = uv_hrtime())
		uv_cond_timedwait(&writer->committed, &writer->mutex, until - now);
	writer->loop_rests = false;
	bool is_over = !STAILQ_EMPTY(&writer->completed);
	uv_mutex_unlock(&writer->mutex);
	return is_over;
}

void writer_begin_resume(struct writer *writer)
{
	uv_mutex_lock(&writer->mutex);
	writer->resume.is_wanted = true;
	uv_cond_signal(&writer->woken);
	uv_mutex_unlock(&writer->mutex);
}

bool writer_end_resume(struct writer *writer, enum status *status, char error[STORE_ERROR_SIZE])
{
	struct resume *resume = &writer->resume;

	uv_mutex_lock(&writer->mutex);
	bool is_over = resume->is_over;
	*status = resume->status;
	resume->is_over = false;
	snprintf(error, STORE_ERROR_SIZE, "%s", resume->error);
	if (is_over && *status == STATUS_OK)
		writer->failure = STATUS_OK;
	uv_mutex_unlock(&writer->mutex);
	return is_over;
}

void writer_stop(struct writer *writer)
{
	uv_mutex_lock(&writer->mutex);
	writer->stopping = true;
	uv_cond_signal(&writer->woken);
	uv_mutex_unlock(&writer->mutex);
}

bool writer_has_ended(const struct writer *writer)
{
	return writer->has_ended;
}

static void on_closed(uv_handle_t *handle)
{
	struct writer *writer = handle->data;
	void (*freed)(void *user) = writer->freed;
	void *user = writer->freed_user;

	destroy(writer);
	freed(user);
}

void writer_free(struct writer *writer, void (*freed)(void *user), void *user)
{
	assert(writer->has_ended);
	writer->freed = freed;
	writer->freed_user = user;
	uv_close((uv_handle_t *)&writer->signal, on_closed);
}
