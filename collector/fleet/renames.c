#include "collector/fleet/renames.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/fleet/internal.h"
#include "collector/fleet/network_cards.h"
#include "collector/model/server_key.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

/*
 * Cards that are looked at for one address, so that no report costs more where many machines tell
 * the same one. Buckets are short otherwise.
 */
#define MAX_LOOKED_AT 8

/* A card's address in the table of the fleet, and in the server that has it. */
struct fleet_card {
	uint64_t address;
	struct fleet_server *server;
	struct fleet_card *next;  /* in its bucket */
	struct fleet_card **link; /* where the pointer to this one is */
};

static struct fleet_card **bucket_of(const struct card_index *cards, uint64_t address)
{
	assert(cards->n_buckets > 0 && (cards->n_buckets & (cards->n_buckets - 1)) == 0);
	uint64_t hash = address * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	return &cards->buckets[hash & (cards->n_buckets - 1)];
}

static void link_card(const struct card_index *cards, struct fleet_card *card)
{
	struct fleet_card **bucket = bucket_of(cards, card->address);
	card->next = *bucket;
	card->link = bucket;
	if (card->next)
		card->next->link = &card->next;
	*bucket = card;
}

/* Puts every card of the fleet into a table of `n` buckets. */
static void make_buckets(struct fleet *fleet, size_t n)
{
	free(fleet->cards.buckets);
	fleet->cards.buckets = mem_alloc(n * sizeof(struct fleet_card *));
	fleet->cards.n_buckets = n;
	for (size_t i = 0; i < fleet->n; i++) {
		struct fleet_server *server = fleet->servers[i];
		for (size_t k = 0; k < server->n_cards; k++)
			link_card(&fleet->cards, &server->cards[k]);
	}
}

void fleet_renames_clear(struct card_index *cards)
{
	free(cards->buckets);
	*cards = (struct card_index){ .buckets = NULL };
}

void fleet_renames_drop_cards(struct fleet *fleet, struct fleet_server *server)
{
	for (size_t i = 0; i < server->n_cards; i++) {
		const struct fleet_card *card = &server->cards[i];
		*card->link = card->next;
		if (card->next)
			card->next->link = card->link;
	}
	assert(fleet->cards.n >= server->n_cards);
	fleet->cards.n -= server->n_cards;
	free(server->cards);
	server->cards = NULL;
	server->n_cards = 0;
}

static bool has_these(const struct fleet_server *server, const uint64_t *addresses, size_t n)
{
	bool same = server->n_cards == n;
	for (size_t i = 0; same && i < n; i++)
		same = server->cards[i].address == addresses[i];
	return same;
}

void fleet_renames_set_cards(struct fleet *fleet, struct fleet_server *server,
			     const struct report *report)
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = network_cards_of(report, addresses);

	if (has_these(server, addresses, n))
		return;
	fleet_renames_drop_cards(fleet, server);
	if (n == 0)
		return;
	if (fleet->cards.n + n > fleet->cards.n_buckets) {
		size_t n_buckets = fleet->cards.n_buckets;
		make_buckets(fleet, n_buckets ? n_buckets * 2 : (size_t)2 * REPORT_MAX_ADAPTERS);
	}
	server->cards = mem_alloc(n * sizeof *server->cards);
	server->n_cards = (uint32_t)n;
	fleet->cards.n += n;
	for (size_t i = 0; i < n; i++) {
		server->cards[i] = (struct fleet_card){ .address = addresses[i], .server = server };
		link_card(&fleet->cards, &server->cards[i]);
	}
}

/* The servers that have a card of this address; 0 where too many have one to tell anything. */
static size_t find_holders(const struct fleet *fleet, uint64_t address,
			   struct fleet_server *out[MAX_LOOKED_AT])
{
	size_t n_looked_at = 0;
	size_t n = 0;

	for (const struct fleet_card *card = *bucket_of(&fleet->cards, address); card;
	     card = card->next) {
		if (n_looked_at++ == MAX_LOOKED_AT)
			return 0;
		if (card->address == address)
			out[n++] = card->server;
	}
	return n;
}

/* Keeps the later of two servers that reported from `server`'s card; false where both are live. */
static bool is_unambiguous(const struct fleet_server *server, struct fleet_server *other,
			   struct fleet_server **best)
{
	const struct fleet_server *before = *best;

	if (other->member->at_ms <= server->member->at_ms || other == before)
		return true;
	if (before && !before->silent && !other->silent)
		return false;
	if (!before || other->member->at_ms > before->member->at_ms)
		*best = other;
	return true;
}

/* The last to report with a card of `server`, after it; NULL: none, or it is ambiguous. */
static struct fleet_server *find_later(const struct fleet *fleet, const struct fleet_server *server)
{
	struct fleet_server *holders[MAX_LOOKED_AT];
	struct fleet_server *best = NULL;

	for (size_t i = 0; i < server->n_cards; i++) {
		size_t n = find_holders(fleet, server->cards[i].address, holders);
		for (size_t k = 0; k < n; k++) {
			if (!is_unambiguous(server, holders[k], &best))
				return NULL;
		}
	}
	return best;
}

static bool is_called(const struct view *view, const char *key)
{
	char name[SERVER_KEY_SIZE];
	return view && view->renamed_to && strcmp(server_key(view->renamed_to, name), key) == 0;
}

