#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "agent/run/watch.h"
#include "tests/fake_host.h"

static void a_changed_state_is_told_once(void **state)
{
	(void)state;
	struct fake_service service = { .name = "MSExchangeMTA",
					.service = { SERVICE_STATE_RUNNING, REPORT_ABSENT } };
	struct fake_host machine = { .services = &service, .n_services = 1 };
	struct watch watch;

	watch_init(&watch, fake_host(&machine));
	assert_null(watch_find_change(&watch));
	assert_null(watch_find_change(&watch));
	service.service.state = SERVICE_STATE_STOP_PENDING;
	assert_string_equal(watch_find_change(&watch),
			    "the state of the service MSExchangeMTA changed");
	assert_null(watch_find_change(&watch));
	service.service.state = SERVICE_STATE_STOPPED;
	assert_non_null(watch_find_change(&watch));
	assert_null(watch_find_change(&watch));
}

static void a_service_that_cannot_be_asked_has_not_changed(void **state)
{
	(void)state;
	struct fake_service service = { .name = "MSExchangeMTA",
					.service = { SERVICE_STATE_RUNNING, REPORT_ABSENT } };
	struct fake_host machine = { .services = &service, .n_services = 1 };
	struct watch watch;

	watch_init(&watch, fake_host(&machine));
	assert_null(watch_find_change(&watch));
	service.status = STATUS_DENIED;
	assert_null(watch_find_change(&watch));
	service.status = STATUS_OK;
	assert_null(watch_find_change(&watch));
	service.service.state = SERVICE_STATE_STOPPED;
	assert_non_null(watch_find_change(&watch));
}

static void an_event_of_the_mta_is_told_once_and_no_other_one(void **state)
{
	(void)state;
	const struct host_event events[] = { { .id = 9298 }, { .id = 9321 }, { .id = 1 } };
	struct fake_host machine = { .events = events, .n_events = 1 };
	struct watch watch;

	watch_init(&watch, fake_host(&machine));
	assert_null(watch_find_change(&watch)); /* it was there before */
	machine.n_events = 2;
	assert_string_equal(watch_find_change(&watch), "the MTA wrote an event");
	machine.n_events = 3;
	assert_null(watch_find_change(&watch));
}

static void a_changed_export_of_the_registry_is_told(void **state)
{
	(void)state;
	struct fake_host machine = { .events_status = STATUS_DENIED };
	struct watch watch;

	watch_init(&watch, fake_host(&machine));
	assert_null(watch_find_change(&watch));
	machine.registry_changed = true; /* told although the log cannot be read */
	assert_string_equal(watch_find_change(&watch), "an export of the registry changed");
	assert_null(watch_find_change(&watch));
}

static void a_change_of_an_adapter_is_told_once(void **state)
{
	(void)state;
	struct ipv4_prefix addresses[] = { { 0x0a000005, 24 }, { 0x0a000006, 24 } };
	struct host_adapter adapters[] = { { .id = "El90x1",
					     .enabled = true,
					     .link = LINK_UP,
					     .addresses = addresses,
					     .n_addresses = 1 },
					   { .id = "El90x2" } };
	struct fake_host machine = { .adapters = adapters, .n_adapters = 1 };
	struct watch watch;

	watch_init(&watch, fake_host(&machine));
	assert_null(watch_find_change(&watch));
	adapters[0].n_addresses = 2;
	assert_string_equal(watch_find_change(&watch),
			    "an adapter, its link or its address changed");
	assert_null(watch_find_change(&watch));
	adapters[0].link = LINK_DOWN; /* the cable was pulled: no system tells by itself */
	assert_non_null(watch_find_change(&watch));
	adapters[0].enabled = false;
	assert_non_null(watch_find_change(&watch));
	addresses[0].length = 16;
	assert_non_null(watch_find_change(&watch));
	machine.n_adapters = 2;
	assert_non_null(watch_find_change(&watch));
	assert_null(watch_find_change(&watch));
}

static void adapters_that_cannot_be_listed_have_not_changed(void **state)
{
	(void)state;
	struct host_adapter adapter = { .id = "El90x1", .link = LINK_UP };
	struct fake_host machine = { .adapters = &adapter, .n_adapters = 1 };
	struct watch watch;

	watch_init(&watch, fake_host(&machine));
	assert_null(watch_find_change(&watch));
	machine.adapters_status = STATUS_SYSTEM;
	assert_null(watch_find_change(&watch));
	machine.adapters_status = STATUS_OK;
	machine.states_status = STATUS_SYSTEM;
	adapter.link = LINK_UNKNOWN;
	assert_null(watch_find_change(&watch));
	machine.states_status = STATUS_OK;
	adapter.link = LINK_UP;
	assert_null(watch_find_change(&watch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_state_is_told_once),
		cmocka_unit_test(a_service_that_cannot_be_asked_has_not_changed),
		cmocka_unit_test(an_event_of_the_mta_is_told_once_and_no_other_one),
		cmocka_unit_test(a_changed_export_of_the_registry_is_told),
		cmocka_unit_test(a_change_of_an_adapter_is_told_once),
		cmocka_unit_test(adapters_that_cannot_be_listed_have_not_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
