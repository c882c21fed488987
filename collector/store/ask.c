#include "collector/store/ask_internal.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "collector/store/give_way.h"
#include "proto/base/mem.h"

struct question {
	STAILQ_ENTRY(question) link;
	enum store_question kind;
	store_asked *read;
	store_answered *done;
	void *user;
	enum status status; /* once it is answered */
	char error[STORE_ERROR_SIZE];
};

STAILQ_HEAD(question_list, question);

struct asker {
	struct store_connection reader; /* the thread's, until it has ended */
	uv_async_t signal;              /* something is in `answered`, or the thread has ended */
	uv_thread_t thread;
	size_t n[STORE_QUESTIONS]; /* whose `done` has not run, by kind; the loop's */
	void (*closed)(void *user);
	void *closed_user;

	uv_mutex_t mutex;
	uv_cond_t woken;

	/* Under the mutex. */
	struct question_list waiting[STORE_QUESTIONS];
	struct question_list answered;
	bool stopping;
	bool ended;
};

/* The asker's thread, from here on. */

static struct question *take_first(struct asker *asker)
{
	struct question *question = NULL;

	for (size_t i = STORE_QUESTIONS; !question && i-- > 0;) {
		question = STAILQ_FIRST(&asker->waiting[i]);
		if (question)
			STAILQ_REMOVE_HEAD(&asker->waiting[i], link);
	}
	return question;
}

/* The next question, when there is one; NULL: the end. */
static struct question *wait_for_question(struct asker *asker)
{
	struct question *question = NULL;

	uv_mutex_lock(&asker->mutex);
	while (!asker->stopping && !(question = take_first(asker)))
		uv_cond_wait(&asker->woken, &asker->mutex);
	uv_mutex_unlock(&asker->mutex);
	return question;
}

static void hand_back(struct asker *asker, struct question *question)
{
	uv_mutex_lock(&asker->mutex);
	STAILQ_INSERT_TAIL(&asker->answered, question, link);
	uv_mutex_unlock(&asker->mutex);
	uv_async_send(&asker->signal);
}

/* Nobody reads any more what waits still. */
static void hand_back_rest(struct asker *asker)
{
	uv_mutex_lock(&asker->mutex);
	for (size_t i = 0; i < STORE_QUESTIONS; i++)
		STAILQ_CONCAT(&asker->answered, &asker->waiting[i]);
	asker->ended = true;
	uv_mutex_unlock(&asker->mutex);
	uv_async_send(&asker->signal);
}

static void answer_question(struct asker *asker, struct question *question)
{
	question->status = question->read(&asker->reader, question->user, question->error);
	hand_back(asker, question);
}

/* One that waits; NULL: none does, or the end is near. */
static struct question *find_question(struct asker *asker)
{
	uv_mutex_lock(&asker->mutex);
	struct question *question = asker->stopping ? NULL : take_first(asker);
	uv_mutex_unlock(&asker->mutex);
	return question;
}

void store_give_way(const struct store_connection *reader)
{
	struct asker *asker = (struct asker *)reader; /* whose first member it is */

	static_assert(offsetof(struct asker, reader) == 0, "the reader is the first member");
	for (struct question *q; (q = find_question(asker)) != NULL;)
		answer_question(asker, q);
}

static void answer_questions(void *user)
{
	struct asker *asker = user;

	for (struct question *q; (q = wait_for_question(asker)) != NULL;)
		answer_question(asker, q);
	hand_back_rest(asker);
}

/* The loop's thread, from here on. */

static void destroy(struct asker *asker)
{
	uv_cond_destroy(&asker->woken);
	uv_mutex_destroy(&asker->mutex);
	free(asker);
}

static void on_closed(uv_handle_t *handle)
{
	struct asker *asker = handle->data;
	void (*closed)(void *user) = asker->closed;
	void *user = asker->closed_user;

	destroy(asker);
	if (closed)
		closed(user);
}

static void on_answered(uv_async_t *async)
{
	struct asker *asker = async->data;
	struct question_list answered = STAILQ_HEAD_INITIALIZER(answered);
	struct question *question;

	uv_mutex_lock(&asker->mutex);
	STAILQ_CONCAT(&answered, &asker->answered);
	bool ended = asker->ended;
	uv_mutex_unlock(&asker->mutex);

	while ((question = STAILQ_FIRST(&answered)) != NULL) {
		STAILQ_REMOVE_HEAD(&answered, link);
		asker->n[question->kind]--;
		question->done(question->user, question->status, question->error);
		free(question);
	}
	if (ended && !uv_is_closing((uv_handle_t *)&asker->signal)) {
		uv_thread_join(&asker->thread);
		asker->reader.engine->close(asker->reader.db);
		uv_close((uv_handle_t *)&asker->signal, on_closed);
	}
}

static enum status start_thread(struct asker *asker, uv_loop_t *loop, char error[STORE_ERROR_SIZE])
{
	int code = uv_thread_create(&asker->thread, answer_questions, asker);
	if (code != 0) {
		snprintf(error, STORE_ERROR_SIZE,
			 "could not start a thread that reads the store: %s", uv_strerror(code));
		asker->reader.engine->close(asker->reader.db);
		return STATUS_SYSTEM;
	}
	/* The thread signals only what was asked, so the handle may come after it. */
	if (uv_async_init(loop, &asker->signal, on_answered) != 0)
		abort(); /* only when the process is out of file descriptors at its start */
	asker->signal.data = asker;
	return STATUS_OK;
}

enum status asker_open(struct asker **out, const struct store_connection *reader, uv_loop_t *loop,
		       char error[STORE_ERROR_SIZE])
{
	struct asker *asker = mem_alloc(sizeof *asker);

	asker->reader = *reader;
	for (size_t i = 0; i < STORE_QUESTIONS; i++)
		STAILQ_INIT(&asker->waiting[i]);
	STAILQ_INIT(&asker->answered);
	if (uv_mutex_init(&asker->mutex) != 0 || uv_cond_init(&asker->woken) != 0)
		abort(); /* only for lack of memory */
	enum status status = start_thread(asker, loop, error);
	if (status != STATUS_OK) {
		destroy(asker);
		return status;
	}
	*out = asker;
	return STATUS_OK;
}

enum status asker_ask(struct asker *asker, enum store_question kind, store_asked *read,
		      store_answered *done, void *user)
{
	if (asker->n[kind] == STORE_MAX_ASKED)
		return STATUS_FULL;

	struct question *question = mem_alloc(sizeof *question);
	question->kind = kind;
	question->read = read;
	question->done = done;
	question->user = user;
	question->status = STATUS_REFUSED; /* until it is read */
	asker->n[kind]++;
	uv_mutex_lock(&asker->mutex);
	assert(!asker->stopping);
	STAILQ_INSERT_TAIL(&asker->waiting[kind], question, link);
	uv_cond_signal(&asker->woken);
	uv_mutex_unlock(&asker->mutex);
	return STATUS_OK;
}

size_t asker_count(const struct asker *asker)
{
	return asker->n[STORE_PAGE] + asker->n[STORE_LOOK_UP];
}

void asker_close(struct asker *asker, void (*closed)(void *user), void *user)
{
	asker->closed = closed;
	asker->closed_user = user;
	uv_mutex_lock(&asker->mutex);
	asker->stopping = true;
	uv_cond_signal(&asker->woken);
	uv_mutex_unlock(&asker->mutex);
}
