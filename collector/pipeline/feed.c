#include "collector/pipeline/feed.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/query/server_row.h"
#include "collector/query/site_tally.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/json/write.h"

/* The numbers of a site as they were told last; by names, in order. */
struct sent_counts {
	struct site_tally *sites;
	size_t n;
	struct arena arena;
};

struct feed {
	struct event_stream *events;
	struct inventory *inventory;
	const struct remarks *remarks;
	const struct fleet *fleet; /* once something was told of it */
	struct loop_timer *count;
	struct sent_counts sent;
};

/* Is everything the same but for the time of the report? */
static bool is_only_newer(const struct view *before, const struct view *after)
{
	return before && before->since_ms == after->since_ms &&
	       before->interval_s == after->interval_s && view_says_the_same(before, after) &&
	       text_identical(before->os, after->os) &&
	       text_identical(before->build, after->build) &&
	       text_identical(before->mta, after->mta) &&
	       text_identical(before->exchange_server, after->exchange_server);
}

static void send_server(struct feed *feed, const struct view *view, int64_t now_ms)
{
	struct buffer data;

	buffer_init(&data);
	server_row_write(view, feed->remarks, now_ms, &data);
	event_stream_add(feed->events, "server", &data);
}

static void send_seen(struct feed *feed, const struct view *view)
{
	struct buffer data;

	buffer_init(&data);
	json_open_object(&data, NULL);
	json_put_text(&data, "server", view->server);
	json_put_time(&data, "reported_at", view->reported_at_ms);
	json_close_object(&data);
	event_stream_add(feed->events, "seen", &data);
}

static void send_removed(struct feed *feed, const char *server)
{
	struct buffer data;

	buffer_init(&data);
	json_open_object(&data, NULL);
	json_put_text(&data, "server", server);
	json_close_object(&data);
	event_stream_add(feed->events, "removed", &data);
}

void feed_send(struct feed *feed, const struct fleet *fleet, const struct changes *changes,
	       int64_t now_ms)
{
	bool counts_change = changes->removal != NULL;
	bool is_for_somebody = !event_stream_skip(feed->events);

	for (size_t i = 0; i < changes->n_views; i++) {
		const struct view *view = changes->views[i];
		bool is_newer = is_only_newer(fleet_find(fleet, view->key), view);
		if (is_for_somebody && is_newer)
			send_seen(feed, view);
		else if (is_for_somebody)
			send_server(feed, view, now_ms);
		counts_change |= !is_newer; /* counts are kept up even for nobody */
	}
	if (changes->removal && is_for_somebody)
		send_removed(feed, changes->removal->server);
	feed->fleet = fleet;
	if (counts_change)
		loop_timer_start(feed->count, FEED_SITES_MS);
}

/* Counts the servers of each site; false: the store does not tell who is expected. */
static bool count_sites(const struct feed *feed, struct arena *arena, struct sent_counts *out)
{
	struct server_list list;
	char error[STORE_ERROR_SIZE];

	if (inventory_list(feed->inventory, feed->fleet, arena, &list, error) != STATUS_OK) {
		log_error("%s", error);
		return false;
	}
	site_tally_make(&list, arena, &out->sites, &out->n);
	for (size_t i = 0; i < out->n; i++) {
		out->sites[i].organization = arena_strdup(arena, out->sites[i].organization);
		out->sites[i].site = arena_strdup(arena, out->sites[i].site);
	}
	return true;
}

static void send_site(struct feed *feed, const struct site_tally *site)
{
	struct buffer data;

	buffer_init(&data);
	site_tally_write(site, feed->remarks, &data);
	event_stream_add(feed->events, "site", &data);
}

/* Sends each site whose counts differ; both lists are in the order of names. */
static void send_differences(struct feed *feed, const struct sent_counts *now)
{
	const struct sent_counts *old = &feed->sent;
	size_t at = 0;

	for (size_t i = 0; i < now->n || at < old->n;) {
		int order = i == now->n    ? 1
			    : at == old->n ? -1
					   : site_tally_compare(&now->sites[i], &old->sites[at]);
		if (order > 0) { /* nobody is left there */
			struct site_tally empty = { old->sites[at].organization,
						    old->sites[at].site,
						    { .silent = 0 } };
			send_site(feed, &empty);
			at++;
			continue;
		}
		if (order < 0 || memcmp(&now->sites[i].tally, &old->sites[at].tally,
					sizeof now->sites[i].tally) != 0)
			send_site(feed, &now->sites[i]);
		at += order == 0;
		i++;
	}
}

static void replace_sent(struct feed *feed, struct sent_counts *now)
{
	arena_deinit(&feed->sent.arena);
	feed->sent = *now;
}

static void on_count(void *user)
{
	struct feed *feed = user;
	struct sent_counts now = { .n = 0 };

	arena_init(&now.arena);
	if (!count_sites(feed, &now.arena, &now)) {
		arena_deinit(&now.arena);
		return;
	}
	send_differences(feed, &now);
	replace_sent(feed, &now);
}

struct feed *feed_new(struct uv_loop_s *loop, struct event_stream *events,
		      struct inventory *inventory, const struct remarks *remarks)
{
	struct feed *feed = mem_alloc(sizeof *feed);

	feed->events = events;
	feed->inventory = inventory;
	feed->remarks = remarks;
	arena_init(&feed->sent.arena);
	feed->count = loop_timer_new(loop, on_count, feed);
	return feed;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	loop_timer_close(feed->count);
	arena_deinit(&feed->sent.arena);
	free(feed);
}

void feed_reset(struct feed *feed, const struct fleet *fleet)
{
	struct sent_counts now = { .n = 0 };

	feed->fleet = fleet;
	event_stream_reset(feed->events);
	arena_init(&now.arena);
	if (count_sites(feed, &now.arena, &now))
		replace_sent(feed, &now);
	else
		arena_deinit(&now.arena);
}
