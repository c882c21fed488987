/* Protocol towers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/rpc/tower.h"
#include "tests/unit/proto/rpc/captures.h"
#include "tests/unit/rows.h"

/* The tower in the captured answer: the MTA v2.0 at 127.0.0.1:5001. */
static const uint8_t *const tcp_tower = map_mta_found + 72;

static const struct pdu_syntax mta = {
	.uuid = { 0x9e8ee830, 0x4459, 0x11ce, { 0x97, 0x9b, 0x00, 0xaa, 0x00, 0x5f, 0xfe, 0xbe } },
	.major = 2,
};

static void a_tcp_tower_names_interface_port_and_address(void **state)
{
	(void)state;
	struct tower t;
	assert_int_equal(tower_decode(tcp_tower, TOWER_SIZE, &t), STATUS_OK);
	assert_true(t.is_tcp);
	assert_true(uuid_equal(&t.interface_syntax.uuid, &mta.uuid));
	assert_int_equal(t.interface_syntax.major, 2);
	assert_int_equal(t.interface_syntax.minor, 0);
	assert_int_equal(t.port, 5001);
	assert_int_equal(t.address, 0x7f000001);
}

/* A tower is the same in a message of either byte order. */
static void what_is_written_is_what_was_captured(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		uint8_t bytes[TOWER_SIZE];
		struct wire_writer w = wire_write_to(bytes, sizeof bytes);
		w.big_endian = big;
		tower_put(&w, &mta, 5001, 0x7f000001);
		assert_int_equal(w.status, STATUS_OK);
		assert_int_equal(w.at, TOWER_SIZE);
		assert_int_equal(w.big_endian, big);
		assert_memory_equal(bytes, tcp_tower, TOWER_SIZE);

		w = wire_write_to(bytes, sizeof bytes - 1);
		tower_put(&w, &mta, 5001, 0x7f000001);
		assert_int_equal(w.status, STATUS_FULL);
	}
}

static void a_tower_of_a_big_endian_server_is_read_alike(void **state)
{
	(void)state;
	struct tower t;
	assert_int_equal(tower_decode(be_map_lsarpc + 72, TOWER_SIZE, &t), STATUS_OK);
	assert_true(t.is_tcp);
	assert_int_equal(t.interface_syntax.uuid.time_low, 0x12345778);
	assert_int_equal(t.port, 49153);
	assert_int_equal(t.address, 0);
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < TOWER_SIZE; n++) {
		struct tower t = { .port = 7 };
		uint8_t *bytes = malloc(n + 1);
		assert_non_null(bytes);
		memcpy(bytes, tcp_tower, n);
		assert_int_equal(tower_decode(bytes, n, &t), STATUS_TRUNCATED);
		assert_int_equal(t.port, 7);
		free(bytes);
	}
}

static void what_contradicts_itself_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		enum status want;
	} cases[] = {
		{ "no floors", 0, 0, STATUS_MALFORMED },
		{ "one floor fewer", 0, 4, STATUS_MALFORMED },
		{ "one floor more", 0, 6, STATUS_TRUNCATED },
		{ "floor past the end", 2, 0xff, STATUS_TRUNCATED },
		{ "counts in network order", 1, 5, STATUS_TRUNCATED },
		{ "left side of the interface too long", 2, 0x14, STATUS_MALFORMED },
		{ "port of one byte", 62, 1, STATUS_MALFORMED },
		{ "address of three bytes", 69, 3, STATUS_MALFORMED },
		{ "address of five bytes", 69, 5, STATUS_TRUNCATED },
	};
	for_each_row(i, cases) {
		uint8_t bytes[TOWER_SIZE];
		struct tower t;
		memcpy(bytes, tcp_tower, sizeof bytes);
		bytes[cases[i].at] = cases[i].value;
		enum status got = tower_decode(bytes, sizeof bytes, &t);
		if (got != cases[i].want)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(got, cases[i].want);
	}
}

/* One floor of that shape, the others as in a TCP tower. */
struct odd_floor {
	const char *what;
	size_t floor;
	uint8_t left[4];
	uint8_t right[4];
	size_t left_size;
	size_t right_size;
	enum status want;
};

static size_t make_tower(uint8_t *bytes, size_t room, const struct odd_floor *odd)
{
	static const struct {
		size_t left_at, left_size, right_at, right_size;
	} floors[] = { { 4, 19, 25, 2 },
		       { 29, 19, 50, 2 },
		       { 54, 1, 57, 2 },
		       { 61, 1, 64, 2 },
		       { 68, 1, 71, 4 } };
	struct wire_writer w = wire_write_to(bytes, room);

	wire_put_u16(&w, 5);
	for (size_t i = 0; i < 5; i++) {
		bool is_odd = odd && odd->floor == i;
		size_t n = is_odd ? odd->left_size : floors[i].left_size;
		wire_put_u16(&w, (uint16_t)n);
		wire_put_bytes(&w, is_odd ? odd->left : tcp_tower + floors[i].left_at, n);
		n = is_odd ? odd->right_size : floors[i].right_size;
		wire_put_u16(&w, (uint16_t)n);
		wire_put_bytes(&w, is_odd ? odd->right : tcp_tower + floors[i].right_at, n);
	}
	assert_int_equal(w.status, STATUS_OK);
	return w.at;
}

