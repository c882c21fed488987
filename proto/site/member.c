#include "proto/site/member.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/site/site.h"

/* The rows of one peer while they are gathered. */
struct group {
	const char *name; /* as its first row spells it */
	uint32_t number;  /* in order of appearance */
	uint32_t hash;
	uint32_t n_rows;
	uint32_t first_row;
};

/* The contents of a member, counted before its block is made. */
struct draft {
	const struct report *report;
	const char *name;
	uint32_t name_hash;
	struct group *groups; /* in order of appearance, until they are sorted */
	size_t n_groups;
	uint32_t *slots;    /* a hash table of group numbers + 1; 0: free */
	size_t n_slots;     /* a power of two */
	uint32_t *group_of; /* per row of the report its group's number + 1; 0: it is dropped */
	uint32_t *place_of; /* per number of a group its place once they are sorted */
	size_t n_rows;
	size_t n_addresses;
	size_t text_size;
};

bool site_address_usable(const struct ipv4_prefix *address)
{
	return address->address != 0 && !ipv4_is_loopback(address->address);
}

bool site_adapter_is_active(const struct report_adapter *adapter)
{
	struct ipv4_prefix address;

	for (size_t i = 0; adapter->enabled != TRISTATE_NO && i < adapter->n_addresses; i++) {
		if (ipv4_prefix_parse(adapter->addresses[i], &address) &&
		    site_address_usable(&address))
			return true;
	}
	return false;
}

static bool says_something(const struct report_probe *row)
{
	return row->peer && row->grade != GRADE_UNKNOWN && row->error != PROBE_LOCAL;
}

static bool is_own_name(const struct draft *d, const char *name, uint32_t hash)
{
	return hash == d->name_hash && casefold_equal(name, d->name);
}

/* The slot of the group of that name, or the free one where it belongs. */
static uint32_t *find_slot(const struct draft *d, const char *name, uint32_t hash)
{
	size_t at = hash & (d->n_slots - 1);

	while (d->slots[at] && (d->groups[d->slots[at] - 1].hash != hash ||
				!casefold_equal(d->groups[d->slots[at] - 1].name, name)))
		at = (at + 1) & (d->n_slots - 1);
	return &d->slots[at];
}

static void group_rows(struct draft *d)
{
	const struct report *report = d->report;

	for (size_t i = 0; i < report->n_probes; i++) {
		const struct report_probe *row = &report->probes[i];
		if (!says_something(row))
			continue;
		uint32_t hash = casefold_hash(row->peer);
		if (is_own_name(d, row->peer, hash))
			continue;
		uint32_t *slot = find_slot(d, row->peer, hash);
		if (!*slot) {
			d->groups[d->n_groups] = (struct group){ .name = row->peer,
								 .number = (uint32_t)d->n_groups,
								 .hash = hash };
			*slot = (uint32_t)++d->n_groups;
			d->text_size += strlen(row->peer) + 1;
		}
		d->groups[*slot - 1].n_rows++;
		d->group_of[i] = *slot;
		d->n_rows++;
	}
}

static int compare_groups(const void *a, const void *b)
{
	return casefold_compare(((const struct group *)a)->name, ((const struct group *)b)->name);
}

/* As most agents tell them. */
static bool are_sorted(const struct draft *d)
{
	for (size_t i = 1; i < d->n_groups; i++) {
		if (compare_groups(&d->groups[i - 1], &d->groups[i]) > 0)
			return false;
	}
	return true;
}

/* Sorts them by name and gives each its place among the rows. */
static void sort_groups(struct draft *d)
{
	uint32_t row = 0;

	if (!are_sorted(d))
		qsort(d->groups, d->n_groups, sizeof *d->groups, compare_groups);
	for (size_t i = 0; i < d->n_groups; i++) {
		d->place_of[d->groups[i].number] = (uint32_t)i;
		d->groups[i].first_row = row;
		row += d->groups[i].n_rows;
	}
}

static void count_adapters(struct draft *d)
{
	for (size_t i = 0; i < d->report->n_adapters; i++) {
		const struct report_adapter *adapter = &d->report->adapters[i];
		d->text_size += strlen(adapter->id) + 1;
		for (size_t j = 0; j < adapter->n_addresses; j++) {
			struct ipv4_prefix address;
			d->n_addresses += ipv4_prefix_parse(adapter->addresses[j], &address);
		}
	}
}

