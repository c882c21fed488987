#include "collector/cluster/member.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/crypto/secret.h"
#include "proto/base/mem.h"

/* The thread looks so often whether there is something to do, and the loop notes that it turns. */
#define PAUSE_NS (UINT64_C(100) * 1000 * 1000)
#define TURN_MS  UINT64_C(500)

struct seen {
	struct arena arena;
	struct store_look look;
};

struct member {
	void (*changed)(void *user);
	void *user;
	void (*closed)(void *user);
	void *closed_user;
	char node[LEASE_NODE_SIZE];
	char *version;
	char incarnation[UUID_TEXT_SIZE];
	struct loop_timer *turn;
	struct seen *seen;            /* the loop's; NULL: there is none yet */
	char error[STORE_ERROR_SIZE]; /* of the last look, the loop's; "": none */
	bool is_closing;

	uv_async_t signal; /* something has happened */
	uv_thread_t thread;
	struct store_seat *seat; /* the thread's */
	bool has_beaten;         /* once; so */

	uv_mutex_t mutex;
	uv_cond_t woken;

	/* Under the mutex. */
	struct lease lease;
	int64_t turned_ms; /* when the loop turned last */
	char *url;
	char *settings;
	enum record_collector_state state;
	int64_t since_ms;
	bool is_double;       /* another process has our name */
	bool knows_successor; /* the lease was lost, and it was looked to whom */
	bool gives_back;
	char next[LEASE_NODE_SIZE]; /* who is to have the lease; "": nobody in particular */
	bool stopping;
	bool ended;
	struct seen *news;        /* of the last look; NULL: it is known, or failed */
	int64_t last_commit;      /* of this collector, while it judges */
	int64_t last_seen_commit; /* of any, that was confirmed to it */
	int64_t lost_ms;          /* as of the last look */
	char news_error[STORE_ERROR_SIZE];
};

static int64_t now_ms(void)
{
	return (int64_t)loop_monotonic_ms();
}

static void free_seen(struct seen *seen)
{
	if (!seen)
		return;
	arena_deinit(&seen->arena);
	free(seen);
}

/* The thread, from here on. It holds the mutex but where it talks to the database. */

/* As it is at this moment; strings are copied. */
static struct record_collector describe(const struct member *m, struct arena *arena)
{
	return (struct record_collector){
		.node = m->node,
		.incarnation = m->incarnation,
		.url = arena_strdup(arena, m->url),
		.version = m->version,
		.settings = arena_strdup(arena, m->settings),
		.state = m->state,
		.since_ms = m->since_ms,
		.clock_ms = loop_wall_ms(),
		.last_commit = m->last_commit,
	};
}

/*
 * Keeps the highest number, for a database that takes another's place may have it no more. Where
 * somebody has seen that already, numbers begin anew.
 */
static void note_commits(struct member *m, const struct store_look *look)
{
	if (look->lost_ms > m->lost_ms)
		m->last_seen_commit = 0;
	m->lost_ms = look->lost_ms;
	for (size_t i = 0; i < look->n; i++) {
		if (look->collectors[i].last_commit > m->last_seen_commit)
			m->last_seen_commit = look->collectors[i].last_commit;
	}
}

static void note_look(struct member *m, struct seen *seen, enum status status, const char *error)
{
	bool is_good = status == STATUS_OK;

	snprintf(m->news_error, sizeof m->news_error, "%s", is_good ? "" : error);
	m->has_beaten |= is_good;
	m->is_double |= status == STATUS_CONFLICT;
	if (!is_good) {
		free_seen(seen);
		return;
	}
	note_commits(m, &seen->look);
	free_seen(m->news);
	m->news = seen;
}

/* Beats, and returns what was seen, borrowed; NULL: it failed. */
static const struct lease_seen *look(struct member *m)
{
	struct seen *seen = mem_alloc(sizeof *seen);
	char error[STORE_ERROR_SIZE] = "";

	arena_init(&seen->arena);
	struct record_collector self = describe(m, &seen->arena);
	uv_mutex_unlock(&m->mutex);
	enum status status =
		store_seat_beat(m->seat, &self, !m->has_beaten, &seen->arena, &seen->look, error);
	uv_mutex_lock(&m->mutex);
	note_look(m, seen, status, error);
	return status == STATUS_OK ? &seen->look.lease : NULL;
}

static void beat(struct member *m)
{
	lease_beat_begins(&m->lease, now_ms());
	const struct lease_seen *seen = look(m);
	lease_beat_ended(&m->lease, now_ms(), seen);
}

/* It may be another process of our name: that would have to end if ours began anew, and so on. */
static void look_who_took_over(struct member *m)
{
	(void)look(m);
	m->knows_successor = true;
}

