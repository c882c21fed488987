/* The conversation of a probe, with servers that say one thing after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/dialog.h"
#include "proto/epm.h"
#include "tests/unit/captures.h"

#define MAX_ANSWER 16384

static const struct pdu_syntax mta = {
	.uuid = { 0x9e8ee830, 0x4459, 0x11ce, { 0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe } },
	.major = 2,
};

/* What a server says next. */
struct answer {
	uint8_t bytes[MAX_ANSWER];
	size_t size;
};

static struct answer answer; /* one at a time; too large for a stack that the sanitizer pads */

/* Sets the answer to captured bytes, with the call id that the dialog waits for. */
static void say(const struct dialog *d, const void *bytes, size_t size)
{
	assert_true(size <= MAX_ANSWER);
	memcpy(answer.bytes, bytes, size);
	answer.size = size;
	memset(answer.bytes + 12, 0, 4);
	answer.bytes[answer.bytes[4] ? 12 : 15] = (uint8_t)d->call_id;
	answer.bytes[answer.bytes[4] ? 13 : 14] = (uint8_t)(d->call_id >> 8);
}

/* Gives it to the dialog, cut into pieces. */
static void hear_in(struct dialog *d, size_t piece)
{
	for (size_t at = 0; at < answer.size; at += piece) {
		size_t left = answer.size - at;
		dialog_input(d, answer.bytes + at, left < piece ? left : piece);
	}
}

static void hear(struct dialog *d, const void *bytes, size_t size)
{
	say(d, bytes, size);
	hear_in(d, answer.size);
}

/* Sends all that is to be sent, a few bytes at a time. Returns how many there were. */
static size_t send_all(struct dialog *d, uint8_t out[DIALOG_OUT_SIZE])
{
	size_t total = 0;
	for (;;) {
		size_t n;
		const uint8_t *bytes = dialog_output(d, &n);
		assert_non_null(bytes);
		if (n == 0)
			return total;
		size_t some = n < 7 ? n : 7;
		memcpy(out + total, bytes, some);
		total += some;
		dialog_sent(d, some);
	}
}

static void expect_sent(struct dialog *d, const uint8_t *want, size_t size)
{
	uint8_t out[DIALOG_OUT_SIZE];
	assert_int_equal(send_all(d, out), size);
	assert_memory_equal(out, want, size);
}

static void expect_over(const struct dialog *d, enum grade grade, enum probe_error error,
			uint32_t detail)
{
	size_t n;
	assert_true(dialog_over(d));
	assert_false(dialog_wants_connection(d));
	assert_int_equal(d->grade, grade);
	assert_int_equal(d->error, error);
	assert_int_equal(d->detail, detail);
	(void)dialog_output(d, &n);
	assert_int_equal(n, 0);
}

/* Brings a new dialog to the state that waits for the answer to that. */
static void start_at(struct dialog *d, enum dialog_state state)
{
	dialog_start(d);
	if (state >= DIALOG_BIND_EPM)
		dialog_connected(d);
	if (state >= DIALOG_MAP)
		hear(d, bind_ack, sizeof bind_ack);
	if (state == DIALOG_LOOKUP)
		hear(d, map_mta_missing, sizeof map_mta_missing);
	if (state >= DIALOG_CONNECT_MTA)
		hear(d, map_mta_found, sizeof map_mta_found);
	if (state >= DIALOG_BIND_MTA)
		dialog_connected(d);
	if (state >= DIALOG_DONE)
		hear(d, bind_ack, sizeof bind_ack);
	assert_int_equal(d->state, state);
}

/* The bind to the MTA at that version. */
static void expect_mta_bind(struct dialog *d, uint16_t major, uint16_t minor)
{
	uint8_t want[72];
	struct pdu_syntax syntax = mta;
	struct wire_writer w = wire_write_to(want, sizeof want);
	syntax.major = major;
	syntax.minor = minor;
	assert_int_equal(pdu_put_bind(&w, d->call_id, &syntax), STATUS_OK);
	expect_sent(d, want, sizeof want);
}