/* Its lists are in `lists`. */
static void draft_init(struct draft *d, const struct report *report, struct arena *lists)
{
	size_t n = report->n_probes;

	*d = (struct draft){ .report = report, .name = report_server_name(report), .n_slots = 16 };
	while (d->n_slots < 2 * n)
		d->n_slots *= 2;
	d->groups = arena_alloc_array(lists, n, sizeof *d->groups);
	d->slots = arena_alloc_array(lists, d->n_slots, sizeof *d->slots);
	d->group_of = arena_alloc_array(lists, n, sizeof *d->group_of);
	d->place_of = arena_alloc_array(lists, n, sizeof *d->place_of);
	d->name_hash = casefold_hash(d->name);
	d->text_size = strlen(d->name) + 1;
	group_rows(d);
	count_adapters(d);
}

/* Takes `n` times `size` bytes of a block; every list begins where any type may. */
static uint32_t reserve(size_t *at, size_t n, size_t size)
{
	size_t offset = (*at + 7) / 8 * 8;
	*at = offset + n * size;
	return (uint32_t)offset; /* a report of 1 MiB makes no block of 4 GiB */
}

/* Offsets of a member's lists, and of its texts. */
static uint32_t lay_out(struct site_member *m, const struct draft *d)
{
	size_t at = sizeof *m;

	m->n_peer_rows = (uint32_t)d->n_groups;
	m->peer_rows = reserve(&at, m->n_peer_rows, sizeof(struct site_peer_rows));
	m->n_rows = (uint32_t)d->n_rows;
	m->rows = reserve(&at, m->n_rows, sizeof(struct site_row));
	m->n_self_rows = (uint32_t)d->report->n_self_probes;
	m->self_rows = reserve(&at, m->n_self_rows, sizeof(struct site_row));
	m->n_nics = (uint32_t)d->report->n_adapters;
	m->nics = reserve(&at, m->n_nics, sizeof(struct site_nic));
	m->n_addresses = (uint32_t)d->n_addresses;
	m->addresses = reserve(&at, m->n_addresses, sizeof(struct ipv4_prefix));
	uint32_t texts = reserve(&at, d->text_size, 1);
	m->size = (uint32_t)at;
	return texts;
}

static uint32_t put_text(struct site_member *m, uint32_t *at, const char *text)
{
	uint32_t offset = *at;
	size_t size = strlen(text) + 1;

	memcpy((char *)m + offset, text, size);
	*at += (uint32_t)size;
	return offset;
}

static void put_nic(struct site_member *m, struct site_nic *nic, const struct report_adapter *from,
		    uint32_t *address, uint32_t *text)
{
	struct ipv4_prefix *addresses = (struct ipv4_prefix *)((char *)m + m->addresses);

	nic->id = put_text(m, text, from->id);
	nic->enabled = from->enabled != TRISTATE_NO;
	nic->link_down = from->link == LINK_DOWN;
	nic->first_address = *address;
	for (size_t i = 0; i < from->n_addresses; i++) {
		struct ipv4_prefix *to = &addresses[*address];
		if (!ipv4_prefix_parse(from->addresses[i], to))
			continue;
		nic->active |= nic->enabled && site_address_usable(to);
		++*address;
	}
	nic->n_addresses = *address - nic->first_address;
}

/* The number of the first adapter with that id. */
static uint8_t find_nic(const struct report *report, const char *id)
{
	for (size_t i = 0; id && i < report->n_adapters; i++) {
		if (*report->adapters[i].id == *id && strcmp(report->adapters[i].id, id) == 0)
			return (uint8_t)i; /* REPORT_MAX_ADAPTERS */
	}
	return SITE_NO_ADAPTER;
}

static void put_nics(struct site_member *m, const struct report *report, uint32_t *text)
{
	struct site_nic *nics = (struct site_nic *)((char *)m + m->nics);
	uint32_t address = 0;

	for (size_t i = 0; i < report->n_adapters; i++) {
		put_nic(m, &nics[i], &report->adapters[i], &address, text);
		nics[i].first_of_id = find_nic(report, report->adapters[i].id);
	}
}

