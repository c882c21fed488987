#include "agent/uplink.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/announce.h"
#include "agent/answer.h"
#include "agent/log.h"
#include "agent/spool.h"
#include "agent/sync.h"
#include "proto/arena.h"
#include "proto/mem.h"

#define REPORTS_PATH "/v1/reports"
#define MAX_TARGETS  2
#define POLL_MS      10

/* The thread and uplink_close(): who comes second frees. */
enum { UPLINK_ALONE, UPLINK_RUNNING, UPLINK_ENDED, UPLINK_ABANDONED };

/* A collector to send to. */
struct target {
	const char *url;
	bool away;         /* and it was said */
	long away_status;  /* the HTTP status that was said; 0: no answer */
	int64_t backoff_s; /* of the next failure */
	uint64_t not_before_ms;
};

struct uplink {
	struct host *host;
	struct arena arena; /* the options' strings */
	struct spool *spool;
	struct sync_bell *bell; /* there is something to do */
	atomic_int state;
	atomic_bool ending;
	bool (*stopped)(void); /* of uplink_work() */

	struct sync_lock *lock; /* guards what follows, up to the next comment */
	struct uplink_news news;
	int64_t interval_s;

	/* The sending thread's own. */
	struct sender *sender;
	struct target targets[MAX_TARGETS];
	size_t n_targets;
	uint64_t away_since_ms; /* no collector has answered a report since then; 0: one has */
	bool away_announced;
	bool refusal_announced;
};

static bool is_ending(void *user)
{
	const struct uplink *u = user;
	return atomic_load(&u->ending) || (u->stopped && u->stopped());
}

static void add_target(struct uplink *u, const char *url)
{
	u->targets[u->n_targets++] = (struct target){ .url = arena_strdup(&u->arena, url),
						      .backoff_s = UPLINK_MIN_BACKOFF_S };
}

static void uplink_free(struct uplink *u)
{
	send_close(u->sender);
	spool_close(u->spool);
	sync_bell_free(u->bell);
	sync_lock_free(u->lock);
	arena_deinit(&u->arena);
	free(u->news.answer);
	free(u);
}

enum status uplink_open(struct uplink **out, struct host *host, const char *state_dir,
			const struct uplink_options *options)
{
	if (!send_is_url(options->collector) ||
	    (options->fallback && !send_is_url(options->fallback)))
		return STATUS_INVALID;

	struct uplink *u = mem_alloc(sizeof *u);
	struct send_options send = options->send;
	u->host = host;
	u->bell = sync_bell_new();
	u->lock = sync_lock_new();
	atomic_init(&u->state, UPLINK_ALONE);
	atomic_init(&u->ending, false);
	arena_init(&u->arena);
	add_target(u, options->collector);
	if (options->fallback)
		add_target(u, options->fallback);
	send.stopped = is_ending;
	send.user = u;
	enum status st = send_open(&u->sender, &send);
	if (st != STATUS_OK) {
		uplink_free(u);
		return st;
	}
	u->spool = spool_open(state_dir);
	*out = u;
	return STATUS_OK;
}

void uplink_offer(struct uplink *uplink, const char *body, const struct moment *at,
		  int64_t interval_s)
{
	(void)spool_put(uplink->spool, body, at); /* logged; it is kept in memory then */
	sync_take(uplink->lock);
	uplink->interval_s = interval_s;
	sync_give(uplink->lock);
	sync_ring(uplink->bell);
}

bool uplink_take_news(struct uplink *uplink, struct uplink_news *out)
{
	sync_take(uplink->lock);
	*out = uplink->news;
	uplink->news = (struct uplink_news){ 0 };
	sync_give(uplink->lock);
	return out->answer || out->conflict;
}

/* Gives the collector's answer to the cycle's thread; takes `answer`. */
static void tell_answer(struct uplink *u, char *answer, size_t size)
{
	sync_take(u->lock);
	free(u->news.answer); /* an older one that nobody has looked at */
	u->news.answer = answer;
	u->news.size = size;
	sync_give(u->lock);
	host_nudge(u->host);
}

static void tell_conflict(struct uplink *u)
{
	sync_take(u->lock);
	u->news.conflict = true;
	sync_give(u->lock);
	host_nudge(u->host);
}

