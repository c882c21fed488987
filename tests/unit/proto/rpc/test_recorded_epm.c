/*
 * Recorded questions to real endpoint mappers and their answers (Exchange 5.5, Windows, Samba in
 * both byte orders), against what another program's dissector says about each tower.
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
#include "tests/unit/material.h"
#include "tests/unit/proto/rpc/recorded.h"

#define MAX_TEXT 64

/*
 * Columns of towers.expected.tsv, one row a floor. Compared are the interface (floor 1), that the
 * tower is one of TCP or not, its port (floor 4) and its address (floor 5), which is what tower.h
 * can say; not the transfer syntax (floor 2), and nothing of the other protocols' endpoints.
 */
enum column {
	CONNECTION,
	DIRECTION,
	SEQ,
	OPNUM,
	ENTRY, /* from 1, or "rc": then UUID is the status, VERSION "num=" and how many entries */
	FLOOR,
	PROTOCOL,
	UUID,
	VERSION,
	VALUE,
	OBJECT,
	ANNOTATION,
	N_COLUMNS
};

#define OPNUM_MAP 3

/* What a direction says, read as the table asks for it. */
struct mapper {
	struct recorded r;
	struct pdu_assembly assembly;
	struct epm_answer answer;
	unsigned read; /* the PDU with which `answer` ended, or in which it was asked */
	size_t piece;
	size_t requests;
	size_t answers;
	size_t refused;
};

/* Reads on to the end of the next answer, and it. */
static enum status read_answer(struct mapper *m, bool map)
{
	bool complete = false;

	pdu_assembly_reset(&m->assembly);
	while (!complete) {
		recorded_next(&m->r);
		if (m->r.header.type != PDU_RESPONSE)
			continue;
		assert_int_equal(
			pdu_assembly_add(&m->assembly, m->r.stream.pdu, &m->r.header, &complete),
			STATUS_OK);
	}
	struct wire_reader stub = pdu_assembly_stub(&m->assembly);
	return map ? epm_get_map(stub, &m->answer) : epm_get_lookup(stub, &m->answer);
}

/*
 * Reads on to the request in PDU `seq`, and the tower that ept_map asks for. We are no mapper, so
 * the way to the tower is the test's own; in NDR64 counts and pointers have eight bytes.
 */
static void read_question(struct mapper *m, unsigned seq, bool ndr64)
{
	struct pdu_request request;
	size_t width = ndr64 ? 8 : 4;

	while (m->r.seq < seq)
		recorded_next(&m->r);
	assert_int_equal(pdu_get_request(m->r.stream.pdu, &m->r.header, &request), STATUS_OK);
	assert_int_equal(request.opnum, OPNUM_MAP);
	struct wire_reader *stub = &request.stub;
	wire_skip(stub, width + 16 + width + width); /* object, pointer, room */
	uint32_t n = wire_get_u32(stub);
	const uint8_t *bytes = wire_get_bytes(stub, n);
	assert_non_null(bytes);
	m->answer = (struct epm_answer){ .n = 1, .entries[0].has_tower = true };
	assert_int_equal(tower_decode(bytes, n, &m->answer.entries[0].tower), STATUS_OK);
}

static void check_interface(const struct tower *tower, char *columns[RECORDED_MAX_COLUMNS])
{
	const struct pdu_syntax *syntax = &tower->interface_syntax;
	char text[MAX_TEXT];

	assert_string_equal(columns[PROTOCOL], "0x0d");
	assert_string_equal(columns[UUID], uuid_format(&syntax->uuid, text));
	/*
	 * The dissector takes the minor version for big-endian and shows EMSMDB 0.81 as 0.20736;
	 * the bytes are 51 00, and the bind to it says 0.81.
	 */
	unsigned minor = (syntax->minor & 255u) << 8 | syntax->minor >> 8;
	snprintf(text, sizeof text, "%u.%u", syntax->major, minor);
	assert_string_equal(columns[VERSION], text);
}

static void check_floor(const struct epm_entry *entry, char *columns[RECORDED_MAX_COLUMNS])
{
	const struct tower *tower = &entry->tower;
	unsigned long floor = strtoul(columns[FLOOR], NULL, 10);
	uint32_t a = tower->address;
	char text[MAX_TEXT];

	assert_true(entry->has_tower);
	if (floor == 1) {
		check_interface(tower, columns);
	} else if (floor == 4) {
		assert_int_equal(tower->is_tcp, strcmp(columns[PROTOCOL], "0x07") == 0);
		snprintf(text, sizeof text, "tcp_port=%u", tower->port);
		assert_string_equal(tower->is_tcp ? columns[VALUE] : "tcp_port=0", text);
	} else if (floor == 5) {
		snprintf(text, sizeof text, "ip=%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
			 a & 255);
		assert_string_equal(tower->is_tcp ? columns[VALUE] : "ip=0.0.0.0", text);
	}
	if (*columns[OBJECT])
		assert_string_equal(columns[OBJECT], uuid_format(&entry->object, text));
	assert_int_equal(entry->annotation_length, strlen(columns[ANNOTATION]));
	if (entry->annotation_length)
		assert_memory_equal(entry->annotation, columns[ANNOTATION],
				    entry->annotation_length);
}

static void check_status(const struct epm_answer *answer, char *columns[RECORDED_MAX_COLUMNS])
{
	char text[MAX_TEXT];

	recorded_expect_number(columns[UUID], answer->status);
	snprintf(text, sizeof text, "num=%zu", answer->n);
	assert_string_equal(columns[VERSION], text);
}

/*
 * Reads what the row speaks of, unless a row before did. False for an answer that was refused: one
 * in NDR64, which is never offered, and which none of our readers may take for another answer.
 */
