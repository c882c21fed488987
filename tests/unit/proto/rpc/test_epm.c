/* The endpoint mapper's requests and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/rpc/epm.h"
#include "tests/unit/proto/rpc/captures.h"
#include "tests/unit/rows.h"

static const struct pdu_syntax mta = {
	.uuid = { 0x9e8ee830, 0x4459, 0x11ce, { 0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe } },
	.major = 2,
};

/* The stub of a captured response. */
static struct wire_reader stub_of(const uint8_t *pdu, size_t size)
{
	struct pdu_header h;
	struct pdu_response response;
	assert_int_equal(pdu_get_header(pdu, size, &h), STATUS_OK);
	assert_int_equal(pdu_get_response(pdu, &h, &response), STATUS_OK);
	return response.stub;
}

static void the_request_to_map_the_mta_is_the_captured_one(void **state)
{
	(void)state;
	uint8_t bytes[sizeof map_mta];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	assert_int_equal(epm_put_map(&w, 2, &mta), STATUS_OK);
	assert_int_equal(w.at, 156);
	assert_memory_equal(bytes, map_mta, sizeof map_mta);

	w = wire_write_to(bytes, sizeof bytes - 1);
	assert_int_equal(epm_put_map(&w, 2, &mta), STATUS_FULL);
}

static void the_request_to_look_up_everything_is_the_captured_one(void **state)
{
	(void)state;
	static const struct epm_handle begin;
	uint8_t bytes[sizeof lookup_all];
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	assert_int_equal(epm_put_lookup(&w, 5, &begin), STATUS_OK);
	assert_int_equal(w.at, 64);
	assert_memory_equal(bytes, lookup_all, sizeof lookup_all);
}

static void an_answer_names_the_port(void **state)
{
	(void)state;
	struct epm_answer a;
	assert_int_equal(epm_get_map(stub_of(map_mta_found, sizeof map_mta_found), &a), STATUS_OK);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.n, 1);
	assert_true(a.entries[0].has_tower);
	assert_true(uuid_equal(&a.entries[0].tower.interface_syntax.uuid, &mta.uuid));
	assert_true(a.entries[0].tower.is_tcp);
	assert_int_equal(a.entries[0].tower.port, 5001);
	assert_false(epm_has_more(&a));
}

static void a_big_endian_mapper_names_the_port(void **state)
{
	(void)state;
	struct epm_answer a;
	assert_int_equal(epm_get_map(stub_of(be_map_lsarpc, sizeof be_map_lsarpc), &a), STATUS_OK);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.entries[0].tower.interface_syntax.uuid.time_low, 0x12345778);
	assert_int_equal(a.entries[0].tower.port, 49153);
}

static void not_registered_is_an_answer_without_entries(void **state)
{
	(void)state;
	struct epm_answer a;
	assert_int_equal(epm_get_map(stub_of(map_mta_missing, sizeof map_mta_missing), &a),
			 STATUS_OK);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.status, EPM_NOT_REGISTERED);
	assert_false(epm_has_more(&a));

	assert_int_equal(epm_get_map(stub_of(be_map_missing, sizeof be_map_missing), &a),
			 STATUS_OK);
	assert_int_equal(a.n, 0);
	assert_int_equal(a.status, EPM_NOT_REGISTERED);
}

static void an_entry_has_object_annotation_and_tower(void **state)
{
	(void)state;
	struct epm_answer a;
	assert_int_equal(epm_get_lookup(stub_of(be_lookup_one, sizeof be_lookup_one), &a),
			 STATUS_OK);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.status, 0);
	assert_true(uuid_is_nil(&a.entries[0].object));
	assert_int_equal(a.entries[0].annotation_length, strlen("dnsserver"));
	assert_memory_equal(a.entries[0].annotation, "dnsserver", strlen("dnsserver"));
	assert_true(a.entries[0].has_tower);
	assert_false(a.entries[0].tower.is_tcp);
	assert_int_equal(a.entries[0].tower.interface_syntax.major, 5);
	assert_true(epm_has_more(&a));
}

/* The handle came in big-endian and goes back in little-endian: the same integers, other bytes. */
static void the_handle_goes_back_in_our_byte_order(void **state)
{
	(void)state;
	static const uint8_t want[20] = { 0,    0,    0,    0,    0x5d, 0xb4, 0x5a,
					  0x7d, 0x7c, 0xc1, 0x40, 0x44, 0xa2, 0x86,
					  0x0c, 0x1c, 0x88, 0x9a, 0xca, 0xa5 };
	uint8_t bytes[64];
	struct epm_answer a;
	assert_int_equal(epm_get_lookup(stub_of(be_lookup_one, sizeof be_lookup_one), &a),
			 STATUS_OK);
	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	assert_int_equal(epm_put_lookup(&w, 5, &a.handle), STATUS_OK);
	assert_memory_equal(bytes + 40, want, sizeof want);
}

