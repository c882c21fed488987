#include "collector/store/sqlite/internal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/store/lock.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

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

struct store {
	struct store_db reader;
	struct store_db writer; /* the thread's; ours only while nothing is pending */
	struct store_checkpointer *checkpointer;
	int lock;
	size_t pending; /* submitted, `done` has not run; the loop's */
	size_t pending_bytes;
	bool closing;
	void (*closed)(void *user);
	void *closed_user;

	/* The loop's: submitted in this round of it. Handed over together, they share a commit. */
	struct queue submitted;
	uv_prepare_t round_over;

	uv_async_t over_signal; /* something is in `over`, or the thread ends */
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t woken;

	/* Under the mutex. */
	struct queue waiting;
	struct queue over;
	struct store_limits limits;
	bool stopping;       /* the thread is to end when nothing waits */
	bool ended;          /* it has */
	enum status failure; /* of the last commit; until store_resume() */
	char failure_error[STORE_ERROR_SIZE];
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
	*queue->end = pending;
	queue->end = &pending->next;
	queue->n++;
}

/* Puts all of `from` behind. */
static void queue_append(struct queue *queue, struct queue *from)
{
	if (!from->first)
		return;
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
	for (uint64_t now = uv_hrtime(); store->waiting.n == 0 && !store->stopping && now < until;
	     now = uv_hrtime())
		uv_cond_timedwait(&store->woken, &store->mutex, until - now);
	while (n < MAX_BATCH && store->waiting.n > 0)
		batch[n++] = queue_take(&store->waiting);
	*limits = store->limits;
	*stopping = store->stopping;
	uv_mutex_unlock(&store->mutex);
	return n;
}

static enum status commit(struct store *store, struct pending *const *batch, size_t n,
			  const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	const struct store_change *changes[MAX_BATCH];

	/* Only this thread sets a failure, and the loop clears it only while nothing is pending. */
	if (store->failure != STATUS_OK) {
		snprintf(error, STORE_ERROR_SIZE, "%s", store->failure_error);
		return store->failure;
	}
	for (size_t i = 0; i < n; i++)
		changes[i] = &batch[i]->change;
	return store_db_commit(&store->writer, changes, n, limits, error);
}

static void hand_back(struct store *store, struct pending *const *batch, size_t n,
		      enum status status, const char *error)
{
	uv_mutex_lock(&store->mutex);
	if (status != STATUS_OK && store->failure == STATUS_OK) {
		store->failure = status;
		snprintf(store->failure_error, sizeof store->failure_error, "%s", error);
	}
	for (size_t i = 0; i < n; i++) {
		batch[i]->status = status;
		batch[i]->error = status == STATUS_OK ? NULL : mem_strdup(error);
		queue_put(&store->over, batch[i]);
	}
	uv_mutex_unlock(&store->mutex);
	uv_async_send(&store->over_signal);
}

static int64_t wall_ms(void)
{
	uv_timeval64_t now;
	uv_gettimeofday(&now); /* fails for a null pointer only */
	return now.tv_sec * 1000 + now.tv_usec / 1000;
}

/*
 * Drops a chunk of what is old, between two batches. A failure is told and harmless: the next
 * commit meets the same disk. Returns when to go on, in uv_hrtime()'s terms.
 */
static uint64_t sweep(struct store *store, const struct store_limits *limits,
		      struct store_sweep *at, bool *failing)
{
	char error[STORE_ERROR_SIZE];
	size_t dropped = 0;

	/* Only this thread sets a failure; with one, the connection may be store_resume()'s. */
	if (store->failure != STATUS_OK)
		return uv_hrtime() + SWEEP_PAUSE_NS;
	enum status status = store_db_sweep(&store->writer, limits, wall_ms(), at, &dropped, error);
	if (status != STATUS_OK && !*failing)
		log_warning("%s", error);
	*failing = status != STATUS_OK;
	if (status != STATUS_OK || dropped == 0)
		return uv_hrtime() + SWEEP_PAUSE_NS;
	store_checkpointer_wake(store->checkpointer, store->writer.log_pages);
	return uv_hrtime() + (dropped < STORE_SWEEP_ROWS ? SWEEP_PAUSE_NS : SWEEP_HURRY_NS);
}