static void climb(size_t piece, bool big_endian)
{
	uint8_t found[sizeof be_map_lsarpc];
	struct dialog d;

	dialog_start(&d);
	assert_true(dialog_wants_connection(&d));
	assert_int_equal(d.port, 135);
	assert_int_equal(d.grade, GRADE_NONE);

	dialog_connected(&d);
	assert_false(dialog_wants_connection(&d));
	assert_int_equal(d.grade, GRADE_TCP);
	expect_sent(&d, bind_epm, sizeof bind_epm);

	say(&d, big_endian ? be_bind_ack : bind_ack, sizeof bind_ack);
	hear_in(&d, piece);
	assert_int_equal(d.grade, GRADE_EPM);
	expect_sent(&d, map_mta, sizeof map_mta);

	memcpy(found, big_endian ? be_map_lsarpc : map_mta_found, sizeof found);
	memcpy(found + 72, map_mta_found + 72, TOWER_SIZE);
	say(&d, found, sizeof found);
	hear_in(&d, piece);
	assert_int_equal(d.grade, GRADE_MAPPED);
	assert_true(dialog_wants_connection(&d));
	assert_int_equal(d.port, 5001);

	dialog_connected(&d);
	assert_false(dialog_wants_connection(&d));
	assert_int_equal(d.grade, GRADE_MAPPED);
	expect_mta_bind(&d, 2, 0);
	say(&d, big_endian ? be_bind_ack : bind_ack, sizeof bind_ack);
	hear_in(&d, piece);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_deinit(&d);
}

static void a_good_server_is_climbed_in_pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 160; piece++) {
		climb(piece, false);
		climb(piece, true);
	}
}

/* Q159298: MtaBind, opnum 0, makes the peer bind back. */
static void the_mta_hears_nothing_but_a_bind(void **state)
{
	(void)state;
	struct dialog d;
	uint8_t out[DIALOG_OUT_SIZE];
	start_at(&d, DIALOG_BIND_MTA);
	assert_int_equal(send_all(&d, out), 72);
	assert_int_equal(out[2], PDU_BIND);
	hear(&d, bind_ack, sizeof bind_ack);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_connected(&d);
	assert_int_equal(send_all(&d, out), 0);
	dialog_deinit(&d);
}

/* Pages of a mapper: entries of one tower each. */
struct page {
	size_t n;        /* entries of other interfaces before the one of the MTA */
	uint32_t handle; /* 0: the last page */
	uint32_t status;
	uint16_t major; /* of the MTA; 0: it is not there */
	uint16_t minor;
	uint16_t port;
	bool big_endian;
	bool http; /* the MTA only by a protocol that is not ours */
};

static void put_entries(struct wire_writer *w, const struct page *p, size_t n)
{
	struct pdu_syntax syntax = mta;

	for (size_t i = 0; i < n; i++) {
		wire_put_zeros(w, 16);
		wire_put_u32(w, 3);
		wire_put_u32(w, 0);
		wire_put_u32(w, 4);
		wire_put_bytes(w, "abc", 4);
	}
	for (size_t i = 0; i < n; i++) {
		bool is_mta = i == p->n;
		syntax.uuid.time_low = is_mta ? mta.uuid.time_low : 1;
		syntax.major = p->major;
		syntax.minor = p->minor;
		wire_put_u32(w, TOWER_SIZE);
		wire_put_u32(w, TOWER_SIZE);
		size_t at = w->at;
		tower_put(w, &syntax, is_mta ? p->port : 99, 0);
		if (is_mta && p->http && w->status == STATUS_OK)
			w->base[at + 61] = 0x1f;
		wire_put_align(w, 4);
	}
}

static void put_header(struct wire_writer *w, bool big_endian)
{
	static const uint8_t beginning[] = { 5, 0, PDU_RESPONSE, 3 };
	wire_put_bytes(w, beginning, sizeof beginning);
	wire_put_u8(w, big_endian ? 0 : 0x10);
	wire_put_zeros(w, 19);
}

static void hear_page(struct dialog *d, const struct page *p)
{
	static uint8_t bytes[MAX_ANSWER];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	uint32_t n = (uint32_t)(p->n + (p->major ? 1 : 0));

	w.big_endian = p->big_endian;
	put_header(&w, p->big_endian);
	wire_put_u32(&w, 0); /* handle */
	wire_put_u32(&w, p->handle);
	wire_put_zeros(&w, 12);
	wire_put_u32(&w, n);
	wire_put_u32(&w, 100);
	wire_put_u32(&w, 0);
	wire_put_u32(&w, n);
	put_entries(&w, p, n);
	wire_put_u32(&w, p->status);
	wire_patch_u16(&w, 8, (uint16_t)w.at);
	assert_int_equal(w.status, STATUS_OK);
	hear(d, bytes, w.at);
}

