#include <stdlib.h>
#include <string.h>

#include "collector/fleet_state.h"
#include "proto/mem.h"

#define OCTETS 6

/* Of the first octet: the address was chosen by somebody, or is of a group (IEEE 802, 8.2). */
#define NOT_OF_ONE_CARD 0x03

/* Addresses that Windows gives to adapters without a card, the same on every machine. */
static const uint32_t made_up_vendors[] = {
	0x005345, /* dial-up and VPN: 00-53-45-00-00-00 */
	0x444553, /* the dial-up adapter: 44-45-53-54-00-00, "DEST" */
};

/* A card's address in the table of the fleet, and in the server that has it. */
struct fleet_card {
	uint64_t address;
	struct fleet_server *server;
	struct fleet_card *next; /* in its bucket */
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "00-50-04-a1-b2-c3", also with colons. 0: no address, or not one that only one card has. */
static uint64_t card_address(const char *text)
{
	uint64_t address = 0;

	for (int i = 0; i < OCTETS; i++, text += 2) {
		if (i > 0 && *text != '-' && *text != ':')
			return 0;
		text += i > 0;
		if (digit_value(text[0]) < 0 || digit_value(text[1]) < 0)
			return 0;
		address =
			address << 8 | (uint64_t)(digit_value(text[0]) * 16 + digit_value(text[1]));
	}
	if (*text != '\0' || (address >> 40 & NOT_OF_ONE_CARD) != 0)
		return 0;
	for (size_t i = 0; i < sizeof made_up_vendors / sizeof *made_up_vendors; i++) {
		if (address >> 24 == made_up_vendors[i])
			return 0;
	}
	return address;
}

static size_t card_addresses(const struct report *report, uint64_t out[REPORT_MAX_ADAPTERS])
{
	size_t n = 0;

	for (size_t i = 0; i < report->n_adapters; i++) {
		const char *mac = report->adapters[i].mac;
		uint64_t address = mac ? card_address(mac) : 0;
		bool is_new = address != 0;
		for (size_t k = 0; k < n; k++)
			is_new &= out[k] != address;
		if (is_new)
			out[n++] = address;
	}
	return n;
}

static struct fleet_card **bucket_of(const struct fleet *fleet, uint64_t address)
{
	uint64_t hash = address * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	return &fleet->cards[hash & (fleet->n_card_buckets - 1)];
}

static void link_card(const struct fleet *fleet, struct fleet_card *card)
{
	struct fleet_card **bucket = bucket_of(fleet, card->address);
	card->next = *bucket;
	*bucket = card;
}

/* Every card of the fleet into a table of this size. */
static void make_buckets(struct fleet *fleet, size_t n)
{
	free(fleet->cards);
	fleet->cards = mem_alloc(n * sizeof(struct fleet_card *));
	fleet->n_card_buckets = n;
	for (size_t i = 0; i < fleet->n; i++) {
		struct fleet_server *server = fleet->servers[i];
		for (size_t k = 0; k < server->n_cards; k++)
			link_card(fleet, &server->cards[k]);
	}
}

void fleet_machine_forget(struct fleet *fleet, struct fleet_server *server)
{
	for (size_t i = 0; i < server->n_cards; i++) {
		struct fleet_card **at = bucket_of(fleet, server->cards[i].address);
		while (*at != &server->cards[i])
			at = &(*at)->next;
		*at = server->cards[i].next;
	}
	fleet->n_cards -= server->n_cards;
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

void fleet_machine_note(struct fleet *fleet, struct fleet_server *server,
			const struct report *report)
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = card_addresses(report, addresses);

	if (has_these(server, addresses, n))
		return;
	fleet_machine_forget(fleet, server);
	if (n == 0)
		return;
	if (fleet->n_cards + n > fleet->n_card_buckets) {
		size_t n_buckets = fleet->n_card_buckets;
		make_buckets(fleet, n_buckets ? n_buckets * 2 : 2 * REPORT_MAX_ADAPTERS);
	}
	server->cards = mem_alloc(n * sizeof *server->cards);
	server->n_cards = (uint32_t)n;
	fleet->n_cards += n;
	for (size_t i = 0; i < n; i++) {
		server->cards[i] = (struct fleet_card){ .address = addresses[i], .server = server };
		link_card(fleet, &server->cards[i]);
	}
}

/* The next server that has a card of this address, from `card` on. */
static struct fleet_card *next_holder(struct fleet_card *card, uint64_t address)
{
	while (card && card->address != address)
		card = card->next;
	return card;
}

/* Who reported last with a card of a server, after it; NULL also where that is ambiguous. */
static struct fleet_server *find_later(const struct fleet *fleet, const struct fleet_server *server)
{
	struct fleet_server *best = NULL;

