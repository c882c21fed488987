#include "agent/uplink/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/announce.h"
#include "agent/https/tls_failure.h"
#include "agent/platform/log.h"
#include "agent/uplink/answer.h"
#include "agent/uplink/enroll.h"
#include "agent/uplink/report_peek.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

#define REPORTS_PATH "/v1/reports"
#define MAX_WAYS     2

/* Why nobody took a report on a way. What is of another kind than the last one is said again. */
struct failure {
	long kind; /* HTTP status; 0: no answer; ENROLLING */
	const char *words;
	int64_t wait_s; /* at least; 0: as usual */
};
#define ENROLLING (-1)

struct way {
	const char *url;
	bool away;         /* and it was said */
	long away_kind;    /* that was said */
	int64_t backoff_s; /* of the next failure */
	uint64_t not_before_ms;
};

struct upstream {
	struct host *host;
	struct arena arena; /* the options' strings */
	struct send_options send;
	struct sender *sender;
	struct enroll *enroll;
	struct way list[MAX_WAYS];
	size_t n;
	uint64_t away_since_ms; /* no collector has answered a report since then; 0: one has */
	bool away_announced;
	bool refusal_announced;

	/* State of one call. */
	int64_t interval_s;
	size_t waiting;
	struct upstream_answer *answer;
};

/* A report on its way. */
struct sending {
	const char *host; /* whose it is; NULL: it does not tell */
	const char *body;
	int64_t age_ms;
	struct arena arena;
};

static void add_way(struct upstream *w, const char *url)
{
	w->list[w->n++] = (struct way){ .url = arena_strdup(&w->arena, url),
					.backoff_s = UPSTREAM_MIN_BACKOFF_S };
}

enum status upstream_open(struct upstream **out, struct host *host,
			  const struct upstream_options *options)
{
	if (!send_is_url(options->collector) ||
	    (options->fallback && !send_is_url(options->fallback)))
		return STATUS_INVALID;

	struct upstream *w = mem_alloc(sizeof *w);
	w->host = host;
	arena_init(&w->arena);
	w->send = send_copy_options(&options->send, &w->arena);
	enum status status = send_open(&w->sender, &w->send);
	if (status != STATUS_OK) {
		upstream_close(w);
		return status;
	}
	add_way(w, options->collector);
	if (options->fallback)
		add_way(w, options->fallback);
	w->enroll = enroll_open(host, options->state_dir, options->enroll_secret_file);
	*out = w;
	return STATUS_OK;
}

void upstream_close(struct upstream *upstream)
{
	if (!upstream)
		return;
	send_close(upstream->sender);
	enroll_close(upstream->enroll);
	arena_deinit(&upstream->arena);
	free(upstream);
}

const char *upstream_id(const struct upstream *upstream)
{
	return enroll_id(upstream->enroll);
}

uint64_t upstream_due_ms(const struct upstream *upstream)
{
	uint64_t due_ms = UINT64_MAX;

	for (size_t i = 0; i < upstream->n; i++) {
		if (upstream->list[i].not_before_ms < due_ms)
			due_ms = upstream->list[i].not_before_ms;
	}
	return due_ms;
}

/* `n` with a quarter more or less, so that a fleet does not come back all at once. */
static uint64_t with_jitter(struct host *host, uint64_t n)
{
	struct os_error error;
	uint16_t random = 0x8000;

	if (host_random(host, &random, sizeof random, &error) != STATUS_OK)
		random = 0x8000; /* no jitter then */
	return n * 3 / 4 + n / 2 * random / 0xffff;
}

/* How long to leave the way alone. */
static void back_off(struct upstream *w, struct way *way, int64_t at_least_s)
{
	int64_t longest_s =
		w->interval_s < UPSTREAM_MAX_BACKOFF_S ? w->interval_s : UPSTREAM_MAX_BACKOFF_S;
	int64_t wait_s = way->backoff_s < longest_s ? way->backoff_s : longest_s;

	way->backoff_s = wait_s * 2;
	if (at_least_s > wait_s)
		wait_s = at_least_s;
	way->not_before_ms = host_now_ms(w->host) + with_jitter(w->host, (uint64_t)wait_s * 1000);
}

