/* A stream of bytes is cut into the same PDUs however the network has cut it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/rpc/pdu_stream.h"
#include "tests/unit/proto/rpc/captures.h"

/* Puts into `sizes` the length of each PDU that comes whole. Returns what ended it. */
static enum status cut(const uint8_t *bytes, size_t size, size_t piece, uint16_t sizes[4])
{
	struct pdu_stream stream = { 0 };
	struct pdu_header header;
	size_t n_pdus = 0;

	for (size_t at = 0; at < size; at += piece) {
		const uint8_t *next = bytes + at;
		size_t left = size - at < piece ? size - at : piece;
		while (left > 0) {
			enum status status = pdu_stream_take(&stream, &next, &left, &header);
			if (status == STATUS_TRUNCATED)
				continue;
			if (status != STATUS_OK)
				return status;
			assert_memory_equal(stream.pdu, next - header.fragment_length,
					    header.fragment_length);
			assert_true(n_pdus < 4);
			sizes[n_pdus++] = header.fragment_length;
		}
	}
	return STATUS_OK;
}

static void pieces_of_any_size_make_the_same_pdus(void **state)
{
	uint8_t bytes[sizeof bind_ack + sizeof be_fault_opnum + sizeof bind_nak];
	(void)state;

	memcpy(bytes, bind_ack, sizeof bind_ack);
	memcpy(bytes + sizeof bind_ack, be_fault_opnum, sizeof be_fault_opnum);
	memcpy(bytes + sizeof bind_ack + sizeof be_fault_opnum, bind_nak, sizeof bind_nak);
	for (size_t piece = 1; piece <= sizeof bytes; piece++) {
		uint16_t sizes[4] = { 0 };
		assert_int_equal(cut(bytes, sizeof bytes, piece, sizes), STATUS_OK);
		assert_int_equal(sizes[0], sizeof bind_ack);
		assert_int_equal(sizes[1], sizeof be_fault_opnum);
		assert_int_equal(sizes[2], sizeof bind_nak);
		assert_int_equal(sizes[3], 0);
	}
}

static void a_header_alone_is_a_whole_pdu(void **state)
{
	static const uint8_t shutdown[] = { 5, 0, PDU_SHUTDOWN, 3, 0x10, 0, 0, 0, 16 };
	uint8_t bytes[PDU_HEADER_SIZE] = { 0 };
	uint16_t sizes[4] = { 0 };
	(void)state;

	memcpy(bytes, shutdown, sizeof shutdown);
	assert_int_equal(cut(bytes, sizeof bytes, 1, sizes), STATUS_OK);
	assert_int_equal(sizes[0], PDU_HEADER_SIZE);
}

static void what_is_no_pdu_is_refused_at_its_first_byte_and_ever_after(void **state)
{
	static const char banner[] = "220 ready\r\n";
	const uint8_t *next = (const uint8_t *)banner;
	struct pdu_stream stream = { 0 };
	struct pdu_header header;
	size_t left = 1;
	(void)state;

	assert_int_equal(pdu_stream_take(&stream, &next, &left, &header), STATUS_MALFORMED);
	left = sizeof banner - 2;
	assert_int_equal(pdu_stream_take(&stream, &next, &left, &header), STATUS_MALFORMED);
	assert_int_equal(left, sizeof banner - 2);
}

static void a_fragment_past_the_limit_is_refused_with_its_header(void **state)
{
	uint8_t bytes[PDU_MAX_FRAGMENT + 1] = { 5, 0, PDU_RESPONSE, 3, 0x10 };
	uint16_t sizes[4] = { 0 };
	(void)state;

	bytes[8] = PDU_MAX_FRAGMENT & 255;
	bytes[9] = PDU_MAX_FRAGMENT >> 8;
	assert_int_equal(cut(bytes, PDU_MAX_FRAGMENT, 7, sizes), STATUS_OK);
	assert_int_equal(sizes[0], PDU_MAX_FRAGMENT);
	bytes[8]++;
	assert_int_equal(cut(bytes, PDU_HEADER_SIZE, 7, sizes), STATUS_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_make_the_same_pdus),
		cmocka_unit_test(a_header_alone_is_a_whole_pdu),
		cmocka_unit_test(what_is_no_pdu_is_refused_at_its_first_byte_and_ever_after),
		cmocka_unit_test(a_fragment_past_the_limit_is_refused_with_its_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
