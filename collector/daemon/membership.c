#include "collector/daemon/membership.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/daemon/store_wait.h"
#include "proto/base/mem.h"

/* The store is connected and read off the loop. */
struct loading {
	uv_work_t work;
	const struct store_location *location;
	struct store_claim claim;
	struct store *store;
	enum status status;
	char error[STORE_ERROR_SIZE];
};

struct membership {
	struct membership_options options;
	char node[LEASE_NODE_SIZE];
	char *url; /* what is to be told, until there is a member; NULL: it is not known */
	char *settings;
	struct store_wait *wait;
	struct member *member;
	struct loading loading;
	bool is_loading;
	bool judges;
	bool is_retired;
	int64_t not_ready_since_ms; /* 0: it is, or does not judge */
	void (*closed)(void *user);
	void *closed_user;
};

static void free_membership(struct membership *m)
{
	void (*closed)(void *user) = m->closed;
	void *user = m->closed_user;

	free(m->url);
	free(m->settings);
	free(m);
	closed(user);
}

static void on_member_closed(void *user)
{
	free_membership(user);
}

static void close_member(struct membership *m)
{
	assert(m->is_retired && !m->is_loading);
	if (m->member)
		member_close(m->member, on_member_closed, m);
	else
		free_membership(m);
}

static void fail(struct membership *m, enum status status, const char *error)
{
	m->options.failed(m->options.user, status, error);
}

static const char *name_of_judge(const struct membership *m)
{
	const struct store_look *look = member_look(m->member);

	return look && look->lease.token[0] ? look->lease.node : "nobody";
}

/* From the worker's thread. */
static void connect_store(uv_work_t *work)
{
	struct loading *loading = work->data;

	loading->status =
		store_connect(&loading->store, loading->location, &loading->claim, loading->error);
}

static void look_again(void *user);

static void give_up_loading(struct membership *m)
{
	log_error("gives the lease back: %s", m->loading.error);
	if (store_wait_helps(m->loading.status)) {
		member_give_back(m->member);
		member_set_state(m->member, RECORD_COLLECTOR_STANDBY);
	} else {
		fail(m, m->loading.status, m->loading.error);
	}
}

static void on_connected(uv_work_t *work, int canceled)
{
	struct loading *loading = work->data;
	struct membership *m =
		(struct membership *)((char *)loading - offsetof(struct membership, loading));
	(void)canceled; /* only what does not run yet can be */

	m->is_loading = false;
	if (m->is_retired) {
		if (loading->status == STATUS_OK)
			store_discard(loading->store);
		if (m->closed)
			close_member(m);
		return;
	}
	if (loading->status == STATUS_OK)
		loading->status = store_start(loading->store, m->options.loop, loading->error);
	if (loading->status != STATUS_OK) {
		give_up_loading(m);
		return;
	}
	m->judges = m->options.judges(m->options.user, loading->store);
	look_again(m);
}

static void begin_to_load(struct membership *m)
{
	struct loading *loading = &m->loading;

	loading->claim = member_claim(m->member);
	loading->location = m->options.location;
	loading->work.data = loading;
	m->is_loading = true;
	member_set_state(m->member, RECORD_COLLECTOR_LOADING);
	log_info("judges from now on, with the lease %lld: reads the store",
		 (long long)loading->claim.epoch);
	if (uv_queue_work(m->options.loop, &loading->work, connect_store, on_connected) != 0)
		abort(); /* only without a function to run */
}

/* Another one that stands by; NULL: there is none. */
static const char *find_standby(const struct membership *m)
{
	const struct store_look *look = member_look(m->member);

	for (size_t i = 0; look && i < look->n; i++) {
		const struct record_collector *c = &look->collectors[i];
		if (strcmp(c->node, m->options.node) != 0 && collectors_stands_by(look, c))
			return c->node;
	}
	return NULL;
}

static void leave(struct membership *m, const char *next)
{
	membership_retire(m);
	member_retire(m->member, next);
	m->options.leaves(m->options.user);
}

/* Who has asked for another one to judge. */
static bool is_asked_to_leave(const struct membership *m)
{
	const struct store_look *look = member_look(m->member);

	return look && look->lease.next[0] && strcmp(look->lease.next, m->options.node) != 0 &&
	       strcmp(look->lease.node, m->options.node) == 0;
}

static bool is_unable(struct membership *m)
{
	int64_t now_ms = (int64_t)loop_monotonic_ms();

	if (m->options.is_ready(m->options.user) || m->options.is_reading(m->options.user) ||
	    member_error(m->member)) {
		m->not_ready_since_ms = 0;
		return false;
	}
	if (m->not_ready_since_ms == 0)
		m->not_ready_since_ms = now_ms;
	return now_ms - m->not_ready_since_ms > MEMBERSHIP_MAX_CHECKING_MS;
}

