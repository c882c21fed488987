#include "collector/store/ask_internal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/store/lock.h"
#include "collector/store/pace.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

#define NO_LOCK (-1)

/* Changes of one commit at most: a longer one would keep the first of them waiting. */
#define MAX_BATCH 512

/* Between two chunks of the sweep: at rest, and while there is much to drop. */
#define SWEEP_PAUSE_NS (UINT64_C(2) * 1000 * 1000 * 1000)
#define SWEEP_HURRY_NS (UINT64_C(50) * 1000 * 1000)

struct pending {
	struct pending *next;
	struct store_change change;
	size_t bytes;       /* of its report */
	enum status status; /* once it is over */
	char *error;        /* of a failure; shared by nobody */
};

struct queue {
	struct pending *first;
	struct pending **end;
	size_t n;
};

/* An attempt to accept changes again. */
struct resume {
	store_resumed *done; /* the loop's, with `user`; NULL: there is none */
	void *user;
	bool is_wanted; /* under the mutex, as the rest: the thread is to try */
	bool is_over;   /* it has */
	enum status status;
	char error[STORE_ERROR_SIZE];
};

struct store {
	struct store_connection reader; /* the loop's */
	struct asker *asker;
	struct store_connection for_asker; /* until that is there */
	struct store_connection writer;    /* the thread's, but for look() */
	int lock;                          /* NO_LOCK: it is another's */
	size_t pending;                    /* submitted, `done` has not run; the loop's */
	size_t pending_bytes;
	bool closing;
	bool writer_has_ended;
	bool asker_is_closed;
	void (*closed)(void *user);
	void *closed_user;

	/* The loop's: submitted and not yet handed over. Handed over together, they share a commit. */
	struct queue submitted;
	uv_prepare_t flush;
	struct loop_timer *wake;
	struct pace pace;

	uv_async_t completed_signal; /* something is in `completed`, or the thread ends */
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t woken;
	uv_cond_t committed; /* something is in `completed` while the loop rests */

	/* Under the mutex. */
	struct queue waiting;
	struct queue completed;
	bool loop_rests;
	struct store_limits limits;
	bool stopping;       /* the thread is to end when nothing waits */
	bool ended;          /* it has */
	enum status failure; /* of the last commit; until store_resume() */
	char failure_error[STORE_ERROR_SIZE];
	struct resume resume;
};

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
	queue->n = 0;
}

static void queue_put(struct queue *queue, struct pending *pending)
{
	pending->next = NULL;
	assert(!*queue->end);
	*queue->end = pending;
	queue->end = &pending->next;
	queue->n++;
}

/* Puts all of `from` behind. */
static void queue_append(struct queue *queue, struct queue *from)
{
	if (!from->first)
		return;
	assert(from->n > 0 && !*queue->end);
	*queue->end = from->first;
	queue->end = from->end;
	queue->n += from->n;
	queue_init(from);
}

static struct pending *queue_take(struct queue *queue)
{
	struct pending *pending = queue->first;
	if (!pending)
		return NULL;
	queue->first = pending->next;
	if (!queue->first)
		queue->end = &queue->first;
	assert(queue->n > 0);
	queue->n--;
	return pending;
}

/* The writer's thread, from here on. */

/*
 * Waits for changes, at most until a moment of uv_hrtime(). Returns how many; 0 may be the end.
 * Fills in the limits that hold now.
 */
static size_t gather(struct store *store, struct pending *batch[MAX_BATCH], uint64_t until,
		     struct store_limits *limits, bool *stopping)
{
	size_t n = 0;

	uv_mutex_lock(&store->mutex);
	for (uint64_t now = uv_hrtime();
	     store->waiting.n == 0 && !store->stopping && !store->resume.is_wanted && now < until;
	     now = uv_hrtime())
		uv_cond_timedwait(&store->woken, &store->mutex, until - now);
	while (n < MAX_BATCH && store->waiting.n > 0)
		batch[n++] = queue_take(&store->waiting);
	*limits = store->limits;
	*stopping = store->stopping;
	uv_mutex_unlock(&store->mutex);
	return n;
}

/* Why nothing is committed; STATUS_OK: it is. */
static enum status see_failure(struct store *store, char error[STORE_ERROR_SIZE])
{
	uv_mutex_lock(&store->mutex);
	enum status failure = store->failure;
	if (failure != STATUS_OK)
		snprintf(error, STORE_ERROR_SIZE, "%s", store->failure_error);
	uv_mutex_unlock(&store->mutex);
	return failure;
}