/* Tells the administrators, once, of collectors that all stay away. */
static void announce_away(struct upstream *w, const char *why)
{
	uint64_t now_ms = host_now_ms(w->host);

	if (w->away_since_ms == 0)
		w->away_since_ms = now_ms;
	if (w->away_announced || now_ms - w->away_since_ms < UPSTREAM_LONG_AWAY_S * UINT64_C(1000))
		return;
	announce(w->host, ANNOUNCE_COLLECTOR_AWAY, w->list[0].url, why);
	w->away_announced = true;
}

/* Words for TLS' part in the failure. Asked once, for it takes another handshake. */
static const char *words_of_tls(const struct upstream *w, const struct way *way,
				const struct send_result *result, struct arena *arena)
{
	return way->away && way->away_kind == 0 ? NULL
						: tls_failure_explain(way->url, &w->send, result,
								      host_wall_ms(w->host), arena);
}

static void on_away(struct upstream *w, struct way *way, const struct failure *failure)
{
	back_off(w, way, failure->wait_s);
	announce_away(w, failure->words);
	if (!way->away || way->away_kind != failure->kind)
		log_error("could not send reports to the collector %s: %s; they are kept and sent "
			  "later",
			  way->url, failure->words);
	way->away = true;
	way->away_kind = failure->kind;
}

/* A collector that answered a report is reachable. */
static void on_here(struct upstream *w, struct way *way)
{
	if (way->away)
		log_info("the collector %s can be reached again; %lu report(s) to send", way->url,
			 (unsigned long)w->waiting);
	way->away = false;
	way->backoff_s = UPSTREAM_MIN_BACKOFF_S;
	way->not_before_ms = 0;
	if (w->away_announced)
		announce(w->host, ANNOUNCE_COLLECTOR_BACK, way->url, NULL);
	w->away_announced = false;
	w->away_since_ms = 0;
}

static void on_refused(struct upstream *w, struct way *way, const char *words)
{
	if (w->refusal_announced)
		log_error("the collector %s refused a report: %s", way->url, words);
	else
		announce(w->host, ANNOUNCE_REFUSED, way->url, words);
	w->refusal_announced = true;
	on_here(w, way);
}

/* The collector does not know who we are. */
static const char *words_of_stranger(const struct upstream *w, const struct answer_problem *problem,
				     struct arena *arena)
{
	return arena_printf(
		arena,
		"%s (%s, and there is no enrolment secret to enrol with: ask for one, and name "
		"its file with --enroll-secret-file)",
		problem->words,
		enroll_id(w->enroll) ? "an operator has released or revoked this agent"
				     : "it wants agents to be enrolled");
}

/* Hands on the answer. One that no collector gives (a proxy's page, say) is as good as none. */
static enum upstream_fate take_answer(struct upstream *w, struct way *way, struct sending *sending,
				      struct send_result *result)
{
	struct answer answer;
	const char *why = NULL;
	const char *body = result->body ? result->body : "";

	if (answer_read(body, result->size, &sending->arena, &answer, &why) == STATUS_OK) {
		on_here(w, way);
		w->refusal_announced = false;
		w->answer->body = result->body;
		w->answer->size = result->size;
		result->body = NULL;
		return UPSTREAM_ACCEPTED;
	}
	struct failure failure = { .words = arena_printf(&sending->arena,
							 "what answers is no collector: %s", why) };
	on_away(w, way, &failure);
	return UPSTREAM_KEPT;
}

static bool is_code(const struct answer_problem *problem, const char *code)
{
	return problem->code && strcmp(problem->code, code) == 0;
}

/* A key that was made for a server of another name, and nothing to make another one with. */
static const char *words_of_other_name(const struct upstream *w, const struct sending *sending,
				       const struct answer_problem *problem, struct arena *arena)
{
	const char *made_for = enroll_host_name(w->enroll);

	if (!sending->host || !made_for || enroll_is_for(w->enroll, sending->host))
		return problem->words;
	return arena_printf(arena,
			    "%s (the agent's key was made for a server named %s, this one is named "
			    "%s: was its disk copied, or its name changed? It needs an enrolment "
			    "secret of its own: name its file with --enroll-secret-file)",
			    problem->words, made_for, sending->host);
}