static void write_batch(struct store *store, struct pending *const *batch, size_t n,
			const struct store_limits *limits)
{
	char error[STORE_ERROR_SIZE] = "";
	store_checkpointer_wait(store->checkpointer);
	enum status status = commit(store, batch, n, limits, error);
	if (status == STATUS_OK)
		store_checkpointer_wake(store->checkpointer, store->writer.log_pages);
	hand_back(store, batch, n, status, error);
}

static void write_changes(void *user)
{
	struct store *store = user;
	struct pending *batch[MAX_BATCH];
	struct store_limits limits;
	uint64_t next_sweep = uv_hrtime() + SWEEP_PAUSE_NS;
	struct store_sweep at = { 0 };
	bool failing = false;
	bool stopping = false;
	size_t n;

	do {
		n = gather(store, batch, next_sweep, &limits, &stopping);
		if (n > 0)
			write_batch(store, batch, n, &limits);
		if (!stopping && uv_hrtime() >= next_sweep)
			next_sweep = sweep(store, &limits, &at, &failing);
	} while (n > 0 || !stopping);
	uv_mutex_lock(&store->mutex);
	store->ended = true;
	uv_mutex_unlock(&store->mutex);
	uv_async_send(&store->over_signal);
}

/* The loop's thread, from here on. */

static void close_files(struct store *store)
{
	if (store->checkpointer)
		store_checkpointer_stop(store->checkpointer);
	store_db_close(&store->reader);
	store_db_close(&store->writer); /* the last one; SQLite empties the log with it */
	store_lock_release(store->lock);
}

static void destroy(struct store *store)
{
	uv_cond_destroy(&store->woken);
	uv_mutex_destroy(&store->mutex);
	free(store);
}

static void on_closed(uv_handle_t *handle)
{
	struct store *store = handle->data;
	void (*closed)(void *user) = store->closed;
	void *user = store->closed_user;

	destroy(store);
	if (closed)
		closed(user);
}

static void on_round_over_closed(uv_handle_t *handle)
{
	struct store *store = handle->data;
	uv_close((uv_handle_t *)&store->over_signal, on_closed);
}

/* Before the loop waits again: what was submitted meanwhile goes to the thread. */
static void on_round_over(uv_prepare_t *prepare)
{
	struct store *store = prepare->data;

	if (store->submitted.n == 0)
		return;
	uv_mutex_lock(&store->mutex);
	queue_append(&store->waiting, &store->submitted);
	uv_cond_signal(&store->woken);
	uv_mutex_unlock(&store->mutex);
}

static void on_over(uv_async_t *async)
{
	struct store *store = async->data;

	uv_mutex_lock(&store->mutex);
	struct pending *over = store->over.first;
	queue_init(&store->over);
	bool ended = store->ended;
	uv_mutex_unlock(&store->mutex);

	while (over) {
		struct pending *next = over->next;
		store->pending--;
		store->pending_bytes -= over->bytes;
		over->change.done(over->change.user, over->status, over->error);
		free(over->error);
		free(over);
		over = next;
	}
	if (ended && !uv_is_closing((uv_handle_t *)&store->round_over)) {
		uv_thread_join(&store->thread);
		close_files(store);
		uv_close((uv_handle_t *)&store->round_over, on_round_over_closed);
	}
}

static enum status open_files(struct store *store, const char *directory,
			      char error[STORE_ERROR_SIZE])
{
	struct arena arena;
	arena_init(&arena);
	const char *lock = arena_printf(&arena, "%s/%s", directory, STORE_LOCK);
	const char *file = arena_printf(&arena, "%s/%s", directory, STORE_FILE);

	enum status status = store_lock_take(lock, &store->lock, error, STORE_ERROR_SIZE);
	if (status != STATUS_OK) {
		arena_deinit(&arena);
		return status;
	}
	status = store_db_open(&store->writer, file, error);
	if (status == STATUS_OK)
		status = store_db_migrate(&store->writer, error);
	if (status == STATUS_OK)
		status = store_db_count_hosts(&store->writer, error);
	if (status == STATUS_OK)
		status = store_db_open(&store->reader, file, error);
	if (status == STATUS_OK)
		status = store_checkpointer_start(&store->checkpointer, file, error);
	if (status != STATUS_OK)
		close_files(store);
	arena_deinit(&arena);
	return status;
}

