#include "agent/uplink/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/announce.h"
#include "agent/https/tls_failure.h"
#include "agent/platform/files.h"
#include "agent/platform/log.h"
#include "agent/uplink/answer.h"
#include "agent/uplink/enroll.h"
#include "agent/uplink/report_peek.h"
#include "agent/uplink/ring.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

#define REPORTS_PATH "/v1/reports"

/* Why nobody took a report on a way. What is of another kind than the last one is said again. */
struct failure {
	long kind; /* HTTP status; 0: no answer; ENROLLING */
	const char *words;
	int64_t wait_s; /* at least; 0: as usual */
};
#define ENROLLING (-1)

struct way {
	const char *url;
	bool away;      /* and it was said */
	long away_kind; /* that was said */
	char *why;      /* in words; NULL: it was never away */
};

struct upstream {
	struct host *host;
	struct arena arena; /* the options' strings */
	struct send_options send;
	struct sender *sender;
	struct enroll *enroll;
	struct way ways[RING_MAX];
	struct ring ring;           /* of their numbers */
	const struct way *told_way; /* where reports go, as it was said; NULL: none of it yet */
	const char *note;           /* the file UPSTREAM_NOTE */
	uint64_t away_since_ms;     /* no collector has answered a report since then; 0: one has */
	bool away_announced;
	bool refusal_announced;

	/* State of one call. */
	uint32_t longest_rest_s;
	size_t waiting;
	struct upstream_answer *answer;
};

/* A report on its way. */
struct sending {
	const char *host; /* whose it is; NULL: it does not tell */
	const char *body;
	int64_t age_ms;
	struct arena arena;
	struct send_result result; /* of the last request */
};

enum status upstream_open(struct upstream **out, struct host *host,
			  const struct upstream_options *options)
{
	struct upstream *w = mem_alloc(sizeof *w);
	w->host = host;
	arena_init(&w->arena);
	w->send = send_copy_options(&options->send, &w->arena);
	enum status status = send_open(&w->sender, &w->send);
	if (status != STATUS_OK) {
		upstream_close(w);
		return status;
	}
	for (; w->ring.n < options->n_collectors; w->ring.n++)
		w->ways[w->ring.n].url = arena_strdup(&w->arena, options->collectors[w->ring.n]);
	w->note = files_join(&w->arena, options->state_dir, UPSTREAM_NOTE);
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
	for (size_t i = 0; i < upstream->ring.n; i++)
		free(upstream->ways[i].why);
	arena_deinit(&upstream->arena);
	free(upstream);
}

const char *upstream_id(const struct upstream *upstream)
{
	return enroll_id(upstream->enroll);
}

uint32_t upstream_wait_ms(struct upstream *upstream)
{
	return ring_wait_ms(&upstream->ring, (uint32_t)host_now_ms(upstream->host));
}

/* How long to leave the way alone. */
static void back_off(struct upstream *w, const struct way *way, int64_t at_least_s)
{
	struct os_error error;
	uint16_t random = 0x8000;

	(void)host_random(w->host, &random, sizeof random, &error); /* else there is no jitter */
	ring_pass(&w->ring, (size_t)(way - w->ways), (uint32_t)host_now_ms(w->host),
		  w->longest_rest_s, (uint32_t)at_least_s, random);
}

/* For who asks what the agent is doing: where reports go, and what the other collectors said. */
static void write_note(const struct upstream *w)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < w->ring.n; i++) {
		const struct way *way = &w->ways[i];
		if (way->away || way == w->told_way)
			buffer_printf(&out, "%s%s: %s", out.size > 0 ? "; " : "", way->url,
				      way->away ? way->why : "takes the reports");
	}
	(void)files_replace(w->note, out.bytes, out.size); /* nothing depends on it */
	buffer_deinit(&out);
}

const char *upstream_read_note(const char *state_dir, struct arena *arena)
{
	char *text = NULL;
	size_t n = 0;

	if (files_read(files_join(arena, state_dir, UPSTREAM_NOTE), UPSTREAM_MAX_NOTE, &text, &n) !=
	    STATUS_OK)
		return NULL;
	const char *note = arena_strdup(arena, text);
	free(text);
	return note;
}

/* Tells the administrators, once, of collectors that all stay away. */
static void announce_away(struct upstream *w, const struct way *way, const char *why)
{
	uint64_t now_ms = host_now_ms(w->host);

	if (w->away_since_ms == 0)
		w->away_since_ms = now_ms;
	if (w->away_announced || now_ms - w->away_since_ms < UPSTREAM_LONG_AWAY_S * UINT64_C(1000))
		return;
	announce(w->host, ANNOUNCE_COLLECTOR_AWAY, way->url, why);
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
	announce_away(w, way, failure->words);
	if (way->away && way->away_kind == failure->kind)
		return;
	log_error("could not send reports to the collector %s: %s; they are kept until one takes "
		  "them",
		  way->url, failure->words);
	way->away = true;
	way->away_kind = failure->kind;
	free(way->why);
	way->why = mem_strdup(failure->words);
	write_note(w);
}

