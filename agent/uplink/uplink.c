#include "agent/uplink/uplink.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/log.h"
#include "agent/platform/process.h"
#include "agent/platform/sync.h"
#include "agent/uplink/spool.h"
#include "proto/base/mem.h"

#define POLL_MS     10
#define MAX_IDLE_MS 300000

/* The thread and uplink_close(): who comes second frees. */
enum { UPLINK_ALONE, UPLINK_RUNNING, UPLINK_ENDED, UPLINK_ABANDONED };

struct uplink {
	struct host *host;
	struct spool *spool;
	struct sync_event *event; /* there is something to do */
	atomic_int state;
	atomic_bool ending;
	bool (*stopped)(void); /* of uplink_work() */

	struct sync_lock *lock; /* guards what follows, up to the next comment */
	struct uplink_news news;
	int64_t interval_s;

	/* The sending thread's own. */
	struct upstream *upstream;
	char told_id[UUID_TEXT_SIZE];
};

static bool is_ending(void *user)
{
	const struct uplink *u = user;
	return atomic_load(&u->ending) || (u->stopped && u->stopped());
}

static void uplink_free(struct uplink *u)
{
	upstream_close(u->upstream);
	spool_close(u->spool);
	sync_event_free(u->event);
	sync_lock_free(u->lock);
	free(u->news.answer);
	free(u);
}

enum status uplink_open(struct uplink **out, struct host *host,
			const struct upstream_options *options)
{
	struct uplink *u = mem_alloc(sizeof *u);
	struct upstream_options chosen = *options;

	u->host = host;
	u->event = sync_event_new();
	u->lock = sync_lock_new();
	atomic_init(&u->state, UPLINK_ALONE);
	atomic_init(&u->ending, false);
	chosen.send.stopped = is_ending;
	chosen.send.user = u;
	enum status status = upstream_open(&u->upstream, host, &chosen);
	if (status != STATUS_OK) {
		uplink_free(u);
		return status;
	}
	u->spool = spool_open(options->state_dir);
	*out = u;
	return STATUS_OK;
}

void uplink_offer(struct uplink *uplink, const char *body, const struct moment *at,
		  int64_t interval_s)
{
	(void)spool_put(uplink->spool, body, at); /* logged; it is kept in memory then */
	sync_lock(uplink->lock);
	uplink->interval_s = interval_s;
	sync_unlock(uplink->lock);
	sync_signal(uplink->event);
}

bool uplink_take_news(struct uplink *uplink, struct uplink_news *out)
{
	sync_lock(uplink->lock);
	*out = uplink->news;
	uplink->news = (struct uplink_news){ 0 };
	sync_unlock(uplink->lock);
	return out->answer || out->conflict || out->id[0];
}

/* Leaves what is new for the cycle's thread; takes the answer's body. */
static void leave_news(struct uplink *u, const struct upstream_answer *answer)
{
	const char *id = upstream_id(u->upstream);

	sync_lock(u->lock);
	if (answer->body) {
		free(u->news.answer); /* an older one that nobody has looked at */
		u->news.answer = answer->body;
		u->news.size = answer->size;
	}
	u->news.conflict |= answer->conflict;
	if (id && strcmp(id, u->told_id) != 0) {
		memcpy(u->told_id, id, sizeof u->told_id);
		memcpy(u->news.id, id, sizeof u->news.id);
	}
	bool is_new = u->news.answer || u->news.conflict || u->news.id[0];
	sync_unlock(u->lock);
	if (is_new)
		host_wake_up(u->host);
}

static int64_t interval_of(struct uplink *u)
{
	sync_lock(u->lock);
	int64_t interval_s = u->interval_s;
	sync_unlock(u->lock);
	return interval_s;
}

/* Sends the newest report; the next one may follow at once where its fate is settled. */
static enum upstream_fate send_newest(struct uplink *u)
{
	struct moment now = moment_now(u->host);
	struct spooled report;
	struct upstream_answer answer;

	if (spool_get_newest(u->spool, &now, &report) != STATUS_OK)
		return UPSTREAM_STOPPED;
	enum upstream_fate fate = upstream_send(u->upstream, report.body, report.age_ms,
						interval_of(u), spool_count(u->spool), &answer);
	free(report.body);
	if (atomic_load(&u->ending)) { /* the spool may be somebody else's by now */
		free(answer.body);
		return UPSTREAM_STOPPED;
	}
	if (fate == UPSTREAM_ACCEPTED)
		spool_remove(u->spool, report.number);
	else if (fate == UPSTREAM_REFUSED)
		spool_reject(u->spool, report.number);
	leave_news(u, &answer);
	return fate;
}

static bool is_settled(enum upstream_fate fate)
{
	return fate == UPSTREAM_ACCEPTED || fate == UPSTREAM_REFUSED;
}

bool uplink_work(struct uplink *uplink, bool (*stopped)(void))
{
	uplink->stopped = stopped;
	enum upstream_fate newest = is_ending(uplink) ? UPSTREAM_STOPPED : send_newest(uplink);
	for (enum upstream_fate fate = newest; is_settled(fate) && !is_ending(uplink);)
		fate = send_newest(uplink);
	return newest == UPSTREAM_ACCEPTED;
}

/* How long to wait, unless an event is signalled. */
static uint32_t idle_ms(struct uplink *u)
{
	uint32_t wait_ms = upstream_wait_ms(u->upstream);

	return spool_count(u->spool) == 0 || wait_ms > MAX_IDLE_MS ? MAX_IDLE_MS : wait_ms;
}

static void run_thread(void *arg)
{
	struct uplink *u = arg;

	process_step_back(true); /* a handshake takes a Pentium II a second */
	while (!is_ending(u)) {
		(void)uplink_work(u, NULL);
		if (!is_ending(u))
			(void)sync_wait(u->event, idle_ms(u));
	}
	if (atomic_exchange(&u->state, UPLINK_ENDED) == UPLINK_ABANDONED)
		uplink_free(u);
}

enum status uplink_start(struct uplink *uplink)
{
	struct os_error error;

	atomic_store(&uplink->state, UPLINK_RUNNING);
	enum status status = host_start_thread(uplink->host, run_thread, uplink, &error);
	if (status == STATUS_OK)
		return STATUS_OK;
	atomic_store(&uplink->state, UPLINK_ALONE);
	log_error("could not start to send reports: %s", error.text);
	return status;
}

void uplink_close(struct uplink *uplink)
{
	if (!uplink)
		return;
	uint64_t end_ms = host_now_ms(uplink->host) + UPLINK_CLOSE_WAIT_MS;
	atomic_store(&uplink->ending, true);
	sync_signal(uplink->event);
	while (atomic_load(&uplink->state) == UPLINK_RUNNING && host_now_ms(uplink->host) < end_ms)
		host_sleep(uplink->host, POLL_MS);
	if (atomic_load(&uplink->state) != UPLINK_RUNNING ||
	    atomic_exchange(&uplink->state, UPLINK_ABANDONED) != UPLINK_RUNNING)
		uplink_free(uplink);
	else
		log_info("left the sending of a report to the end of the process");
}
