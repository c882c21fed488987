#include "collector/pipeline/pipeline.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/pipeline/feed.h"
#include "collector/pipeline/recall.h"
#include "collector/pipeline/unstorable.h"
#include "proto/base/mem.h"

/* All that is stored, while the store's thread reads it, and when it has. */
struct reading {
	bool is_under_way;
	atomic_bool is_in_vain;
	int64_t now_ms;
	struct fleet *fleet; /* NULL: it is not read yet; so `changes` */
	struct changes *changes;
};

/* How long what is on its way to the store is waited for, again and again. */
#define SETTLE_MS 10

struct pipeline {
	struct pipeline_options options;
	struct fleet *fleet;
	struct recall *recall;
	struct loop_timer *wake;        /* when the next report ceases to be fresh */
	struct loop_timer *rebuild;     /* after a failure */
	struct loop_timer *store_check; /* at the place of the store */
	struct unstorable unstorable;
	uint64_t retry_ms;
	uint64_t revision;
	bool ready;
	bool is_asynchronous; /* nothing that the store confirms can be promised to anybody */
	bool is_resuming;     /* the store tries to accept changes again */
	struct reading reading;
	struct fleet_ahead *ahead;  /* the store's thread reads it; then time goes on */
	void (*opened)(void *user); /* NULL: whoever waits for it was told */
	void *opened_user;
	bool stopped;
	char why[STORE_ERROR_SIZE]; /* it is not ready */
};

/* Changes on their way to the store. */
struct pending_commit {
	struct pipeline *pipeline;
	struct changes *changes;
	struct alert_changes *alerts; /* what they mean for the alerts; NULL: there are none */
	pipeline_done *done;
	void *user;
};

static void schedule_wake(struct pipeline *p)
{
	int64_t expiry = fleet_next_expiry(p->fleet);
	int64_t now = p->options.now_ms();

	if (p->stopped || !p->ready)
		return;
	if (expiry > now && expiry - now < PIPELINE_MAX_SLEEP_MS)
		loop_timer_start(p->wake, (uint64_t)(expiry - now));
	else
		loop_timer_start(p->wake, expiry <= now ? 0 : PIPELINE_MAX_SLEEP_MS);
}

void pipeline_fail(struct pipeline *p, const char *error)
{
	if (p->ready)
		log_error("not ready: %s", error);
	p->ready = false;
	if (p->options.alerting)
		alerting_suspend(p->options.alerting);
	snprintf(p->why, sizeof p->why, "%s", error);
	if (p->stopped)
		return;
	loop_timer_stop(p->wake);
	if (!p->is_resuming && !p->reading.is_under_way)
		loop_timer_start(p->rebuild, p->retry_ms);
}

/* Its sender would send it again, and each time all would be read anew. */
static void refuse_from_now_on(struct pipeline *p, const struct snapshot *snapshot,
			       const char *error)
{
	const struct report *report = &snapshot->report;

	unstorable_note(&p->unstorable, report);
	log_error("the report %" PRId64 " of the server '%s' is refused from now on: %s",
		  report->sequence, snapshot->key, error);
}

static void note_fenced(const struct pipeline *p)
{
	const struct pipeline_lease *lease = p->options.lease;

	if (lease)
		lease->fenced(lease->user);
}

/* What others do without the lease is theirs. */
static const char *why_not_now(const struct pipeline *p)
{
	const struct pipeline_lease *lease = p->options.lease;

	if (p->is_asynchronous)
		return "the database has " STORE_ASYNCHRONOUS;
	return lease ? lease->why_not(lease->user) : NULL;
}

static void on_committed(void *user, enum status status, const char *error)
{
	struct pending_commit *commit = user;
	struct pipeline *p = commit->pipeline;

	if (status == STATUS_OK) {
		if (p->options.feed)
			feed_send(p->options.feed, p->fleet, commit->changes, p->options.now_ms());
		fleet_publish(p->fleet, commit->changes);
		p->revision++;
	} else {
		if (status == STATUS_INVALID && commit->changes->snapshot)
			refuse_from_now_on(p, commit->changes->snapshot, error);
		pipeline_fail(p, error);
		if (status == STATUS_FENCED)
			note_fenced(p);
	}
	if (p->options.alerting)
		alerting_finish(p->options.alerting, commit->alerts, status == STATUS_OK);
	changes_free(commit->changes);
	commit->done(commit->user, status == STATUS_OK);
	free(commit);
}

