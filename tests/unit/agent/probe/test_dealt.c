#include "agent/probe/dealt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/ipv4.h"
#include "tests/unit/rows.h"

static struct arena arena;
static struct peers dealt;
static struct peers taken;
static struct peer_networks allowed;
static const char *own[] = { "131.107.7.5/24", "169.254.1.2/16" };
static struct report_adapter adapter = { .addresses = own, .n_addresses = 2 };
static struct report report = { .adapters = &adapter, .n_adapters = 1 };

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	memset(&dealt, 0, sizeof dealt);
	memset(&allowed, 0, sizeof allowed);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

static uint32_t address(const char *text)
{
	uint32_t number = 0;

	assert_true(ipv4_parse(text, &number));
	return number;
}

/* A peer with `n` addresses that follow each other. */
static void deal(const char *name, const char *first, uint32_t n)
{
	struct peer peer = { .name = name };

	for (uint32_t i = 0; i < n; i++)
		assert_true(peers_add_address(&peer, address(first) + i));
	peers_add(&dealt, &peer);
}

static const char *take(void)
{
	return dealt_take(&taken, &dealt, &report, &allowed, &arena);
}

static void private_addresses_and_those_of_own_subnets_are_probed(void **state)
{
	static const char *const good[] = { "10.0.0.6",       "10.255.255.254", "172.16.0.1",
					    "172.31.255.254", "192.168.0.1",    "192.168.255.254",
					    "131.107.7.254",  "169.254.200.1" };
	(void)state;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		deal(good[i], good[i], 1);
	assert_null(take());
	assert_int_equal(taken.n, sizeof good / sizeof *good);
}

static void all_others_are_refused_and_named(void **state)
{
	static const char *const bad[] = { "9.255.255.255", "11.0.0.1",    "172.15.255.255",
					   "172.32.0.1",    "192.167.0.1", "192.169.0.1",
					   "131.107.8.1",   "169.255.0.1", "8.8.8.8",
					   "127.0.0.1",     "224.0.0.1",   "0.0.0.1" };
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		deal(bad[i], bad[i], 1);
	const char *refused = take();
	assert_int_equal(taken.n, 0);
	assert_non_null(refused);
	for_each_row(i, bad)
		assert_non_null(strstr(refused, bad[i]));
}

static void link_local_addresses_are_probed_only_from_such_an_adapter(void **state)
{
	(void)state;
	adapter.n_addresses = 1;
	deal("EXCH2", "169.254.200.1", 1);
	assert_non_null(take());
	assert_int_equal(taken.n, 0);
	adapter.n_addresses = 2;
}

static void a_subnet_that_no_adapter_can_be_in_allows_nothing(void **state)
{
	(void)state;
	own[0] = "131.107.7.5/0";
	deal("EXCH2", "8.8.8.8", 1);
	assert_non_null(take());
	own[0] = "131.107.7.5/24";
	assert_int_equal(taken.n, 0);
}

static void the_administrator_may_allow_more_but_never_loopback(void **state)
{
	(void)state;
	allowed.n = 2;
	assert_true(ipv4_prefix_parse("131.107.8.0/24", &allowed.list[0]));
	assert_true(ipv4_prefix_parse("127.0.0.0/7", &allowed.list[1]));
	deal("EXCH2", "131.107.8.1", 1);
	deal("EXCH3", "131.107.9.1", 1);
	deal("EXCH4", "127.0.0.1", 1);
	const char *refused = take();
	assert_int_equal(taken.n, 1);
	assert_string_equal(taken.list[0].name, "EXCH2");
	assert_non_null(strstr(refused, ": EXCH3 131.107.9.1, EXCH4 127.0.0.1"));
}

static void a_peer_keeps_the_addresses_that_are_allowed(void **state)
{
	(void)state;
	deal("EXCH2", "9.255.255.254", 5);
	assert_non_null(strstr(take(), ": EXCH2 9.255.255.254, EXCH2 9.255.255.255"));
	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.list[0].n_addresses, 3);
	assert_int_equal(taken.list[0].addresses[0], 0x0a000000);
}

static void sixteen_peers_of_four_addresses_are_taken_and_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PEERS_MAX_CONFIGURED; i++) {
		char *text = arena_printf(&arena, "10.0.%u.1", i);
		deal(text, text, PEERS_MAX_ADDRESSES);
	}
	const char *refused = take();
	assert_int_equal(taken.n, 16);
	for (size_t i = 0; i < taken.n; i++)
		assert_int_equal(taken.list[i].n_addresses, 4);
	assert_string_equal(refused,
			    "the collector deals more than 16 peers with 4 addresses each: "
			    "4032 address(es) are not probed");
}

static void refused_peers_take_nobodys_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		char *text = arena_printf(&arena, "8.0.%u.1", i);
		deal(text, text, 1);
	}
	deal("EXCH2", "10.0.0.6", 1);
	assert_non_null(strstr(take(), " and more"));
	assert_int_equal(taken.n, 1);
	assert_string_equal(taken.list[0].name, "EXCH2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			private_addresses_and_those_of_own_subnets_are_probed, begin, end),
		cmocka_unit_test_setup_teardown(all_others_are_refused_and_named, begin, end),
		cmocka_unit_test_setup_teardown(
			link_local_addresses_are_probed_only_from_such_an_adapter, begin, end),
		cmocka_unit_test_setup_teardown(a_subnet_that_no_adapter_can_be_in_allows_nothing,
						begin, end),
		cmocka_unit_test_setup_teardown(the_administrator_may_allow_more_but_never_loopback,
						begin, end),
		cmocka_unit_test_setup_teardown(a_peer_keeps_the_addresses_that_are_allowed, begin,
						end),
		cmocka_unit_test_setup_teardown(
			sixteen_peers_of_four_addresses_are_taken_and_no_more, begin, end),
		cmocka_unit_test_setup_teardown(refused_peers_take_nobodys_place, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