/* A collector that answered a report is reachable. */
static void on_here(struct upstream *w, struct way *way)
{
	bool is_new = way->away || w->told_way != way;

	ring_stay(&w->ring, (size_t)(way - w->ways), (uint32_t)host_now_ms(w->host));
	way->away = false;
	w->told_way = way;
	if (is_new) {
		log_info("reports go to %s now; %lu to send", way->url, (unsigned long)w->waiting);
		write_note(w);
	}
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
static enum upstream_fate take_answer(struct upstream *w, struct way *way, struct sending *sending)
{
	struct send_result *result = &sending->result;
	struct answer *answer = arena_alloc(&sending->arena, sizeof *answer);
	const char *why = NULL;
	const char *body = result->body ? result->body : "";

	if (answer_read(body, result->size, &sending->arena, answer, &why) == STATUS_OK) {
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
static enum upstream_fate take_problem(struct upstream *w, struct way *way, struct sending *sending)
{
	const struct send_result *result = &sending->result;
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

static void forget_result(struct sending *sending)
{
	free(sending->result.body);
	sending->result.body = NULL;
}

/* Enrols, if that has to be. */
static enum upstream_fate enroll(struct upstream *w, struct way *way, struct sending *sending)
{
	struct failure failure = { .kind = ENROLLING };
	enum upstream_fate fate = UPSTREAM_KEPT;

	enum status status = enroll_do(w->enroll, w->sender, way->url, sending->host,
				       &sending->arena, &sending->result, &failure.words);
	failure.wait_s = sending->result.retry_s;
	if (status == STATUS_OK)
		fate = UPSTREAM_ACCEPTED;
	else if (status == STATUS_TIMED_OUT)
		fate = UPSTREAM_STOPPED;
	else if (status == STATUS_UNREACHABLE)
		fate = take_problem(w, way, sending);
	else
		on_away(w, way, &failure);
	forget_result(sending);
	return fate;
}

static void send_report(struct upstream *w, const struct way *way, struct sending *sending)
{
	struct send_request request = { .method = SEND_POST,
					.collector = way->url,
					.path = REPORTS_PATH,
					.age_ms = sending->age_ms };

	/* A report that was made before the enrolment carries another id. */
	if (enroll_id(w->enroll))
		sending->body =
			report_peek_with_id(sending->body, enroll_id(w->enroll), &sending->arena);
	request.body = sending->body;
	request.authorization = enroll_authorization(w->enroll, &sending->arena);
	send_do(w->sender, &request, &sending->result);
}

/* Is it the collector's word, and no proxy's that wants a password, that it does not know us? */
static bool is_stranger(const struct upstream *w, struct sending *sending)
{
	struct answer_problem problem = answer_read_problem(&sending->result, &sending->arena);

	return sending->result.http_status == 401 && is_code(&problem, "unknown_agent") &&
	       enroll_id(w->enroll);
}

/* Who is not known any more enrols again, once. */
static enum upstream_fate post(struct upstream *w, struct way *way, struct sending *sending)
{
	enum upstream_fate fate = UPSTREAM_STOPPED;

	send_report(w, way, sending);
	if (is_stranger(w, sending) && enroll_lost(w->enroll)) {
		forget_result(sending);
		fate = enroll(w, way, sending);
		if (fate != UPSTREAM_ACCEPTED)
			return fate;
		fate = UPSTREAM_STOPPED;
		send_report(w, way, sending);
	}
	if (sending->result.http_status == 200)
		fate = take_answer(w, way, sending);
	else if (sending->result.outcome != SEND_STOPPED)
		fate = take_problem(w, way, sending);
	forget_result(sending);
	return fate;
}

static enum upstream_fate send_on(struct upstream *w, struct way *way, struct sending *sending)
{
	enum upstream_fate fate = UPSTREAM_ACCEPTED;

	if (sending->host && enroll_is_due(w->enroll, sending->host))
		fate = enroll(w, way, sending);
	return fate == UPSTREAM_ACCEPTED ? post(w, way, sending) : fate;
}

enum upstream_fate upstream_send(struct upstream *upstream, const char *report, int64_t age_ms,
				 int64_t interval_s, size_t waiting, struct upstream_answer *answer)
{
	enum upstream_fate fate = UPSTREAM_KEPT;
	struct sending sending = { .body = report, .age_ms = age_ms };
	size_t order[RING_MAX];
	size_t n = ring_order(&upstream->ring, (uint32_t)host_now_ms(upstream->host), order);

	*answer = (struct upstream_answer){ 0 };
	upstream->longest_rest_s =
		interval_s < UPSTREAM_MAX_BACKOFF_S ? (uint32_t)interval_s : UPSTREAM_MAX_BACKOFF_S;
	upstream->waiting = waiting;
	upstream->answer = answer;
	arena_init(&sending.arena);
	sending.host = report_peek_host(report, &sending.arena);
	for (size_t i = 0; i < n && fate == UPSTREAM_KEPT; i++)
		fate = send_on(upstream, &upstream->ways[order[i]], &sending);
	arena_deinit(&sending.arena);
	return fate;
}