static enum status commit(struct store *store, struct pending *const *batch, size_t n,
			  const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	const struct store_change *changes[MAX_BATCH];

	enum status failure = see_failure(store, error);
	if (failure != STATUS_OK)
		return failure;
	assert(n > 0 && n <= MAX_BATCH);
	for (size_t i = 0; i < n; i++)
		changes[i] = &batch[i]->change;
	return store->writer.engine->commit(store->writer.db, changes, n, limits, error);
}

/* Under the mutex. */
static void note_failure(struct store *store, enum status status, const char *error)
{
	if (status == STATUS_OK || store->failure != STATUS_OK)
		return;
	/* What comes behind it fails, too, but not because of what it says. */
	store->failure = status == STATUS_INVALID ? STATUS_SYSTEM : status;
	snprintf(store->failure_error, sizeof store->failure_error, "%s", error);
}

static void hand_back(struct store *store, struct pending *const *batch, size_t n,
		      enum status status, const char *error)
{
	uv_mutex_lock(&store->mutex);
	note_failure(store, status, error);
	for (size_t i = 0; i < n; i++) {
		batch[i]->status = status;
		batch[i]->error = status == STATUS_OK ? NULL : mem_strdup(error);
		queue_put(&store->completed, batch[i]);
	}
	bool loop_rests = store->loop_rests;
	uv_mutex_unlock(&store->mutex);
	if (loop_rests)
		uv_cond_signal(&store->committed);
	else
		uv_async_send(&store->completed_signal);
}

/* Nothing can be committed any more, which nobody would know of before there is something. */
static bool note_loss(struct store *store, enum status status, const char *error)
{
	bool is_lost =
		status == STATUS_UNREACHABLE || status == STATUS_REFUSED || status == STATUS_FENCED;

	uv_mutex_lock(&store->mutex);
	if (is_lost)
		note_failure(store, status, error);
	uv_mutex_unlock(&store->mutex);
	return is_lost;
}

/*
 * Drops a chunk of what is old, between two batches. A failure is told and harmless, but that of a
 * database that is away: the next commit meets the same disk. Returns when to go on, in
 * uv_hrtime()'s terms.
 */
static uint64_t sweep(struct store *store, const struct store_limits *limits, bool *failing)
{
	char error[STORE_ERROR_SIZE];
	bool more = false;

	if (see_failure(store, error) != STATUS_OK)
		return uv_hrtime() + SWEEP_PAUSE_NS;
	enum status status =
		store->writer.engine->sweep(store->writer.db, limits, loop_wall_ms(), &more, error);
	if (!note_loss(store, status, error) && status != STATUS_OK && !*failing)
		log_warning("%s", error);
	*failing = status != STATUS_OK;
	return uv_hrtime() + (status == STATUS_OK && more ? SWEEP_HURRY_NS : SWEEP_PAUSE_NS);
}

/*
 * Where the database does not take what one of several changes says, they are committed one by one
 * up to that: so it is found, and a fleet does not stand still for it.
 */
static void write_batch(struct store *store, struct pending *const *batch, size_t n,
			const struct store_limits *limits)
{
	char error[STORE_ERROR_SIZE] = "";
	enum status status = commit(store, batch, n, limits, error);

	if (status != STATUS_INVALID || n == 1) {
		hand_back(store, batch, n, status, error);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		status = commit(store, &batch[i], 1, limits, error);
		hand_back(store, &batch[i], 1, status, error);
	}
}

static enum status try_to_resume(struct store *store, char error[STORE_ERROR_SIZE])
{
	const struct store_engine *engine = store->writer.engine;

	enum status status = engine->look(store->writer.db, error);
	if (status == STATUS_OK && see_failure(store, error) == STATUS_MALFORMED)
		return STATUS_MALFORMED;
	return status == STATUS_OK ? engine->touch(store->writer.db, error) : status;
}

static void resume_if_wanted(struct store *store, bool stopping)
{
	char error[STORE_ERROR_SIZE] = "";

	uv_mutex_lock(&store->mutex);
	bool is_wanted = store->resume.is_wanted;
	store->resume.is_wanted = false;
	uv_mutex_unlock(&store->mutex);
	if (!is_wanted)
		return;
	enum status status = stopping ? STATUS_REFUSED : try_to_resume(store, error);
	uv_mutex_lock(&store->mutex);
	store->resume.status = status;
	snprintf(store->resume.error, sizeof store->resume.error, "%s", error);
	store->resume.is_over = true;
	uv_mutex_unlock(&store->mutex);
	uv_async_send(&store->completed_signal);
}