enum status fleet_renames_find(struct fleet *fleet, const struct fleet_server *server,
			       const char **name, char error[FLEET_ERROR_SIZE])
{
	struct fleet_server *later = server->silent ? find_later(fleet, server) : NULL;
	struct snapshot *beside = NULL;

	*name = NULL;
	if (later)
		*name = later->current ? later->current->server : later->key;
	if (!later || (server->current && text_identical(*name, server->current->renamed_to)))
		return STATUS_OK; /* the same name as before */
	enum status status = fleet_read_until(fleet, later, server->member->at_ms, &beside, error);
	if (status != STATUS_OK || beside) /* both lived at one time: the card changed machines */
		*name = NULL;
	snapshot_unref(beside);
	return status;
}

/* Looks for a silent server's new name again. `*view` is NULL where it is the one that is shown. */
static enum status find_new_name(struct fleet *fleet, const struct fleet_server *server,
				 struct view **view, char error[FLEET_ERROR_SIZE])
{
	const char *name;

	*view = NULL;
	enum status status = fleet_renames_find(fleet, server, &name, error);
	if (status == STATUS_OK && !text_identical(name, server->current->renamed_to))
		*view = view_renew_silent(server->current, name);
	return status;
}

enum status fleet_renames_was_renamed(struct fleet *fleet, const struct fleet_server *server,
				      int64_t at_ms, bool *out, char error[FLEET_ERROR_SIZE])
{
	const char *name = server->silent && server->current ? server->current->renamed_to : NULL;
	char key[SERVER_KEY_SIZE];
	struct snapshot *then = NULL;

	const struct fleet_server *later =
		name ? fleet_server_find(fleet, server_key(name, key)) : NULL;
	*out = later && later->member->at_ms <= at_ms;
	if (!later || *out)
		return STATUS_OK;
	enum status status = fleet_read_until(fleet, later, at_ms, &then, error);
	*out = then && then->at_ms > server->member->at_ms;
	snapshot_unref(then);
	return status;
}

void fleet_renames_update_addresses(const struct fleet_server *server)
{
	bool is_renamed = server->silent && server->current && server->current->renamed_to;

	if (site_index_hold(&server->site->index, server->member, !is_renamed))
		fleet_site_touch(server->site);
}

/* Looks again for the new names of the silent servers that have a card of this address. */
static enum status rename_holders(struct fleet *fleet, uint64_t address, struct changes *changes,
				  char error[FLEET_ERROR_SIZE])
{
	struct fleet_server *holders[MAX_LOOKED_AT];
	size_t n = find_holders(fleet, address, holders);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < n && status == STATUS_OK; i++) {
		struct view *view = NULL;
		if (holders[i]->silent)
			status = find_new_name(fleet, holders[i], &view, error);
		if (!view)
			continue;
		fleet_changes_add(changes, holders[i], view, NULL);
		fleet_renames_update_addresses(holders[i]);
	}
	return status;
}

enum status fleet_renames_update_silent(struct fleet *fleet, const struct fleet_server *server,
					struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < server->n_cards && status == STATUS_OK; i++)
		status = rename_holders(fleet, server->cards[i].address, changes, error);
	return status;
}

void fleet_renames_take_back(const struct fleet *fleet, const struct fleet_server *server,
			     int64_t at_ms, struct changes *changes)
{
	struct fleet_server *holders[MAX_LOOKED_AT];

	for (size_t i = 0; i < server->n_cards; i++) {
		size_t n = find_holders(fleet, server->cards[i].address, holders);
		for (size_t k = 0; k < n; k++) {
			struct fleet_server *before = holders[k];
			if (!before->silent || before->member->at_ms < at_ms ||
			    !is_called(before->current, server->key))
				continue;
			fleet_changes_add(changes, before, view_renew_silent(before->current, NULL),
					  NULL);
			fleet_renames_update_addresses(before);
		}
	}
}

enum status fleet_renames_leave(struct fleet *fleet, struct fleet_server *server,
				struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = server->n_cards;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < n; i++)
		addresses[i] = server->cards[i].address;
	fleet_renames_drop_cards(fleet, server);
	for (size_t i = 0; i < n && status == STATUS_OK; i++)
		status = rename_holders(fleet, addresses[i], changes, error);
	return status;
}

enum status fleet_renames_load(struct fleet *fleet, char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < fleet->n && status == STATUS_OK; i++) {
		struct fleet_server *server = fleet->servers[i];
		struct view *view = NULL;
		if (server->silent)
			status = find_new_name(fleet, server, &view, error);
		if (!view)
			continue;
		view_unref(server->current);
		server->current = view;
		fleet_row_put(fleet, server, view);
		fleet_renames_update_addresses(server);
	}
	return status;
}

static bool is_among(const struct view *view, const struct view *const *views, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (views[i] == view)
			return true;
	}
	return false;
}

size_t fleet_former_names(const struct fleet *fleet, const char *key, const struct view **out,
			  size_t most)
{
	const struct fleet_server *server = fleet_server_find(fleet, key);
	struct fleet_server *holders[MAX_LOOKED_AT];
	size_t n = 0;

	for (size_t i = 0; server && i < server->n_cards; i++) {
		size_t n_holders = find_holders(fleet, server->cards[i].address, holders);
		for (size_t k = 0; k < n_holders && n < most; k++) {
			const struct view *view = fleet_find(fleet, holders[k]->key);
			if (is_called(view, key) && !is_among(view, out, n))
				out[n++] = view;
		}
	}
	return n;
}
