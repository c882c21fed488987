/* PDUs of DCE/RPC: what is written, what is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/rpc/pdu.h"
#include "tests/unit/proto/rpc/captures.h"
#include "tests/unit/rows.h"

#define MAX_PDU 256

static struct uuid uuid_of(const char *text)
{
	struct uuid uuid;
	assert_int_equal(uuid_parse(text, &uuid), STATUS_OK);
	return uuid;
}

static struct pdu_header header_of(const uint8_t *pdu, size_t size)
{
	struct pdu_header h;
	assert_int_equal(pdu_get_header(pdu, size, &h), STATUS_OK);
	assert_int_equal(h.fragment_length, size);
	return h;
}

/* Reads a PDU of any type by the function that fits it; its details are dropped. */
static enum status get_any(const uint8_t *pdu, const struct pdu_header *h)
{
	union {
		struct pdu_bind_ack bind_ack;
		struct pdu_bind_nak bind_nak;
		struct pdu_request request;
		struct pdu_response response;
		struct pdu_fault fault;
	} out;

	switch (h->type) {
	case PDU_BIND_ACK:
		return pdu_get_bind_ack(pdu, h, &out.bind_ack);
	case PDU_BIND_NAK:
		return pdu_get_bind_nak(pdu, h, &out.bind_nak);
	case PDU_REQUEST:
		return pdu_get_request(pdu, h, &out.request);
	case PDU_RESPONSE:
		return pdu_get_response(pdu, h, &out.response);
	case PDU_FAULT:
		return pdu_get_fault(pdu, h, &out.fault);
	default:
		return STATUS_UNSUPPORTED;
	}
}

static void a_bind_is_the_one_of_a_real_client(void **state)
{
	(void)state;
	struct pdu_syntax epm = { uuid_of("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 0 };
	uint8_t bytes[sizeof bind_epm];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);

	assert_int_equal(pdu_put_bind(&w, 1, &epm), STATUS_OK);
	assert_int_equal(w.at, 72);
	assert_memory_equal(bytes, bind_epm, sizeof bind_epm);

	w = wire_write_to(bytes, sizeof bytes - 1);
	assert_int_equal(pdu_put_bind(&w, 1, &epm), STATUS_FULL);
}

static void a_request_carries_its_length_and_the_size_of_its_stub(void **state)
{
	(void)state;
	uint8_t bytes[64];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);

	size_t start = pdu_begin_request(&w, 9, 3);
	wire_put_zeros(&w, 5);
	assert_int_equal(pdu_end_request(&w, start), STATUS_OK);

	struct pdu_header h = header_of(bytes, 29);
	struct pdu_request request;
	assert_int_equal(h.type, PDU_REQUEST);
	assert_int_equal(h.flags, PDU_FIRST_FRAG | PDU_LAST_FRAG);
	assert_int_equal(h.call_id, 9);
	assert_int_equal(pdu_get_request(bytes, &h, &request), STATUS_OK);
	assert_int_equal(request.alloc_hint, 5);
	assert_int_equal(request.opnum, 3);
	assert_int_equal(request.context_id, 0);
	assert_false(request.has_object);
	assert_int_equal(wire_left(&request.stub), 5);
}

static void a_request_never_exceeds_one_fragment(void **state)
{
	(void)state;
	static uint8_t bytes[PDU_MAX_FRAGMENT + 8];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	size_t start = pdu_begin_request(&w, 1, 3);
	wire_put_zeros(&w, PDU_MAX_FRAGMENT - 24);
	assert_int_equal(pdu_end_request(&w, start), STATUS_OK);

	w = wire_write_to(bytes, sizeof bytes);
	start = pdu_begin_request(&w, 1, 3);
	wire_put_zeros(&w, PDU_MAX_FRAGMENT - 23);
	assert_int_equal(pdu_end_request(&w, start), STATUS_LIMIT);
}