/* What the collector said of it, or how it failed, in words. */
static const char *words_of(const struct send_result *result, struct arena *arena)
{
	const char *problem =
		result->body ? answer_read_problem(result->body, result->size, arena) : NULL;

	if (result->http_status == 0)
		return result->error;
	return arena_printf(arena, "HTTP status %ld%s%s", result->http_status, problem ? ": " : "",
			    problem ? problem : "");
}

/* `n` with a quarter more or less, so that a fleet does not come back all at once. */
static uint64_t with_jitter(struct host *host, uint64_t n)
{
	struct host_error error;
	uint16_t random = 0x8000;

	if (host_random(host, &random, sizeof random, &error) != STATUS_OK)
		random = 0x8000; /* no jitter then */
	return n * 3 / 4 + n / 2 * random / 0xffff;
}

/* How long to leave the target alone. */
static void back_off(struct uplink *u, struct target *t, const struct send_result *result)
{
	sync_take(u->lock);
	int64_t longest_s = u->interval_s;
	sync_give(u->lock);
	if (longest_s > UPLINK_MAX_BACKOFF_S)
		longest_s = UPLINK_MAX_BACKOFF_S;
	int64_t wait_s = t->backoff_s < longest_s ? t->backoff_s : longest_s;
	t->backoff_s = wait_s * 2;
	if (result->retry_s > wait_s)
		wait_s = result->retry_s;
	t->not_before_ms = host_now_ms(u->host) + with_jitter(u->host, (uint64_t)wait_s * 1000);
}

/* Tells the administrators, once, of collectors that all stay away. */
static void announce_away(struct uplink *u, const char *why)
{
	uint64_t now_ms = host_now_ms(u->host);

	if (u->away_since_ms == 0)
		u->away_since_ms = now_ms;
	if (u->away_announced || now_ms - u->away_since_ms < UPLINK_LONG_AWAY_S * UINT64_C(1000))
		return;
	announce(u->host, ANNOUNCE_COLLECTOR_AWAY, u->targets[0].url, why);
	u->away_announced = true;
}

static void on_away(struct uplink *u, struct target *t, const struct send_result *result)
{
	struct arena arena;

	back_off(u, t, result);
	arena_init(&arena);
	const char *why = words_of(result, &arena);
	announce_away(u, why);
	if (!t->away || t->away_status != result->http_status)
		log_error("could not send reports to the collector %s: %s; they are kept and sent "
			  "later",
			  t->url, why);
	t->away = true;
	t->away_status = result->http_status;
	arena_deinit(&arena);
}

/* It answered a report: it is here. */
static void on_here(struct uplink *u, struct target *t)
{
	if (t->away)
		log_info("the collector %s can be reached again; %lu report(s) to send", t->url,
			 (unsigned long)spool_count(u->spool));
	t->away = false;
	t->backoff_s = UPLINK_MIN_BACKOFF_S;
	t->not_before_ms = 0;
	if (u->away_announced)
		announce(u->host, ANNOUNCE_COLLECTOR_BACK, t->url, NULL);
	u->away_announced = false;
	u->away_since_ms = 0;
}

static void on_refused(struct uplink *u, struct target *t, const struct send_result *result)
{
	struct arena arena;

	arena_init(&arena);
	if (u->refusal_announced)
		log_error("the collector %s refused a report: %s", t->url,
			  words_of(result, &arena));
	else
		announce(u->host, ANNOUNCE_REFUSED, t->url, words_of(result, &arena));
	u->refusal_announced = true;
	arena_deinit(&arena);
	on_here(u, t);
	if (result->http_status == 409)
		tell_conflict(u);
}

/* What became of a report. */
enum fate { FATE_ACCEPTED, FATE_REFUSED, FATE_KEPT, FATE_STOPPED };

/* Hands on the answer. One that no collector gives (a proxy's page, say) is as good as none. */
static enum fate take_answer(struct uplink *u, struct target *t, struct send_result *result)
{
	struct arena arena;
	struct answer answer;
	const char *why = NULL;
	const char *body = result->body ? result->body : "";
	enum fate fate = FATE_ACCEPTED;

	arena_init(&arena);
	if (answer_read(body, result->size, &arena, &answer, &why) == STATUS_OK) {
		on_here(u, t);
		u->refusal_announced = false;
		tell_answer(u, result->body, result->size);
		result->body = NULL;
	} else {
		fate = FATE_KEPT;
		result->http_status = 0;
		(void)snprintf(result->error, sizeof result->error,
			       "what answers is no collector: %s", why);
	}
	arena_deinit(&arena);
	return fate;
}