static void an_mta_of_another_version_is_found_page_by_page(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct dialog d;
		uint8_t out[DIALOG_OUT_SIZE];
		start_at(&d, DIALOG_MAP);
		hear(&d, map_mta_missing, sizeof map_mta_missing);
		assert_int_equal(d.state, DIALOG_LOOKUP);
		assert_int_equal(send_all(&d, out), sizeof lookup_all);
		assert_memory_equal(out + 16, lookup_all + 16, sizeof lookup_all - 16);

		hear_page(&d, &(struct page){ .big_endian = big, .handle = 0x01020304, .n = 3 });
		assert_int_equal(d.state, DIALOG_LOOKUP);
		assert_int_equal(send_all(&d, out), sizeof lookup_all);
		assert_memory_equal(out + 44, "\x04\x03\x02\x01", 4); /* ours is little-endian */

		hear_page(&d, &(struct page){ .big_endian = big,
					      .handle = 0x01020304,
					      .n = 5,
					      .major = 1,
					      .minor = 7,
					      .port = 1234 });
		assert_true(dialog_wants_connection(&d));
		assert_int_equal(d.port, 1234);
		assert_int_equal(d.grade, GRADE_MAPPED);
		assert_int_equal(d.mta_major, 1);
		assert_int_equal(d.mta_minor, 7);
		dialog_connected(&d);
		expect_mta_bind(&d, 1, 7);
		hear(&d, bind_ack, sizeof bind_ack);
		expect_over(&d, GRADE_MTA, PROBE_OK, 0);
		dialog_deinit(&d);
	}
}

static void entries_that_come_with_the_last_status_count(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_LOOKUP);
	hear_page(&d, &(struct page){
			      .status = EPM_NOT_REGISTERED, .n = 38, .major = 2, .port = 5001 });
	assert_int_equal(d.state, DIALOG_CONNECT_MTA);
	assert_int_equal(d.port, 5001);
	dialog_deinit(&d);
}

static void an_mta_that_no_page_names_is_not_registered(void **state)
{
	(void)state;
	static const struct page last[] = {
		{ .status = EPM_NOT_REGISTERED },
		{ .status = EPM_NOT_REGISTERED, .handle = 7, .n = 2 },
		{ .status = 0, .n = 2 },
		{ .status = EPM_NOT_REGISTERED, .major = 2, .port = 5000, .http = true },
		{ .status = EPM_NOT_REGISTERED, .major = 2, .port = 0 },
	};
	for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
		struct dialog d;
		start_at(&d, DIALOG_LOOKUP);
		hear_page(&d, &(struct page){ .handle = 7, .n = 2 });
		hear_page(&d, &last[i]);
		expect_over(&d, GRADE_EPM, PROBE_NOT_REGISTERED, last[i].status);
		dialog_deinit(&d);
	}
}

static void a_mapper_that_cannot_answer_is_a_fault(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_LOOKUP);
	hear_page(&d, &(struct page){ .status = 0x16c9a0cd });
	expect_over(&d, GRADE_EPM, PROBE_FAULT, 0x16c9a0cd);
	dialog_deinit(&d);
}

static void an_endless_list_ends(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_LOOKUP);
	for (int i = 1; i < DIALOG_MAX_PAGES; i++) {
		hear_page(&d, &(struct page){ .handle = 7 });
		assert_int_equal(d.state, DIALOG_LOOKUP);
	}
	hear_page(&d, &(struct page){ .handle = 7 });
	expect_over(&d, GRADE_EPM, PROBE_MALFORMED, 0);
	dialog_deinit(&d);
}