static void a_request_may_name_an_object(void **state)
{
	(void)state;
	uint8_t bytes[48];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	struct uuid object = uuid_of("9e8ee830-4459-11ce-979b-00aa005ffebe");

	size_t start = pdu_begin_request(&w, 1, 7);
	wire_put_uuid(&w, &object);
	wire_put_u32(&w, 0x01020304);
	assert_int_equal(pdu_end_request(&w, start), STATUS_OK);
	bytes[3] |= PDU_OBJECT_UUID;

	struct pdu_header h = header_of(bytes, w.at);
	struct pdu_request request;
	assert_int_equal(pdu_get_request(bytes, &h, &request), STATUS_OK);
	assert_true(request.has_object);
	assert_true(uuid_equal(&request.object, &object));
	assert_int_equal(wire_get_u32(&request.stub), 0x01020304);
}

/* One bind_ack as either byte order says it. */
static void check_bind_ack(const uint8_t *pdu, size_t size, bool big_endian)
{
	struct pdu_header h = header_of(pdu, size);
	struct pdu_bind_ack ack;

	assert_int_equal(h.type, PDU_BIND_ACK);
	assert_int_equal(h.call_id, 1);
	assert_int_equal(h.big_endian, big_endian);
	assert_int_equal(pdu_get_bind_ack(pdu, &h, &ack), STATUS_OK);
	assert_int_equal(ack.max_xmit, 5840);
	assert_int_equal(ack.max_recv, 5840);
	assert_int_equal(ack.address_length, 3);
	assert_memory_equal(ack.address, "135", 3);
	assert_int_equal(ack.n_results, 1);
	assert_int_equal(ack.results[0].result, PDU_RESULT_ACCEPTANCE);
	assert_int_equal(ack.results[0].reason, 0);
	assert_true(uuid_equal(&ack.results[0].transfer.uuid, &pdu_ndr.uuid));
	assert_int_equal(ack.results[0].transfer.major, 2);
	assert_int_equal(ack.results[0].transfer.minor, 0);
}

static void a_bind_ack_is_read_in_either_byte_order(void **state)
{
	(void)state;
	check_bind_ack(bind_ack, sizeof bind_ack, false);
	check_bind_ack(be_bind_ack, sizeof be_bind_ack, true);
}

static void a_rejection_keeps_its_reason(void **state)
{
	(void)state;
	struct pdu_bind_ack ack;
	struct pdu_header h = header_of(bind_unknown, sizeof bind_unknown);
	assert_int_equal(pdu_get_bind_ack(bind_unknown, &h, &ack), STATUS_OK);
	assert_int_equal(ack.results[0].result, PDU_RESULT_PROVIDER_REJECTION);
	assert_int_equal(ack.results[0].reason, 1);
	assert_true(uuid_is_nil(&ack.results[0].transfer.uuid));

	h = header_of(be_bind_unknown, sizeof be_bind_unknown);
	assert_int_equal(pdu_get_bind_ack(be_bind_unknown, &h, &ack), STATUS_OK);
	assert_int_equal(ack.results[0].result, PDU_RESULT_PROVIDER_REJECTION);
	assert_int_equal(ack.results[0].reason, 1);
}

static void each_context_has_its_own_result(void **state)
{
	(void)state;
	struct pdu_bind_ack ack;
	struct pdu_header h = header_of(bind_three, sizeof bind_three);
	assert_int_equal(pdu_get_bind_ack(bind_three, &h, &ack), STATUS_OK);
	assert_int_equal(ack.n_results, 3);
	assert_int_equal(ack.results[0].result, PDU_RESULT_ACCEPTANCE);
	assert_int_equal(ack.results[1].result, PDU_RESULT_PROVIDER_REJECTION);
	assert_int_equal(ack.results[1].reason, 2);
	assert_int_equal(ack.results[2].result, PDU_RESULT_NEGOTIATE_ACK);
	assert_int_equal(ack.results[2].reason, 3);
}

/* A bind_ack with that secondary address, one result. */
static size_t make_bind_ack(uint8_t *bytes, size_t room, const char *address, uint16_t length)
{
	struct wire_writer w = wire_write_to(bytes, room);
	wire_put_bytes(&w, bind_ack, 24);
	wire_put_u16(&w, length);
	wire_put_bytes(&w, address, length);
	wire_put_align(&w, 4);
	wire_put_bytes(&w, bind_ack + 32, 28);
	wire_patch_u16(&w, 8, (uint16_t)w.at);
	assert_int_equal(w.status, STATUS_OK);
	return w.at;
}

