/* Cursors, and the UUIDs that go through them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/base/uuid.h"
#include "proto/base/wire.h"
#include "tests/unit/rows.h"

static const uint8_t eight[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 };

static void integers_are_read_in_the_byte_order_of_the_sender(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(eight, sizeof eight);
	assert_int_equal(wire_get_u16(&r), 0x0201);
	assert_int_equal(wire_get_u32(&r), 0x06050403);

	r = wire_read_from(eight, sizeof eight);
	r.big_endian = true;
	assert_int_equal(wire_get_u8(&r), 0x01);
	assert_int_equal(wire_get_u16(&r), 0x0203);
	assert_int_equal(wire_get_u32(&r), 0x04050607);
	assert_int_equal(wire_left(&r), 1);
	assert_int_equal(r.status, STATUS_OK);
}

static void the_first_failure_of_a_reader_stays(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(eight, 3);
	assert_int_equal(wire_get_u32(&r), 0);
	assert_int_equal(r.status, STATUS_TRUNCATED);
	assert_int_equal(r.at, 0);
	assert_int_equal(wire_get_u8(&r), 0); /* though one byte would be there */
	assert_null(wire_get_bytes(&r, 0));
	assert_int_equal(wire_left(&r), 0);
	wire_get_fail(&r, STATUS_MALFORMED);
	assert_int_equal(r.status, STATUS_TRUNCATED);
}

static void a_length_near_the_largest_number_does_not_wrap(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(eight, sizeof eight);
	wire_skip(&r, 4);
	assert_null(wire_get_bytes(&r, SIZE_MAX));
	assert_int_equal(r.status, STATUS_TRUNCATED);

	r = wire_read_from(eight, sizeof eight);
	wire_skip(&r, 4);
	assert_null(wire_get_bytes(&r, SIZE_MAX - 3));
	assert_int_equal(r.status, STATUS_TRUNCATED);
}

static void nothing_can_be_read_from_nothing(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(NULL, 0);
	assert_non_null(wire_get_bytes(&r, 0));
	struct wire_reader part = wire_get_part(&r, 0);
	assert_int_equal(part.status, STATUS_OK);
	assert_int_equal(wire_get_u8(&part), 0);
	assert_int_equal(part.status, STATUS_TRUNCATED);
	assert_int_equal(r.status, STATUS_OK);
}

static void a_part_ends_where_its_length_says_and_its_parent_goes_on_behind_it(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(eight, sizeof eight);
	r.big_endian = true;
	wire_skip(&r, 1);
	struct wire_reader part = wire_get_part(&r, 3);
	assert_int_equal(wire_get_u16(&part), 0x0203);
	assert_int_equal(wire_get_u16(&part), 0);
	assert_int_equal(part.status, STATUS_TRUNCATED);
	assert_int_equal(r.status, STATUS_OK);
	assert_int_equal(wire_get_u8(&r), 0x05);

	part = wire_get_part(&r, 4); /* three are left */
	assert_int_equal(part.status, STATUS_TRUNCATED);
	assert_int_equal(part.size, 0);
	assert_int_equal(r.status, STATUS_TRUNCATED);
}

static void alignment_counts_from_the_outermost_start(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(eight, sizeof eight);
	wire_skip(&r, 1);
	struct wire_reader part = wire_get_part(&r, 5);
	wire_get_align(&part, 4);
	assert_int_equal(wire_get_u8(&part), 0x05);
	wire_get_align(&part, 2);
	assert_int_equal(part.at, 5);
	wire_get_align(&part, 8); /* would need two bytes more than it has */
	assert_int_equal(part.status, STATUS_TRUNCATED);

	wire_get_align(&r, 2);
	assert_int_equal(r.at, 6);
}

static void a_writer_puts_both_byte_orders(void **state)
{
	(void)state;
	static const uint8_t want[] = { 0xaa, 0,    0x34, 0x12, 0x78, 0x56, 0x34, 0x12,
					0x12, 0x34, 0x12, 0x34, 0x56, 0x78, 0,    0 };
	uint8_t bytes[sizeof want];
	memset(bytes, 0xcc, sizeof bytes);

	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	wire_put_u8(&w, 0xaa);
	wire_put_align(&w, 2);
	wire_put_u16(&w, 0x1234);
	wire_put_u32(&w, 0x12345678);
	w.big_endian = true;
	wire_put_u16(&w, 0x1234);
	wire_put_u32(&w, 0x12345678);
	wire_put_align(&w, 8);
	wire_put_align(&w, 8);
	assert_int_equal(w.status, STATUS_OK);
	assert_int_equal(w.at, sizeof want);
	assert_memory_equal(bytes, want, sizeof want);
}

static void a_full_writer_writes_nothing_more(void **state)
{
	(void)state;
	uint8_t bytes[4] = { 1, 2, 3, 4 };

	struct wire_writer w = wire_write_to(bytes, 3);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, 0xffff);
	wire_put_u8(&w, 0xff); /* though there would be room for one */
	wire_put_bytes(&w, eight, 1);
	wire_put_zeros(&w, 1);
	assert_int_equal(w.status, STATUS_FULL);
	assert_int_equal(w.at, 2);
	assert_int_equal(bytes[2], 3);
	assert_int_equal(bytes[3], 4);
	wire_put_fail(&w, STATUS_INVALID);
	assert_int_equal(w.status, STATUS_FULL);
}