/* The answer to ept_map in as many fragments as it has bytes. */
static void an_answer_may_come_in_fragments(void **state)
{
	(void)state;
	struct dialog d;
	size_t n = sizeof map_mta_found - 24;
	start_at(&d, DIALOG_MAP);
	for (size_t at = 0; at < n; at += 4) {
		uint8_t pdu[28];
		memcpy(pdu, map_mta_found, 24);
		memcpy(pdu + 24, map_mta_found + 24 + at, 4);
		pdu[3] = (uint8_t)((at == 0 ? PDU_FIRST_FRAG : 0) |
				   (at + 4 == n ? PDU_LAST_FRAG : 0));
		pdu[8] = sizeof pdu;
		assert_int_equal(d.state, DIALOG_MAP);
		hear(&d, pdu, sizeof pdu);
	}
	assert_int_equal(d.state, DIALOG_CONNECT_MTA);
	assert_int_equal(d.port, 5001);
	dialog_deinit(&d);
}

static void endless_fragments_end(void **state)
{
	(void)state;
	struct dialog d;
	uint8_t pdu[24];
	start_at(&d, DIALOG_MAP);
	memcpy(pdu, map_mta_found, sizeof pdu);
	pdu[8] = sizeof pdu;
	for (int i = 0; i < PDU_MAX_FRAGMENTS; i++) {
		pdu[3] = i == 0 ? PDU_FIRST_FRAG : 0;
		hear(&d, pdu, sizeof pdu);
		assert_int_equal(d.state, DIALOG_MAP);
	}
	hear(&d, pdu, sizeof pdu);
	expect_over(&d, GRADE_EPM, PROBE_MALFORMED, 0);
	dialog_deinit(&d);
}

/* A state that waits for bytes, the grade that the dialog has in it. */
static const struct {
	enum dialog_state state;
	enum grade grade;
	bool heard;
} waiting[] = {
	{ DIALOG_BIND_EPM, GRADE_TCP, false },
	{ DIALOG_MAP, GRADE_EPM, true },
	{ DIALOG_LOOKUP, GRADE_EPM, true },
	{ DIALOG_BIND_MTA, GRADE_MAPPED, false },
};

#define N_WAITING (sizeof waiting / sizeof *waiting)

static void what_a_server_refuses_ends_the_dialog(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAITING; i++) {
		struct dialog d;
		start_at(&d, waiting[i].state);
		hear(&d, bind_nak, sizeof bind_nak);
		expect_over(&d, waiting[i].grade, PROBE_BIND_NAK, 4);
		start_at(&d, waiting[i].state);
		hear(&d, be_bind_nak, sizeof be_bind_nak);
		expect_over(&d, waiting[i].grade, PROBE_BIND_NAK, 4);
		start_at(&d, waiting[i].state);
		hear(&d, fault_opnum, sizeof fault_opnum);
		expect_over(&d, waiting[i].grade, PROBE_FAULT, 0x1c010002);
		start_at(&d, waiting[i].state);
		hear(&d, be_fault_opnum, sizeof be_fault_opnum);
		expect_over(&d, waiting[i].grade, PROBE_FAULT, 0x1c010002);
		dialog_deinit(&d);
	}
	static const enum dialog_state binds[] = { DIALOG_BIND_EPM, DIALOG_BIND_MTA };
	for (size_t i = 0; i < 2; i++) {
		struct dialog d;
		start_at(&d, binds[i]);
		enum grade grade = d.grade;
		hear(&d, bind_unknown, sizeof bind_unknown);
		expect_over(&d, grade, PROBE_REJECTED, 1);
		dialog_deinit(&d);
	}
}

static void what_was_not_asked_for_is_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		enum dialog_state at;
		const uint8_t *bytes;
		size_t size;
	} cases[] = {
		{ "a response to a bind", DIALOG_BIND_EPM, map_mta_found, sizeof map_mta_found },
		{ "a bind_ack to ept_map", DIALOG_MAP, bind_ack, sizeof bind_ack },
		{ "a bind_ack to ept_lookup", DIALOG_LOOKUP, bind_ack, sizeof bind_ack },
		{ "a response to the MTA's bind", DIALOG_BIND_MTA, map_mta_found,
		  sizeof map_mta_found },
		{ "three results for one context", DIALOG_BIND_EPM, bind_three, sizeof bind_three },
		{ "a request", DIALOG_BIND_EPM, map_mta, sizeof map_mta },
		{ "our own bind", DIALOG_BIND_EPM, bind_epm, sizeof bind_epm },
		{ "ept_map's answer to ept_lookup", DIALOG_LOOKUP, map_mta_found,
		  sizeof map_mta_found },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dialog d;
		start_at(&d, cases[i].at);
		hear(&d, cases[i].bytes, cases[i].size);
		if (!dialog_over(&d) || d.error != PROBE_MALFORMED)
			print_error("case: %s\n", cases[i].what);
		assert_true(dialog_over(&d));
		assert_int_equal(d.error, PROBE_MALFORMED);
		dialog_deinit(&d);
	}
}