/* An answer to ept_lookup of our own making. */
struct making {
	bool big_endian;
	uint32_t n;
	uint32_t room;
	uint32_t offset;
	uint32_t actual;
	uint32_t status;
	uint16_t attributes; /* of the handle */
};

static size_t make_lookup(uint8_t *bytes, size_t room, const struct making *m)
{
	static const char annotation[] = "MS Exchange MTA 'Mta' Interface";
	struct wire_writer w = wire_write_to(bytes, room);
	w.big_endian = m->big_endian;
	wire_put_u32(&w, m->attributes);
	wire_put_zeros(&w, 16);
	wire_put_u32(&w, m->n);
	wire_put_u32(&w, m->room);
	wire_put_u32(&w, m->offset);
	wire_put_u32(&w, m->actual);
	for (uint32_t i = 0; i < m->n; i++) {
		uint32_t length = i < sizeof annotation ? i : 0; /* of any length, NUL or none */
		wire_put_align(&w, 4);
		wire_put_uuid(&w, &mta.uuid);
		wire_put_u32(&w, i % 3 ? i : 0); /* every third entry has no tower */
		wire_put_u32(&w, 0);
		wire_put_u32(&w, length);
		wire_put_bytes(&w, annotation, length);
	}
	for (uint32_t i = 0; i < m->n; i++) {
		if (i % 3 == 0)
			continue;
		wire_put_align(&w, 4);
		wire_put_u32(&w, TOWER_SIZE);
		wire_put_u32(&w, TOWER_SIZE);
		tower_put(&w, &mta, (uint16_t)(1000 + i), 0);
	}
	wire_put_align(&w, 4);
	wire_put_u32(&w, m->status);
	assert_int_equal(w.status, STATUS_OK);
	return w.at;
}

static struct wire_reader read_making(const uint8_t *bytes, size_t size, const struct making *m)
{
	struct wire_reader r = wire_read_from(bytes, size);
	r.big_endian = m->big_endian;
	return r;
}

static void entries_that_come_with_the_last_status_count(void **state)
{
	(void)state;
	static uint8_t bytes[32 * 1024];
	static struct epm_answer a;

	for (int big = 0; big < 2; big++) {
		struct making m = { .big_endian = big,
				    .n = EPM_MAX_ENTRIES,
				    .room = EPM_MAX_ENTRIES,
				    .actual = EPM_MAX_ENTRIES,
				    .status = EPM_NOT_REGISTERED,
				    .attributes = 1 };
		size_t size = make_lookup(bytes, sizeof bytes, &m);
		assert_int_equal(epm_get_lookup(read_making(bytes, size, &m), &a), STATUS_OK);
		assert_int_equal(a.n, EPM_MAX_ENTRIES);
		assert_int_equal(a.status, EPM_NOT_REGISTERED);
		assert_false(epm_has_more(&a));
		for (unsigned i = 0; i < EPM_MAX_ENTRIES; i++) {
			assert_int_equal(a.entries[i].has_tower, i % 3 != 0);
			assert_int_equal(a.entries[i].tower.port, i % 3 ? 1000 + i : 0);
			assert_true(uuid_equal(&a.entries[i].object, &mta.uuid));
		}
		assert_int_equal(a.entries[31].annotation_length, 31); /* without its NUL */
		assert_int_equal(a.entries[4].annotation_length, 4);
		assert_memory_equal(a.entries[4].annotation, "MS E", 4);
	}
}

static void a_page_without_entries_may_not_be_the_last(void **state)
{
	(void)state;
	uint8_t bytes[64];
	struct epm_answer a;
	struct making m = { .room = 100, .attributes = 1 };
	size_t size = make_lookup(bytes, sizeof bytes, &m);
	assert_int_equal(epm_get_lookup(read_making(bytes, size, &m), &a), STATUS_OK);
	assert_true(epm_has_more(&a));

	m.attributes = 0;
	size = make_lookup(bytes, sizeof bytes, &m);
	assert_int_equal(epm_get_lookup(read_making(bytes, size, &m), &a), STATUS_OK);
	assert_false(epm_has_more(&a));
}

