/* The conversation of a probe with mappers that answer in pages and in fragments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/rpc/dialog.h"
#include "proto/rpc/epm.h"
#include "tests/unit/proto/rpc/captures.h"
#include "tests/unit/proto/rpc/dialog_script.h"
#include "tests/unit/rows.h"

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
	for_each_row(i, last) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mta_of_another_version_is_found_page_by_page),
		cmocka_unit_test(entries_that_come_with_the_last_status_count),
		cmocka_unit_test(an_mta_that_no_page_names_is_not_registered),
		cmocka_unit_test(a_mapper_that_cannot_answer_is_a_fault),
		cmocka_unit_test(an_endless_list_ends),
		cmocka_unit_test(an_answer_may_come_in_fragments),
		cmocka_unit_test(endless_fragments_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