static void what_is_no_rpc_is_malformed_at_once(void **state)
{
	(void)state;
	static const char *const banners[] = { "220 mail", "S", "HTTP/1.1 400 Bad Request\r\n",
					       "\x05\x02" };
	for (size_t i = 0; i < sizeof banners / sizeof *banners; i++) {
		for (size_t j = 0; j < N_WAITING; j++) {
			struct dialog d;
			start_at(&d, waiting[j].state);
			dialog_input(&d, banners[i], strlen(banners[i]));
			expect_over(&d, waiting[j].grade, PROBE_MALFORMED, 0);
			dialog_deinit(&d);
		}
	}
}

static void a_single_contradiction_in_an_answer_is_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "version", 0, 4 },
		{ "type", 2, PDU_BIND },
		{ "alter_context_resp", 2, PDU_ALTER_CONTEXT_RESP },
		{ "shorter than a header", 8, 12 },
		{ "fragment larger than offered", 9, 0x17 },
		{ "verifier larger than the PDU", 10, 60 },
		{ "another call", 12, 99 },
		{ "secondary address past the end", 25, 1 },
		{ "no result", 32, 0 },
		{ "two results, one there", 32, 2 },
		{ "too many results", 32, 200 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dialog d;
		start_at(&d, DIALOG_BIND_EPM);
		say(&d, bind_ack, sizeof bind_ack);
		answer.bytes[cases[i].at] = cases[i].value;
		hear_in(&d, 1);
		if (!dialog_over(&d))
			print_error("case: %s\n", cases[i].what);
		expect_over(&d, GRADE_TCP, PROBE_MALFORMED, 0);
		dialog_deinit(&d);
	}
}

static void a_server_that_announces_its_end_has_closed(void **state)
{
	(void)state;
	static const uint8_t shutdown[] = { 5, 0, PDU_SHUTDOWN, 3, 0x10, 0, 0, 0, 16, 0, 0, 0, 0, 0,
					    0, 0 };
	struct dialog d;
	start_at(&d, DIALOG_MAP);
	dialog_input(&d, shutdown, sizeof shutdown);
	expect_over(&d, GRADE_EPM, PROBE_CLOSED, 0);
	dialog_deinit(&d);
}

static void a_connection_that_never_stands_tells_why(void **state)
{
	(void)state;
	static const enum probe_error errors[] = { PROBE_TIMEOUT,         PROBE_HOST_UNREACHABLE,
						   PROBE_NET_UNREACHABLE, PROBE_REFUSED,
						   PROBE_RESET,           PROBE_LOCAL };
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct dialog d;
		start_at(&d, DIALOG_CONNECT_EPM);
		dialog_failed(&d, errors[i]);
		expect_over(&d, GRADE_NONE, errors[i], 0);
		start_at(&d, DIALOG_CONNECT_MTA);
		dialog_failed(&d, errors[i]);
		expect_over(&d, GRADE_MAPPED, errors[i], 0);
		dialog_deinit(&d);
	}
}

static void a_connection_that_breaks_keeps_the_grade(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAITING; i++) {
		struct dialog d;
		start_at(&d, waiting[i].state);
		dialog_failed(&d, PROBE_CLOSED);
		expect_over(&d, waiting[i].grade, PROBE_CLOSED, 0);
		start_at(&d, waiting[i].state);
		dialog_failed(&d, PROBE_RESET);
		expect_over(&d, waiting[i].grade, PROBE_RESET, 0);
		dialog_deinit(&d);
	}
}

static void a_timeout_on_a_connection_without_a_byte_is_silence(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAITING; i++) {
		struct dialog d;
		start_at(&d, waiting[i].state);
		dialog_failed(&d, PROBE_TIMEOUT);
		expect_over(&d, waiting[i].grade, waiting[i].heard ? PROBE_TIMEOUT : PROBE_SILENT,
			    0);
		start_at(&d, waiting[i].state);
		dialog_input(&d, "\x05", 1);
		dialog_failed(&d, PROBE_TIMEOUT);
		expect_over(&d, waiting[i].grade, PROBE_TIMEOUT, 0);
		dialog_deinit(&d);
	}
}