static bool read_row(struct mapper *m, char *columns[RECORDED_MAX_COLUMNS])
{
	bool ndr64 = strstr(columns[CONNECTION], "ndr64") != NULL;
	unsigned seq = (unsigned)strtoul(columns[SEQ], NULL, 10);

	recorded_open(&m->r, columns[CONNECTION], columns[DIRECTION], m->piece);
	if (m->r.seq == seq)
		return m->read == seq;
	m->read = seq;
	if (strcmp(columns[DIRECTION], "c2s") == 0) {
		read_question(m, seq, ndr64);
		m->requests++;
		return true;
	}
	enum status status = read_answer(m, strcmp(columns[OPNUM], "3") == 0);
	assert_int_equal(m->r.seq, seq);
	if (status == STATUS_OK) {
		m->answers++;
		return true;
	}
	assert_true(ndr64);
	m->read = 0;
	m->refused++;
	return false;
}

static void check_row(char *columns[RECORDED_MAX_COLUMNS], void *user)
{
	struct mapper *m = user;

	assert_string_equal(columns[N_COLUMNS], "");
	if (!read_row(m, columns))
		return;
	if (strcmp(columns[ENTRY], "rc") == 0) {
		check_status(&m->answer, columns);
		return;
	}
	unsigned long entry = strtoul(columns[ENTRY], NULL, 10);
	assert_in_range(entry, 1, m->answer.n);
	check_floor(&m->answer.entries[entry - 1], columns);
}

static void check_all_towers(size_t piece)
{
	static struct mapper m;

	memset(&m, 0, sizeof m);
	m.piece = piece;
	material_or_skip();
	assert_true(recorded_each_row("dcerpc/towers.expected.tsv", check_row, &m) > 1500);
	assert_int_equal(m.requests, 12);
	assert_int_equal(m.answers, 27);
	assert_int_equal(m.refused, 1);
	recorded_close(&m.r);
	pdu_assembly_deinit(&m.assembly);
}

static void every_recorded_tower_says_what_the_dissector_says(void **state)
{
	(void)state;
	check_all_towers(SIZE_MAX);
}

static void they_say_the_same_when_they_come_one_byte_at_a_time(void **state)
{
	(void)state;
	check_all_towers(1);
}

/* The handle that the next ept_lookup of the client carries. */
static struct epm_handle next_handle(struct recorded *client)
{
	struct pdu_request request;

	recorded_next(client);
	assert_int_equal(pdu_get_request(client->stream.pdu, &client->header, &request), STATUS_OK);
	wire_skip(&request.stub, 4 + 4 + 4 + 4); /* inquiry, no object, no interface, versions */
	struct epm_handle handle = { .attributes = wire_get_u32(&request.stub) };
	handle.uuid = wire_get_uuid(&request.stub);
	assert_int_equal(request.stub.status, STATUS_OK);
	return handle;
}

/* Reads the pages of a list to its end. Returns how many entries they have together. */
static size_t follow_pages(const char *connection, unsigned pages, struct epm_answer *last)
{
	static struct recorded client;
	static struct mapper m;
	size_t n = 0;

	recorded_open(&client, connection, "c2s", 1);
	recorded_open(&m.r, connection, "s2c", 1);
	recorded_next(&client); /* the bind */
	struct epm_handle sent = next_handle(&client);
	assert_true(uuid_is_nil(&sent.uuid));
	for (unsigned page = 1; page <= pages; page++) {
		assert_int_equal(read_answer(&m, false), STATUS_OK);
		n += m.answer.n;
		if (page == pages)
			break;
		sent = next_handle(&client);
		assert_true(epm_has_more(&m.answer));
		assert_int_equal(sent.attributes, m.answer.handle.attributes);
		assert_true(uuid_equal(&sent.uuid, &m.answer.handle.uuid));
	}
	*last = m.answer;
	recorded_close(&client);
	recorded_close(&m.r);
	pdu_assembly_deinit(&m.assembly);
	return n;
}

static void a_real_client_goes_on_with_the_handle_that_we_read(void **state)
{
	static struct epm_answer last;
	(void)state;

	material_or_skip();
	assert_int_equal(follow_pages("samba_lookup_paged", 4, &last), 16);
	assert_true(epm_has_more(&last));
	assert_int_equal(follow_pages("samba_lookup_impacket", 2, &last), 53);
	assert_int_equal(last.status, EPM_NOT_REGISTERED);
	assert_false(epm_has_more(&last));
}

/* The last status may also come with all the entries (Samba without a domain does so). */
static void recorded_entries_count_as_well_with_the_last_status(void **state)
{
	static struct mapper m;
	(void)state;

	material_or_skip();
	recorded_open(&m.r, "samba_lookup_all", "s2c", SIZE_MAX);
	assert_int_equal(read_answer(&m, false), STATUS_OK);
	struct wire_reader stub = pdu_assembly_stub(&m.assembly);
	struct wire_writer w = wire_write_to(m.assembly.stub, stub.size);
	w.at = stub.size;
	wire_patch_u32(&w, stub.size - 4, EPM_NOT_REGISTERED);
	assert_int_equal(epm_get_lookup(stub, &m.answer), STATUS_OK);
	assert_int_equal(m.answer.status, EPM_NOT_REGISTERED);
	assert_int_equal(m.answer.n, 53);
	assert_false(epm_has_more(&m.answer));
	recorded_close(&m.r);
	pdu_assembly_deinit(&m.assembly);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_tower_says_what_the_dissector_says),
		cmocka_unit_test(they_say_the_same_when_they_come_one_byte_at_a_time),
		cmocka_unit_test(a_real_client_goes_on_with_the_handle_that_we_read),
		cmocka_unit_test(recorded_entries_count_as_well_with_the_last_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