enum status pipeline_submit(struct pipeline *p, struct changes *changes, pipeline_done *done,
			    void *user)
{
	struct store_change change = changes_for_store(changes);
	struct pending_commit *commit = mem_alloc(sizeof *commit);

	*commit = (struct pending_commit){ p, changes, NULL, done, user };
	if (p->options.alerting)
		commit->alerts = alerting_prepare(p->options.alerting, changes, &change);
	change.done = on_committed;
	change.user = commit;
	enum status status = store_submit(p->options.store, &change);
	if (status != STATUS_OK) {
		if (p->options.alerting)
			alerting_finish(p->options.alerting, commit->alerts, false);
		changes_free(changes);
		free(commit);
		pipeline_fail(p, "too many changes wait for the store");
		return status;
	}
	schedule_wake(p);
	return STATUS_OK;
}

static void ignore_done(void *user, bool durable)
{
	(void)user;
	(void)durable; /* a failure is dealt with where it is seen, in on_committed() */
}

/* Submits what time has changed, if anything; a refusal leads to another rebuild. */
static void submit_own(struct pipeline *p, struct changes *changes)
{
	if (changes)
		(void)pipeline_submit(p, changes, ignore_done, NULL);
	else
		schedule_wake(p);
}

static void advance(struct pipeline *p)
{
	struct changes *changes = NULL;
	char error[FLEET_ERROR_SIZE];

	if (fleet_advance(p->fleet, p->options.now_ms(), &changes, error) != STATUS_OK)
		pipeline_fail(p, error);
	else
		submit_own(p, changes);
}

/* On the store's thread. */
static enum status read_ahead(const struct store_connection *reader, void *user,
			      char error[STORE_ERROR_SIZE])
{
	const struct pipeline *p = user;

	error[0] = '\0'; /* what could not be read is read again */
	fleet_ahead_read(p->ahead, reader);
	return STATUS_OK;
}

static void on_read_ahead(void *user, enum status status, const char *error)
{
	struct pipeline *p = user;
	struct fleet_ahead *ahead = p->ahead;

	(void)error;
	if (status == STATUS_OK)
		fleet_ahead_use(ahead);
	p->ahead = NULL;
	if (p->ready && !p->stopped && status != STATUS_REFUSED)
		advance(p);
	fleet_ahead_free(ahead);
}

/* Is what of the past is needed next on its way? */
static bool is_reading_ahead(struct pipeline *p)
{
	if (p->ahead)
		return true;
	p->ahead = fleet_ahead_of_marked(p->fleet);
	if (!p->ahead)
		return false;
	if (store_ask(p->options.store, STORE_LOOK_UP, read_ahead, on_read_ahead, p) == STATUS_OK)
		return true;
	fleet_ahead_free(p->ahead);
	p->ahead = NULL;
	return false;
}

static void on_wake(void *user)
{
	struct pipeline *p = user;

	if (p->is_asynchronous) /* nobody is silent whose reports are refused */
		loop_timer_start(p->wake, PIPELINE_LOOK_MS);
	else if (!is_reading_ahead(p))
		advance(p);
}

/* Afterwards silence counts anew, as after any time without reports. */
static void look_at_promises(struct pipeline *p)
{
	bool was_asynchronous = p->is_asynchronous;

	p->is_asynchronous = store_is_asynchronous(p->options.store);
	if (p->is_asynchronous == was_asynchronous)
		return;
	if (p->is_asynchronous)
		log_error("not ready: %s", why_not_now(p));
	else
		pipeline_fail(p, "the database waits for a standby again: all is read anew");
	if (p->options.alerting)
		alerting_look_soon(p->options.alerting);
}

/* The fleet is what the store says, and the store takes changes. */
static void become_ready(struct pipeline *p, struct changes *changes)
{
	assert(!p->stopped);
	p->ready = true;
	p->retry_ms = PIPELINE_RETRY_MIN_MS;
	p->revision++;
	if (p->options.feed)
		feed_reset(p->options.feed, p->fleet);
	if (p->options.alerting)
		alerting_resume(p->options.alerting, p->fleet);
	submit_own(p, changes);
	look_at_promises(p);
}

