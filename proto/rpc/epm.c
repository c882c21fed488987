#include "proto/rpc/epm.h"

#define OPNUM_LOOKUP 2
#define OPNUM_MAP    3

#define INQUIRY_ALL  0 /* rpc_c_ep_all_elts */
#define VERSIONS_ALL 1 /* rpc_c_vers_all */

const struct pdu_syntax epm_interface = {
	.uuid = { 0xe1af8308, 0x5d1f, 0x11c9, { 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa } },
	.major = 3,
};

/* A context handle is a structure of integers: it follows the byte order of each message. */
static struct epm_handle get_handle(struct wire_reader *r)
{
	struct epm_handle handle = { .attributes = wire_get_u32(r) };
	handle.uuid = wire_get_uuid(r);
	return handle;
}

static void put_handle(struct wire_writer *w, const struct epm_handle *handle)
{
	wire_put_u32(w, handle->attributes);
	wire_put_uuid(w, &handle->uuid);
}

enum status epm_put_map(struct wire_writer *w, uint32_t call_id,
			const struct pdu_syntax *interface_syntax)
{
	static const struct uuid nil;
	static const struct epm_handle begin;
	size_t start = pdu_begin_request(w, call_id, OPNUM_MAP);

	wire_put_u32(w, 1); /* pointer to the object */
	wire_put_uuid(w, &nil);
	wire_put_u32(w, 2);          /* pointer to the tower */
	wire_put_u32(w, TOWER_SIZE); /* of the array */
	wire_put_u32(w, TOWER_SIZE); /* tower_length */
	tower_put(w, interface_syntax, 0, 0);
	wire_put_align(w, 4);
	put_handle(w, &begin);
	wire_put_u32(w, EPM_MAX_TOWERS);
	return pdu_end_request(w, start);
}

enum status epm_put_lookup(struct wire_writer *w, uint32_t call_id, const struct epm_handle *handle)
{
	size_t start = pdu_begin_request(w, call_id, OPNUM_LOOKUP);

	wire_put_u32(w, INQUIRY_ALL);
	wire_put_u32(w, 0); /* no object */
	wire_put_u32(w, 0); /* no interface */
	wire_put_u32(w, VERSIONS_ALL);
	put_handle(w, handle);
	wire_put_u32(w, EPM_MAX_ENTRIES);
	return pdu_end_request(w, start);
}

/*
 * How many elements follow: the count, then the conformant and varying array's room, offset and
 * count again (C706 14.3.3.4). 0 after a failure.
 */
static size_t get_count(struct wire_reader *r)
{
	uint32_t n = wire_get_u32(r);
	uint32_t room = wire_get_u32(r);
	uint32_t offset = wire_get_u32(r);
	uint32_t actual = wire_get_u32(r);

	if (offset != 0 || actual != n || actual > room)
		wire_get_fail(r, STATUS_MALFORMED);
	if (n > EPM_MAX_ENTRIES)
		wire_get_fail(r, STATUS_LIMIT);
	return r->status == STATUS_OK ? n : 0;
}

/* A varying string of at most 64 characters (ept_max_annotation_size), with its NUL. */
static void get_annotation(struct wire_reader *r, struct epm_entry *entry)
{
	wire_get_align(r, 4);
	uint32_t offset = wire_get_u32(r);
	uint32_t n = wire_get_u32(r);

	if (offset != 0)
		wire_get_fail(r, STATUS_MALFORMED);
	entry->annotation = (const char *)wire_get_bytes(r, n);
	if (!entry->annotation)
		return;
	while (entry->annotation_length < n && entry->annotation[entry->annotation_length])
		entry->annotation_length++;
}

/* twr_t: the array's size, the same as tower_length, the tower. */
static void get_tower(struct wire_reader *r, struct tower *out)
{
	wire_get_align(r, 4);
	uint32_t room = wire_get_u32(r);
	uint32_t n = wire_get_u32(r);

	if (room != n)
		wire_get_fail(r, STATUS_MALFORMED);
	const uint8_t *bytes = wire_get_bytes(r, n);
	if (bytes)
		wire_get_fail(r, tower_decode(bytes, n, out) == STATUS_OK ? STATUS_OK
									  : STATUS_MALFORMED);
}

/* NDR: targets of pointers follow the whole structure (C706 14.3.12.3). */
static void get_towers(struct wire_reader *r, struct epm_answer *answer)
{
	for (size_t i = 0; i < answer->n; i++) {
		if (answer->entries[i].has_tower)
			get_tower(r, &answer->entries[i].tower);
	}
	wire_get_align(r, 4);
	answer->status = wire_get_u32(r);
}

enum status epm_get_map(struct wire_reader stub, struct epm_answer *out)
{
	struct epm_answer answer = { .handle = get_handle(&stub) };

	answer.n = get_count(&stub);
	for (size_t i = 0; i < answer.n; i++)
		answer.entries[i].has_tower = wire_get_u32(&stub) != 0;
	get_towers(&stub, &answer);

	if (stub.status == STATUS_OK)
		*out = answer;
	return stub.status;
}

enum status epm_get_lookup(struct wire_reader stub, struct epm_answer *out)
{
	struct epm_answer answer = { .handle = get_handle(&stub) };

	answer.n = get_count(&stub);
	for (size_t i = 0; i < answer.n; i++) {
		wire_get_align(&stub, 4);
		answer.entries[i].object = wire_get_uuid(&stub);
		answer.entries[i].has_tower = wire_get_u32(&stub) != 0;
		get_annotation(&stub, &answer.entries[i]);
	}
	get_towers(&stub, &answer);

	if (stub.status == STATUS_OK)
		*out = answer;
	return stub.status;
}

bool epm_has_more(const struct epm_answer *answer)
{
	return answer->status == 0 &&
	       (answer->handle.attributes != 0 || !uuid_is_nil(&answer->handle.uuid));
}
