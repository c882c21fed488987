/* Responses that come in fragments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/rpc/pdu.h"
#include "tests/unit/proto/rpc/captures.h"
#include "tests/unit/rows.h"

static struct pdu_header header_of(const uint8_t *pdu, size_t size)
{
	struct pdu_header h;
	assert_int_equal(pdu_get_header(pdu, size, &h), STATUS_OK);
	assert_int_equal(h.fragment_length, size);
	return h;
}

/* A response fragment with `n` bytes of stub, all of `fill`. */
static struct pdu_header make_fragment(uint8_t *pdu, uint8_t flags, size_t n, int fill)
{
	memcpy(pdu, map_mta_missing, 24);
	pdu[3] = flags;
	pdu[8] = (uint8_t)(24 + n);
	pdu[9] = (uint8_t)((24 + n) >> 8);
	memset(pdu + 24, fill, n);
	return header_of(pdu, 24 + n);
}

static void fragments_become_one_response(void **state)
{
	(void)state;
	static uint8_t pdu[PDU_MAX_FRAGMENT];
	struct pdu_assembly a = { 0 };
	bool complete = true;

	for (int round = 0; round < 2; round++) {
		struct pdu_header h = make_fragment(pdu, PDU_FIRST_FRAG, 5000, 'a');
		assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_OK);
		assert_false(complete);
		h = make_fragment(pdu, 0, 0, 0);
		assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_OK);
		h = make_fragment(pdu, 0, 3, 'b');
		assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_OK);
		assert_false(complete);
		h = make_fragment(pdu, PDU_LAST_FRAG, 2, 'c');
		assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_OK);
		assert_true(complete);

		struct wire_reader stub = pdu_assembly_stub(&a);
		assert_int_equal(wire_left(&stub), 5005);
		wire_skip(&stub, 4999);
		assert_memory_equal(wire_get_bytes(&stub, 6), "abbbcc", 6);
		pdu_assembly_reset(&a);
	}
	pdu_assembly_deinit(&a);
}

static void the_stub_keeps_the_byte_order_of_its_sender(void **state)
{
	(void)state;
	struct pdu_assembly a = { 0 };
	bool complete = false;
	struct pdu_header h = header_of(be_map_missing, sizeof be_map_missing);
	assert_int_equal(pdu_assembly_add(&a, be_map_missing, &h, &complete), STATUS_OK);
	assert_true(complete);
	struct wire_reader stub = pdu_assembly_stub(&a);
	wire_skip(&stub, 36);
	assert_int_equal(wire_get_u32(&stub), 0x16c9a0d6);
	pdu_assembly_deinit(&a);
}

static void a_fragment_that_does_not_continue_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "a first fragment again", 3, PDU_FIRST_FRAG },
		{ "another call", 12, 9 },
		{ "another context", 20, 1 },
		{ "a fault", 2, PDU_FAULT },
	};
	for_each_row(i, cases) {
		uint8_t pdu[64];
		struct pdu_assembly a = { 0 };
		bool complete = false;
		struct pdu_header h = make_fragment(pdu, PDU_FIRST_FRAG, 8, 1);
		assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_OK);
		(void)make_fragment(pdu, PDU_LAST_FRAG, 8, 2);
		pdu[cases[i].at] = cases[i].value;
		h = header_of(pdu, 32);
		enum status got = pdu_assembly_add(&a, pdu, &h, &complete);
		if (got != STATUS_MALFORMED)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(got, STATUS_MALFORMED);
		assert_false(complete);
		pdu_assembly_deinit(&a);
	}
}

static void a_response_begins_with_its_first_fragment_and_ends_with_its_last(void **state)
{
	(void)state;
	uint8_t pdu[64];
	struct pdu_assembly a = { 0 };
	bool complete = false;
	struct pdu_header h = make_fragment(pdu, PDU_LAST_FRAG, 8, 1);
	assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_MALFORMED);

	pdu_assembly_reset(&a);
	h = make_fragment(pdu, PDU_FIRST_FRAG | PDU_LAST_FRAG, 8, 1);
	assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_OK);
	assert_true(complete);
	assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_MALFORMED);
	h = make_fragment(pdu, 0, 8, 1);
	assert_int_equal(pdu_assembly_add(&a, pdu, &h, &complete), STATUS_MALFORMED);
	pdu_assembly_deinit(&a);
}

/* Adds fragments of `n` bytes until one is refused; returns how many were taken. */
static unsigned fill(struct pdu_assembly *a, size_t n, enum status want)
{
	static uint8_t pdu[PDU_MAX_FRAGMENT];
	bool complete = false;
	unsigned taken = 0;

	for (;;) {
		struct pdu_header h = make_fragment(pdu, taken ? 0 : PDU_FIRST_FRAG, n, 1);
		enum status status = pdu_assembly_add(a, pdu, &h, &complete);
		if (status != STATUS_OK) {
			assert_int_equal(status, want);
			return taken;
		}
		taken++;
	}
}

static void a_response_has_a_limit_of_fragments_and_one_of_bytes(void **state)
{
	(void)state;
	struct pdu_assembly a = { 0 };
	assert_int_equal(fill(&a, 0, STATUS_LIMIT), PDU_MAX_FRAGMENTS);
	pdu_assembly_reset(&a);
	assert_int_equal(fill(&a, 4096, STATUS_LIMIT), PDU_MAX_STUB / 4096);
	pdu_assembly_reset(&a);
	assert_int_equal(fill(&a, 5000, STATUS_LIMIT), PDU_MAX_STUB / 5000);
	pdu_assembly_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_become_one_response),
		cmocka_unit_test(the_stub_keeps_the_byte_order_of_its_sender),
		cmocka_unit_test(a_fragment_that_does_not_continue_is_refused),
		cmocka_unit_test(a_response_begins_with_its_first_fragment_and_ends_with_its_last),
		cmocka_unit_test(a_response_has_a_limit_of_fragments_and_one_of_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
