/*
 * Name lookups that delay nobody. The system's resolver blocks for as long as it likes and cannot
 * be stopped, so each lookup runs on a thread of its own; its answer is taken when it is there, in
 * this cycle or a later one, and is kept for NAMES_FRESH_MS. A lookup that hangs costs one thread.
 *
 * Used by one thread. The host must outlive every lookup: a process that ends just ends them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"

#define NAMES_FRESH_MS    UINT64_C(900000) /* an answer counts for so long */
#define NAMES_MAX_RUNNING 8                /* threads at once */

/* What one question gave. */
struct names_answer {
	int reverse_error;        /* of an address: HOST_LOOKUP_OK or the Winsock error */
	int forward_error;        /* of the name that was found or given; if there is none, 0 */
	char name[HOST_MAX_NAME]; /* of an address; "" where none was found */
	uint32_t addresses[HOST_MAX_ADDRESSES]; /* of the name */
	size_t n_addresses;
};

struct names;

struct names *names_new(struct host *host);
void names_free(struct names *names);

/* A new cycle: questions that are not asked again until the next call of this are forgotten. */
void names_begin(struct names *names);

/* Asks for the name of an address and for the way back; or for the addresses of a name. */
void names_ask_address(struct names *names, uint32_t address);
void names_ask_name(struct names *names, const char *name);

/* Waits at most `limit_ms`, or until `stopped` (may be NULL), for what is still out. */
void names_wait(struct names *names, uint32_t limit_ms, bool (*stopped)(void));

/* The answer, borrowed until the next call of names_begin(); NULL: it is not there yet. */
const struct names_answer *names_of_address(const struct names *names, uint32_t address);
const struct names_answer *names_of_name(const struct names *names, const char *name);
