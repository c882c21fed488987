/*
 * Connection-oriented DCE/RPC PDUs: those that a client needs to bind, to call, and to understand
 * every answer to that (C706 chapter 12, [MS-RPCE] 2.2.2).
 *
 * Encoders write little-endian PDUs of one fragment, without an authentication verifier. Decoders
 * take PDUs of either byte order; a verifier is cut off unread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/base/uuid.h"
#include "proto/base/wire.h"

/* Bytes of the common header (C706 12.6.3.1). */
#define PDU_HEADER_SIZE 16

/*
 * The largest fragment that we offer to receive, header included: 5840, what Windows offers. A
 * peer that sends a larger one breaks its word.
 */
#define PDU_MAX_FRAGMENT 5840

/* Limits of one response: its fragments, and the bytes of its whole stub. */
#define PDU_MAX_FRAGMENTS 64
#define PDU_MAX_STUB      ((size_t)256 * 1024)

/* Results of a bind_ack that are kept; presentation contexts that one PDU may have. */
#define PDU_MAX_RESULTS 8

/* Versions of a bind_nak that are kept. */
#define PDU_MAX_VERSIONS 8

/* C706 12.6.4 and [MS-RPCE] 2.2.2.4 (auth3). */
enum pdu_type {
	PDU_REQUEST = 0,
	PDU_RESPONSE = 2,
	PDU_FAULT = 3,
	PDU_BIND = 11,
	PDU_BIND_ACK = 12,
	PDU_BIND_NAK = 13,
	PDU_ALTER_CONTEXT = 14,
	PDU_ALTER_CONTEXT_RESP = 15,
	PDU_AUTH3 = 16,
	PDU_SHUTDOWN = 17,
	PDU_CO_CANCEL = 18,
	PDU_ORPHANED = 19,
};

/* pfc_flags (C706 12.6.3.1). */
#define PDU_FIRST_FRAG  0x01
#define PDU_LAST_FRAG   0x02
#define PDU_OBJECT_UUID 0x80

struct pdu_header {
	enum pdu_type type;
	uint8_t flags;
	bool big_endian;
	uint16_t fragment_length; /* bytes, header included */
	uint16_t auth_length;     /* of the verifier's credentials, without its 8-byte header */
	uint32_t call_id;
};

/* An interface or a transfer syntax with its version. */
struct pdu_syntax {
	struct uuid uuid;
	uint16_t major;
	uint16_t minor;
};

/* NDR, 8a885d04-1ceb-11c9-9fe8-08002b104860 v2.0 (C706 appendix I). */
extern const struct pdu_syntax pdu_ndr;

/* p_cont_def_result_t (C706 12.6.3.1); 3 is negotiate_ack ([MS-RPCE] 2.2.2.4). */
#define PDU_RESULT_ACCEPTANCE         0
#define PDU_RESULT_USER_REJECTION     1
#define PDU_RESULT_PROVIDER_REJECTION 2
#define PDU_RESULT_NEGOTIATE_ACK      3

struct pdu_result {
	uint16_t result;
	uint16_t reason; /* of a rejection; of a negotiate_ack its feature bits */
	struct pdu_syntax transfer;
};

struct pdu_bind_ack {
	uint16_t max_xmit;
	uint16_t max_recv;
	uint32_t assoc_group;
	const char *address;   /* secondary address, borrowed, without its NUL, not terminated */
	size_t address_length; /* 0 where there is none */
	uint8_t n_results;
	struct pdu_result results[PDU_MAX_RESULTS];
};

struct pdu_bind_nak {
	uint16_t reason;
	uint8_t n_versions; /* that the server speaks; 0 where it does not say */
	struct {
		uint8_t major;
		uint8_t minor;
	} versions[PDU_MAX_VERSIONS];
};

struct pdu_request {
	uint32_t alloc_hint;
	uint16_t context_id;
	uint16_t opnum;
	bool has_object;
	struct uuid object;
	struct wire_reader stub;
};