static void only_what_was_put_can_be_patched(void **state)
{
	(void)state;
	uint8_t bytes[8];
	static const uint8_t want[] = { 0x02, 0x01, 0x06, 0x05, 0x04, 0x03 };

	struct wire_writer w = wire_write_to(bytes, sizeof bytes);
	wire_put_zeros(&w, 6);
	wire_patch_u16(&w, 0, 0x0102);
	wire_patch_u32(&w, 2, 0x03040506);
	assert_int_equal(w.status, STATUS_OK);
	assert_memory_equal(bytes, want, sizeof want);

	wire_patch_u16(&w, 5, 1);
	assert_int_equal(w.status, STATUS_INVALID);
	w.status = STATUS_OK;
	wire_patch_u32(&w, SIZE_MAX, 1);
	assert_int_equal(w.status, STATUS_INVALID);
	assert_memory_equal(bytes, want, sizeof want);
}

#define MTA_TEXT "9e8ee830-4459-11ce-979b-00aa005ffebe"

static const uint8_t mta_little[] = { 0x30, 0xe8, 0x8e, 0x9e, 0x59, 0x44, 0xce, 0x11,
				      0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe };
static const uint8_t mta_big[] = { 0x9e, 0x8e, 0xe8, 0x30, 0x44, 0x59, 0x11, 0xce,
				   0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe };

static void a_uuid_is_the_same_in_text_and_in_both_byte_orders(void **state)
{
	(void)state;
	struct uuid parsed;
	struct uuid upper;
	char text[UUID_TEXT_SIZE];
	uint8_t bytes[16];

	assert_int_equal(uuid_parse(MTA_TEXT, &parsed), STATUS_OK);
	assert_int_equal(uuid_parse("9E8EE830-4459-11CE-979B-00AA005FFEBE", &upper), STATUS_OK);
	assert_true(uuid_equal(&parsed, &upper));
	assert_string_equal(uuid_format(&parsed, text), MTA_TEXT);

	for (int big = 0; big < 2; big++) {
		const uint8_t *want = big ? mta_big : mta_little;
		struct wire_reader r = wire_read_from(want, 16);
		r.big_endian = big;
		struct uuid got = wire_get_uuid(&r);
		assert_int_equal(r.status, STATUS_OK);
		assert_true(uuid_equal(&got, &parsed));

		struct wire_writer w = wire_write_to(bytes, sizeof bytes);
		w.big_endian = big;
		wire_put_uuid(&w, &parsed);
		assert_int_equal(w.status, STATUS_OK);
		assert_memory_equal(bytes, want, 16);
	}
}

static void uuids_that_differ_anywhere_are_not_equal(void **state)
{
	(void)state;
	struct wire_reader r = wire_read_from(mta_little, 16);
	struct uuid mta = wire_get_uuid(&r);

	for (size_t i = 0; i < 16; i++) {
		uint8_t bytes[16];
		memcpy(bytes, mta_little, 16);
		bytes[i] ^= 1;
		r = wire_read_from(bytes, 16);
		struct uuid other = wire_get_uuid(&r);
		assert_false(uuid_equal(&mta, &other));
	}
	struct uuid nil = { 0 };
	assert_true(uuid_is_nil(&nil));
	assert_false(uuid_is_nil(&mta));
}

static void what_is_no_uuid_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		"9e8ee830-4459-11ce-979b-00aa005ffeb",
		"9e8ee830-4459-11ce-979b-00aa005ffebe0",
		"9e8ee830 4459-11ce-979b-00aa005ffebe",
		"9e8ee8304459-11ce-979b-00aa005ffebe",
		"9e8ee830-4459-11ce-979b-00aa005ffebg",
		"{9e8ee830-4459-11ce-979b-00aa005ffebe}",
		"9e8ee830-4459-11ce-979b00aa005ffebe",
		"-e8ee830-4459-11ce-979b-00aa005ffebe",
	};
	for_each_row(i, cases) {
		struct uuid out = { .time_low = 7 };
		assert_int_equal(uuid_parse(cases[i], &out), STATUS_MALFORMED);
		assert_int_equal(out.time_low, 7);
	}
	for (size_t n = 0; n < strlen(MTA_TEXT); n++) {
		char text[UUID_TEXT_SIZE] = MTA_TEXT;
		struct uuid out;
		text[n] = '\0';
		assert_int_equal(uuid_parse(text, &out), STATUS_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_read_in_the_byte_order_of_the_sender),
		cmocka_unit_test(the_first_failure_of_a_reader_stays),
		cmocka_unit_test(a_length_near_the_largest_number_does_not_wrap),
		cmocka_unit_test(nothing_can_be_read_from_nothing),
		cmocka_unit_test(
			a_part_ends_where_its_length_says_and_its_parent_goes_on_behind_it),
		cmocka_unit_test(alignment_counts_from_the_outermost_start),
		cmocka_unit_test(a_writer_puts_both_byte_orders),
		cmocka_unit_test(a_full_writer_writes_nothing_more),
		cmocka_unit_test(only_what_was_put_can_be_patched),
		cmocka_unit_test(a_uuid_is_the_same_in_text_and_in_both_byte_orders),
		cmocka_unit_test(uuids_that_differ_anywhere_are_not_equal),
		cmocka_unit_test(what_is_no_uuid_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