/* False: the system has no random numbers at this moment. */
static bool take(struct member *m)
{
	char error[STORE_ERROR_SIZE] = "";
	char token[UUID_TEXT_SIZE];

	if (secret_make_id(token) != STATUS_OK)
		return false;
	struct lease_attempt attempt = lease_take_begins(&m->lease, now_ms(), token);
	uv_mutex_unlock(&m->mutex);
	enum lease_outcome outcome = store_seat_take(m->seat, m->node, &attempt, error);
	uv_mutex_lock(&m->mutex);
	lease_take_ended(&m->lease, outcome);
	if (outcome == LEASE_UNKNOWN)
		snprintf(m->news_error, sizeof m->news_error, "%s", error);
	return true;
}

static void release(struct member *m, int64_t abstain_ms)
{
	char error[STORE_ERROR_SIZE];
	char next[LEASE_NODE_SIZE];
	const char *token = lease_give_back(&m->lease, now_ms(), abstain_ms);

	memcpy(next, m->next, sizeof next);
	m->gives_back = false;
	if (!token[0])
		return;
	uv_mutex_unlock(&m->mutex);
	if (store_seat_release(m->seat, token, next[0] ? next : NULL, error) != STATUS_OK)
		log_warning("%s", error);
	uv_mutex_lock(&m->mutex);
}

/* False: there was nothing to do. */
static bool work(struct member *m)
{
	enum lease_step step =
		m->is_double ? LEASE_LEAVE : lease_next(&m->lease, now_ms(), m->turned_ms);

	if (m->gives_back)
		release(m, MEMBER_ABSTAIN_MS);
	else if (step == LEASE_BEAT)
		beat(m);
	else if (step == LEASE_TAKE)
		return take(m);
	else if (step == LEASE_LEAVE && !m->is_double && !m->knows_successor)
		look_who_took_over(m);
	else
		return false;
	return true;
}

/* A last beat: nobody is to wonder where it is. */
static void say_ended(struct member *m)
{
	char ignored[STORE_ERROR_SIZE];
	struct store_look look;
	struct arena arena;

	arena_init(&arena);
	m->state = RECORD_COLLECTOR_ENDED;
	m->since_ms = loop_wall_ms();
	struct record_collector self = describe(m, &arena);
	uv_mutex_unlock(&m->mutex);
	store_seat_beat(m->seat, &self, false, &arena, &look, ignored);
	uv_mutex_lock(&m->mutex);
	arena_deinit(&arena);
}

/* Somebody takes over all the same from one whose database is away. */
static void end(struct member *m)
{
	if (m->has_beaten && !m->is_double && !m->news_error[0]) {
		release(m, 0);
		say_ended(m);
	}
	store_seat_close(m->seat);
}

static void run(void *user)
{
	struct member *m = user;

	uv_mutex_lock(&m->mutex);
	while (!m->stopping) {
		if (work(m))
			uv_async_send(&m->signal);
		else
			uv_cond_timedwait(&m->woken, &m->mutex, PAUSE_NS);
	}
	end(m);
	m->ended = true;
	uv_mutex_unlock(&m->mutex);
	uv_async_send(&m->signal);
}

/* The loop's thread, from here on. */

static void on_closed(uv_handle_t *handle)
{
	struct member *m = handle->data;
	void (*closed)(void *user) = m->closed;
	void *user = m->closed_user;

	free_seen(m->seen);
	free_seen(m->news);
	free(m->url);
	free(m->settings);
	free(m->version);
	uv_cond_destroy(&m->woken);
	uv_mutex_destroy(&m->mutex);
	free(m);
	if (closed)
		closed(user);
}

static void take_news(struct member *m)
{
	if (m->news) {
		free_seen(m->seen);
		m->seen = m->news;
		m->news = NULL;
	}
	snprintf(m->error, sizeof m->error, "%s", m->news_error);
}

static void on_signal(uv_async_t *signal)
{
	struct member *m = signal->data;

	uv_mutex_lock(&m->mutex);
	take_news(m);
	bool ended = m->ended;
	uv_mutex_unlock(&m->mutex);
	if (ended && !uv_is_closing((uv_handle_t *)signal)) {
		uv_thread_join(&m->thread);
		uv_close((uv_handle_t *)signal, on_closed);
	} else if (!m->is_closing) {
		m->changed(m->user);
	}
}

static void on_turn(void *user)
{
	struct member *m = user;

	uv_mutex_lock(&m->mutex);
	m->turned_ms = now_ms();
	uv_mutex_unlock(&m->mutex);
	loop_timer_start(m->turn, TURN_MS);
}