static void the_secondary_address_has_any_length_and_may_lack_its_nul(void **state)
{
	(void)state;
	static const char text[] = "\\PIPE\\abcdef";
	uint8_t bytes[MAX_PDU];

	for (size_t n = 0; n <= sizeof text; n++) {
		size_t size = make_bind_ack(bytes, sizeof bytes, text, (uint16_t)n);
		struct pdu_header h = header_of(bytes, size);
		struct pdu_bind_ack ack;
		assert_int_equal(pdu_get_bind_ack(bytes, &h, &ack), STATUS_OK);
		size_t want = n == sizeof text ? n - 1 : n;
		assert_int_equal(ack.address_length, want);
		assert_memory_equal(ack.address, text, want);
		assert_int_equal(ack.n_results, 1);
		assert_int_equal(ack.results[0].result, PDU_RESULT_ACCEPTANCE);
		assert_int_equal(ack.results[0].transfer.major, 2);
	}
}

static void more_results_than_the_limit_are_refused(void **state)
{
	(void)state;
	uint8_t bytes[512];
	for (uint8_t n = PDU_MAX_RESULTS; n <= PDU_MAX_RESULTS + 1; n++) {
		struct pdu_bind_ack ack;
		struct wire_writer w = wire_write_to(bytes, sizeof bytes);
		wire_put_bytes(&w, bind_ack, 32);
		wire_put_u8(&w, n);
		wire_put_zeros(&w, 3 + (size_t)n * 24);
		wire_patch_u16(&w, 8, (uint16_t)w.at);
		struct pdu_header h = header_of(bytes, w.at);
		assert_int_equal(pdu_get_bind_ack(bytes, &h, &ack),
				 n > PDU_MAX_RESULTS ? STATUS_LIMIT : STATUS_OK);
	}
}

static void a_bind_nak_tells_its_reason_and_the_versions_of_the_server(void **state)
{
	(void)state;
	const uint8_t *const pdus[] = { bind_nak, be_bind_nak };
	for (size_t i = 0; i < 2; i++) {
		struct pdu_bind_nak nak;
		struct pdu_header h = header_of(pdus[i], sizeof bind_nak);
		assert_int_equal(h.type, PDU_BIND_NAK);
		assert_int_equal(pdu_get_bind_nak(pdus[i], &h, &nak), STATUS_OK);
		assert_int_equal(nak.reason, 4);
		assert_int_equal(nak.n_versions, 1);
		assert_int_equal(nak.versions[0].major, 5);
		assert_int_equal(nak.versions[0].minor, 0);
	}
}

static void a_bind_nak_may_name_no_version_or_more_than_are_kept(void **state)
{
	(void)state;
	uint8_t bytes[MAX_PDU] = { 0 };
	struct pdu_bind_nak nak;

	memcpy(bytes, bind_nak, 18);
	bytes[8] = 18; /* only the reason */
	struct pdu_header h = header_of(bytes, 18);
	assert_int_equal(pdu_get_bind_nak(bytes, &h, &nak), STATUS_OK);
	assert_int_equal(nak.reason, 4);
	assert_int_equal(nak.n_versions, 0);

	bytes[18] = PDU_MAX_VERSIONS + 1;
	bytes[8] = 19 + 2 * (PDU_MAX_VERSIONS + 1);
	h = header_of(bytes, bytes[8]);
	assert_int_equal(pdu_get_bind_nak(bytes, &h, &nak), STATUS_OK);
	assert_int_equal(nak.n_versions, PDU_MAX_VERSIONS);
}

static void a_fault_tells_its_status(void **state)
{
	(void)state;
	const uint8_t *const pdus[] = { fault_opnum, be_fault_opnum };
	for (size_t i = 0; i < 2; i++) {
		struct pdu_fault fault;
		struct pdu_header h = header_of(pdus[i], sizeof fault_opnum);
		assert_int_equal(h.type, PDU_FAULT);
		assert_int_equal(pdu_get_fault(pdus[i], &h, &fault), STATUS_OK);
		assert_int_equal(fault.status, 0x1c010002);
		assert_int_equal(fault.context_id, 0);
	}
}

