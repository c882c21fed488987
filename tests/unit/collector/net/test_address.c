/* Addresses to listen on, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include "collector/net/address.h"
#include "tests/unit/rows.h"

static void addresses_are_parsed_and_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *formatted; /* NULL: refused */
		bool loopback;
	} cases[] = {
		{ "127.0.0.1:8285", "127.0.0.1:8285", true },
		{ "127.9.9.9:0", "127.9.9.9:0", true },
		{ "localhost:65535", "127.0.0.1:65535", true },
		{ "[::1]:80", "[::1]:80", true },
		{ "0.0.0.0:80", "0.0.0.0:80", false },
		{ "[::]:80", "[::]:80", false },
		{ "10.0.0.1:80", "10.0.0.1:80", false },
		{ "128.0.0.1:80", "128.0.0.1:80", false },
		{ "127.0.0.1:65536", NULL, false },
		{ "127.0.0.1:", NULL, false },
		{ "127.0.0.1", NULL, false },
		{ "127.0.0.1:8x", NULL, false },
		{ "::1:80", NULL, false },
		{ "example.com:80", NULL, false },
		{ ":80", NULL, false },
		{ "", NULL, false },
	};
	for_each_row(i, cases) {
		struct net_address address;
		char text[NET_ADDRESS_TEXT_SIZE];
		enum status status = net_address_parse(cases[i].text, &address);
		assert_int_equal(status, cases[i].formatted ? STATUS_OK : STATUS_MALFORMED);
		if (status != STATUS_OK)
			continue;
		assert_string_equal(net_address_format(&address, text), cases[i].formatted);
		assert_int_equal(net_address_is_loopback(&address), cases[i].loopback);
	}
}

static void the_number_of_an_ipv4_address_is_known_also_within_ipv6(void **state)
{
	static const struct {
		const char *text;
		uint32_t number;
	} cases[] = {
		{ "10.0.0.1:80", 0x0a000001 },
		{ "[::ffff:10.0.0.1]:80", 0x0a000001 },
		{ "[::a00:1]:80", 0 },
		{ "[::]:80", 0 },
	};
	(void)state;

	for_each_row(i, cases) {
		struct net_address address;
		assert_int_equal(net_address_parse(cases[i].text, &address), STATUS_OK);
		assert_int_equal(net_address_ipv4(&address), cases[i].number);
	}
	assert_int_equal(net_address_ipv4(&(struct net_address){ 0 }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_of_an_ipv4_address_is_known_also_within_ipv6),
		cmocka_unit_test(addresses_are_parsed_and_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