static void try_again_later(struct pipeline *p, const char *error)
{
	p->retry_ms =
		p->retry_ms * 2 < PIPELINE_RETRY_MAX_MS ? p->retry_ms * 2 : PIPELINE_RETRY_MAX_MS;
	pipeline_fail(p, error);
}

static void drop_read(struct pipeline *p)
{
	if (p->reading.is_under_way || !p->reading.fleet)
		return;
	changes_free(p->reading.changes);
	fleet_free(p->reading.fleet);
	p->reading.fleet = NULL;
	p->reading.changes = NULL;
}

/* The fleet is what was read; the alerts are few, and read here. */
static enum status adopt_read(struct pipeline *p, struct changes **changes,
			      char error[STORE_ERROR_SIZE])
{
	enum status status = store_look(p->options.store, error); /* a commit may have failed */

	if (status == STATUS_OK && p->options.alerting)
		status = alerting_load(p->options.alerting, error);
	if (status != STATUS_OK) {
		drop_read(p);
		return status;
	}
	*changes = p->reading.changes;
	fleet_become(p->fleet, p->reading.fleet, *changes);
	p->reading.fleet = NULL;
	p->reading.changes = NULL;
	if (p->options.not_before)
		p->options.not_before(fleet_newest_ms(p->fleet));
	return STATUS_OK;
}

static void tell_ready(struct pipeline *p)
{
	void (*opened)(void *user) = p->opened;

	p->opened = NULL;
	if (opened)
		opened(p->opened_user);
	else
		log_info("ready again");
}

/* What hooks were doing may be on its way to the store still, and alerts are read without it. */
static void finish_reading(struct pipeline *p)
{
	struct changes *changes = NULL;
	char error[STORE_ERROR_SIZE];

	if (store_pending(p->options.store) > 0) {
		loop_timer_start(p->rebuild, SETTLE_MS);
	} else if (adopt_read(p, &changes, error) != STATUS_OK) {
		try_again_later(p, error);
	} else {
		become_ready(p, changes);
		tell_ready(p);
	}
}

/* On the store's thread. */
static enum status read_fleet(const struct store_connection *reader, void *user,
			      char error[STORE_ERROR_SIZE])
{
	struct reading *reading = user;

	return fleet_read(reader, reading->now_ms, &reading->is_in_vain, &reading->fleet,
			  &reading->changes, error);
}

static void fail_to_read(struct pipeline *p, const char *error)
{
	if (p->opened)
		log_error("%s", error); /* else it was told why it is not ready */
	try_again_later(p, error);
}

static void on_fleet_read(void *user, enum status status, const char *error)
{
	struct pipeline *p = (struct pipeline *)((char *)user - offsetof(struct pipeline, reading));

	p->reading.is_under_way = false;
	if (p->stopped)
		drop_read(p);
	else if (status == STATUS_OK)
		finish_reading(p);
	else
		fail_to_read(p, error);
}

/* Meanwhile what was published stays to be seen, and no report is taken. */
static void begin_to_read(struct pipeline *p)
{
	p->reading.now_ms = p->options.now_ms();
	p->reading.is_under_way = true;
	snprintf(p->why, sizeof p->why, "all that is stored is being read");
	if (store_ask(p->options.store, STORE_LOOK_UP, read_fleet, on_fleet_read, &p->reading) ==
	    STATUS_OK)
		return;
	p->reading.is_under_way = false;
	try_again_later(p, "too much waits to be read from the store");
}

/*
 * The fleet is read when the store is open again, for that takes long and is in vain while the disk
 * is full. Until then no report is taken.
 */
static void on_resumed(void *user, enum status status, const char *error)
{
	struct pipeline *p = user;

	p->is_resuming = false;
	if (p->stopped)
		return;
	if (status == STATUS_FENCED)
		note_fenced(p);
	if (status == STATUS_OK)
		begin_to_read(p);
	else
		try_again_later(p, error);
}