	for (size_t i = 0; i < server->n_cards; i++) {
		uint64_t address = server->cards[i].address;
		struct fleet_card *card = next_holder(*bucket_of(fleet, address), address);
		for (; card; card = next_holder(card->next, address)) {
			struct fleet_server *other = card->server;
			if (other->member->at_ms <= server->member->at_ms || other == best)
				continue;
			if (best && !best->silent && !other->silent)
				return NULL; /* two live machines: it tells nothing */
			if (!best || other->member->at_ms > best->member->at_ms)
				best = other;
		}
	}
	return best;
}

enum status fleet_machine_find(struct fleet *fleet, const struct fleet_server *server,
			       const char **name, char error[FLEET_ERROR_SIZE])
{
	struct fleet_server *later = server->silent ? find_later(fleet, server) : NULL;
	struct snapshot *beside = NULL;

	*name = NULL;
	if (!later)
		return STATUS_OK;
	enum status status = fleet_read_until(fleet, later, server->member->at_ms, &beside, error);
	if (status == STATUS_OK && !beside) /* else it is another machine, which the card went to */
		*name = later->current ? later->current->server : later->key;
	snapshot_unref(beside);
	return status;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Finds anew what a silent server is called now. NULL: it looks as it did. */
static enum status renew(struct fleet *fleet, const struct fleet_server *server, struct view **view,
			 char error[FLEET_ERROR_SIZE])
{
	const struct view *current = server->current;
	const char *name;

	*view = NULL;
	enum status status = fleet_machine_find(fleet, server, &name, error);
	if (status != STATUS_OK || same_name(name, current->renamed_to))
		return status;
	struct view_verdict verdict = {
		.verdict = current->verdict,
		.silent = true,
		.adapters = current->adapters,
		.since_ms = current->since_ms,
		.findings_json = current->findings_json,
		.renamed_to = name,
	};
	*view = view_renew(current, &verdict);
	return STATUS_OK;
}

/* Finds anew what the silent servers are called that have a card of this address. */
static enum status tell_holders(struct fleet *fleet, uint64_t address, struct changes *changes,
				char error[FLEET_ERROR_SIZE])
{
	struct fleet_card *card = next_holder(*bucket_of(fleet, address), address);
	enum status status = STATUS_OK;

	for (; card && status == STATUS_OK; card = next_holder(card->next, address)) {
		struct view *view = NULL;
		if (card->server->silent)
			status = renew(fleet, card->server, &view, error);
		if (view)
			fleet_changes_add(changes, card->server, view, NULL);
	}
	return status;
}

enum status fleet_machine_tell(struct fleet *fleet, const struct fleet_server *server,
			       struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < server->n_cards && status == STATUS_OK; i++)
		status = tell_holders(fleet, server->cards[i].address, changes, error);
	return status;
}

enum status fleet_machine_leave(struct fleet *fleet, struct fleet_server *server,
				struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	uint64_t addresses[REPORT_MAX_ADAPTERS];
	size_t n = server->n_cards;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < n; i++)
		addresses[i] = server->cards[i].address;
	fleet_machine_forget(fleet, server);
	for (size_t i = 0; i < n && status == STATUS_OK; i++)
		status = tell_holders(fleet, addresses[i], changes, error);
	return status;
}

enum status fleet_machine_load(struct fleet *fleet, char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < fleet->n && status == STATUS_OK; i++) {
		struct fleet_server *server = fleet->servers[i];
		struct view *view = NULL;
		if (server->silent)
			status = renew(fleet, server, &view, error);
		if (!view)
			continue;
		view_unref(server->current);
		server->current = view;
		fleet_row_put(fleet, server, view);
	}
	return status;
}

size_t fleet_former_names(const struct fleet *fleet, const char *key, const struct view **out,
			  size_t most)
{
	const struct fleet_server *server = fleet_server_find(fleet, key);
	size_t n = 0;

	for (size_t i = 0; server && i < server->n_cards; i++) {
		uint64_t address = server->cards[i].address;
		struct fleet_card *card = next_holder(*bucket_of(fleet, address), address);
		for (; card && n < most; card = next_holder(card->next, address)) {
			const struct view *view = fleet_find(fleet, card->server->key);
			char name[SNAPSHOT_KEY_SIZE];
			bool is_known = false;
			for (size_t k = 0; k < n; k++)
				is_known |= out[k] == view;
			if (view && view->renamed_to && !is_known &&
			    strcmp(snapshot_key(view->renamed_to, name), key) == 0)
				out[n++] = view;
		}
	}
	return n;
}
