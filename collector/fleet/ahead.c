/*
 * What was stored until moments of the past, read before it is needed and off the loop: a late
 * report has silent servers judged again by what the whole site had reported until then.
 *
 * What was read is right until the next report of that server is stored: until then that one is
 * found among the changes in flight (fleet_changes_find_until).
 */
#include <stdlib.h>
#include <string.h>

#include "collector/fleet/internal.h"
#include "proto/base/mem.h"
#include "proto/site/site.h"

/* Of one server that is judged again; what is more is read on the loop, as it is needed. */
#define MAX_WANTED 2048

/* The latest report of a server until a moment. */
struct wanted {
	char *key;
	int64_t until_ms;
	struct snapshot *then; /* NULL: it had none */
	bool is_outdated;      /* another one was stored since it was asked for */
};

struct fleet_ahead {
	LIST_ENTRY(fleet_ahead) link;
	struct wanted *wanted; /* once they are read by key and moment */
	size_t n;
	size_t room;
	bool is_whole; /* the store's thread read all of it */
	bool is_used;
};

static void want(struct fleet_ahead *ahead, const struct fleet_server *server, int64_t until_ms)
{
	if (ahead->n == MAX_WANTED || server->member->at_ms <= until_ms)
		return; /* what it reported last is at hand */
	ahead->wanted = mem_make_room(ahead->wanted, ahead->n, &ahead->room, sizeof *ahead->wanted);
	ahead->wanted[ahead->n++] =
		(struct wanted){ .key = mem_strdup(server->key), .until_ms = until_ms };
}

/* Enough for one call: a further server would be judged in the next. */
static bool is_enough(const struct fleet_ahead *ahead)
{
	return ahead->n >= FLEET_MAX_READ_AGAIN;
}

static void want_site(struct fleet_ahead *ahead, const struct fleet_site *site, int64_t until_ms)
{
	for (const struct site_member *m = site->index.members; m; m = m->next)
		want(ahead, m->user, until_ms);
}

/* Where nothing is wanted there is nothing to read. */
static struct fleet_ahead *keep(struct fleet *fleet, struct fleet_ahead *ahead)
{
	LIST_INSERT_HEAD(&fleet->aheads, ahead, link);
	if (ahead->n > 0)
		return ahead;
	fleet_ahead_free(ahead);
	return NULL;
}

bool fleet_ahead_is_due(const struct fleet *fleet, const struct snapshot *snapshot, int64_t now_ms)
{
	const struct fleet_site *site = fleet_site_find(fleet, snapshot);

	return site && (snapshot->at_ms <= site->silent_until_ms ||
			snapshot_judged_at(snapshot, now_ms) < now_ms);
}

struct fleet_ahead *fleet_ahead_of_report(struct fleet *fleet, const struct snapshot *snapshot,
					  int64_t now_ms)
{
	const struct fleet_site *site = fleet_site_find(fleet, snapshot);
	struct fleet_ahead *ahead = mem_alloc(sizeof *ahead);
	size_t n_judged = 0;

	if (site && snapshot_judged_at(snapshot, now_ms) < now_ms)
		want_site(ahead, site, snapshot_judged_at(snapshot, now_ms));
	const struct site_member *m = site ? site->index.members : NULL;
	for (; m && n_judged < FLEET_MAX_SILENT_JUDGED && !is_enough(ahead); m = m->next) {
		const struct fleet_server *server = m->user;
		if (!server->silent || m->fresh_until_ms < snapshot->at_ms)
			continue;
		want_site(ahead, site, m->fresh_until_ms);
		n_judged++;
	}
	return keep(fleet, ahead);
}

struct fleet_ahead *fleet_ahead_of_marked(struct fleet *fleet)
{
	struct fleet_ahead *ahead = mem_alloc(sizeof *ahead);
	const struct fleet_server *server = fleet->to_rejudge;

	for (size_t i = 0; i < FLEET_MAX_SILENT_JUDGED && server && !is_enough(ahead); i++) {
		if (server->silent)
			want_site(ahead, server->site, server->member->fresh_until_ms);
		server = server->next_to_rejudge;
	}
	return keep(fleet, ahead);
}

static int compare(const void *a, const void *b)
{
	const struct wanted *one = a;
	const struct wanted *other = b;
	int order = strcmp(one->key, other->key);

	return order != 0 ? order
			  : (one->until_ms > other->until_ms) - (one->until_ms < other->until_ms);
}

void fleet_ahead_read(struct fleet_ahead *ahead, const struct store_connection *reader)
{
	char error[FLEET_ERROR_SIZE]; /* whoever needs it reads it again, and tells */
	enum status status = STATUS_OK;

	for (size_t i = 0; i < ahead->n && status == STATUS_OK; i++)
		status = fleet_read_stored_until(reader, ahead->wanted[i].key,
						 ahead->wanted[i].until_ms, &ahead->wanted[i].then,
						 error);
	ahead->is_whole = status == STATUS_OK;
}

void fleet_ahead_use(struct fleet_ahead *ahead)
{
	if (!ahead->is_whole)
		return;
	qsort(ahead->wanted, ahead->n, sizeof *ahead->wanted, compare);
	ahead->is_used = true;
}

void fleet_ahead_free(struct fleet_ahead *ahead)
{
	if (!ahead)
		return;
	LIST_REMOVE(ahead, link);
	for (size_t i = 0; i < ahead->n; i++) {
		snapshot_unref(ahead->wanted[i].then);
		free(ahead->wanted[i].key);
	}
	free(ahead->wanted);
	free(ahead);
}

bool fleet_ahead_find(const struct fleet *fleet, const char *key, int64_t until_ms,
		      struct snapshot **out)
{
	const struct wanted as = { .key = (char *)key, .until_ms = until_ms };
	const struct fleet_ahead *ahead;

	LIST_FOREACH(ahead, &fleet->aheads, link)
	{
		const struct wanted *found = ahead->is_used
						     ? bsearch(&as, ahead->wanted, ahead->n,
							       sizeof *ahead->wanted, compare)
						     : NULL;
		if (!found || found->is_outdated)
			continue;
		*out = found->then ? snapshot_ref(found->then) : NULL;
		return true;
	}
	return false;
}

bool fleet_ahead_is_in_use(const struct fleet *fleet)
{
	const struct fleet_ahead *ahead;

	LIST_FOREACH(ahead, &fleet->aheads, link)
	{
		if (ahead->is_used)
			return true;
	}
	return false;
}

bool fleet_ahead_covers(const struct fleet *fleet, const struct fleet_server *server)
{
	int64_t until_ms = server->member->fresh_until_ms;

	for (const struct site_member *m = server->site->index.members; m; m = m->next) {
		const struct fleet_server *other = m->user;
		struct snapshot *then = NULL;
		if (m->at_ms <= until_ms)
			continue;
		if (!fleet_ahead_find(fleet, other->key, until_ms, &then))
			return false;
		snapshot_unref(then);
	}
	return true;
}

void fleet_ahead_outdate(struct fleet *fleet, const char *key)
{
	struct fleet_ahead *ahead;

	LIST_FOREACH(ahead, &fleet->aheads, link)
	{
		for (size_t i = 0; i < ahead->n; i++) {
			if (!key || strcmp(ahead->wanted[i].key, key) == 0)
				ahead->wanted[i].is_outdated = true;
		}
	}
}