static void on_rebuild(void *user)
{
	struct pipeline *p = user;

	if (p->reading.fleet) {
		finish_reading(p);
		return;
	}
	if (store_pending(p->options.store) > 0) {
		loop_timer_start(p->rebuild, p->retry_ms);
		return;
	}
	p->is_resuming = true;
	store_resume(p->options.store, on_resumed, p);
}

static void on_store_check(void *user)
{
	struct pipeline *p = user;
	char error[STORE_ERROR_SIZE];

	if (p->ready && store_look(p->options.store, error) != STATUS_OK)
		pipeline_fail(p, error);
	if (p->ready)
		look_at_promises(p);
	loop_timer_start(p->store_check, PIPELINE_LOOK_MS);
}

static void on_alerts_failed(void *user, const char *error)
{
	pipeline_fail(user, error);
}

static struct pipeline *pipeline_new(const struct pipeline_options *options)
{
	struct pipeline *p = mem_alloc(sizeof *p);

	p->options = *options;
	p->retry_ms = PIPELINE_RETRY_MIN_MS;
	p->fleet = fleet_new(store_reader(options->store));
	p->recall = recall_new(options->store, p->fleet, options->now_ms);
	p->wake = loop_timer_new(options->loop, on_wake, p);
	p->rebuild = loop_timer_new(options->loop, on_rebuild, p);
	p->store_check = loop_timer_new(options->loop, on_store_check, p);
	loop_timer_start(p->store_check, PIPELINE_LOOK_MS);
	if (options->alerting)
		alerting_on_failure(options->alerting, on_alerts_failed, p);
	return p;
}

enum status pipeline_open(struct pipeline **out, const struct pipeline_options *options,
			  char error[STORE_ERROR_SIZE])
{
	struct pipeline *p = pipeline_new(options);
	struct changes *changes = NULL;

	enum status status = fleet_read(store_reader(options->store), options->now_ms(), NULL,
					&p->reading.fleet, &p->reading.changes, error);
	if (status == STATUS_OK)
		status = adopt_read(p, &changes, error);
	if (status != STATUS_OK) {
		pipeline_stop(p);
		pipeline_free(p);
		return status;
	}
	become_ready(p, changes);
	*out = p;
	return STATUS_OK;
}

struct pipeline *pipeline_begin(const struct pipeline_options *options, void (*opened)(void *user),
				void *user)
{
	struct pipeline *p = pipeline_new(options);

	p->opened = opened;
	p->opened_user = user;
	begin_to_read(p);
	return p;
}

void pipeline_stop(struct pipeline *p)
{
	p->stopped = true;
	p->reading.is_in_vain = true;
	drop_read(p);
	p->options.feed = NULL;
	loop_timer_close(p->wake);
	loop_timer_close(p->rebuild);
	loop_timer_close(p->store_check);
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	assert(!p->ahead);
	recall_free(p->recall);
	fleet_free(p->fleet);
	unstorable_deinit(&p->unstorable);
	free(p);
}

struct fleet *pipeline_fleet(struct pipeline *p)
{
	return p->fleet;
}

struct recall *pipeline_recall(struct pipeline *p)
{
	return p->recall;
}

bool pipeline_is_ready(const struct pipeline *p)
{
	return p->ready && !fleet_is_behind(p->fleet, p->options.now_ms()) && !why_not_now(p);
}

bool pipeline_may_take(struct pipeline *p)
{
	bool is_ready = pipeline_is_ready(p);

	if (p->ready && !is_ready)
		loop_timer_start(p->wake, 0); /* the clock was set: it may sleep still */
	return is_ready;
}

bool pipeline_refuses(const struct pipeline *p, const struct snapshot *snapshot)
{
	return unstorable_is(&p->unstorable, &snapshot->report);
}

bool pipeline_is_asynchronous(const struct pipeline *p)
{
	return p->is_asynchronous;
}

bool pipeline_is_reading(const struct pipeline *p)
{
	return p->reading.is_under_way || p->reading.fleet;
}

const char *pipeline_why_not(const struct pipeline *p)
{
	return p->ready ? why_not_now(p) : p->why;
}

uint64_t pipeline_revision(const struct pipeline *p)
{
	return p->revision;
}

int64_t pipeline_now_ms(const struct pipeline *p)
{
	return p->options.now_ms();
}
