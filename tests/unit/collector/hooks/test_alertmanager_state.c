#include "collector/hooks/alertmanager_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/timestamp.h"

#define OPEN_END INT64_C(2000000000000)

static struct buffer told;

static void tell(void *user, const struct buffer *json)
{
	(void)user;
	buffer_printf(&told, "%s\n", json->bytes);
}

static struct notification_alert alert_of(const char *server, const char *adapter)
{
	return (struct notification_alert){ .condition = CONDITION_EXPOSED,
					    .server = server,
					    .organization = "ACME",
					    .site = "HQ",
					    .adapter = adapter,
					    .text = "text",
					    .remedy = "",
					    .url = "",
					    .fired_ms = 1000,
					    .resolved_ms = TIMESTAMP_NONE };
}

/* Compares with what fires now: those adapters of a server; each may be NULL. */
static void compare(struct alert_mirror *mirror, int64_t now_ms, const char *one, const char *other)
{
	const char *adapters[] = { one, other };

	alert_mirror_begin(mirror);
	for (int i = 0; i < 2; i++) {
		struct notification_alert alert = alert_of("EXCH1", adapters[i] ? adapters[i] : "");
		if (adapters[i])
			alert_mirror_see(mirror, &alert);
	}
	alert_mirror_end(mirror, now_ms);
}

static void assert_told(const struct alert_mirror *mirror, size_t n, const char *text)
{
	size_t lines = 0;

	buffer_init(&told);
	buffer_add_text(&told, "");
	alert_mirror_each(mirror, OPEN_END, tell, NULL);
	for (const char *at = told.bytes; at && *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, n);
	if (text && !strstr(told.bytes, text))
		fail_msg("%s", told.bytes);
	buffer_deinit(&told);
}

static void what_fires_is_told_with_an_end_that_moves(void **state)
{
	struct alert_mirror *mirror = alert_mirror_new();
	(void)state;

	assert_told(mirror, 0, NULL);
	compare(mirror, 5000, "A", NULL);
	assert_told(mirror, 1,
		    "{\"labels\":{\"alertname\":\"ExchangeMtaExposed\",\"severity\":\"warning\","
		    "\"organization\":\"ACME\",\"site\":\"HQ\",\"server\":\"EXCH1\","
		    "\"adapter\":\"A\",\"condition\":\"exposed\"},\"annotations\":{");
	assert_told(mirror, 1,
		    "\"startsAt\":\"1970-01-01T00:00:01Z\",\"endsAt\":\"2033-05-18T03:33:20Z\"}\n");
	alert_mirror_free(mirror);
}

static void what_no_longer_fires_is_over_for_a_while(void **state)
{
	struct alert_mirror *mirror = alert_mirror_new();
	(void)state;

	compare(mirror, 5000, "A", NULL);
	compare(mirror, 10000, NULL, NULL);
	assert_told(mirror, 1, "\"endsAt\":\"1970-01-01T00:00:10Z\"");
	compare(mirror, 10000 + ALERT_MIRROR_OVER_MS - 1, NULL, NULL);
	assert_told(mirror, 1, "\"endsAt\":\"1970-01-01T00:00:10Z\"");
	compare(mirror, 10000 + ALERT_MIRROR_OVER_MS, NULL, NULL);
	assert_told(mirror, 0, NULL);
	alert_mirror_free(mirror);
}

static void other_labels_are_another_alert(void **state)
{
	struct alert_mirror *mirror = alert_mirror_new();
	(void)state;

	compare(mirror, 5000, "A", "B");
	assert_told(mirror, 2, NULL);
	compare(mirror, 10000, "B", "C");
	assert_told(mirror, 3, "\"endsAt\":\"1970-01-01T00:00:10Z\"");
	compare(mirror, 20000, "A", NULL); /* again, while B and C end */
	assert_told(mirror, 3, "\"adapter\":\"A\"");
	compare(mirror, 20000 + ALERT_MIRROR_OVER_MS, "A", NULL);
	assert_told(mirror, 1, "\"endsAt\":\"2033-05-18T03:33:20Z\"");
	alert_mirror_free(mirror);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fires_is_told_with_an_end_that_moves),
		cmocka_unit_test(what_no_longer_fires_is_over_for_a_while),
		cmocka_unit_test(other_labels_are_another_alert),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