static enum fate fate_of(struct uplink *u, struct target *t, struct send_result *result)
{
	switch (result->http_status) {
	case 200:
		return take_answer(u, t, result);
	case 400:
	case 409:
	case 413:
	case 422:
		return FATE_REFUSED; /* this report never will be accepted */
	default:
		return result->outcome == SEND_STOPPED ? FATE_STOPPED : FATE_KEPT;
	}
}

static enum fate send_to(struct uplink *u, struct target *t, const struct spooled *report)
{
	struct send_request request = { .method = SEND_POST,
					.collector = t->url,
					.path = REPORTS_PATH,
					.body = report->body,
					.age_ms = report->age_ms };
	struct send_result result;

	send_do(u->sender, &request, &result);
	enum fate fate = fate_of(u, t, &result);
	if (fate == FATE_KEPT)
		on_away(u, t, &result);
	else if (fate == FATE_REFUSED)
		on_refused(u, t, &result);
	free(result.body);
	return fate;
}

/* Sends the newest report to the first collector that takes it. True if the next may follow. */
static bool send_newest(struct uplink *u)
{
	struct moment now = moment_now(u->host);
	struct spooled report;
	enum fate fate = FATE_KEPT;

	if (spool_get_newest(u->spool, &now, &report) != STATUS_OK)
		return false;
	for (size_t i = 0; i < u->n_targets && fate == FATE_KEPT; i++) {
		if (u->targets[i].not_before_ms <= host_now_ms(u->host))
			fate = send_to(u, &u->targets[i], &report);
	}
	free(report.body);
	if (atomic_load(&u->ending))
		return false; /* the spool may be somebody else's by now */
	if (fate == FATE_ACCEPTED)
		spool_remove(u->spool, report.number);
	else if (fate == FATE_REFUSED)
		spool_reject(u->spool, report.number);
	return fate == FATE_ACCEPTED || fate == FATE_REFUSED;
}

bool uplink_work(struct uplink *uplink, bool (*stopped)(void))
{
	uplink->stopped = stopped;
	while (!is_ending(uplink) && send_newest(uplink))
		;
	return spool_count(uplink->spool) == 0;
}

/* How long there is nothing to do, unless the bell rings. */
static uint32_t idle_ms(struct uplink *u)
{
	uint64_t now_ms = host_now_ms(u->host);
	uint64_t due_ms = now_ms + (uint64_t)UPLINK_MAX_BACKOFF_S * 1000;

	if (spool_count(u->spool) == 0)
		return UPLINK_MAX_BACKOFF_S * 1000;
	for (size_t i = 0; i < u->n_targets; i++) {
		if (u->targets[i].not_before_ms < due_ms)
			due_ms = u->targets[i].not_before_ms;
	}
	return due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 0;
}

static void run_thread(void *arg)
{
	struct uplink *u = arg;

	while (!is_ending(u)) {
		(void)uplink_work(u, NULL);
		if (!is_ending(u))
			(void)sync_wait(u->bell, idle_ms(u));
	}
	if (atomic_exchange(&u->state, UPLINK_ENDED) == UPLINK_ABANDONED)
		uplink_free(u);
}

enum status uplink_start(struct uplink *uplink)
{
	struct host_error error;

	atomic_store(&uplink->state, UPLINK_RUNNING);
	enum status st = host_start_thread(uplink->host, run_thread, uplink, &error);
	if (st == STATUS_OK)
		return STATUS_OK;
	atomic_store(&uplink->state, UPLINK_ALONE);
	log_error("could not start to send reports: %s", error.text);
	return st;
}

void uplink_close(struct uplink *uplink)
{
	if (!uplink)
		return;
	uint64_t end_ms = host_now_ms(uplink->host) + UPLINK_PATIENCE_MS;
	atomic_store(&uplink->ending, true);
	sync_ring(uplink->bell);
	while (atomic_load(&uplink->state) == UPLINK_RUNNING && host_now_ms(uplink->host) < end_ms)
		host_sleep(uplink->host, POLL_MS);
	if (atomic_load(&uplink->state) != UPLINK_RUNNING ||
	    atomic_exchange(&uplink->state, UPLINK_ABANDONED) != UPLINK_RUNNING)
		uplink_free(uplink);
	else
		log_info("left the sending of a report to the end of the process");
}