static void a_fault_without_the_reserved_field_is_read(void **state)
{
	(void)state;
	uint8_t bytes[28];
	memcpy(bytes, fault_opnum, sizeof bytes);
	bytes[8] = sizeof bytes;
	struct pdu_fault fault;
	struct pdu_header h = header_of(bytes, sizeof bytes);
	assert_int_equal(pdu_get_fault(bytes, &h, &fault), STATUS_OK);
	assert_int_equal(fault.status, 0x1c010002);
}

struct capture {
	const uint8_t *bytes;
	size_t size;
	size_t needed; /* bytes before its stub or padding: with fewer it says nothing */
};

static const struct capture captures[] = {
	{ map_mta, sizeof map_mta, 24 },
	{ lookup_all, sizeof lookup_all, 24 },
	{ bind_ack, sizeof bind_ack, 60 },
	{ map_mta_found, sizeof map_mta_found, 24 },
	{ map_mta_missing, sizeof map_mta_missing, 24 },
	{ bind_nak, sizeof bind_nak, 21 },
	{ bind_unknown, sizeof bind_unknown, 60 },
	{ fault_opnum, sizeof fault_opnum, 28 },
	{ bind_three, sizeof bind_three, 108 },
	{ be_bind_ack, sizeof be_bind_ack, 60 },
	{ be_bind_nak, sizeof be_bind_nak, 21 },
	{ be_fault_opnum, sizeof be_fault_opnum, 28 },
	{ be_map_missing, sizeof be_map_missing, 24 },
	{ be_map_lsarpc, sizeof be_map_lsarpc, 24 },
};

#define N_CAPTURES (sizeof captures / sizeof *captures)

static void no_prefix_of_a_header_is_a_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CAPTURES; i++) {
		for (size_t n = 0; n < PDU_HEADER_SIZE; n++) {
			struct pdu_header h = { .call_id = 77 };
			assert_int_equal(pdu_get_header(captures[i].bytes, n, &h),
					 STATUS_TRUNCATED);
			assert_int_equal(h.call_id, 77);
		}
	}
}

/* Each in a block of its own, so that the sanitizer sees a read past its end. */
static void a_pdu_that_says_to_be_shorter_than_its_fields_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CAPTURES; i++) {
		struct pdu_header h = header_of(captures[i].bytes, captures[i].size);
		for (size_t n = PDU_HEADER_SIZE; n < captures[i].needed; n++) {
			if (h.type == PDU_BIND_NAK && n == 18)
				continue; /* the reason alone */
			uint8_t *bytes = malloc(n);
			assert_non_null(bytes);
			memcpy(bytes, captures[i].bytes, n);
			h.fragment_length = (uint16_t)n;
			assert_int_equal(get_any(bytes, &h), STATUS_TRUNCATED);
			free(bytes);
		}
		h.fragment_length = (uint16_t)captures[i].needed;
		assert_int_equal(get_any(captures[i].bytes, &h), STATUS_OK);
	}
}

static void a_header_that_contradicts_itself_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		enum status want;
	} cases[] = {
		{ "version 4", 0, 4, STATUS_MALFORMED },
		{ "text", 0, '2', STATUS_MALFORMED },
		{ "minor version 2", 1, 2, STATUS_MALFORMED },
		{ "minor version 1", 1, 1, STATUS_OK },
		{ "ping of the datagram protocol", 2, 1, STATUS_UNSUPPORTED },
		{ "type past the last", 2, 20, STATUS_UNSUPPORTED },
		{ "integers of no order", 4, 0x20, STATUS_MALFORMED },
		{ "EBCDIC", 4, 0x11, STATUS_OK },
		{ "shorter than its header", 8, 15, STATUS_MALFORMED },
		{ "just its header", 8, 16, STATUS_OK },
		{ "longer than a fragment may be", 9, 0x17, STATUS_LIMIT },
		{ "verifier larger than the PDU", 11, 1, STATUS_MALFORMED },
		{ "verifier of the whole body", 10, 60 - 24, STATUS_OK },
		{ "verifier one byte larger", 10, 60 - 23, STATUS_MALFORMED },
	};
	for_each_row(i, cases) {
		uint8_t bytes[sizeof bind_ack];
		struct pdu_header h;
		memcpy(bytes, bind_ack, sizeof bytes);
		bytes[cases[i].at] = cases[i].value;
		enum status got = pdu_get_header(bytes, sizeof bytes, &h);
		if (got != cases[i].want)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(got, cases[i].want);
	}
}

