/*
 * What the other servers of a site need of one report: the names, the addresses, how far the probes
 * got. Everything else in the report concerns its own server alone. One block of memory per
 * machine, some 2 KB for a server with two adapters that probe 16 peers, so that a fleet of 100,000
 * fits into memory; texts and lists lie in it by offset, so it can be copied as bytes.
 *
 * Dropped here already are rows that say nothing for reasons that lie in the report alone: no peer,
 * no grade, a probe that could not start (`local`), a row on the server's own name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/ipv4.h"
#include "proto/report/report.h"

/* Longer durations of a grade say nothing more, and would overflow as milliseconds: 31 years. */
#define SITE_MAX_FOR_S 1000000000

#define SITE_NO_ADAPTER 255

struct site_peer;
struct site_member;

/* A probe row, or a self-probe; of that only `grade` and `for_s` matter. */
struct site_row {
	uint32_t to;
	int32_t for_s;   /* up to SITE_MAX_FOR_S; REPORT_ABSENT: not told */
	int8_t grade;    /* enum grade, never unknown */
	uint8_t error;   /* enum probe_error */
	uint8_t adapter; /* number of the first adapter of that id, or SITE_NO_ADAPTER */
	uint8_t via;     /* the adapter that it left through; `adapter` where the row tells none */
	bool has_to;
	bool counts; /* not void; kept by the index */
};

/* The rows of one member on one peer, which lie together. */
struct site_peer_rows {
	struct site_member *member;
	struct site_peer *peer;       /* this and the next two are the index's */
	struct site_peer_rows *next;  /* rows of another member on this peer, as lacking as these */
	struct site_peer_rows **link; /* the pointer that points here */
	uint32_t name;                /* as the first row spells it: an offset */
	uint32_t hash;                /* casefold_hash() of the name */
	uint16_t first_row;
	uint16_t n_rows;
	int8_t worst;    /* the lowest grade of an adapter on the peer, GRADE_MTA + 1 for none */
	bool is_lacking; /* one that counts has a grade below GRADE_MTA; kept by the index */
};

struct site_nic {
	uint32_t id; /* an offset */
	uint32_t first_address;
	uint32_t n_addresses;
	uint8_t first_of_id; /* number of the first adapter with the same id, mostly this one */
	bool enabled;
	bool active;
	bool link_down;
};

struct site_member {
	int64_t at_ms;
	int64_t fresh_until_ms; /* the report's last fresh moment */
	void *user;             /* the owner's */
	uint32_t size;          /* of the whole block */
	uint32_t name;          /* report_server_name(): an offset */
	uint32_t name_hash;
	uint32_t n_peer_rows; /* ordered by the peer's name, without case */
	uint32_t peer_rows;   /* offset of the list, as those below */
	uint32_t n_rows;
	uint32_t rows;
	uint32_t n_self_rows;
	uint32_t self_rows;
	uint32_t n_nics;
	uint32_t nics;
	uint32_t n_addresses;
	uint32_t addresses;

	/* Kept by the index. */
	bool fresh;
	bool holds; /* holds its addresses */
	bool is_dirty;
	struct site_member *next_dirty;
	struct site_peer *self;
	struct site_member *next_of_name;
	struct site_member *next; /* member of the index */
	struct site_member **link;
};

/*
 * Makes a member in `arena`, or where that is NULL on the heap for free(). It is in no index yet.
 */
struct site_member *site_member_new(const struct report *report, int64_t at_ms,
				    struct arena *arena);

/* A copy in `arena`, in no index. */
struct site_member *site_member_copy(const struct site_member *member, struct arena *arena);

/* Do both members have the same addresses and the same name? */
bool site_member_holds_alike(const struct site_member *a, const struct site_member *b);

/* Has the member this address on an adapter that is not disabled? */
bool site_member_has_address(const struct site_member *member, uint32_t address);

/* Does the address make an adapter active: is it neither loopback nor 0.0.0.0? */
bool site_address_usable(const struct ipv4_prefix *address);

/* An adapter of a report is active: it is not known to be disabled, and has a usable address. */
bool site_adapter_is_active(const struct report_adapter *adapter);

static inline const char *site_member_text(const struct site_member *member, uint32_t offset)
{
	return (const char *)member + offset;
}

static inline const char *site_member_name(const struct site_member *member)
{
	return site_member_text(member, member->name);
}

static inline struct site_peer_rows *site_member_peer_rows(const struct site_member *member)
{
	return (struct site_peer_rows *)((char *)member + member->peer_rows);
}

static inline struct site_row *site_member_rows(const struct site_member *member)
{
	return (struct site_row *)((char *)member + member->rows);
}

static inline const struct site_row *site_member_self_rows(const struct site_member *member)
{
	return (const struct site_row *)((const char *)member + member->self_rows);
}

static inline const struct site_nic *site_member_nics(const struct site_member *member)
{
	return (const struct site_nic *)((const char *)member + member->nics);
}

static inline const struct ipv4_prefix *site_nic_addresses(const struct site_member *member,
							   const struct site_nic *nic)
{
	return (const struct ipv4_prefix *)((const char *)member + member->addresses) +
	       nic->first_address;
}