struct pdu_response {
	uint32_t alloc_hint;
	uint16_t context_id;
	struct wire_reader stub; /* of this fragment; aligned from its own start */
};

struct pdu_fault {
	uint32_t alloc_hint;
	uint16_t context_id;
	uint32_t status; /* nca_s_*, or a Windows error */
};

/*
 * Reads the common header of a PDU of which `size` bytes are there: all of it or more, or only its
 * beginning.
 *
 * STATUS_TRUNCATED    not even the header is there, but what there is begins like one
 * STATUS_MALFORMED    not DCE/RPC version 5, a byte order that is none, or lengths that
 *                     contradict each other
 * STATUS_UNSUPPORTED  a PDU type that is none of connection-oriented DCE/RPC
 * STATUS_LIMIT        its fragment is larger than PDU_MAX_FRAGMENT
 */
enum status pdu_get_header(const void *bytes, size_t size, struct pdu_header *out);

/*
 * Readers of one whole PDU, `header->fragment_length` bytes from its first, whose header was read
 * before and is of that type (a bind_ack's reader also takes alter_context_resp). `*out` is written
 * only on success.
 *
 * STATUS_TRUNCATED  a field runs past the end
 * STATUS_MALFORMED  the fields contradict each other
 * STATUS_LIMIT      more results than PDU_MAX_RESULTS
 */
enum status pdu_get_bind_ack(const uint8_t *pdu, const struct pdu_header *header,
			     struct pdu_bind_ack *out);
enum status pdu_get_bind_nak(const uint8_t *pdu, const struct pdu_header *header,
			     struct pdu_bind_nak *out);
enum status pdu_get_request(const uint8_t *pdu, const struct pdu_header *header,
			    struct pdu_request *out);
enum status pdu_get_response(const uint8_t *pdu, const struct pdu_header *header,
			     struct pdu_response *out);
enum status pdu_get_fault(const uint8_t *pdu, const struct pdu_header *header,
			  struct pdu_fault *out);

/*
 * Writers. A bind offers one context, id 0, of that interface over NDR. A request is begun, gets
 * its stub by wire_put_*, and is ended; its stub begins at a multiple of 8, so alignment may be
 * counted from the start of the writer's buffer if the PDU is the first in it.
 *
 * STATUS_FULL   no room
 * STATUS_LIMIT  larger than PDU_MAX_FRAGMENT
 */
enum status pdu_put_bind(struct wire_writer *w, uint32_t call_id,
			 const struct pdu_syntax *interface_syntax);

/* Returns where the PDU begins, for pdu_end_request. */
size_t pdu_begin_request(struct wire_writer *w, uint32_t call_id, uint16_t opnum);
enum status pdu_end_request(struct wire_writer *w, size_t start);

/*
 * Puts the fragments of one response together.
 *
 * A zeroed one is empty. Owns its bytes: deinit frees them, and reset makes it ready for the next
 * response.
 */
struct pdu_assembly {
	uint8_t *stub; /* private, as all of it */
	size_t size;
	size_t room;
	unsigned fragments;
	uint32_t call_id;
	uint16_t context_id;
	bool big_endian;
	bool complete;
};

void pdu_assembly_reset(struct pdu_assembly *assembly);
void pdu_assembly_deinit(struct pdu_assembly *assembly);

/*
 * Adds one fragment; `*complete` tells whether it was the last. After a failure only reset and
 * deinit make sense.
 *
 * STATUS_MALFORMED  no response, or it does not continue what is there: flags, call id, context or
 *                   byte order
 * STATUS_LIMIT      more than PDU_MAX_FRAGMENTS, or PDU_MAX_STUB
 * others            as pdu_get_response
 */
enum status pdu_assembly_add(struct pdu_assembly *assembly, const uint8_t *pdu,
			     const struct pdu_header *header, bool *complete);

/* The stub of a complete response, in the sender's byte order; borrowed until reset or deinit. */
struct wire_reader pdu_assembly_stub(const struct pdu_assembly *assembly);
