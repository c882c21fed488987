#include "proto/rpc/pdu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define VERSION 5

/* drep[0]: integers in the high nibble (C706 14.1). */
#define DREP_BIG    0
#define DREP_LITTLE 1

/* sec_trailer before the credentials ([MS-RPCE] 2.2.2.11). */
#define TRAILER_SIZE       8
#define TRAILER_PAD_LENGTH 2 /* where in it */

const struct pdu_syntax pdu_ndr = {
	.uuid = { 0x8a885d04, 0x1ceb, 0x11c9, { 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60 } },
	.major = 2,
};

static bool is_known(uint8_t type)
{
	return type == PDU_REQUEST || type == PDU_RESPONSE || type == PDU_FAULT ||
	       (type >= PDU_BIND && type <= PDU_ORPHANED);
}

/* Checks the header as far as its bytes have come. */
static enum status check_beginning(const uint8_t *b, size_t size)
{
	if (size > 0 && b[0] != VERSION)
		return STATUS_MALFORMED;
	if (size > 1 && b[1] > 1) /* minor: C706 has 0, and 1 for long frames */
		return STATUS_MALFORMED;
	if (size > 2 && !is_known(b[2]))
		return STATUS_UNSUPPORTED;
	if (size > 4 && b[4] >> 4 != DREP_BIG && b[4] >> 4 != DREP_LITTLE)
		return STATUS_MALFORMED;
	return STATUS_OK;
}

enum status pdu_get_header(const void *bytes, size_t size, struct pdu_header *out)
{
	struct pdu_header h = { 0 };
	struct wire_reader r = wire_read_from(bytes, size);

	enum status status = check_beginning(bytes, size);
	if (status != STATUS_OK)
		return status;
	wire_skip(&r, 2); /* the version, checked above */
	h.type = (enum pdu_type)wire_get_u8(&r);
	h.flags = wire_get_u8(&r);
	h.big_endian = wire_get_u8(&r) >> 4 == DREP_BIG;
	r.big_endian = h.big_endian;
	wire_skip(&r, 3); /* floating-point format, reserved */
	h.fragment_length = wire_get_u16(&r);
	h.auth_length = wire_get_u16(&r);
	h.call_id = wire_get_u32(&r);
	if (r.status != STATUS_OK)
		return r.status;

	size_t least = PDU_HEADER_SIZE;
	if (h.auth_length > 0)
		least += TRAILER_SIZE + (size_t)h.auth_length;
	if (h.fragment_length < least)
		return STATUS_MALFORMED;
	if (h.fragment_length > PDU_MAX_FRAGMENT)
		return STATUS_LIMIT;
	*out = h;
	return STATUS_OK;
}

/*
 * Behind the header of a PDU, up to its verifier. The verifier may say that some bytes before it
 * are padding ([MS-RPCE] 2.2.2.11, auth_pad_length).
 */
static struct wire_reader body(const uint8_t *pdu, const struct pdu_header *h)
{
	size_t size = h->fragment_length;
	size_t pad = 0;

	if (h->auth_length > 0) {
		size -= TRAILER_SIZE + (size_t)h->auth_length;
		pad = pdu[size + TRAILER_PAD_LENGTH];
	}
	struct wire_reader r = wire_read_from(pdu, size);
	r.big_endian = h->big_endian;
	wire_skip(&r, PDU_HEADER_SIZE);
	if (pad > wire_left(&r))
		wire_get_fail(&r, STATUS_MALFORMED);
	else
		r.size -= pad;
	return r;
}

/* The rest of a PDU is the stub, aligned from its own start. */
static struct wire_reader take_stub(struct wire_reader *r)
{
	struct wire_reader stub = wire_get_part(r, wire_left(r));
	stub.origin = 0;
	return stub;
}

/* p_syntax_id_t (C706 12.6.3.1): one version number, the major one in its lower half. */
static struct pdu_syntax get_syntax(struct wire_reader *r)
{
	struct pdu_syntax syntax = { .uuid = wire_get_uuid(r) };
	uint32_t version = wire_get_u32(r);

	syntax.major = (uint16_t)(version & 0xffff);
	syntax.minor = (uint16_t)(version >> 16);
	return syntax;
}

static void put_syntax(struct wire_writer *w, const struct pdu_syntax *syntax)
{
	wire_put_uuid(w, &syntax->uuid);
	wire_put_u32(w, (uint32_t)syntax->minor << 16 | syntax->major);
}

