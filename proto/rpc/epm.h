/*
 * The endpoint mapper's two questions (C706 appendix O, [MS-RPCE] 2.2.1.2): ept_map, where does
 * this interface listen, and ept_lookup, what is there at all, page by page.
 *
 * Writers write whole little-endian requests. Readers take the stub of a whole response, in the
 * byte order of its sender (pdu_assembly_stub).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/base/wire.h"
#include "proto/rpc/pdu.h"
#include "proto/rpc/tower.h"

/* Asked for in one ept_lookup, and the most that an answer may have. */
#define EPM_MAX_ENTRIES 100

/* Asked for in one ept_map. */
#define EPM_MAX_TOWERS 4

/*
 * "There is nothing (more)": the status ept_s_not_registered (C706 appendix E). It may come along
 * with entries, which then are the last ones.
 */
#define EPM_NOT_REGISTERED 0x16c9a0d6u

/* e1af8308-5d1f-11c9-91a4-08002b14a0fa v3.0 */
extern const struct pdu_syntax epm_interface;

/* Where a lookup stands, kept by the server; all zeroes begins one, and ends it. */
struct epm_handle {
	uint32_t attributes;
	struct uuid uuid;
};

struct epm_entry {
	struct uuid object;
	const char *annotation;   /* borrowed from the stub, without its NUL, not terminated */
	size_t annotation_length; /* 0 in an answer to ept_map */
	bool has_tower;
	struct tower tower;
};

struct epm_answer {
	struct epm_handle handle;
	uint32_t status; /* 0, EPM_NOT_REGISTERED, another error of the mapper */
	size_t n;
	struct epm_entry entries[EPM_MAX_ENTRIES];
};

/*
 * Writes the request for at most EPM_MAX_TOWERS TCP endpoints of that interface. The mapper looks
 * at the major version.
 *
 * STATUS_FULL  no room
 */
enum status epm_put_map(struct wire_writer *w, uint32_t call_id,
			const struct pdu_syntax *interface_syntax);

/*
 * Writes the request for at most EPM_MAX_ENTRIES entries of any interface; `handle` is the one of
 * the answer before, or zeroes.
 *
 * STATUS_FULL  no room
 */
enum status epm_put_lookup(struct wire_writer *w, uint32_t call_id,
			   const struct epm_handle *handle);

/*
 * Read what came back. `*out` is written only on success, whatever the mapper's own status is.
 *
 * STATUS_TRUNCATED  a field runs past the end
 * STATUS_MALFORMED  the fields contradict each other
 * STATUS_LIMIT      more than EPM_MAX_ENTRIES
 */
enum status epm_get_map(struct wire_reader stub, struct epm_answer *out);
enum status epm_get_lookup(struct wire_reader stub, struct epm_answer *out);

/* Does the mapper hold more for this lookup? */
bool epm_has_more(const struct epm_answer *answer);