static void every_prefix_of_an_answer_is_waited_for(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof bind_ack; n++) {
		struct dialog d;
		start_at(&d, DIALOG_BIND_EPM);
		say(&d, bind_ack, sizeof bind_ack);
		dialog_input(&d, answer.bytes, n);
		assert_int_equal(d.state, DIALOG_BIND_EPM);
		dialog_failed(&d, PROBE_CLOSED);
		expect_over(&d, GRADE_TCP, PROBE_CLOSED, 0);
		dialog_deinit(&d);
	}
	for (size_t n = 0; n < sizeof map_mta_found; n++) {
		struct dialog d;
		start_at(&d, DIALOG_MAP);
		say(&d, map_mta_found, sizeof map_mta_found);
		dialog_input(&d, answer.bytes, n);
		assert_int_equal(d.state, DIALOG_MAP);
		dialog_deinit(&d);
	}
}

static void bytes_and_failures_that_come_too_late_change_nothing(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_DONE);
	dialog_input(&d, bind_nak, sizeof bind_nak);
	dialog_failed(&d, PROBE_RESET);
	dialog_connected(&d);
	dialog_sent(&d, 5);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_deinit(&d);
	dialog_deinit(&d);

	start_at(&d, DIALOG_CONNECT_MTA);
	dialog_input(&d, "220 mail", 8); /* of the old connection */
	assert_int_equal(d.state, DIALOG_CONNECT_MTA);
	dialog_connected(&d);
	dialog_connected(&d); /* nobody asked for a third */
	assert_int_equal(d.state, DIALOG_BIND_MTA);
	dialog_failed(&d, PROBE_TIMEOUT);
	expect_over(&d, GRADE_MAPPED, PROBE_SILENT, 0);
	dialog_deinit(&d);
}

static void a_dialog_may_be_started_again(void **state)
{
	(void)state;
	struct dialog d;
	start_at(&d, DIALOG_LOOKUP);
	dialog_failed(&d, PROBE_RESET);
	dialog_deinit(&d);
	start_at(&d, DIALOG_DONE);
	expect_over(&d, GRADE_MTA, PROBE_OK, 0);
	dialog_deinit(&d);
}

static void every_state_has_its_words(void **state)
{
	(void)state;
	for (int i = DIALOG_CONNECT_EPM; i < DIALOG_DONE; i++) {
		for (int j = i + 1; j <= (int)DIALOG_DONE; j++)
			assert_string_not_equal(dialog_state_text((enum dialog_state)i),
						dialog_state_text((enum dialog_state)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_server_is_climbed_in_pieces_of_any_size),
		cmocka_unit_test(the_mta_hears_nothing_but_a_bind),
		cmocka_unit_test(an_mta_of_another_version_is_found_page_by_page),
		cmocka_unit_test(entries_that_come_with_the_last_status_count),
		cmocka_unit_test(an_mta_that_no_page_names_is_not_registered),
		cmocka_unit_test(a_mapper_that_cannot_answer_is_a_fault),
		cmocka_unit_test(an_endless_list_ends),
		cmocka_unit_test(an_answer_may_come_in_fragments),
		cmocka_unit_test(endless_fragments_end),
		cmocka_unit_test(what_a_server_refuses_ends_the_dialog),
		cmocka_unit_test(what_was_not_asked_for_is_malformed),
		cmocka_unit_test(what_is_no_rpc_is_malformed_at_once),
		cmocka_unit_test(a_single_contradiction_in_an_answer_is_malformed),
		cmocka_unit_test(a_server_that_announces_its_end_has_closed),
		cmocka_unit_test(a_connection_that_never_stands_tells_why),
		cmocka_unit_test(a_connection_that_breaks_keeps_the_grade),
		cmocka_unit_test(a_timeout_on_a_connection_without_a_byte_is_silence),
		cmocka_unit_test(every_prefix_of_an_answer_is_waited_for),
		cmocka_unit_test(bytes_and_failures_that_come_too_late_change_nothing),
		cmocka_unit_test(a_dialog_may_be_started_again),
		cmocka_unit_test(every_state_has_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