/* p_result_list_t (C706 12.6.3.1). */
static void get_results(struct wire_reader *r, struct pdu_bind_ack *out)
{
	out->n_results = wire_get_u8(r);
	wire_skip(r, 3);
	if (out->n_results > PDU_MAX_RESULTS) {
		wire_get_fail(r, STATUS_LIMIT);
		return;
	}
	for (uint8_t i = 0; i < out->n_results; i++) {
		struct pdu_result *result = &out->results[i];
		result->result = wire_get_u16(r);
		result->reason = wire_get_u16(r);
		result->transfer = get_syntax(r);
	}
}

/* C706 12.6.4.4; the secondary address is not always terminated, so its length alone counts. */
enum status pdu_get_bind_ack(const uint8_t *pdu, const struct pdu_header *header,
			     struct pdu_bind_ack *out)
{
	assert(header->type == PDU_BIND_ACK || header->type == PDU_ALTER_CONTEXT_RESP);
	struct pdu_bind_ack ack = { 0 };
	struct wire_reader r = body(pdu, header);

	ack.max_xmit = wire_get_u16(&r);
	ack.max_recv = wire_get_u16(&r);
	ack.assoc_group = wire_get_u32(&r);
	ack.address_length = wire_get_u16(&r);
	ack.address = (const char *)wire_get_bytes(&r, ack.address_length);
	if (ack.address && ack.address_length > 0 && ack.address[ack.address_length - 1] == '\0')
		ack.address_length--;
	wire_get_align(&r, 4);
	get_results(&r, &ack);

	if (r.status == STATUS_OK)
		*out = ack;
	return r.status;
}

/* C706 12.6.4.5. Some servers leave out the versions. */
enum status pdu_get_bind_nak(const uint8_t *pdu, const struct pdu_header *header,
			     struct pdu_bind_nak *out)
{
	assert(header->type == PDU_BIND_NAK);
	struct pdu_bind_nak nak = { 0 };
	struct wire_reader r = body(pdu, header);

	nak.reason = wire_get_u16(&r);
	uint8_t n = wire_left(&r) > 0 ? wire_get_u8(&r) : 0;
	for (uint8_t i = 0; i < n; i++) {
		uint8_t major = wire_get_u8(&r);
		uint8_t minor = wire_get_u8(&r);
		if (i >= PDU_MAX_VERSIONS)
			continue;
		nak.versions[i].major = major;
		nak.versions[i].minor = minor;
		nak.n_versions++;
	}

	if (r.status == STATUS_OK)
		*out = nak;
	return r.status;
}

/* C706 12.6.4.9. */
enum status pdu_get_request(const uint8_t *pdu, const struct pdu_header *header,
			    struct pdu_request *out)
{
	assert(header->type == PDU_REQUEST);
	struct pdu_request request = { 0 };
	struct wire_reader r = body(pdu, header);

	request.alloc_hint = wire_get_u32(&r);
	request.context_id = wire_get_u16(&r);
	request.opnum = wire_get_u16(&r);
	request.has_object = (header->flags & PDU_OBJECT_UUID) != 0;
	if (request.has_object)
		request.object = wire_get_uuid(&r);
	request.stub = take_stub(&r);

	if (r.status == STATUS_OK)
		*out = request;
	return r.status;
}

/* C706 12.6.4.10. */
enum status pdu_get_response(const uint8_t *pdu, const struct pdu_header *header,
			     struct pdu_response *out)
{
	assert(header->type == PDU_RESPONSE);
	struct pdu_response response = { 0 };
	struct wire_reader r = body(pdu, header);

	response.alloc_hint = wire_get_u32(&r);
	response.context_id = wire_get_u16(&r);
	wire_skip(&r, 2); /* cancel_count, reserved */
	response.stub = take_stub(&r);

	if (r.status == STATUS_OK)
		*out = response;
	return r.status;
}

/* C706 12.6.4.7. What follows the status is reserved, and some servers leave it out. */
enum status pdu_get_fault(const uint8_t *pdu, const struct pdu_header *header,
			  struct pdu_fault *out)
{
	assert(header->type == PDU_FAULT);
	struct pdu_fault fault = { 0 };
	struct wire_reader r = body(pdu, header);

	fault.alloc_hint = wire_get_u32(&r);
	fault.context_id = wire_get_u16(&r);
	wire_skip(&r, 2); /* cancel_count, reserved */
	fault.status = wire_get_u32(&r);

	if (r.status == STATUS_OK)
		*out = fault;
	return r.status;
}

/* Returns where the PDU begins; end_pdu() fills in its length. */
static size_t begin_pdu(struct wire_writer *w, enum pdu_type type, uint32_t call_id)
{
	size_t start = w->at;

	wire_put_u8(w, VERSION);
	wire_put_u8(w, 0);
	wire_put_u8(w, (uint8_t)type);
	wire_put_u8(w, PDU_FIRST_FRAG | PDU_LAST_FRAG);
	wire_put_u8(w, DREP_LITTLE << 4); /* ASCII */
	wire_put_zeros(w, 3);             /* IEEE floating point, reserved */
	wire_put_u16(w, 0);               /* fragment_length */
	wire_put_u16(w, 0);               /* auth_length */
	wire_put_u32(w, call_id);
	return start;
}

