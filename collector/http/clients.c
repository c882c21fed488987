#include "collector/http/clients.h"

#include <assert.h>
#include <stdlib.h>

#include "collector/http/client_internal.h"
#include "collector/net/network.h"
#include "proto/base/mem.h"

void clients_init(struct clients *set)
{
	TAILQ_INIT(&set->strangers);
	TAILQ_INIT(&set->waiting);
}

static void add_client(struct clients *set, struct client *c)
{
	c->set = set;
	c->next = set->first;
	c->link = &set->first;
	if (c->next)
		c->next->link = &c->next;
	set->first = c;
	set->n++;
	set->n_all++;
}

/* Is a client of that address too many now? A trusted proxy stands for many. */
static enum turn_away choose_turn_away(const struct clients *set, const struct source *source,
				       bool is_proxy)
{
	if (set->n - set->n_turned_away - set->n_displaced > set->max)
		return TURN_AWAY_TOO_MANY;
	if (source->n <= set->max_of_address || is_proxy)
		return TURN_AWAY_NOT;
	return TURN_AWAY_TOO_MANY_OF_ADDRESS;
}

static void count_source(struct clients *set, struct client *c)
{
	struct net_address peer = { 0 };

	channel_peer(c->channel, &peer); /* if it is gone already, nobody counts it for long */
	c->source = sources_enter(&set->sources, &peer.address);
	c->turn_away = choose_turn_away(
		set, c->source,
		set->trusted_proxies && networks_contain(set->trusted_proxies, &peer.address));
	if (c->turn_away == TURN_AWAY_NOT)
		return;
	set->n_turned_away++;
	set->n_all_turned_away++;
}

static void remove_stranger(struct client *c)
{
	if (!c->is_stranger)
		return;
	c->is_stranger = false;
	TAILQ_REMOVE(&c->set->strangers, c, place);
	assert(c->set->n_strangers > 0);
	c->set->n_strangers--;
}

void clients_set_waiting(struct client *c, bool waits)
{
	waits = waits && c->is_known && !c->is_displaced;
	if (waits == c->is_waiting)
		return;
	assert(!waits || !c->is_stranger); /* `place` is in one list */
	c->is_waiting = waits;
	if (waits)
		TAILQ_INSERT_TAIL(&c->set->waiting, c, place);
	else
		TAILQ_REMOVE(&c->set->waiting, c, place);
}

/* Somebody else needs its place. */
static void displace_client(struct client *c)
{
	assert(!c->is_displaced);
	remove_stranger(c);
	clients_set_waiting(c, false);
	c->is_displaced = true;
	c->set->n_displaced++;
	c->set->n_all_displaced++;
	channel_close(c->channel);
}

/* Where nobody is asked who they are all are alike. */
static void add_stranger(struct clients *set, struct client *c)
{
	if (!set->admit || c->turn_away != TURN_AWAY_NOT)
		return;
	assert(!c->is_stranger && !c->is_waiting);
	c->is_stranger = true;
	TAILQ_INSERT_TAIL(&set->strangers, c, place);
	set->n_strangers++;
	if (set->n_strangers > set->max - set->max / CLIENTS_KNOWN_PART)
		displace_client(TAILQ_FIRST(&set->strangers));
}

static void displace_waiting(struct clients *set)
{
	size_t n = set->n - set->n_turned_away - set->n_displaced;

	if (n > set->max - set->max / CLIENTS_ROOM_PART && !TAILQ_EMPTY(&set->waiting))
		displace_client(TAILQ_FIRST(&set->waiting));
}

void clients_mark_known(struct client *c)
{
	c->is_known = true;
	remove_stranger(c);
	channel_mark_known(c->channel);
}

void clients_accept(struct clients *set, struct uv_stream_s *listener)
{
	struct client *c = mem_alloc(sizeof *c);

	c->channel =
		channel_accept(listener, &set->backlog, &set->security, &client_channel_events, c);
	if (!c->channel) {
		free(c);
		return;
	}
	c->http = http_new(&set->bodies);
	buffer_init(&c->unread);
	add_client(set, c);
	count_source(set, c);
	add_stranger(set, c);
	displace_waiting(set);
	if (set->n_turned_away > CLIENTS_MAX_TURNED_AWAY)
		channel_close(c->channel);
	else
		client_begin(c);
}

void clients_remove(struct client *c)
{
	struct clients *set = c->set;

	assert(set->n > 0 && *c->link == c);
	source_leave(c->source);
	remove_stranger(c);
	clients_set_waiting(c, false);
	if (c->turn_away != TURN_AWAY_NOT)
		set->n_turned_away--;
	if (c->is_displaced)
		set->n_displaced--;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	set->n--;
	free(c);
	set->gone(set->user);
}

void clients_end(struct clients *set)
{
	struct client *next;
	for (struct client *c = set->first; c; c = next) {
		next = c->next;
		client_end(c);
	}
}

void clients_recheck_access(struct clients *set, client_is_still_allowed *is_allowed)
{
	struct client *next;
	for (struct client *c = set->first; c; c = next) {
		next = c->next;
		client_recheck_access(c, is_allowed);
	}
}

void clients_close(struct clients *set)
{
	for (struct client *c = set->first; c; c = c->next)
		channel_close(c->channel);
}