static enum record_collector_state state_of_judge(const struct membership *m)
{
	if (m->options.is_reading(m->options.user))
		return RECORD_COLLECTOR_LOADING;
	return m->options.is_ready(m->options.user) ? RECORD_COLLECTOR_JUDGING
						    : RECORD_COLLECTOR_CHECKING;
}

static void look_after_judging(struct membership *m)
{
	member_set_state(m->member, state_of_judge(m));
	member_set_last_commit(m->member, m->options.last_commit(m->options.user));
	if (is_asked_to_leave(m)) {
		log_info("hands over to %s", member_look(m->member)->lease.next);
		leave(m, NULL);
	} else if (is_unable(m) && find_standby(m)) {
		log_warning("has not been ready for a minute: %s is to judge", find_standby(m));
		leave(m, find_standby(m));
	}
}

static void look_again(void *user)
{
	struct membership *m = user;

	if (m->is_retired)
		return;
	switch (member_role(m->member)) {
	case MEMBER_STANDS_BY:
		if (member_look(m->member))
			member_set_state(m->member, RECORD_COLLECTOR_STANDBY);
		m->options.stands_by(m->options.user);
		break;
	case MEMBER_HOLDS:
		if (m->judges)
			look_after_judging(m);
		else if (!m->is_loading)
			begin_to_load(m);
		break;
	case MEMBER_IS_LOST:
		log_warning("judges no more: %s took over", name_of_judge(m));
		leave(m, NULL);
		break;
	case MEMBER_IS_DOUBLE:
		fail(m, STATUS_CONFLICT, member_error(m->member));
		break;
	}
}

static enum status open_member(struct membership *m, char error[STORE_ERROR_SIZE])
{
	struct member_options options = {
		.loop = m->options.loop,
		.node = m->options.node,
		.version = MTAWATCH_VERSION,
		.about = { m->url, m->settings },
		.takeover_after = m->options.takeover_after,
		.changed = look_again,
		.user = m,
	};
	enum status status = store_seat_open(&options.seat, m->options.location, error);

	return status == STATUS_OK ? member_open(&m->member, &options, error) : status;
}

static void wait_for_database(struct membership *m);

static void on_wait_failed(void *user, const char *error)
{
	const struct membership *m = user;
	m->options.waits(m->options.user, error);
}

static void on_wait_over(void *user, enum status status, const char *why)
{
	struct membership *m = user;
	char error[STORE_ERROR_SIZE];

	snprintf(error, sizeof error, "%s", why);
	store_wait_end(m->wait);
	m->wait = NULL;
	if (status == STATUS_OK)
		status = open_member(m, error);
	if (store_wait_helps(status)) {
		m->options.waits(m->options.user, error);
		wait_for_database(m);
	} else if (status != STATUS_OK) {
		fail(m, status, error);
	}
}

static void wait_for_database(struct membership *m)
{
	struct store_wait_events events = { on_wait_failed, on_wait_over, m };

	m->wait = store_wait_begin(m->options.loop, m->options.location, &events);
}

enum status membership_open(struct membership **out, const struct membership_options *options,
			    char error[STORE_ERROR_SIZE])
{
	struct membership *m = mem_alloc(sizeof *m);

	m->options = *options;
	snprintf(m->node, sizeof m->node, "%s", options->node);
	m->options.node = m->node;
	membership_tell(m, &options->about);
	enum status status = open_member(m, error);
	if (store_wait_helps(status)) {
		options->waits(options->user, error);
		wait_for_database(m);
	} else if (status != STATUS_OK) {
		free(m->url);
		free(m->settings);
		free(m);
		return status;
	}
	*out = m;
	return STATUS_OK;
}

void membership_retire(struct membership *m)
{
	if (m->is_retired)
		return;
	m->is_retired = true;
	store_wait_end(m->wait);
	m->wait = NULL;
	if (m->member)
		member_retire(m->member, NULL);
}

void membership_close(struct membership *m, void (*closed)(void *user), void *user)
{
	membership_retire(m);
	m->closed = closed;
	m->closed_user = user;
	if (!m->is_loading)
		close_member(m);
}

void membership_tell(struct membership *m, const struct member_about *about)
{
	free(m->url);
	free(m->settings);
	m->url = about->url ? mem_strdup(about->url) : NULL;
	m->settings = mem_strdup(about->settings);
	if (m->member)
		member_tell(m->member, about);
}

struct member *membership_member(const struct membership *m)
{
	return m->member;
}