static void a_fragment_of_the_offered_size_is_the_largest(void **state)
{
	(void)state;
	uint8_t bytes[PDU_HEADER_SIZE];
	struct pdu_header h;
	memcpy(bytes, bind_ack, sizeof bytes);
	bytes[8] = 0xd0;
	bytes[9] = 0x16;
	assert_int_equal(pdu_get_header(bytes, sizeof bytes, &h), STATUS_OK);
	assert_int_equal(h.fragment_length, PDU_MAX_FRAGMENT);
	bytes[8] = 0xd1;
	assert_int_equal(pdu_get_header(bytes, sizeof bytes, &h), STATUS_LIMIT);
}

static void a_wrong_beginning_is_seen_at_its_first_byte(void **state)
{
	(void)state;
	struct pdu_header h;
	assert_int_equal(pdu_get_header("220 mail", 1, &h), STATUS_MALFORMED);
	assert_int_equal(pdu_get_header("\x05\x09", 2, &h), STATUS_MALFORMED);
	assert_int_equal(pdu_get_header("\x05\x00\x01", 3, &h), STATUS_UNSUPPORTED);
	assert_int_equal(pdu_get_header("\x05\x00\x0c", 3, &h), STATUS_TRUNCATED);
}

static void a_verifier_and_its_padding_are_cut_off(void **state)
{
	(void)state;
	uint8_t bytes[MAX_PDU];
	struct pdu_response response;
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	wire_put_bytes(&w, map_mta_missing, 24);
	wire_put_u32(&w, 0x11223344); /* stub */
	wire_put_zeros(&w, 4);        /* auth padding */
	wire_put_u8(&w, 10);          /* NTLM */
	wire_put_u8(&w, 5);           /* integrity */
	wire_put_u8(&w, 4);           /* auth_pad_length */
	wire_put_zeros(&w, 5);
	wire_put_zeros(&w, 16); /* credentials */
	wire_patch_u16(&w, 8, (uint16_t)w.at);
	wire_patch_u16(&w, 10, 16);

	struct pdu_header h = header_of(bytes, w.at);
	assert_int_equal(pdu_get_response(bytes, &h, &response), STATUS_OK);
	assert_int_equal(wire_left(&response.stub), 4);
	assert_int_equal(wire_get_u32(&response.stub), 0x11223344);

	bytes[34] = 17; /* padding beyond the body: one byte more than there is */
	assert_int_equal(pdu_get_response(bytes, &h, &response), STATUS_MALFORMED);
	bytes[34] = 9; /* into the fields */
	assert_int_equal(pdu_get_response(bytes, &h, &response), STATUS_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bind_is_the_one_of_a_real_client),
		cmocka_unit_test(a_request_carries_its_length_and_the_size_of_its_stub),
		cmocka_unit_test(a_request_never_exceeds_one_fragment),
		cmocka_unit_test(a_request_may_name_an_object),
		cmocka_unit_test(a_bind_ack_is_read_in_either_byte_order),
		cmocka_unit_test(a_rejection_keeps_its_reason),
		cmocka_unit_test(each_context_has_its_own_result),
		cmocka_unit_test(the_secondary_address_has_any_length_and_may_lack_its_nul),
		cmocka_unit_test(more_results_than_the_limit_are_refused),
		cmocka_unit_test(a_bind_nak_tells_its_reason_and_the_versions_of_the_server),
		cmocka_unit_test(a_bind_nak_may_name_no_version_or_more_than_are_kept),
		cmocka_unit_test(a_fault_tells_its_status),
		cmocka_unit_test(a_fault_without_the_reserved_field_is_read),
		cmocka_unit_test(no_prefix_of_a_header_is_a_header),
		cmocka_unit_test(a_pdu_that_says_to_be_shorter_than_its_fields_is_refused),
		cmocka_unit_test(a_header_that_contradicts_itself_is_refused),
		cmocka_unit_test(a_fragment_of_the_offered_size_is_the_largest),
		cmocka_unit_test(a_wrong_beginning_is_seen_at_its_first_byte),
		cmocka_unit_test(a_verifier_and_its_padding_are_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