static void write_changes(void *user)
{
	struct store *store = user;
	struct pending *batch[MAX_BATCH];
	struct store_limits limits;
	uint64_t next_sweep = uv_hrtime() + SWEEP_PAUSE_NS;
	bool failing = false;
	bool stopping = false;
	size_t n;

	do {
		n = gather(store, batch, next_sweep, &limits, &stopping);
		if (n > 0)
			write_batch(store, batch, n, &limits);
		resume_if_wanted(store, stopping);
		if (!stopping && uv_hrtime() >= next_sweep)
			next_sweep = sweep(store, &limits, &failing);
	} while (n > 0 || !stopping);
	uv_mutex_lock(&store->mutex);
	store->ended = true;
	uv_mutex_unlock(&store->mutex);
	uv_async_send(&store->completed_signal);
}

/* The loop's thread, from here on. */

static void close_connections(struct store *store)
{
	const struct store_engine *engine = store->writer.engine;

	if (engine) {
		engine->close(store->for_asker.db);
		engine->close(store->reader.db);
		engine->close(store->writer.db);
	}
	if (store->lock != NO_LOCK)
		store_lock_release(store->lock);
}

static void destroy(struct store *store)
{
	uv_cond_destroy(&store->committed);
	uv_cond_destroy(&store->woken);
	uv_mutex_destroy(&store->mutex);
	free(store);
}

static void on_closed(uv_handle_t *handle)
{
	struct store *store = handle->data;
	void (*closed)(void *user) = store->closed;
	void *user = store->closed_user;

	assert(store->pending == 0);
	destroy(store);
	if (closed)
		closed(user);
}

static void on_flush_closed(uv_handle_t *handle)
{
	struct store *store = handle->data;
	uv_close((uv_handle_t *)&store->completed_signal, on_closed);
}

/* When neither of the threads is there any more. */
static void close_if_ended(struct store *store)
{
	if (!store->writer_has_ended || !store->asker_is_closed)
		return;
	close_connections(store);
	loop_timer_close(store->wake);
	uv_close((uv_handle_t *)&store->flush, on_flush_closed);
}

static void on_asker_closed(void *user)
{
	struct store *store = user;
	store->asker_is_closed = true;
	close_if_ended(store);
}

static void hand_over(struct store *store)
{
	if (store->submitted.n == 0)
		return;
	uv_mutex_lock(&store->mutex);
	queue_append(&store->waiting, &store->submitted);
	uv_mutex_unlock(&store->mutex);
	uv_cond_signal(&store->woken); /* who wakes up finds the mutex free */
}

/* Not before what was submitted meanwhile has failed. */
static void end_resume(struct store *store)
{
	struct resume *resume = &store->resume;
	char error[STORE_ERROR_SIZE];

	if (!resume->done || store->pending > 0)
		return;
	uv_mutex_lock(&store->mutex);
	bool is_over = resume->is_over;
	enum status status = resume->status;
	resume->is_over = false;
	snprintf(error, sizeof error, "%s", resume->error);
	if (is_over && status == STATUS_OK)
		store->failure = STATUS_OK;
	uv_mutex_unlock(&store->mutex);
	if (!is_over)
		return;
	store_resumed *done = resume->done;
	resume->done = NULL;
	done(resume->user, status, error);
}

static void complete(struct store *store, struct pending *over)
{
	while (over) {
		struct pending *next = over->next;
		assert(store->pending > 0 && store->pending_bytes >= over->bytes);
		store->pending--;
		store->pending_bytes -= over->bytes;
		over->change.done(over->change.user, over->status, over->error);
		free(over->error);
		free(over);
		over = next;
	}
}

static void on_completed(uv_async_t *async)
{
	struct store *store = async->data;

	uv_mutex_lock(&store->mutex);
	struct pending *over = store->completed.first;
	queue_init(&store->completed);
	bool ended = store->ended;
	uv_mutex_unlock(&store->mutex);

	complete(store, over);
	end_resume(store);
	if (ended && !store->writer_has_ended) {
		uv_thread_join(&store->thread);
		store->writer_has_ended = true;
		close_if_ended(store);
	}
}