static enum status end_pdu(struct wire_writer *w, size_t start)
{
	if (w->status == STATUS_OK && w->at - start > PDU_MAX_FRAGMENT)
		wire_put_fail(w, STATUS_LIMIT);
	if (w->status == STATUS_OK)
		wire_patch_u16(w, start + 8, (uint16_t)(w->at - start));
	return w->status;
}

/* C706 12.6.4.3. */
enum status pdu_put_bind(struct wire_writer *w, uint32_t call_id,
			 const struct pdu_syntax *interface_syntax)
{
	size_t start = begin_pdu(w, PDU_BIND, call_id);

	wire_put_u16(w, PDU_MAX_FRAGMENT); /* max_xmit_frag */
	wire_put_u16(w, PDU_MAX_FRAGMENT); /* max_recv_frag */
	wire_put_u32(w, 0);                /* assoc_group: a new one */
	wire_put_u8(w, 1);                 /* presentation contexts */
	wire_put_zeros(w, 3);
	wire_put_u16(w, 0); /* context id */
	wire_put_u8(w, 1);  /* transfer syntaxes */
	wire_put_zeros(w, 1);
	put_syntax(w, interface_syntax);
	put_syntax(w, &pdu_ndr);
	return end_pdu(w, start);
}

size_t pdu_begin_request(struct wire_writer *w, uint32_t call_id, uint16_t opnum)
{
	size_t start = begin_pdu(w, PDU_REQUEST, call_id);

	wire_put_u32(w, 0); /* alloc_hint */
	wire_put_u16(w, 0); /* context id */
	wire_put_u16(w, opnum);
	return start;
}

enum status pdu_end_request(struct wire_writer *w, size_t start)
{
	if (w->status == STATUS_OK)
		wire_patch_u32(w, start + PDU_HEADER_SIZE, (uint32_t)(w->at - start - 24));
	return end_pdu(w, start);
}

void pdu_assembly_reset(struct pdu_assembly *assembly)
{
	assembly->size = 0;
	assembly->fragments = 0;
	assembly->complete = false;
}

void pdu_assembly_deinit(struct pdu_assembly *assembly)
{
	free(assembly->stub);
	*assembly = (struct pdu_assembly){ 0 };
}

/* C706 12.6.3.1: how the fragments of one response belong together. */
static bool continues(const struct pdu_assembly *a, const struct pdu_header *header,
		      const struct pdu_response *fragment)
{
	bool first = (header->flags & PDU_FIRST_FRAG) != 0;

	if (a->complete || first != (a->fragments == 0))
		return false;
	return first || (header->call_id == a->call_id && header->big_endian == a->big_endian &&
			 fragment->context_id == a->context_id);
}

static void append(struct pdu_assembly *a, struct wire_reader stub)
{
	size_t n = wire_left(&stub);

	if (n > a->room - a->size) {
		a->room = a->size + n < PDU_MAX_STUB / 2 ? 2 * (a->size + n) : PDU_MAX_STUB;
		a->stub = mem_realloc(a->stub, a->room);
	}
	if (n > 0)
		memcpy(a->stub + a->size, wire_get_bytes(&stub, n), n);
	a->size += n;
}

enum status pdu_assembly_add(struct pdu_assembly *assembly, const uint8_t *pdu,
			     const struct pdu_header *header, bool *complete)
{
	struct pdu_response fragment;

	if (header->type != PDU_RESPONSE)
		return STATUS_MALFORMED;
	enum status status = pdu_get_response(pdu, header, &fragment);
	if (status != STATUS_OK)
		return status;
	if (!continues(assembly, header, &fragment))
		return STATUS_MALFORMED;
	if (assembly->fragments >= PDU_MAX_FRAGMENTS ||
	    wire_left(&fragment.stub) > PDU_MAX_STUB - assembly->size)
		return STATUS_LIMIT;

	append(assembly, fragment.stub);
	assembly->fragments++;
	assembly->call_id = header->call_id;
	assembly->context_id = fragment.context_id;
	assembly->big_endian = header->big_endian;
	assembly->complete = (header->flags & PDU_LAST_FRAG) != 0;
	*complete = assembly->complete;
	return STATUS_OK;
}

struct wire_reader pdu_assembly_stub(const struct pdu_assembly *assembly)
{
	assert(assembly->complete);
	struct wire_reader r = wire_read_from(assembly->stub, assembly->size);
	r.big_endian = assembly->big_endian;
	return r;
}