static enum status start(struct store *store, uv_loop_t *loop, char error[STORE_ERROR_SIZE])
{
	int code = uv_thread_create(&store->thread, write_changes, store);
	if (code != 0) {
		snprintf(error, STORE_ERROR_SIZE, "could not start a thread for the store: %s",
			 uv_strerror(code));
		close_files(store);
		return STATUS_SYSTEM;
	}
	/* The thread signals only what was submitted, so the handle may come after it. */
	if (uv_async_init(loop, &store->over_signal, on_over) != 0)
		abort(); /* only when the process is out of file descriptors at its start */
	store->over_signal.data = store;
	uv_prepare_init(loop, &store->round_over); /* cannot fail, nor can its start */
	uv_prepare_start(&store->round_over, on_round_over);
	store->round_over.data = store;
	return STATUS_OK;
}

enum status store_open(struct store **out, const char *directory, uv_loop_t *loop,
		       char error[STORE_ERROR_SIZE])
{
	struct store *store = mem_alloc(sizeof *store);

	/* Nobody asks how much memory it has, and counting takes a lock at each allocation. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	store->limits = STORE_LIMITS_DEFAULT;
	queue_init(&store->submitted);
	queue_init(&store->waiting);
	queue_init(&store->over);
	if (uv_mutex_init(&store->mutex) != 0 || uv_cond_init(&store->woken) != 0)
		abort(); /* only for lack of memory */
	enum status status = open_files(store, directory, error);
	if (status == STATUS_OK)
		status = start(store, loop, error);
	if (status != STATUS_OK) {
		destroy(store);
		return status;
	}
	*out = store;
	return STATUS_OK;
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
}

void store_set_limits(struct store *store, const struct store_limits *limits)
{
	uv_mutex_lock(&store->mutex);
	store->limits = *limits;
	uv_mutex_unlock(&store->mutex);
}

enum status store_submit(struct store *store, const struct store_change *change)
{
	assert(!store->closing);
	size_t bytes = change->report ? change->report->body_size : 0;
	if (store->pending >= STORE_MAX_PENDING ||
	    bytes > STORE_MAX_PENDING_BYTES - store->pending_bytes)
		return STATUS_LIMIT;

	struct pending *pending = mem_alloc(sizeof *pending);
	pending->change = *change;
	pending->bytes = bytes;
	store->pending++;
	store->pending_bytes += bytes;
	queue_put(&store->submitted, pending);
	return STATUS_OK;
}

size_t store_pending(const struct store *store)
{
	return store->pending;
}

enum status store_resume(struct store *store, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	assert(store->pending == 0);  /* so the thread is asleep, and after a failure it does not */
	uv_mutex_lock(&store->mutex); /* sweep either: its connection is ours */
	if (store->failure == STATUS_MALFORMED) {
		snprintf(error, STORE_ERROR_SIZE, "%s", store->failure_error);
		status = STATUS_MALFORMED;
	} else if (store->failure != STATUS_OK) {
		status = store_db_touch(&store->writer, error);
	}
	if (status == STATUS_OK)
		store->failure = STATUS_OK;
	uv_mutex_unlock(&store->mutex);
	return status;
}

enum status store_read_servers(struct store *store, store_each_server *each, void *user,
			       char error[STORE_ERROR_SIZE])
{
	return store_db_read_servers(&store->reader, each, user, error);
}

enum status store_read_server(struct store *store, const char *key, struct arena *arena,
			      struct record_server *out, struct record_report *latest,
			      char error[STORE_ERROR_SIZE])
{
	return store_db_read_server(&store->reader, key, arena, out, latest, error);
}

enum status store_read_removals(struct store *store, store_each_removal *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	return store_db_read_removals(&store->reader, each, user, error);
}

enum status store_read_other_names(struct store *store, const char *key, size_t limit,
				   store_each_name *each, void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_read_other_names(&store->reader, key, limit, each, user, error);
}