enum status member_open(struct member **out, const struct member_options *options,
			char error[STORE_ERROR_SIZE])
{
	struct member *m = mem_alloc(sizeof *m);

	m->changed = options->changed;
	m->user = options->user;
	m->seat = options->seat;
	m->version = mem_strdup(options->version);
	m->state = RECORD_COLLECTOR_STARTING;
	m->since_ms = loop_wall_ms();
	snprintf(m->node, sizeof m->node, "%s", options->node);
	lease_init(&m->lease, options->node, true, options->takeover_after);
	if (uv_mutex_init(&m->mutex) != 0 || uv_cond_init(&m->woken) != 0 ||
	    uv_async_init(options->loop, &m->signal, on_signal) != 0)
		abort(); /* only when the process has no resources at its start */
	m->signal.data = m;
	m->turn = loop_timer_new(options->loop, on_turn, m);
	member_tell(m, &options->about);
	on_turn(m);
	enum status status = secret_make_id(m->incarnation);
	if (status == STATUS_OK && uv_thread_create(&m->thread, run, m) == 0) {
		*out = m;
		return STATUS_OK;
	}
	snprintf(error, STORE_ERROR_SIZE,
		 "could not begin: the system has no resources for a "
		 "thread that keeps the lease");
	loop_timer_close(m->turn);
	store_seat_close(m->seat);
	uv_close((uv_handle_t *)&m->signal, on_closed);
	return STATUS_SYSTEM;
}

void member_close(struct member *m, void (*closed)(void *user), void *user)
{
	assert(!m->is_closing);
	m->is_closing = true;
	m->closed = closed;
	m->closed_user = user;
	loop_timer_close(m->turn);
	uv_mutex_lock(&m->mutex);
	m->stopping = true;
	uv_cond_signal(&m->woken);
	uv_mutex_unlock(&m->mutex);
}

void member_tell(struct member *m, const struct member_about *about)
{
	uv_mutex_lock(&m->mutex);
	free(m->url);
	free(m->settings);
	m->url = mem_strdup(about->url ? about->url : "");
	m->settings = mem_strdup(about->settings);
	uv_mutex_unlock(&m->mutex);
}

void member_set_state(struct member *m, enum record_collector_state state)
{
	uv_mutex_lock(&m->mutex);
	if (m->state != state) {
		m->state = state;
		m->since_ms = loop_wall_ms();
	}
	uv_mutex_unlock(&m->mutex);
}

enum member_role member_role(struct member *m)
{
	enum member_role role = MEMBER_STANDS_BY;

	uv_mutex_lock(&m->mutex);
	if (m->is_double)
		role = MEMBER_IS_DOUBLE;
	else if (m->knows_successor)
		role = MEMBER_IS_LOST;
	else if (lease_is_held(&m->lease) && !m->gives_back)
		role = MEMBER_HOLDS;
	uv_mutex_unlock(&m->mutex);
	return role;
}

void member_set_last_commit(struct member *m, int64_t id)
{
	uv_mutex_lock(&m->mutex);
	m->last_commit = id;
	uv_mutex_unlock(&m->mutex);
}

/* Token and epoch do not change while it is held. */
struct store_claim member_claim(struct member *m)
{
	uv_mutex_lock(&m->mutex);
	assert(lease_is_held(&m->lease));
	struct store_claim claim = { lease_token(&m->lease), lease_epoch(&m->lease),
				     m->last_seen_commit };
	uv_mutex_unlock(&m->mutex);
	return claim;
}

bool member_may_act(struct member *m)
{
	uv_mutex_lock(&m->mutex);
	bool may = lease_may_act(&m->lease, now_ms());
	uv_mutex_unlock(&m->mutex);
	return may;
}

void member_note_fenced(struct member *m)
{
	uv_mutex_lock(&m->mutex);
	lease_note_fenced(&m->lease);
	uv_mutex_unlock(&m->mutex);
	uv_async_send(&m->signal);
}

void member_give_back(struct member *m)
{
	uv_mutex_lock(&m->mutex);
	m->gives_back = true;
	uv_cond_signal(&m->woken);
	uv_mutex_unlock(&m->mutex);
}

void member_retire(struct member *m, const char *next)
{
	uv_mutex_lock(&m->mutex);
	snprintf(m->next, sizeof m->next, "%s", next ? next : "");
	lease_retire(&m->lease);
	uv_mutex_unlock(&m->mutex);
}

const struct store_look *member_look(const struct member *m)
{
	return m->seen ? &m->seen->look : NULL;
}

const char *member_error(const struct member *m)
{
	return m->error[0] ? m->error : NULL;
}

const char *member_node(const struct member *m)
{
	return m->node;
}

const struct record_collector *member_judge(const struct member *m)
{
	const struct store_look *look = member_look(m);

	return look ? collectors_judge(look) : NULL;
}