static void a_side_must_fit_its_protocol(void **state)
{
	(void)state;
	static const struct odd_floor cases[] = {
		{ "empty interface", 0, { 0x0d }, { 0 }, 1, 2, STATUS_MALFORMED },
		{ "empty port", 3, { 0x07 }, { 0 }, 1, 0, STATUS_MALFORMED },
		{ "port of four bytes", 3, { 0x07 }, { 0 }, 1, 4, STATUS_MALFORMED },
		{ "TCP with more on the left", 3, { 0x07, 1 }, { 0 }, 2, 2, STATUS_MALFORMED },
		{ "address of two bytes", 4, { 0x09 }, { 0 }, 1, 2, STATUS_MALFORMED },
	};
	uint8_t bytes[128];
	struct tower t;

	assert_int_equal(make_tower(bytes, sizeof bytes, NULL), TOWER_SIZE);
	assert_memory_equal(bytes, tcp_tower, TOWER_SIZE);
	for_each_row(i, cases) {
		size_t n = make_tower(bytes, sizeof bytes, &cases[i]);
		enum status got = tower_decode(bytes, n, &t);
		if (got != cases[i].want)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(got, cases[i].want);
	}
}

static void towers_of_other_protocols_are_no_error(void **state)
{
	(void)state;
	static const struct odd_floor cases[] = {
		{ "ncacn_http of Exchange 5.5", 3, { 0x1f }, { 0x13, 0x88 }, 1, 2, STATUS_OK },
		{ "named pipe", 3, { 0x0f }, { '\\', 'a', 0 }, 1, 3, STATUS_OK },
		{ "NetBIOS name", 4, { 0x11 }, { 'A', 0 }, 1, 2, STATUS_OK },
		{ "empty floor", 4, { 0 }, { 0 }, 0, 0, STATUS_OK },
		{ "UDP", 3, { 0x08 }, { 0x13, 0x88 }, 1, 2, STATUS_OK },
		{ "connectionless RPC", 2, { 0x0a }, { 0 }, 1, 2, STATUS_OK },
		{ "local RPC", 2, { 0x0c }, { 0 }, 1, 2, STATUS_OK },
		{ "transfer syntax that is no UUID", 1, { 0x0b }, { 0 }, 1, 2, STATUS_OK },
	};
	for_each_row(i, cases) {
		uint8_t bytes[128];
		struct tower t;
		size_t n = make_tower(bytes, sizeof bytes, &cases[i]);
		if (tower_decode(bytes, n, &t) != STATUS_OK || t.is_tcp)
			print_error("case: %s\n", cases[i].what);
		assert_int_equal(tower_decode(bytes, n, &t), STATUS_OK);
		assert_false(t.is_tcp);
		assert_int_equal(t.port, 0);
		assert_int_equal(t.address, 0);
		assert_true(uuid_equal(&t.interface_syntax.uuid, &mta.uuid));
	}
}

static void a_named_pipe_of_a_real_server_is_stepped_over(void **state)
{
	(void)state;
	struct tower t;
	assert_int_equal(tower_decode(be_lookup_one + 108, 0x56, &t), STATUS_OK);
	assert_false(t.is_tcp);
	assert_int_equal(t.interface_syntax.uuid.time_low, 0x50abc2a4);
	assert_int_equal(t.interface_syntax.major, 5);
}

static void more_or_fewer_floors_are_another_protocol(void **state)
{
	(void)state;
	uint8_t bytes[TOWER_SIZE + 4] = { 0 };
	struct tower t;

	memcpy(bytes, tcp_tower, TOWER_SIZE);
	bytes[0] = 4;
	assert_int_equal(tower_decode(bytes, 66, &t), STATUS_OK);
	assert_false(t.is_tcp);
	bytes[0] = 6; /* the sixth is empty on both sides */
	assert_int_equal(tower_decode(bytes, TOWER_SIZE + 4, &t), STATUS_OK);
	assert_false(t.is_tcp);
	assert_int_equal(t.port, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tcp_tower_names_interface_port_and_address),
		cmocka_unit_test(what_is_written_is_what_was_captured),
		cmocka_unit_test(a_tower_of_a_big_endian_server_is_read_alike),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(what_contradicts_itself_is_refused),
		cmocka_unit_test(a_side_must_fit_its_protocol),
		cmocka_unit_test(towers_of_other_protocols_are_no_error),
		cmocka_unit_test(a_named_pipe_of_a_real_server_is_stepped_over),
		cmocka_unit_test(more_or_fewer_floors_are_another_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
