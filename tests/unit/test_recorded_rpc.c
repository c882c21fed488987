/*
 * Recorded conversations of real clients and servers (Exchange 5.5, Windows 2003 to 2022, Samba in
 * both byte orders), against what another program's dissector says about them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/epm.h"
#include "proto/pdu.h"
#include "tests/unit/material.h"

#define MAX_COLUMNS 24
#define MAX_TEXT    512

/* One direction of one recorded connection, and how far it was read. */
struct stream {
	char name[MAX_TEXT];
	uint8_t *bytes;
	size_t size;
	size_t at;
	unsigned seq; /* of the PDU read last, from 1 */
	const uint8_t *pdu;
	struct pdu_header header;
};

static void close_stream(struct stream *s)
{
	free(s->bytes);
	memset(s, 0, sizeof *s);
}

static void open_stream(struct stream *s, const char *test_case, const char *direction)
{
	close_stream(s);
	snprintf(s->name, sizeof s->name, "dcerpc/%s.%s.bin", test_case, direction);
	print_message("%s\n", s->name); /* the last one named is the one that failed */
	s->bytes = (uint8_t *)material_read(s->name, &s->size);
}

static void next_pdu(struct stream *s)
{
	s->pdu = s->bytes + s->at;
	enum status status = pdu_get_header(s->pdu, s->size - s->at, &s->header);
	if (status != STATUS_OK)
		print_error("%s: PDU %u\n", s->name, s->seq + 1);
	assert_int_equal(status, STATUS_OK);
	assert_true(s->header.fragment_length <= s->size - s->at);
	s->at += s->header.fragment_length;
	s->seq++;
}

/* Cuts a line in place at its tabs; empty columns are "". */
static void split(char *line, char *columns[MAX_COLUMNS])
{
	static char nothing[1];
	for (size_t i = 0; i < MAX_COLUMNS; i++) {
		columns[i] = line ? line : nothing;
		line = line ? strchr(line, '\t') : NULL;
		if (line)
			*line++ = '\0';
	}
}

/* Calls `row` for each line of the table but its first. Returns how many there were. */
static size_t for_each_row(const char *path, void (*row)(char *columns[MAX_COLUMNS], void *user),
			   void *user)
{
	size_t size;
	size_t n = 0;
	char *table = material_read(path, &size);
	char *line = strchr(table, '\n');

	while (line && line[1]) {
		char *columns[MAX_COLUMNS];
		char *end = strchr(++line, '\n');
		if (end)
			*end = '\0';
		split(line, columns);
		row(columns, user);
		n++;
		line = end;
	}
	free(table);
	return n;
}

static void expect_number(const char *column, unsigned long got)
{
	assert_true(*column != '\0');
	assert_int_equal(strtoul(column, NULL, 0), got);
}

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

/* "0/0;2/2"; of a negotiate_ack, 3, the dissector's reason is none. */
static void check_results(const char *column, const struct pdu_bind_ack *ack)
{
	for (uint8_t i = 0; i < ack->n_results; i++) {
		char *end;
		assert_int_equal(strtoul(column, &end, 10), ack->results[i].result);
		assert_int_equal(*end, '/');
		unsigned long reason = strtoul(end + 1, &end, 10);
		if (ack->results[i].result != PDU_RESULT_NEGOTIATE_ACK)
			assert_int_equal(reason, ack->results[i].reason);
		assert_int_equal(*end, i + 1 < ack->n_results ? ';' : '\0');
		column = end + 1;
	}
}

static void check_bind_ack(const struct stream *s, char *columns[MAX_COLUMNS])
{
	struct pdu_bind_ack ack;
	assert_int_equal(pdu_get_bind_ack(s->pdu, &s->header, &ack), STATUS_OK);
	expect_number(columns[11], ack.max_xmit);
	expect_number(columns[12], ack.max_recv);
	expect_number(columns[13], ack.assoc_group);
	assert_int_equal(ack.address_length, strlen(columns[14]));
	assert_memory_equal(ack.address, columns[14], ack.address_length);
	expect_number(columns[15], ack.n_results);
	check_results(columns[16], &ack);
}

static void check_details(const struct stream *s, char *columns[MAX_COLUMNS])
{
	struct pdu_request request;
	struct pdu_response response;
	struct pdu_bind_nak nak;
	struct pdu_fault fault;

	switch (s->header.type) {
	case PDU_REQUEST:
		assert_int_equal(pdu_get_request(s->pdu, &s->header, &request), STATUS_OK);
		expect_number(columns[9], request.context_id);
		expect_number(columns[10], request.opnum);
		break;
	case PDU_RESPONSE:
		assert_int_equal(pdu_get_response(s->pdu, &s->header, &response), STATUS_OK);
		expect_number(columns[9], response.context_id);
		break;
	case PDU_BIND_ACK:
	case PDU_ALTER_CONTEXT_RESP:
		check_bind_ack(s, columns);
		break;
	case PDU_BIND_NAK:
		assert_int_equal(pdu_get_bind_nak(s->pdu, &s->header, &nak), STATUS_OK);
		expect_number(columns[17], nak.reason);
		break;
	case PDU_FAULT:
		assert_int_equal(pdu_get_fault(s->pdu, &s->header, &fault), STATUS_OK);
		expect_number(columns[9], fault.context_id);
		expect_number(columns[18], fault.status);
		break;
	default: /* a bind: only servers read it */
		break;
	}
}

