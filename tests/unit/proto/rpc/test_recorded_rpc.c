/*
 * Recorded conversations of real clients and servers (Exchange 5.5, Windows 2003 to 2022, Samba in
 * both byte orders), against what another program's dissector says about each PDU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rpc/epm.h"
#include "proto/rpc/pdu.h"
#include "tests/unit/material.h"
#include "tests/unit/proto/rpc/recorded.h"

/*
 * Columns of pdus.expected.tsv. All of them are compared, but for MAX_XMIT to N_RESULTS in the rows
 * of binds and alter_contexts: only servers read these, and pdu.h has no reader for them.
 */
enum column {
	CONNECTION,
	DIRECTION,
	SEQ,
	TYPE,
	FLAGS,
	DREP,
	FRAGMENT_LENGTH,
	AUTH_LENGTH,
	CALL_ID,
	CONTEXT_ID,
	OPNUM,
	MAX_XMIT,
	MAX_RECV,
	ASSOC_GROUP,
	ADDRESS,
	N_RESULTS,
	RESULTS,
	NAK_REASON,
	FAULT_STATUS,
	N_COLUMNS
};

static const char *type_name(enum pdu_type type)
{
	switch (type) {
	case PDU_REQUEST:
		return "request";
	case PDU_RESPONSE:
		return "response";
	case PDU_FAULT:
		return "fault";
	case PDU_BIND:
		return "bind";
	case PDU_BIND_ACK:
		return "bind_ack";
	case PDU_BIND_NAK:
		return "bind_nak";
	case PDU_ALTER_CONTEXT:
		return "alter_context";
	case PDU_ALTER_CONTEXT_RESP:
		return "alter_context_resp";
	default:
		return "another";
	}
}

/*
 * "0/0;2/2". The dissector shows no reason for a negotiate_ack but its feature bits, elsewhere: in
 * all of these connections both.
 */
static void check_results(const char *column, const struct pdu_bind_ack *ack)
{
	for (uint8_t i = 0; i < ack->n_results; i++) {
		const struct pdu_result *result = &ack->results[i];
		char *end;
		assert_int_equal(strtoul(column, &end, 10), result->result);
		assert_int_equal(*end, '/');
		unsigned long reason = strtoul(end + 1, &end, 10);
		if (result->result == PDU_RESULT_NEGOTIATE_ACK)
			assert_int_equal(result->reason, 3);
		else
			assert_int_equal(result->reason, reason);
		assert_int_equal(*end, i + 1 < ack->n_results ? ';' : '\0');
		column = end + 1;
	}
}

static void check_bind_ack(const struct recorded *r, char *columns[RECORDED_MAX_COLUMNS])
{
	struct pdu_bind_ack ack;

	assert_int_equal(pdu_get_bind_ack(r->stream.pdu, &r->header, &ack), STATUS_OK);
	recorded_expect_number(columns[MAX_XMIT], ack.max_xmit);
	recorded_expect_number(columns[MAX_RECV], ack.max_recv);
	recorded_expect_number(columns[ASSOC_GROUP], ack.assoc_group);
	assert_int_equal(ack.address_length, strlen(columns[ADDRESS]));
	assert_memory_equal(ack.address, columns[ADDRESS], ack.address_length);
	recorded_expect_number(columns[N_RESULTS], ack.n_results);
	check_results(columns[RESULTS], &ack);
}

static void check_request(const struct recorded *r, char *columns[RECORDED_MAX_COLUMNS])
{
	struct pdu_request request;
	size_t head = PDU_HEADER_SIZE + 8;

	assert_int_equal(pdu_get_request(r->stream.pdu, &r->header, &request), STATUS_OK);
	recorded_expect_number(columns[CONTEXT_ID], request.context_id);
	recorded_expect_number(columns[OPNUM], request.opnum);
	if (request.has_object)
		head += 16;
	assert_int_equal(wire_left(&request.stub), r->header.fragment_length - head);
}

static void check_details(const struct recorded *r, char *columns[RECORDED_MAX_COLUMNS])
{
	const uint8_t *pdu = r->stream.pdu;
	struct pdu_response response;
	struct pdu_bind_nak nak;
	struct pdu_fault fault;

	switch (r->header.type) {
	case PDU_REQUEST:
		check_request(r, columns);
		break;
	case PDU_RESPONSE:
		assert_int_equal(pdu_get_response(pdu, &r->header, &response), STATUS_OK);
		recorded_expect_number(columns[CONTEXT_ID], response.context_id);
		break;
	case PDU_BIND_ACK:
	case PDU_ALTER_CONTEXT_RESP:
		check_bind_ack(r, columns);
		break;
	case PDU_BIND_NAK:
		assert_int_equal(pdu_get_bind_nak(pdu, &r->header, &nak), STATUS_OK);
		recorded_expect_number(columns[NAK_REASON], nak.reason);
		break;
	case PDU_FAULT:
		assert_int_equal(pdu_get_fault(pdu, &r->header, &fault), STATUS_OK);
		recorded_expect_number(columns[CONTEXT_ID], fault.context_id);
		recorded_expect_number(columns[FAULT_STATUS], fault.status);
		break;
	default:
		assert_true(r->header.type == PDU_BIND || r->header.type == PDU_ALTER_CONTEXT);
		break;
	}
}