/* Whether a commit is over; it is waited for until a moment of uv_hrtime(). */
static bool wait_for_commit(struct store *store, uint64_t until)
{
	uv_mutex_lock(&store->mutex);
	store->loop_rests = true;
	for (uint64_t now = uv_hrtime(); store->completed.n == 0 && now < until; now = uv_hrtime())
		uv_cond_timedwait(&store->committed, &store->mutex, until - now);
	store->loop_rests = false;
	bool is_over = store->completed.n > 0;
	uv_mutex_unlock(&store->mutex);
	return is_over;
}

/* The loop does nothing meanwhile but to answer what is committed, and ends when a timer is due. */
static void rest(struct store *store, uint64_t turn_ms, uint64_t rest_ms)
{
	uv_loop_t *loop = store->flush.loop;
	int due_ms = uv_backend_timeout(loop); /* -1: nothing is */

	if (due_ms >= 0 && (uint64_t)due_ms < rest_ms)
		rest_ms = (uint64_t)due_ms;
	while (wait_for_commit(store, (turn_ms + rest_ms) * 1000000)) {
		uv_update_time(loop);
		on_completed(&store->completed_signal);
		hand_over(store);
		loop_timer_start(store->wake, 0); /* this turn is not to wait for what has come */
	}
	uv_update_time(loop);
}

/* Before the loop waits again: what was submitted goes to the thread, now or a little later. */
static void on_before_poll(uv_prepare_t *prepare)
{
	struct store *store = prepare->data;
	uint64_t turn_ms = uv_now(prepare->loop);

	if (store->submitted.n == 0)
		return;
	uint64_t wait_ms = pace_wait_ms(&store->pace, turn_ms, store->submitted.n);
	if (wait_ms > 0) {
		loop_timer_start(store->wake, wait_ms);
		return;
	}
	hand_over(store);
	uint64_t rest_ms = pace_begin(&store->pace, turn_ms);
	if (rest_ms > 0)
		rest(store, turn_ms, rest_ms);
}

/* The loop comes to on_before_poll(). */
static void on_wake(void *user)
{
	(void)user;
}

static enum status open_connections(struct store *store, const struct store_location *location,
				    const struct store_claim *claim, char error[STORE_ERROR_SIZE])
{
	const struct store_engine *engine = location->engine;

	store->writer.engine = store->reader.engine = store->for_asker.engine = engine;
	enum status status = engine->open_writer(&store->writer.db, location, claim, error);
	if (status == STATUS_OK)
		status = engine->open_reader(&store->reader.db, location, error);
	if (status == STATUS_OK && engine->pair)
		engine->pair(store->reader.db, store->writer.db);
	if (status == STATUS_OK)
		status = engine->open_reader(&store->for_asker.db, location, error);
	if (status == STATUS_OK && engine->pair_asker)
		engine->pair_asker(store->for_asker.db, store->writer.db);
	return status;
}

static enum status start_thread(struct store *store, uv_loop_t *loop, char error[STORE_ERROR_SIZE])
{
	int code = uv_thread_create(&store->thread, write_changes, store);
	if (code != 0) {
		snprintf(error, STORE_ERROR_SIZE, "could not start a thread for the store: %s",
			 uv_strerror(code));
		asker_close(store->asker, NULL, NULL);
		return STATUS_SYSTEM;
	}
	/* The thread signals only what was submitted, so the handle may come after it. */
	if (uv_async_init(loop, &store->completed_signal, on_completed) != 0)
		abort(); /* only when the process is out of file descriptors at its start */
	store->completed_signal.data = store;
	uv_prepare_init(loop, &store->flush); /* cannot fail, nor can its start */
	uv_prepare_start(&store->flush, on_before_poll);
	store->flush.data = store;
	store->wake = loop_timer_new(loop, on_wake, store);
	return STATUS_OK;
}

bool store_exists(const struct store_location *location)
{
	return location->engine->exists(location);
}

enum status store_reach(const struct store_location *location, char error[STORE_ERROR_SIZE])
{
	struct store_db *db = NULL;

	enum status status = location->engine->open_reader(&db, location, error);
	location->engine->close(db);
	return status;
}

enum status store_connect(struct store **out, const struct store_location *location,
			  const struct store_claim *claim, char error[STORE_ERROR_SIZE])
{
	struct store *store = mem_alloc(sizeof *store);
	enum status status = STATUS_OK;

	store->lock = NO_LOCK;
	store->limits = STORE_LIMITS_DEFAULT;
	queue_init(&store->submitted);
	queue_init(&store->waiting);
	queue_init(&store->completed);
	if (uv_mutex_init(&store->mutex) != 0 || uv_cond_init(&store->woken) != 0 ||
	    uv_cond_init(&store->committed) != 0)
		abort(); /* only for lack of memory */
	if (!claim)
		status = store_lock_directory(location->directory, &store->lock, error,
					      STORE_ERROR_SIZE);
	if (status == STATUS_OK)
		status = open_connections(store, location, claim, error);
	if (status == STATUS_OK)
		*out = store;
	else
		store_discard(store);
	return status;
}

