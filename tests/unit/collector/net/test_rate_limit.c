#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "collector/net/rate_limit.h"
#include "proto/base/mem.h"

static const struct rate_limit_rule of_source = { .burst = 3, .per_minute = 60 };
static const struct rate_limit_rule of_all = { .burst = 5, .per_minute = 120 };

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage out = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(&out, &in, sizeof in);
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&out, &in6, sizeof in6);
	else
		fail_msg("no address: %s", text);
	return out;
}

/* 0: it went through; otherwise how long to wait. */
static unsigned try_once(struct rate_limit *limit, const char *source, uint64_t now_ms)
{
	struct sockaddr_storage address = address_of(source);
	unsigned wait_s = 0;

	enum status status = rate_limit_take(limit, &address, now_ms, &wait_s);
	assert_int_equal(status, wait_s > 0 ? STATUS_LIMIT : STATUS_OK);
	return wait_s;
}

static struct rate_limit *begin(void)
{
	struct rate_limit *limit = mem_alloc(sizeof *limit);
	rate_limit_init(limit, of_source, of_all);
	return limit;
}

static void a_source_has_its_burst_and_then_its_rate(void **state)
{
	(void)state;
	struct rate_limit *limit = begin();

	for (int i = 0; i < 3; i++)
		assert_int_equal(try_once(limit, "10.0.0.1", 1000), 0);
	assert_int_equal(try_once(limit, "10.0.0.1", 1000), 1);
	assert_int_equal(try_once(limit, "10.0.0.1", 1999), 1);
	assert_int_equal(try_once(limit, "10.0.0.1", 2000), 0);
	assert_int_equal(try_once(limit, "10.0.0.1", 2000), 1);
	free(limit);
}

static void what_is_refused_is_not_counted(void **state)
{
	(void)state;
	struct rate_limit *limit = begin();

	for (int i = 0; i < 3; i++)
		try_once(limit, "10.0.0.1", 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(try_once(limit, "10.0.0.1", 0), 1);
	assert_int_equal(try_once(limit, "10.0.0.1", 1000), 0);
	free(limit);
}

static void another_source_goes_on_until_all_together_are_too_many(void **state)
{
	(void)state;
	struct rate_limit *limit = begin();

	for (int i = 0; i < 3; i++)
		assert_int_equal(try_once(limit, "10.0.0.1", 0), 0);
	assert_int_not_equal(try_once(limit, "10.0.0.1", 0), 0);
	assert_int_equal(try_once(limit, "10.0.0.2", 0), 0);
	assert_int_equal(try_once(limit, "2001:db8::1", 0), 0);
	assert_int_equal(try_once(limit, "10.0.0.3", 0), 1);
	assert_int_equal(try_once(limit, "10.0.0.3", 500), 0);
	free(limit);
}

static void addresses_of_one_ipv6_network_are_one_source(void **state)
{
	(void)state;
	struct rate_limit *limit = begin();

	assert_int_equal(try_once(limit, "2001:db8::1", 0), 0);
	assert_int_equal(try_once(limit, "2001:db8::2", 0), 0);
	assert_int_equal(try_once(limit, "2001:db8::ffff:0:0:3", 0), 0);
	assert_int_equal(try_once(limit, "2001:db8::4", 0), 1);
	assert_int_equal(try_once(limit, "2001:db8:0:1::4", 0), 0);
	free(limit);
}

static void a_long_time_fills_a_bucket_only_to_its_burst(void **state)
{
	(void)state;
	struct rate_limit *limit = begin();

	try_once(limit, "10.0.0.1", 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(try_once(limit, "10.0.0.1", UINT64_MAX / 2), 0);
	assert_int_equal(try_once(limit, "10.0.0.1", UINT64_MAX / 2), 1);
	free(limit);
}

static void more_sources_than_are_remembered_still_go_by_the_limit_for_all(void **state)
{
	(void)state;
	struct rate_limit *limit = begin();
	unsigned through = 0;

	for (unsigned i = 0; i < 2 * RATE_LIMIT_MAX_SOURCES; i++) {
		char text[INET_ADDRSTRLEN];
		struct in_addr in = { .s_addr = htonl(0x0a000000U + i) };
		inet_ntop(AF_INET, &in, text, sizeof text);
		through += try_once(limit, text, 0) == 0;
	}
	assert_int_equal(through, of_all.burst);
	assert_int_equal(limit->n, RATE_LIMIT_MAX_SOURCES);
	free(limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_has_its_burst_and_then_its_rate),
		cmocka_unit_test(what_is_refused_is_not_counted),
		cmocka_unit_test(another_source_goes_on_until_all_together_are_too_many),
		cmocka_unit_test(addresses_of_one_ipv6_network_are_one_source),
		cmocka_unit_test(a_long_time_fills_a_bucket_only_to_its_burst),
		cmocka_unit_test(more_sources_than_are_remembered_still_go_by_the_limit_for_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