/* Both directions of the connection that is being read: their rows alternate. */
struct reading {
	struct recorded directions[2];
	size_t piece;
	size_t streams;
};

static void check_pdu(char *columns[RECORDED_MAX_COLUMNS], void *user)
{
	struct reading *reading = user;
	bool from_server = strcmp(columns[DIRECTION], "s2c") == 0;
	struct recorded *r = &reading->directions[from_server];

	recorded_open(r, columns[CONNECTION], columns[DIRECTION], reading->piece);
	if (r->seq == 0)
		reading->streams++;
	recorded_next(r);
	assert_string_equal(columns[N_COLUMNS], "");
	recorded_expect_number(columns[SEQ], r->seq);
	assert_string_equal(columns[TYPE], type_name(r->header.type));
	recorded_expect_number(columns[FLAGS], r->header.flags);
	assert_string_equal(columns[DREP], r->header.big_endian ? "BE" : "LE");
	recorded_expect_number(columns[FRAGMENT_LENGTH], r->header.fragment_length);
	recorded_expect_number(columns[AUTH_LENGTH], r->header.auth_length);
	recorded_expect_number(columns[CALL_ID], r->header.call_id);
	check_details(r, columns);
}

/* Requests of which their server thought as we do: another version than 5.0 or 5.1. */
static const char *const no_dce_rpc[] = { "samba_bind_nak_version", "samba_bind_nak_minor",
					  "samba_be_bind_nak_version" };

#define N_NO_DCE_RPC (sizeof no_dce_rpc / sizeof *no_dce_rpc)

/* How many streams the folder has. */
static size_t count_streams(void)
{
	size_t size;
	size_t n = 0;
	char *sums = material_read("SHA256SUMS", &size);

	for (char *at = strstr(sums, " dcerpc/"); at; at = strstr(at + 1, " dcerpc/")) {
		size_t length = strcspn(at, "\n");
		if (strncmp(at + length - 4, ".bin", 4) == 0)
			n++;
	}
	free(sums);
	return n;
}

static void check_all_pdus(size_t piece)
{
	static struct reading reading;

	memset(&reading, 0, sizeof reading);
	reading.piece = piece;
	material_or_skip();
	assert_true(recorded_each_row("dcerpc/pdus.expected.tsv", check_pdu, &reading) > 150);
	assert_int_equal(reading.streams + N_NO_DCE_RPC, count_streams());
	recorded_close(&reading.directions[0]);
	recorded_close(&reading.directions[1]);
}

static void every_recorded_pdu_says_what_the_dissector_says(void **state)
{
	(void)state;
	check_all_pdus(SIZE_MAX);
}

static void they_say_the_same_when_they_come_one_byte_at_a_time(void **state)
{
	(void)state;
	check_all_pdus(1);
}

static void what_the_dissector_calls_no_dce_rpc_is_refused(void **state)
{
	(void)state;
	material_or_skip();
	for (size_t i = 0; i < N_NO_DCE_RPC; i++) {
		static struct recorded r;
		recorded_open(&r, no_dce_rpc[i], "c2s", SIZE_MAX);
		const uint8_t *next = r.bytes;
		size_t left = r.size;
		assert_int_equal(pdu_stream_take(&r.stream, &next, &left, &r.header),
				 STATUS_MALFORMED);
		r.at = r.size;
		recorded_close(&r);
	}
}

/* A real client asked a real Exchange 5.5 server. */
static void our_bind_to_the_mapper_is_the_one_of_an_exchange_client(void **state)
{
	static struct recorded r;
	uint8_t ours[PDU_MAX_FRAGMENT];
	struct wire_writer w = wire_write_to(ours, sizeof ours);
	(void)state;

	material_or_skip();
	recorded_open(&r, "ex55_epm_map_nspi", "c2s", SIZE_MAX);
	recorded_next(&r);
	assert_int_equal(pdu_put_bind(&w, r.header.call_id, &epm_interface), STATUS_OK);
	assert_int_equal(w.at, r.header.fragment_length);
	assert_memory_equal(ours, r.stream.pdu, w.at);
	recorded_next(&r);
	recorded_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_pdu_says_what_the_dissector_says),
		cmocka_unit_test(they_say_the_same_when_they_come_one_byte_at_a_time),
		cmocka_unit_test(what_the_dissector_calls_no_dce_rpc_is_refused),
		cmocka_unit_test(our_bind_to_the_mapper_is_the_one_of_an_exchange_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