/* An answer that is no acceptance, or none at all. */
static enum upstream_fate take_problem(struct upstream *w, struct way *way, struct sending *sending,
				       const struct send_result *result)
{
	struct answer_problem problem = answer_read_problem(result, &sending->arena);
	struct failure failure = { .kind = result->http_status,
				   .words = problem.words,
				   .wait_s = result->retry_s };

	if (is_code(&problem, "wrong_agent"))
		failure.words = words_of_other_name(w, sending, &problem, &sending->arena);
	if (answer_is_refusal(&problem)) {
		w->answer->conflict = is_code(&problem, "conflicting_report");
		on_refused(w, way, failure.words);
		return UPSTREAM_REFUSED;
	}
	const char *tls = words_of_tls(w, way, result, &sending->arena);
	if (tls)
		failure.words = tls;
	if (result->http_status == 401 && problem.code)
		failure.words = words_of_stranger(w, &problem, &sending->arena);
	on_away(w, way, &failure);
	return UPSTREAM_KEPT;
}

/* Enrols, if that has to be. */
static enum upstream_fate enroll(struct upstream *w, struct way *way, struct sending *sending)
{
	struct send_result result;
	struct failure failure = { .kind = ENROLLING };
	enum upstream_fate fate = UPSTREAM_KEPT;

	enum status status = enroll_do(w->enroll, w->sender, way->url, sending->host,
				       &sending->arena, &result, &failure.words);
	failure.wait_s = result.retry_s;
	if (status == STATUS_OK)
		fate = UPSTREAM_ACCEPTED;
	else if (status == STATUS_TIMED_OUT)
		fate = UPSTREAM_STOPPED;
	else if (status == STATUS_UNREACHABLE)
		fate = take_problem(w, way, sending, &result);
	else
		on_away(w, way, &failure);
	free(result.body);
	return fate;
}

/* Is that the collector's word, and no proxy's that wants a password? */
static bool is_stranger(const struct send_result *result, struct arena *arena)
{
	struct answer_problem problem = answer_read_problem(result, arena);

	return result->http_status == 401 && is_code(&problem, "unknown_agent");
}

/* `first`: once, the agent may enrol again where it is not known any more. */
static enum upstream_fate post(struct upstream *w, struct way *way, struct sending *sending,
			       bool first)
{
	struct send_request request = { .method = SEND_POST,
					.collector = way->url,
					.path = REPORTS_PATH,
					.age_ms = sending->age_ms };
	struct send_result result;
	enum upstream_fate fate = UPSTREAM_STOPPED;

	/* A report that was made before the enrolment carries another id. */
	if (enroll_id(w->enroll))
		sending->body =
			report_peek_with_id(sending->body, enroll_id(w->enroll), &sending->arena);
	request.body = sending->body;
	request.authorization = enroll_authorization(w->enroll, &sending->arena);
	send_do(w->sender, &request, &result);
	/* The first collector's word that we are unknown there: once more, as somebody new. */
	if (first && is_stranger(&result, &sending->arena) && way == w->list &&
	    enroll_id(w->enroll) && enroll_lost(w->enroll)) {
		free(result.body);
		fate = enroll(w, way, sending);
		return fate == UPSTREAM_ACCEPTED ? post(w, way, sending, false) : fate;
	}
	if (result.http_status == 200)
		fate = take_answer(w, way, sending, &result);
	else if (result.outcome != SEND_STOPPED)
		fate = take_problem(w, way, sending, &result);
	free(result.body);
	return fate;
}

static enum upstream_fate send_on(struct upstream *w, struct way *way, struct sending *sending)
{
	enum upstream_fate fate = UPSTREAM_ACCEPTED;

	if (sending->host && enroll_is_due(w->enroll, sending->host))
		fate = enroll(w, way, sending);
	return fate == UPSTREAM_ACCEPTED ? post(w, way, sending, true) : fate;
}

enum upstream_fate upstream_send(struct upstream *upstream, const char *report, int64_t age_ms,
				 int64_t interval_s, size_t waiting, struct upstream_answer *answer)
{
	enum upstream_fate fate = UPSTREAM_KEPT;
	struct sending sending = { .body = report, .age_ms = age_ms };

	*answer = (struct upstream_answer){ 0 };
	upstream->interval_s = interval_s;
	upstream->waiting = waiting;
	upstream->answer = answer;
	arena_init(&sending.arena);
	sending.host = report_peek_host(report, &sending.arena);
	for (size_t i = 0; i < upstream->n && fate == UPSTREAM_KEPT; i++) {
		if (upstream->list[i].not_before_ms <= host_now_ms(upstream->host))
			fate = send_on(upstream, &upstream->list[i], &sending);
	}
	arena_deinit(&sending.arena);
	return fate;
}
