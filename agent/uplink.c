#include "agent/uplink.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/announce.h"
#include "agent/log.h"
#include "agent/spool.h"
#include "proto/arena.h"
#include "proto/mem.h"

struct uplink {
	struct host *host;
	struct uplink_events events;
	struct sender *sender;
	const char *collector; /* for messages; borrowed */
	struct spool *spool;   /* NULL: it cannot be used */

	/* The newest report, where it could not be spooled. */
	char *loose;
	struct moment loose_at;

	bool away;        /* and it was said */
	long away_status; /* the HTTP status that was said; 0: no answer */
	uint64_t away_since_ms;
	bool away_announced;
	bool refusal_announced;
	int64_t backoff_s; /* of the next failure */
	uint64_t not_before_ms;
};

enum status uplink_open(struct uplink **out, struct host *host, const char *state_dir,
			const struct send_options *options, const struct uplink_events *events)
{
	struct uplink *u = mem_alloc(sizeof *u);

	u->host = host;
	u->events = *events;
	u->collector = options->collector;
	u->backoff_s = UPLINK_MIN_BACKOFF_S;
	enum status st = send_open(&u->sender, options);
	if (st != STATUS_OK) {
		free(u);
		return st;
	}
	if (spool_open(&u->spool, state_dir) != STATUS_OK)
		u->spool = NULL; /* logged; the newest report is kept in memory */
	*out = u;
	return STATUS_OK;
}

void uplink_close(struct uplink *uplink)
{
	if (!uplink)
		return;
	send_close(uplink->sender);
	spool_close(uplink->spool);
	free(uplink->loose);
	free(uplink);
}

void uplink_offer(struct uplink *uplink, const char *body, const struct moment *at)
{
	free(uplink->loose);
	uplink->loose = NULL;
	if (uplink->spool && spool_put(uplink->spool, body, at) == STATUS_OK)
		return;
	uplink->loose = mem_strdup(body);
	uplink->loose_at = *at;
}

static size_t count(const struct uplink *u)
{
	return (u->loose ? 1 : 0) + (u->spool ? spool_count(u->spool) : 0);
}

uint64_t uplink_due_ms(const struct uplink *uplink)
{
	return count(uplink) > 0 ? uplink->not_before_ms : UINT64_MAX;
}

/* The newest report, to be passed to free(). */
static enum status get_newest(struct uplink *u, char **body, int64_t *age_ms)
{
	struct moment now = moment_now(u->host);

	if (!u->loose)
		return u->spool ? spool_get_newest(u->spool, &now, body, age_ms) : STATUS_NOT_FOUND;
	*body = mem_strdup(u->loose);
	*age_ms = now.mono_ms - u->loose_at.mono_ms;
	return STATUS_OK;
}

/* The newest report is settled: with the collector, or refused by it. */
static void settle_newest(struct uplink *u, bool refused)
{
	if (u->loose) {
		free(u->loose);
		u->loose = NULL;
	} else if (refused) {
		spool_reject_newest(u->spool);
	} else {
		spool_remove_newest(u->spool);
	}
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

/* Tells the administrators, once, of a collector that stays away. */
static void announce_away(struct uplink *u, const char *why)
{
	uint64_t now_ms = host_now_ms(u->host);

	if (!u->away)
		u->away_since_ms = now_ms;
	if (u->away_announced || now_ms - u->away_since_ms < UPLINK_LONG_AWAY_S * UINT64_C(1000))
		return;
	announce(u->host, ANNOUNCE_COLLECTOR_AWAY, u->collector, why);
	u->away_announced = true;
}

static void on_away(struct uplink *u, const struct send_result *result, int64_t interval_s)
{
	int64_t longest_s = interval_s < UPLINK_MAX_BACKOFF_S ? interval_s : UPLINK_MAX_BACKOFF_S;
	int64_t wait_s = u->backoff_s < longest_s ? u->backoff_s : longest_s;
	struct arena arena;

	u->backoff_s = wait_s * 2;
	if (result->retry_s > wait_s)
		wait_s = result->retry_s;
	u->not_before_ms = host_now_ms(u->host) + with_jitter(u->host, (uint64_t)wait_s * 1000);
	arena_init(&arena);
	const char *why = words_of(result, &arena);
	announce_away(u, why);
	if (!u->away || u->away_status != result->http_status)
		log_error("could not send reports to the collector %s: %s; they are kept and sent "
			  "later",
			  u->collector, why);
	u->away = true;
	u->away_status = result->http_status;
	arena_deinit(&arena);
}

/* It answered a report: it is here. */
static void on_here(struct uplink *u)
{
	if (u->away)
		log_info("the collector %s can be reached again; %lu report(s) to send",
			 u->collector, (unsigned long)count(u));
	if (u->away_announced)
		announce(u->host, ANNOUNCE_COLLECTOR_BACK, u->collector, NULL);
	u->away = false;
	u->away_announced = false;
	u->backoff_s = UPLINK_MIN_BACKOFF_S;
	u->not_before_ms = 0;
}

static void on_refused(struct uplink *u, const struct send_result *result)
{
	struct arena arena;

	arena_init(&arena);
	if (u->refusal_announced)
		log_error("the collector %s refused a report: %s", u->collector,
			  words_of(result, &arena));
	else
		announce(u->host, ANNOUNCE_REFUSED, u->collector, words_of(result, &arena));
	u->refusal_announced = true;
	arena_deinit(&arena);
	if (result->http_status == 409)
		u->events.conflict(u->events.user);
}

/* Hands on the answer. One that no collector gives (a proxy's page, say) is as good as none. */
static void take_answer(struct uplink *u, struct send_result *result)
{
	struct arena arena;
	struct answer answer;
	const char *why = NULL;
	const char *body = result->body ? result->body : "";

	arena_init(&arena);
	if (answer_read(body, result->size, &arena, &answer, &why) == STATUS_OK) {
		on_here(u);
		u->refusal_announced = false;
		settle_newest(u, false);
		u->events.answered(&answer, body, result->size, u->events.user);
	} else {
		result->outcome = SEND_AWAY;
		result->http_status = 0;
		(void)snprintf(result->error, sizeof result->error,
			       "what answers is no collector: %s", why);
	}
	arena_deinit(&arena);
}

/* Sends the newest report. True if the next one may follow at once. */
static bool send_newest(struct uplink *u, int64_t interval_s)
{
	struct send_result result;
	char *body = NULL;
	int64_t age_ms = 0;

	if (get_newest(u, &body, &age_ms) != STATUS_OK)
		return false;
	send_report(u->sender, body, age_ms, &result);
	free(body);
	if (result.outcome == SEND_ACCEPTED)
		take_answer(u, &result);
	if (result.outcome == SEND_REFUSED) {
		on_here(u);
		on_refused(u, &result);
		settle_newest(u, true);
	} else if (result.outcome == SEND_AWAY) {
		on_away(u, &result, interval_s);
	}
	free(result.body);
	return result.outcome == SEND_ACCEPTED || result.outcome == SEND_REFUSED;
}

bool uplink_work(struct uplink *uplink, int64_t interval_s)
{
	uint64_t begun_ms = host_now_ms(uplink->host);

	if (uplink->not_before_ms > begun_ms)
		return count(uplink) == 0;
	while (count(uplink) > 0 && host_now_ms(uplink->host) - begun_ms < UPLINK_MAX_WORK_MS) {
		if (!send_newest(uplink, interval_s))
			break;
	}
	return count(uplink) == 0;
}
