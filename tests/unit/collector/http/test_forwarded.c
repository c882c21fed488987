/* Whom a trusted proxy says it serves (collector/http/forwarded.h), and networks (net/network.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "collector/http/forwarded.h"
#include "tests/unit/rows.h"

#define MAX_LINES 4

static struct net_address address_of(const char *text)
{
	struct net_address address;
	char with_port[NET_ADDRESS_TEXT_SIZE];

	snprintf(with_port, sizeof with_port, strchr(text, ':') ? "[%s]:1" : "%s:1", text);
	assert_int_equal(net_address_parse(with_port, &address), STATUS_OK);
	return address;
}

static struct networks networks_of(const char *const *texts)
{
	struct networks networks = { 0 };

	for (; *texts; texts++)
		assert_int_equal(networks_add(&networks, *texts), STATUS_OK);
	return networks;
}

static void networks_are_addresses_with_a_prefix(void **state)
{
	static const char *const good[] = { "10.0.0.5", "192.168.0.0/24", "fd00::/8", NULL };
	static const char *const bad[] = {
		"",   "10.0.0",    "10.0.0.5/33", "10.0.0.5/24", "fd00::/129", "fd00::1/8",
		"/8", "10.0.0.0/", "10.0.0.0/a",  "10.0.0.0/-1", "localhost",  "10.0.0.0/0008"
	};
	struct networks networks = networks_of(good);
	(void)state;

	for_each_row(i, bad)
		assert_int_equal(networks_add(&networks, bad[i]), STATUS_MALFORMED);
	while (networks.n < NETWORKS_MAX)
		assert_int_equal(networks_add(&networks, "10.1.0.0/16"), STATUS_OK);
	assert_int_equal(networks_add(&networks, "10.1.0.0/16"), STATUS_LIMIT);
}

static void an_address_is_in_a_network_or_not(void **state)
{
	static const char *const texts[] = { "10.0.0.5", "192.168.0.0/23", "fd00::/8", NULL };
	static const struct {
		const char *address;
		bool is_in;
	} rows[] = {
		{ "10.0.0.5", true },        { "10.0.0.4", false },
		{ "192.168.1.255", true },   { "192.168.2.0", false },
		{ "fd12::1", true },         { "fe80::1", false },
		{ "::ffff:10.0.0.5", true }, { "::ffff:10.0.0.6", false },
		{ "::10.0.0.5", false },
	};
	struct networks networks = networks_of(texts);
	struct sockaddr_storage unknown = { .ss_family = AF_UNIX };
	(void)state;

	for_each_row(i, rows) {
		struct net_address address = address_of(rows[i].address);
		assert_int_equal(networks_contain(&networks, &address.address), rows[i].is_in);
	}
	assert_false(networks_contain(&networks, &unknown));
}

/* The client that is found behind `peer`, where the lines are said. */
static const char *find(const char *peer, const char *const lines[MAX_LINES])
{
	static const char *const trusted_texts[] = { "127.0.0.1", "10.0.0.0/24", "fd00::/8", NULL };
	static char text[NET_ADDRESS_TEXT_SIZE];
	struct networks trusted = networks_of(trusted_texts);
	struct http_field fields[MAX_LINES];
	struct http_request request = { .fields = fields };
	struct net_address client = address_of(peer);

	for (size_t i = 0; i < MAX_LINES && lines[i]; i++)
		fields[request.n_fields++] = (struct http_field){ "X-forwarded-FOR", lines[i] };
	forwarded_find_client(&trusted, &request, &client);
	return net_address_format_host(&client, text);
}

static void the_last_address_that_is_no_trusted_proxy_is_the_client(void **state)
{
	static const struct {
		const char *peer;
		const char *lines[MAX_LINES];
		const char *client;
	} rows[] = {
		{ "127.0.0.1", { "192.0.2.7" }, "192.0.2.7" },
		{ "127.0.0.1", { NULL }, "127.0.0.1" },
		{ "127.0.0.1", { "" }, "127.0.0.1" },
		{ "127.0.0.1", { "unknown" }, "127.0.0.1" },
		/* Whoever is not trusted may say what he likes. */
		{ "192.0.2.1", { "192.0.2.7" }, "192.0.2.1" },
		{ "127.0.0.1", { "198.51.100.1, 192.0.2.7" }, "192.0.2.7" },
		{ "127.0.0.1", { "198.51.100.1", "192.0.2.7" }, "192.0.2.7" },
		{ "127.0.0.1", { "192.0.2.7,127.0.0.1 ,\t10.0.0.9" }, "192.0.2.7" },
		{ "127.0.0.1", { "192.0.2.7", "10.0.0.9" }, "192.0.2.7" },
		/* All are proxies: the first is as near as it gets. */
		{ "127.0.0.1", { "10.0.0.8, 10.0.0.9" }, "10.0.0.8" },
		{ "127.0.0.1", { "nonsense, 10.0.0.9" }, "10.0.0.9" },
		{ "127.0.0.1", { "192.0.2.7:50123" }, "192.0.2.7" },
		{ "127.0.0.1", { "2001:db8::7" }, "2001:db8::7" },
		{ "fd00::1", { "[2001:db8::7]:443" }, "2001:db8::7" },
		{ "127.0.0.1", { "[2001:db8::7" }, "127.0.0.1" },
		{ "127.0.0.1",
		  { "1111111111111111111111111111111111111111111111111111111111111111111111" },
		  "127.0.0.1" },
	};
	(void)state;

	for_each_row(i, rows)
		assert_string_equal(find(rows[i].peer, rows[i].lines), rows[i].client);
}

static void only_a_trusted_proxy_says_that_it_was_https(void **state)
{
	static const char *const trusted_texts[] = { "10.0.0.9", NULL };
	static const struct {
		const char *peer;
		const char *value;
		bool is_https;
	} rows[] = {
		{ "10.0.0.9", "https", true },       { "10.0.0.9", "HTTPS", true },
		{ "10.0.0.9", "http", false },       { "10.0.0.9", "https, http", false },
		{ "10.0.0.9", "http, https", true }, { "10.0.0.9", "", false },
		{ "10.0.0.8", "https", false },      { "10.0.0.9", "https2", false },
	};
	struct networks trusted = networks_of(trusted_texts);
	(void)state;

	for_each_row(i, rows) {
		struct http_field field = { "X-Forwarded-Proto", rows[i].value };
		struct http_request request = { .fields = &field, .n_fields = 1 };
		struct net_address peer = address_of(rows[i].peer);
		assert_int_equal(forwarded_is_https(&trusted, &request, &peer), rows[i].is_https);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_addresses_with_a_prefix),
		cmocka_unit_test(an_address_is_in_a_network_or_not),
		cmocka_unit_test(the_last_address_that_is_no_trusted_proxy_is_the_client),
		cmocka_unit_test(only_a_trusted_proxy_says_that_it_was_https),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