void store_discard(struct store *store)
{
	if (!store)
		return;
	close_connections(store);
	destroy(store);
}

enum status store_start(struct store *store, uv_loop_t *loop, char error[STORE_ERROR_SIZE])
{
	struct store_connection reader = store->for_asker;

	store->for_asker.db = NULL;
	enum status status = asker_open(&store->asker, &reader, loop, error);
	if (status == STATUS_OK)
		status = start_thread(store, loop, error);
	if (status != STATUS_OK)
		store_discard(store);
	return status;
}

enum status store_open(struct store **out, const struct store_location *location, uv_loop_t *loop,
		       char error[STORE_ERROR_SIZE])
{
	enum status status = store_connect(out, location, NULL, error);

	return status == STATUS_OK ? store_start(*out, loop, error) : status;
}

void store_close(struct store *store, void (*closed)(void *user), void *user)
{
	assert(!store->closing);
	store->closing = true;
	store->closed = closed;
	store->closed_user = user;
	uv_mutex_lock(&store->mutex);
	queue_append(&store->waiting, &store->submitted);
	store->stopping = true;
	uv_cond_signal(&store->woken);
	uv_mutex_unlock(&store->mutex);
	asker_close(store->asker, on_asker_closed, store);
}

void store_set_limits(struct store *store, const struct store_limits *limits)
{
	uv_mutex_lock(&store->mutex);
	store->limits = *limits;
	uv_mutex_unlock(&store->mutex);
}

/* Only the loop's thread sets them. */
struct store_limits store_get_limits(const struct store *store)
{
	return store->limits;
}

enum status store_submit(struct store *store, const struct store_change *change)
{
	assert(!store->closing);
	size_t bytes = change->report ? change->report->body_size : 0;
	if (store->pending >= STORE_MAX_PENDING ||
	    bytes > STORE_MAX_PENDING_BYTES - store->pending_bytes)
		return STATUS_FULL;

	struct pending *pending = mem_alloc(sizeof *pending);
	pending->change = *change;
	pending->bytes = bytes;
	store->pending++;
	store->pending_bytes += bytes;
	queue_put(&store->submitted, pending);
	pace_note(&store->pace, uv_now(store->flush.loop));
	return STATUS_OK;
}

size_t store_pending(const struct store *store)
{
	return store->pending;
}

int64_t store_lost_commits(const struct store *store)
{
	const struct store_engine *engine = store->writer.engine;

	return engine->count_lost ? engine->count_lost(store->writer.db) : 0;
}

int64_t store_last_commit(const struct store *store)
{
	const struct store_engine *engine = store->writer.engine;

	return engine->last_commit ? engine->last_commit(store->writer.db) : 0;
}

struct store_loss store_last_loss(const struct store *store)
{
	const struct store_engine *engine = store->writer.engine;

	return engine->last_loss ? engine->last_loss(store->writer.db) : (struct store_loss){ 0 };
}

bool store_is_asynchronous(const struct store *store)
{
	const struct store_engine *engine = store->writer.engine;

	return engine->is_asynchronous && engine->is_asynchronous(store->writer.db);
}

enum status store_look(struct store *store, char error[STORE_ERROR_SIZE])
{
	enum status failure = see_failure(store, error);
	return failure == STATUS_OK ? store->writer.engine->look(store->writer.db, error) : failure;
}

void store_resume(struct store *store, store_resumed *done, void *user)
{
	assert(store->pending == 0 && !store->resume.done && !store->closing);
	store->resume.done = done;
	store->resume.user = user;
	uv_mutex_lock(&store->mutex);
	store->resume.is_wanted = true;
	uv_cond_signal(&store->woken);
	uv_mutex_unlock(&store->mutex);
}

enum status store_ask(struct store *store, enum store_question kind, store_asked *read,
		      store_answered *done, void *user)
{
	assert(!store->closing);
	return asker_ask(store->asker, kind, read, done, user);
}

size_t store_asking(const struct store *store)
{
	return asker_count(store->asker);
}

const struct store_connection *store_reader(const struct store *store)
{
	return &store->reader;
}
