/* Notifications as the outbox keeps them: what is written is read back, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/model/notification.h"
#include "proto/base/timestamp.h"

static const struct notification_alert alerts[] = {
	{ "a-1", "0123456789abcdef", CONDITION_EXPOSED, "EXCH1", "ORG", "HQ", "NIC 2", "exposed",
	  "adapter_isolated", "a \"quoted\" text\nof two lines", "disable it", "https://c/#EXCH1",
	  1000, 2000, TIMESTAMP_NONE, true },
	{ "a-2", "fedcba9876543210", CONDITION_DISK, "", "", "", "", "", "disk", "full", "", "",
	  1000, 2000, 3000, false },
};

static const struct notification whole = {
	.id = "n-17",
	.hook = "ops",
	.group_key = "ORG/HQ:exposed",
	.organization = "ORG",
	.site = "HQ",
	.cause = "exposed",
	.url = "https://c/",
	.reason = NOTIFICATION_SOME_RESOLVED,
	.at_ms = 1700000000123,
	.alerts = alerts,
	.n_alerts = 2,
	.truncated = 3,
};

static void what_is_written_is_read_back(void **state)
{
	struct notification read = { .id = NULL };
	struct buffer first;
	struct buffer second;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	buffer_init(&first);
	buffer_init(&second);
	notification_write(&whole, &first);
	assert_int_equal(notification_read(first.bytes, first.size, &arena, &read), STATUS_OK);
	notification_write(&read, &second);
	assert_string_equal(first.bytes, second.bytes);
	assert_int_equal(read.n_alerts, 2);
	assert_int_equal(read.alerts[0].resolved_ms, TIMESTAMP_NONE);
	assert_int_equal(read.alerts[1].resolved_ms, 3000);
	assert_string_equal(read.alerts[0].text, alerts[0].text);
	buffer_deinit(&first);
	buffer_deinit(&second);
	arena_deinit(&arena);
}

static void what_is_cut_anywhere_is_refused(void **state)
{
	struct notification read = { .id = "untouched" };
	struct buffer text;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	buffer_init(&text);
	notification_write(&whole, &text);
	for (size_t n = 0; n < text.size - 2; n++) {
		assert_int_not_equal(notification_read(text.bytes, n, &arena, &read), STATUS_OK);
		assert_string_equal(read.id, "untouched");
	}
	buffer_deinit(&text);
	arena_deinit(&arena);
}

static void every_condition_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < CONDITION_COUNT; i++) {
		enum condition found = CONDITION_COUNT;
		assert_true(condition_from_name(condition_name((enum condition)i), &found));
		assert_int_equal(found, i);
	}
	enum condition untouched = CONDITION_DISK;
	assert_false(condition_from_name("Failing", &untouched));
	assert_int_equal(untouched, CONDITION_DISK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(what_is_cut_anywhere_is_refused),
		cmocka_unit_test(every_condition_has_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
