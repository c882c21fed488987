/*
 * Name lookups that delay nobody. The system's resolver blocks for as long as it likes and cannot
 * be stopped, so each lookup runs on a thread of its own; its answer is taken when it is there, in
 * this cycle or a later one, and is kept for NAME_LOOKUP_FRESH_MS. A lookup that hangs costs one
 * thread.
 *
 * Used by one thread. The host must outlive every lookup: a process that ends just ends them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"

#define NAME_LOOKUP_FRESH_MS    UINT64_C(900000) /* an answer counts for so long */
#define NAME_LOOKUP_MAX_RUNNING 8                /* threads at once */

/* The result of a lookup. */
struct name_lookup_answer {
	int reverse_error;        /* of an address: HOST_LOOKUP_OK or the Winsock error */
	int forward_error;        /* of the name that was found or given; if there is none, 0 */
	char name[HOST_MAX_NAME]; /* of an address; "" where none was found */
	uint32_t addresses[HOST_MAX_ADDRESSES]; /* of the name */
	size_t n_addresses;
};

struct name_lookup;

struct name_lookup *name_lookup_new(struct host *host);
void name_lookup_free(struct name_lookup *names);

/* A new cycle: questions that are not asked again until the next call of this are forgotten. */
void name_lookup_begin(struct name_lookup *names);

/* Asks for the name of an address and for the way back; or for the addresses of a name. */
void name_lookup_ask_address(struct name_lookup *names, uint32_t address);
void name_lookup_ask_name(struct name_lookup *names, const char *name);

/* Waits at most `limit_ms`, or until `stopped` (may be NULL), for what is still out. */
void name_lookup_wait(struct name_lookup *names, uint32_t limit_ms, bool (*stopped)(void));

/* The answer, borrowed until the next call of name_lookup_begin(); NULL: it is not there yet. */
const struct name_lookup_answer *name_lookup_of_address(const struct name_lookup *names,
							uint32_t address);
const struct name_lookup_answer *name_lookup_of_name(const struct name_lookup *names,
						     const char *name);
