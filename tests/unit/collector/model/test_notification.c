/* Notifications as the outbox keeps them: what is written is read back, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/model/notification.h"
#include "proto/base/timestamp.h"
#include "tests/unit/rows.h"

static const struct notification_step steps[] = { { "Disable NIC 2.", "clear" }, { "Wait.", "" } };
static const struct notification_option options[] = { { steps, 2 }, { steps, 1 } };

static const struct notification_alert alerts[] = {
	{ .id = "a-1",
	  .fingerprint = "0123456789abcdef",
	  .condition = CONDITION_FAILING,
	  .has_before = true,
	  .before = CONDITION_EXPOSED,
	  .server = "EXCH1",
	  .organization = "ORG",
	  .site = "HQ",
	  .adapter = "NIC 2",
	  .verdict = "failing",
	  .reason = "adapter_isolated",
	  .text = "a \"quoted\" text\nof two lines",
	  .now_text = "",
	  .remedy = "disable it",
	  .options = options,
	  .n_options = 2,
	  .url = "https://c/#EXCH1",
	  .event = 9321,
	  .event_ms = 900,
	  .since_ms = 1000,
	  .fired_ms = 2000,
	  .resolved_ms = TIMESTAMP_NONE,
	  .flapping = true,
	  .acknowledged_by = "ann",
	  .acknowledged_ms = 2500,
	  .comment = "on it" },
	{ .id = "a-2",
	  .fingerprint = "fedcba9876543210",
	  .condition = CONDITION_DISK,
	  .server = "",
	  .organization = "",
	  .site = "",
	  .adapter = "",
	  .verdict = "",
	  .reason = "disk",
	  .text = "full",
	  .now_text = "there is room",
	  .remedy = "",
	  .url = "",
	  .event_ms = TIMESTAMP_NONE,
	  .since_ms = 1000,
	  .fired_ms = 2000,
	  .resolved_ms = 3000,
	  .acknowledged_by = "",
	  .acknowledged_ms = TIMESTAMP_NONE,
	  .comment = "" },
};

static const struct notification_site sites[] = {
	{ "ORG", "HQ", { [CONDITION_FAILING] = 1, [CONDITION_EXPOSED] = 3 } },
	{ "", "", { [CONDITION_DISK] = 1 } },
};
static const struct notification_fleet fleet = { 300, 96, 2, 4 };
static const struct notification_summary summary = {
	.since_ms = 1700000000000,
	.opened = 7,
	.resolved = 2,
	.sites = sites,
	.n_sites = 2,
	.more_sites = 5,
	.fleet = &fleet,
	.next_ms = 1700000300000,
};

static const struct notification whole = {
	.id = "n-17",
	.hook = "ops",
	.group_key = "ORG/HQ:exposed",
	.organization = "ORG",
	.site = "HQ",
	.cause = "exposed",
	.url = "https://c/",
	.reason = NOTIFICATION_ESCALATED,
	.is_test = true,
	.at_ms = 1700000000123,
	.alerts = alerts,
	.n_alerts = 2,
	.truncated = 3,
	.firing = { [CONDITION_FAILING] = 1, [CONDITION_EXPOSED] = 4 },
	.summary = &summary,
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
	assert_true(read.alerts[0].has_before && read.alerts[0].before == CONDITION_EXPOSED);
	assert_string_equal(read.alerts[0].options[0].steps[1].text, "Wait.");
	assert_int_equal(read.alerts[0].event_ms, 900);
	assert_string_equal(read.alerts[0].acknowledged_by, "ann");
	assert_false(read.alerts[1].has_before);
	assert_string_equal(read.alerts[1].acknowledged_by, "");
	assert_int_equal(read.firing[CONDITION_EXPOSED], 4);
	assert_int_equal(read.summary->n_sites, 2);
	assert_int_equal(read.summary->sites[0].firing[CONDITION_EXPOSED], 3);
	assert_int_equal(read.summary->fleet->fixed, 96);
	assert_int_equal(read.summary->next_ms, 1700000300000);
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

/* A notification that waits in a store while the collector is replaced by this version. */
static void what_versions_before_wrote_is_read(void **state)
{
	static const struct {
		const char *text;
		enum notification_reason reason;
	} old[] = {
		{ "first notification", NOTIFICATION_OPENED },
		{ "new alerts added", NOTIFICATION_MORE },
		{ "some alerts resolved", NOTIFICATION_FEWER },
		{ "all alerts resolved", NOTIFICATION_RESOLVED },
		{ "repeat interval elapsed", NOTIFICATION_STILL_OPEN },
		{ "test", NOTIFICATION_TEST },
	};
	struct notification read;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	for_each_row(i, old) {
		const char *text = arena_printf(
			&arena,
			"{\"id\":\"1\",\"hook\":\"ops\",\"group\":\"g\",\"organization\":\"O\","
			"\"site\":\"S\",\"cause\":\"c\",\"url\":\"\",\"status\":\"firing\","
			"\"reason\":\"%s\",\"at\":\"2026-11-24T09:05:00Z\",\"truncated\":0,"
			"\"alerts\":[{\"id\":\"7\",\"fingerprint\":\"00ff\",\"condition\":"
			"\"exposed\",\"status\":\"firing\",\"server\":\"E\",\"organization\":\"O\","
			"\"site\":\"S\",\"adapter\":\"\",\"verdict\":\"exposed\",\"reason\":\"r\","
			"\"text\":\"t\",\"remedy\":\"m\",\"url\":\"\",\"since\":"
			"\"2026-11-24T09:00:00Z\",\"fired_at\":\"2026-11-24T09:05:00Z\","
			"\"resolved_at\":null,\"flapping\":false}]}",
			old[i].text);
		assert_int_equal(notification_read(text, strlen(text), &arena, &read), STATUS_OK);
		assert_int_equal(read.reason, old[i].reason);
		assert_string_equal(read.alerts[0].acknowledged_by, "");
		assert_string_equal(read.alerts[0].now_text, "");
		assert_int_equal(read.alerts[0].event_ms, TIMESTAMP_NONE);
		assert_int_equal(read.alerts[0].n_options, 0);
		assert_null(read.summary);
	}
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
		cmocka_unit_test(what_versions_before_wrote_is_read),
		cmocka_unit_test(every_condition_has_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