static void counts_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	static uint8_t bytes[32 * 1024];
	static struct epm_answer a;
	static const struct {
		const char *what;
		struct making m;
		enum status want;
	} cases[] = {
		{ "good", { .n = 2, .room = 9, .actual = 2 }, STATUS_OK },
		{ "fewer than said", { .n = 2, .room = 9, .actual = 1 }, STATUS_MALFORMED },
		{ "more than said", { .n = 2, .room = 9, .actual = 3 }, STATUS_MALFORMED },
		{ "no room", { .n = 2, .room = 1, .actual = 2 }, STATUS_MALFORMED },
		{ "offset", { .n = 2, .room = 9, .offset = 1, .actual = 2 }, STATUS_MALFORMED },
		{ "too many", { .n = 101, .room = 101, .actual = 101 }, STATUS_LIMIT },
	};
	for_each_row(i, cases) {
		size_t size = make_lookup(bytes, sizeof bytes, &cases[i].m);
		enum status got = epm_get_lookup(read_making(bytes, size, &cases[i].m), &a);
		if (got != cases[i].want)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(got, cases[i].want);
	}
}

static void a_count_beyond_the_message_is_refused(void **state)
{
	(void)state;
	uint8_t bytes[sizeof map_mta_missing - 24];
	struct epm_answer a;
	memcpy(bytes, map_mta_missing + 24, sizeof bytes);
	bytes[20] = bytes[24] = bytes[32] = 50; /* fifty entries, and room, in four bytes */
	assert_int_equal(epm_get_map(wire_read_from(bytes, sizeof bytes), &a), STATUS_TRUNCATED);
	assert_int_equal(epm_get_lookup(wire_read_from(bytes, sizeof bytes), &a), STATUS_TRUNCATED);
	memset(bytes + 20, 0xff, 8);
	memset(bytes + 32, 0xff, 4); /* 4294967295 of them */
	assert_int_equal(epm_get_map(wire_read_from(bytes, sizeof bytes), &a), STATUS_LIMIT);
}

static void a_tower_that_contradicts_itself_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		size_t at; /* in the stub */
		uint8_t value;
		enum status want;
	} cases[] = {
		{ "array of another size", 40, TOWER_SIZE + 1, STATUS_MALFORMED },
		{ "tower length of another size", 44, TOWER_SIZE - 1, STATUS_MALFORMED },
		{ "one floor more", 48, 6, STATUS_MALFORMED },
		{ "array offset", 28, 1, STATUS_MALFORMED },
	};
	for_each_row(i, cases) {
		uint8_t bytes[sizeof map_mta_found - 24];
		struct epm_answer a;
		memcpy(bytes, map_mta_found + 24, sizeof bytes);
		bytes[cases[i].at] = cases[i].value;
		enum status got = epm_get_map(wire_read_from(bytes, sizeof bytes), &a);
		if (got != cases[i].want)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(got, cases[i].want);
	}
}

/* Each in a block of its own, so that the sanitizer sees a read past its end. */
static void refuse_prefixes(const uint8_t *pdu, size_t size,
			    enum status (*get)(struct wire_reader, struct epm_answer *))
{
	for (size_t n = 0; n < size - 24; n++) {
		struct epm_answer a = { .n = 77 };
		uint8_t *bytes = malloc(n + 1);
		assert_non_null(bytes);
		memcpy(bytes, pdu + 24, n);
		struct wire_reader r = wire_read_from(bytes, n);
		r.big_endian = pdu[4] == 0;
		assert_int_equal(get(r, &a), STATUS_TRUNCATED);
		assert_int_equal(a.n, 77);
		free(bytes);
	}
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	refuse_prefixes(map_mta_found, sizeof map_mta_found, epm_get_map);
	refuse_prefixes(map_mta_missing, sizeof map_mta_missing, epm_get_map);
	refuse_prefixes(be_map_lsarpc, sizeof be_map_lsarpc, epm_get_map);
	refuse_prefixes(be_lookup_one, sizeof be_lookup_one, epm_get_lookup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_to_map_the_mta_is_the_captured_one),
		cmocka_unit_test(the_request_to_look_up_everything_is_the_captured_one),
		cmocka_unit_test(an_answer_names_the_port),
		cmocka_unit_test(a_big_endian_mapper_names_the_port),
		cmocka_unit_test(not_registered_is_an_answer_without_entries),
		cmocka_unit_test(an_entry_has_object_annotation_and_tower),
		cmocka_unit_test(the_handle_goes_back_in_our_byte_order),
		cmocka_unit_test(entries_that_come_with_the_last_status_count),
		cmocka_unit_test(a_page_without_entries_may_not_be_the_last),
		cmocka_unit_test(counts_that_contradict_each_other_are_refused),
		cmocka_unit_test(a_count_beyond_the_message_is_refused),
		cmocka_unit_test(a_tower_that_contradicts_itself_is_refused),
		cmocka_unit_test(every_prefix_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