/* `user`: the two directions of one connection, whose rows alternate. */
static void check_pdu(char *columns[MAX_COLUMNS], void *user)
{
	struct stream *s = user;
	char name[MAX_TEXT];

	if (strcmp(columns[1], "s2c") == 0)
		s++;
	snprintf(name, sizeof name, "dcerpc/%s.%s.bin", columns[0], columns[1]);
	if (strcmp(name, s->name) != 0) {
		assert_int_equal(s->at, s->size); /* nothing is left of the one before */
		open_stream(s, columns[0], columns[1]);
	}
	next_pdu(s);
	expect_number(columns[2], s->seq);
	assert_string_equal(columns[3], type_name(s->header.type));
	expect_number(columns[4], s->header.flags);
	assert_string_equal(columns[5], s->header.big_endian ? "BE" : "LE");
	expect_number(columns[6], s->header.fragment_length);
	expect_number(columns[7], s->header.auth_length);
	expect_number(columns[8], s->header.call_id);
	check_details(s, columns);
}

static void every_recorded_pdu_says_what_the_dissector_says(void **state)
{
	(void)state;
	static struct stream s[2];
	material_or_skip();
	assert_true(for_each_row("dcerpc/pdus.expected.tsv", check_pdu, s) > 100);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(s[i].at, s[i].size);
		close_stream(&s[i]);
	}
}

/* The answers of one mapper, read as the table asks for them. */
struct mapper {
	struct stream s;
	struct pdu_assembly assembly;
	struct epm_answer answer;
	size_t answers; /* checked up to their status */
};

/* Reads the answer that ends with PDU `seq`. */
static void read_answer(struct mapper *m, unsigned seq, bool map)
{
	bool complete = false;

	pdu_assembly_reset(&m->assembly);
	while (m->s.seq < seq) {
		next_pdu(&m->s);
		if (m->s.header.type == PDU_RESPONSE)
			assert_int_equal(
				pdu_assembly_add(&m->assembly, m->s.pdu, &m->s.header, &complete),
				STATUS_OK);
		if (complete && m->s.seq < seq) {
			pdu_assembly_reset(&m->assembly);
			complete = false;
		}
	}
	assert_true(complete);
	struct wire_reader stub = pdu_assembly_stub(&m->assembly);
	assert_int_equal(map ? epm_get_map(stub, &m->answer) : epm_get_lookup(stub, &m->answer),
			 STATUS_OK);
}

static void check_floor(const struct epm_entry *entry, char *columns[MAX_COLUMNS])
{
	const struct tower *tower = &entry->tower;
	unsigned long floor = strtoul(columns[5], NULL, 10);
	char text[MAX_TEXT];

	assert_true(entry->has_tower);
	if (floor == 1) {
		uuid_format(&tower->interface_syntax.uuid, text);
		assert_string_equal(columns[7], text);
		/*
		 * The dissector takes the minor version for big-endian and shows EMSMDB 0.81 as
		 * 0.20736; the bytes are 51 00, and the bind to it says 0.81.
		 */
		unsigned minor = tower->interface_syntax.minor;
		snprintf(text, sizeof text, "%u.%u", tower->interface_syntax.major,
			 (minor & 255) << 8 | minor >> 8);
		assert_string_equal(columns[8], text);
	} else if (floor == 4) {
		snprintf(text, sizeof text, "tcp_port=%u", tower->port);
		assert_int_equal(strcmp(columns[9], text) == 0, tower->is_tcp);
	} else if (floor == 5 && tower->is_tcp) {
		uint32_t a = tower->address;
		snprintf(text, sizeof text, "ip=%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
			 a & 255);
		assert_string_equal(columns[9], text);
	}
	assert_int_equal(entry->annotation_length, strlen(columns[11]));
	if (entry->annotation_length)
		assert_memory_equal(entry->annotation, columns[11], entry->annotation_length);
}

static void check_tower(char *columns[MAX_COLUMNS], void *user)
{
	struct mapper *m = user;
	char name[MAX_TEXT];
	unsigned seq = (unsigned)strtoul(columns[2], NULL, 10);

	/* Requests are for servers to read; NDR64 is not offered, so none answers in it. */
	if (strcmp(columns[1], "s2c") != 0 || strstr(columns[0], "ndr64"))
		return;
	snprintf(name, sizeof name, "dcerpc/%s.s2c.bin", columns[0]);
	if (strcmp(name, m->s.name) != 0)
		open_stream(&m->s, columns[0], "s2c");
	if (m->s.seq != seq)
		read_answer(m, seq, strcmp(columns[3], "3") == 0);
	if (strcmp(columns[4], "rc") == 0) {
		char text[MAX_TEXT];
		expect_number(columns[7], m->answer.status);
		snprintf(text, sizeof text, "num=%zu", m->answer.n);
		assert_string_equal(columns[8], text);
		m->answers++;
		return;
	}
	unsigned long entry = strtoul(columns[4], NULL, 10);
	assert_in_range(entry, 1, m->answer.n);
	check_floor(&m->answer.entries[entry - 1], columns);
}

static void every_recorded_mapper_answers_what_the_dissector_says(void **state)
{
	(void)state;
	static struct mapper m;
	material_or_skip();
	assert_true(for_each_row("dcerpc/towers.expected.tsv", check_tower, &m) > 1000);
	assert_true(m.answers > 20);
	close_stream(&m.s);
	pdu_assembly_deinit(&m.assembly);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_pdu_says_what_the_dissector_says),
		cmocka_unit_test(every_recorded_mapper_answers_what_the_dissector_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