static void put_row(struct site_row *row, const struct report *report,
		    const struct report_probe *from)
{
	row->has_to = from->to && ipv4_parse(from->to, &row->to);
	row->for_s = (int32_t)(from->for_s < SITE_MAX_FOR_S ? from->for_s : SITE_MAX_FOR_S);
	row->grade = (int8_t)from->grade;
	row->error = (uint8_t)from->error;
	row->adapter = find_nic(report, from->adapter);
	row->via = from->via ? find_nic(report, from->via) : row->adapter;
}

static void put_peer_rows(struct site_member *m, struct draft *d, uint32_t *text)
{
	const struct report *report = d->report;
	struct site_peer_rows *peer_rows = site_member_peer_rows(m);
	struct site_row *rows = site_member_rows(m);

	for (size_t i = 0; i < d->n_groups; i++) {
		peer_rows[i].member = m;
		peer_rows[i].name = put_text(m, text, d->groups[i].name);
		peer_rows[i].hash = d->groups[i].hash;
		peer_rows[i].first_row = (uint16_t)d->groups[i].first_row; /* REPORT_MAX_PROBES */
	}
	for (size_t i = 0; i < report->n_probes; i++) {
		const struct report_probe *from = &report->probes[i];
		if (!d->group_of[i])
			continue;
		struct site_peer_rows *on_peer = &peer_rows[d->place_of[d->group_of[i] - 1]];
		put_row(&rows[on_peer->first_row + on_peer->n_rows++], report, from);
	}
}

static void put_self_rows(struct site_member *m, const struct report *report)
{
	struct site_row *rows = (struct site_row *)((char *)m + m->self_rows);

	for (size_t i = 0; i < report->n_self_probes; i++)
		put_row(&rows[i], report, &report->self_probes[i]);
}

struct site_member *site_member_new(const struct report *report, int64_t at_ms, struct arena *arena)
{
	struct site_member head = { .at_ms = at_ms };
	struct arena lists;
	struct draft d;

	arena_init(&lists);
	draft_init(&d, report, &lists);
	sort_groups(&d);
	uint32_t text = lay_out(&head, &d);
	struct site_member *m = arena ? arena_alloc(arena, head.size) : mem_alloc(head.size);
	*m = head;
	m->fresh_until_ms = site_report_fresh_until(report, at_ms);
	m->name = put_text(m, &text, d.name);
	m->name_hash = d.name_hash;
	put_nics(m, report, &text);
	put_peer_rows(m, &d, &text);
	put_self_rows(m, report);
	arena_deinit(&lists);
	return m;
}

struct site_member *site_member_copy(const struct site_member *member, struct arena *arena)
{
	struct site_member *copy = arena_alloc(arena, member->size);

	memcpy(copy, member, member->size);
	for (size_t i = 0; i < copy->n_peer_rows; i++)
		site_member_peer_rows(copy)[i].member = copy;
	copy->is_dirty = false;
	copy->fresh = copy->holds = false;
	return copy;
}

static bool same_addresses(const struct site_member *a, const struct site_nic *x,
			   const struct site_member *b, const struct site_nic *y)
{
	if (x->enabled != y->enabled || x->n_addresses != y->n_addresses)
		return false;
	for (size_t i = 0; i < x->n_addresses; i++) {
		if (site_nic_addresses(a, x)[i].address != site_nic_addresses(b, y)[i].address)
			return false;
	}
	return true;
}

bool site_member_holds_alike(const struct site_member *a, const struct site_member *b)
{
	if (a->n_nics != b->n_nics || !casefold_equal(site_member_name(a), site_member_name(b)))
		return false;
	for (size_t i = 0; i < a->n_nics; i++) {
		if (!same_addresses(a, &site_member_nics(a)[i], b, &site_member_nics(b)[i]))
			return false;
	}
	return true;
}

bool site_member_has_address(const struct site_member *member, uint32_t address)
{
	for (size_t i = 0; i < member->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(member)[i];
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (site_nic_addresses(member, nic)[j].address == address)
				return true;
		}
	}
	return false;
}