enum status store_read_expected(struct store *store, store_each_expected *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	return store_db_read_expected(&store->reader, each, user, error);
}

enum status store_read_former_expected(struct store *store, store_each_expected *each, void *user,
				       char error[STORE_ERROR_SIZE])
{
	return store_db_read_former_expected(&store->reader, each, user, error);
}

enum status store_read_expected_version(struct store *store, int64_t *out,
					char error[STORE_ERROR_SIZE])
{
	return store_db_read_expected_version(&store->reader, out, error);
}

enum status store_read_open_alerts(struct store *store, store_each_alert *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	return store_db_read_open_alerts(&store->reader, each, user, error);
}

enum status store_read_silences(struct store *store, store_each_silence *each, void *user,
				char error[STORE_ERROR_SIZE])
{
	return store_db_read_silences(&store->reader, each, user, error);
}

enum status store_read_hooks(struct store *store, store_each_hook *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return store_db_read_hooks(&store->reader, each, user, error);
}

enum status store_read_last_alert_id(struct store *store, int64_t *out,
				     char error[STORE_ERROR_SIZE])
{
	return store_db_read_last_alert_id(&store->reader, out, error);
}

enum status store_read_alerts(struct store *store, enum record_alert_state state, int64_t before,
			      store_each_alert *each, void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_read_alerts(&store->reader, state, before, each, user, error);
}

enum status store_read_alert(struct store *store, int64_t id, store_each_alert *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return store_db_read_alert(&store->reader, id, each, user, error);
}

enum status store_read_deliveries(struct store *store, enum record_delivery_state state,
				  int64_t before, store_each_delivery *each, void *user,
				  char error[STORE_ERROR_SIZE])
{
	return store_db_read_deliveries(&store->reader, state, before, each, user, error);
}

enum status store_read_delivery(struct store *store, int64_t id, struct arena *arena,
				struct record_delivery *out, char error[STORE_ERROR_SIZE])
{
	return store_db_read_delivery(&store->reader, id, arena, out, error);
}

enum status store_read_report_until(struct store *store, const char *key, int64_t until_ms,
				    struct arena *arena, struct record_report *out,
				    char error[STORE_ERROR_SIZE])
{
	return store_db_read_report_until(&store->reader, key, until_ms, arena, out, error);
}

enum status store_read_body_hash(struct store *store, const char *agent_id, const char *epoch,
				 int64_t sequence, uint64_t *out, char error[STORE_ERROR_SIZE])
{
	return store_db_read_body_hash(&store->reader, agent_id, epoch, sequence, out, error);
}

enum status store_read_last_sequence(struct store *store, const char *agent_id, const char *epoch,
				     int64_t *out, char error[STORE_ERROR_SIZE])
{
	return store_db_read_last_sequence(&store->reader, agent_id, epoch, out, error);
}

enum status store_read_identity(struct store *store, enum record_kind kind, const char *name,
				struct arena *arena, struct record_identity *out,
				char error[STORE_ERROR_SIZE])
{
	return store_db_read_identity(&store->reader, kind, name, arena, out, error);
}

enum status store_read_identities(struct store *store, enum record_kind kind, const char *after,
				  size_t limit, store_each_identity *each, void *user,
				  char error[STORE_ERROR_SIZE])
{
	return store_db_read_identities(&store->reader, kind, after, limit, each, user, error);
}

enum status store_read_audit_after(struct store *store, int64_t after, size_t limit,
				   store_each_audit *each, void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_read_audit(&store->reader, STORE_AUDIT_AFTER, after, limit, each, user,
				   error);
}

enum status store_read_audit_before(struct store *store, int64_t before, size_t limit,
				    store_each_audit *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	return store_db_read_audit(&store->reader, STORE_AUDIT_BEFORE, before, limit, each, user,
				   error);
}

enum status store_read_last_audit(struct store *store, int64_t *out, char error[STORE_ERROR_SIZE])
{
	return store_db_read_last_audit(&store->reader, out, error);
}

enum status store_read_history(struct store *store, const char *key, int64_t since_ms,
			       struct store_history_place before, size_t limit,
			       store_each_event *each, void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_read_history(&store->reader, key, since_ms, before, limit, each, user,
				     error);
}
