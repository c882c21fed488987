/* When an agent stands for its server, by its age and by where its reports come from. */
#include "collector/pipeline/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DAY_MS INT64_C(86400000)
#define OWN    0x0a000005u
#define OTHER  0x0a000006u

static bool after(int64_t age_ms, uint32_t from)
{
	static const char *first[] = { "192.168.0.1/16", "10.0.0.5/24" };
	static const char *second[] = { "no address" };
	static struct report_adapter adapters[] = {
		{ .addresses = second, .n_addresses = 1 },
		{ .addresses = first, .n_addresses = 2 },
	};
	const struct report report = { .adapters = adapters, .n_adapters = 2 };
	const struct principal agent = { .role = ROLE_AGENT, .made_at_ms = 1000 * DAY_MS };

	return sender_has_standing(&agent, &report, from, agent.made_at_ms + age_ms);
}

static void it_takes_a_day(void **state)
{
	(void)state;
	assert_false(after(0, OWN));
	assert_false(after(DAY_MS - 1, OWN));
	assert_true(after(DAY_MS, OWN));
	assert_true(after(DAY_MS, 0)); /* nothing is seen */
}

static void it_takes_a_week_from_an_address_that_the_report_does_not_name(void **state)
{
	(void)state;
	assert_false(after(DAY_MS, OTHER));
	assert_false(after(7 * DAY_MS - 1, OTHER));
	assert_true(after(7 * DAY_MS, OTHER));
}

static void an_agent_of_the_future_does_not_stand(void **state)
{
	(void)state;
	assert_false(after(-DAY_MS, OWN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_a_day),
		cmocka_unit_test(it_takes_a_week_from_an_address_that_the_report_does_not_name),
		cmocka_unit_test(an_agent_of_the_future_does_not_stand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
