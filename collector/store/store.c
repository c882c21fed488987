#include "collector/store/ask_internal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/loop.h"
#include "collector/store/lock.h"
#include "collector/store/pace.h"
#include "collector/store/writer_internal.h"
#include "proto/base/mem.h"

#define NO_LOCK (-1)

struct store {
	struct store_connection reader; /* the loop's */
	struct asker *asker;
	struct store_connection for_asker; /* until that is there */
	struct writer *writer;             /* NULL: not started */
	struct store_connection written;   /* by the writer; the loop only looks at it */
	struct store_limits limits;
	int lock;       /* NO_LOCK: it is another's */
	size_t pending; /* submitted, `done` has not run */
	size_t pending_bytes;
	bool closing;
	bool asker_is_closed;
	void (*closed)(void *user);
	void *closed_user;
	store_resumed *resumed; /* with `resumed_user`; NULL: nobody waits for that */
	void *resumed_user;

	/* Not yet handed over. Handed over together, changes share a commit. */
	struct pending_list submitted;
	size_t n_submitted;
	uv_prepare_t flush;
	struct loop_timer *wake;
	struct pace pace;
};

static void close_connections(struct store *store)
{
	const struct store_engine *engine = store->reader.engine;

	if (engine) {
		engine->close(store->for_asker.db);
		engine->close(store->reader.db);
		engine->close(store->written.db);
	}
	if (store->lock != NO_LOCK)
		store_lock_release(store->lock);
}

static void on_writer_freed(void *user)
{
	struct store *store = user;
	void (*closed)(void *user) = store->closed;
	void *closed_user = store->closed_user;

	assert(store->pending == 0);
	free(store);
	if (closed)
		closed(closed_user);
}

static void on_flush_closed(uv_handle_t *handle)
{
	struct store *store = handle->data;
	writer_free(store->writer, on_writer_freed, store);
}

/* When neither of the threads is there any more. */
static void close_if_ended(struct store *store)
{
	if (!writer_has_ended(store->writer) || !store->asker_is_closed)
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
	if (store->n_submitted == 0)
		return;
	writer_hand_over(store->writer, &store->submitted);
	store->n_submitted = 0;
}

/* Not before what was submitted meanwhile has failed. */
static void end_resume(struct store *store)
{
	char error[STORE_ERROR_SIZE];
	enum status status;

	if (!store->resumed || store->pending > 0 ||
	    !writer_end_resume(store->writer, &status, error))
		return;
	store_resumed *resumed = store->resumed;
	store->resumed = NULL;
	resumed(store->resumed_user, status, error);
}

static void complete(struct store *store, struct pending *over)
{
	assert(store->pending > 0 && store->pending_bytes >= over->bytes);
	store->pending--;
	store->pending_bytes -= over->bytes;
	over->change.done(over->change.user, over->status, over->error);
	free(over->error);
	free(over);
}

static void complete_all(struct store *store)
{
	struct pending_list all = STAILQ_HEAD_INITIALIZER(all);
	struct pending *over;

	writer_take_over(store->writer, &all);
	while ((over = STAILQ_FIRST(&all)) != NULL) {
		STAILQ_REMOVE_HEAD(&all, link);
		complete(store, over);
	}
	end_resume(store);
}

static void on_news(void *user)
{
	struct store *store = user;

	complete_all(store);
	if (store->closing)
		close_if_ended(store);
}

/* The loop does nothing meanwhile but to answer what is committed, and ends when a timer is due. */
static void rest(struct store *store, uint64_t turn_ms, uint64_t rest_ms)
{
	uv_loop_t *loop = store->flush.loop;
	int due_ms = uv_backend_timeout(loop); /* -1: nothing is */

	if (due_ms >= 0 && (uint64_t)due_ms < rest_ms)
		rest_ms = (uint64_t)due_ms;
	while (writer_wait(store->writer, (turn_ms + rest_ms) * 1000000)) {
		uv_update_time(loop);
		complete_all(store);
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

	if (store->n_submitted == 0)
		return;
	uint64_t wait_ms = pace_wait_ms(&store->pace, turn_ms, store->n_submitted);
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

	store->written.engine = store->reader.engine = store->for_asker.engine = engine;
	enum status status = engine->open_writer(&store->written.db, location, claim, error);
	if (status == STATUS_OK)
		status = engine->open_reader(&store->reader.db, location, error);
	if (status == STATUS_OK && engine->pair)
		engine->pair(store->reader.db, store->written.db);
	if (status == STATUS_OK)
		status = engine->open_reader(&store->for_asker.db, location, error);
	if (status == STATUS_OK && engine->pair_asker)
		engine->pair_asker(store->for_asker.db, store->written.db);
	return status;
}

static enum status start_writer(struct store *store, uv_loop_t *loop, char error[STORE_ERROR_SIZE])
{
	enum status status = writer_start(&store->writer, &store->written, &store->limits, loop,
					  on_news, store, error);

	if (status != STATUS_OK) {
		asker_close(store->asker, NULL, NULL);
		return status;
	}
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
	STAILQ_INIT(&store->submitted);
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
	free(store);
}

enum status store_start(struct store *store, uv_loop_t *loop, char error[STORE_ERROR_SIZE])
{
	struct store_connection reader = store->for_asker;

	store->for_asker.db = NULL;
	enum status status = asker_open(&store->asker, &reader, loop, error);
	if (status == STATUS_OK)
		status = start_writer(store, loop, error);
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
	hand_over(store);
	writer_stop(store->writer);
	asker_close(store->asker, on_asker_closed, store);
}

void store_set_limits(struct store *store, const struct store_limits *limits)
{
	store->limits = *limits;
	if (store->writer)
		writer_set_limits(store->writer, limits);
}

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
	STAILQ_INSERT_TAIL(&store->submitted, pending, link);
	store->n_submitted++;
	pace_note(&store->pace, uv_now(store->flush.loop));
	return STATUS_OK;
}

size_t store_pending(const struct store *store)
{
	return store->pending;
}

int64_t store_lost_commits(const struct store *store)
{
	const struct store_engine *engine = store->written.engine;

	return engine->count_lost ? engine->count_lost(store->written.db) : 0;
}

int64_t store_last_commit(const struct store *store)
{
	const struct store_engine *engine = store->written.engine;

	return engine->last_commit ? engine->last_commit(store->written.db) : 0;
}

struct store_loss store_last_loss(const struct store *store)
{
	const struct store_engine *engine = store->written.engine;

	return engine->last_loss ? engine->last_loss(store->written.db) : (struct store_loss){ 0 };
}

bool store_is_asynchronous(const struct store *store)
{
	const struct store_engine *engine = store->written.engine;

	return engine->is_asynchronous && engine->is_asynchronous(store->written.db);
}

enum status store_look(struct store *store, char error[STORE_ERROR_SIZE])
{
	enum status failure = writer_failure(store->writer, error);
	return failure == STATUS_OK ? store->written.engine->look(store->written.db, error)
				    : failure;
}

void store_resume(struct store *store, store_resumed *done, void *user)
{
	assert(store->pending == 0 && !store->resumed && !store->closing);
	store->resumed = done;
	store->resumed_user = user;
	writer_begin_resume(store->writer);
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
