#include "collector/hooks/alertmanager_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OPEN_END INT64_C(2000000000000)

static struct buffer told;

static void tell(void *user, const struct buffer *json)
{
	(void)user;
	buffer_printf(&told, "%s\n", json->bytes);
}

static struct notification_alert alert_of(const char *server, const char *adapter)
{
	struct notification_alert alert = notification_alert_empty();

	alert.condition = CONDITION_EXPOSED;
	alert.server = server;
	alert.organization = "ACME";
	alert.site = "HQ";
	alert.adapter = adapter;
	alert.text = "text";
	alert.fired_ms = 1000;
	return alert;
}

/* Compares with what fires now: those adapters of a server; each may be NULL. */
static void compare(struct alertmanager_state *known, int64_t now_ms, const char *one,
		    const char *other)
{
	const char *adapters[] = { one, other };

	alertmanager_state_begin(known);
	for (int i = 0; i < 2; i++) {
		struct notification_alert alert = alert_of("EXCH1", adapters[i] ? adapters[i] : "");
		if (adapters[i])
			alertmanager_state_put(known, &alert);
	}
	alertmanager_state_end(known, now_ms);
}

static void assert_told(const struct alertmanager_state *known, size_t n, const char *text)
{
	size_t lines = 0;

	buffer_init(&told);
	buffer_add_text(&told, "");
	alertmanager_state_each(known, OPEN_END, tell, NULL);
	for (const char *at = told.bytes; at && *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, n);
	if (text && !strstr(told.bytes, text))
		fail_msg("%s", told.bytes);
	buffer_deinit(&told);
}

static void what_fires_is_told_with_an_end_that_moves(void **state)
{
	struct alertmanager_state *known = alertmanager_state_new();
	(void)state;

	assert_told(known, 0, NULL);
	compare(known, 5000, "A", NULL);
	assert_told(known, 1,
		    "{\"labels\":{\"alertname\":\"ExchangeMtaExposed\",\"severity\":\"warning\","
		    "\"organization\":\"ACME\",\"site\":\"HQ\",\"server\":\"EXCH1\","
		    "\"adapter\":\"A\",\"condition\":\"exposed\"},\"annotations\":{");
	assert_told(known, 1,
		    "\"startsAt\":\"1970-01-01T00:00:01Z\",\"endsAt\":\"2033-05-18T03:33:20Z\"}\n");
	alertmanager_state_free(known);
}

static void what_no_longer_fires_is_over_for_a_while(void **state)
{
	struct alertmanager_state *known = alertmanager_state_new();
	(void)state;

	compare(known, 5000, "A", NULL);
	compare(known, 10000, NULL, NULL);
	assert_told(known, 1, "\"endsAt\":\"1970-01-01T00:00:10Z\"");
	compare(known, 10000 + ALERTMANAGER_STATE_OVER_MS - 1, NULL, NULL);
	assert_told(known, 1, "\"endsAt\":\"1970-01-01T00:00:10Z\"");
	compare(known, 10000 + ALERTMANAGER_STATE_OVER_MS, NULL, NULL);
	assert_told(known, 0, NULL);
	alertmanager_state_free(known);
}

static void other_labels_are_another_alert(void **state)
{
	struct alertmanager_state *known = alertmanager_state_new();
	(void)state;

	compare(known, 5000, "A", "B");
	assert_told(known, 2, NULL);
	compare(known, 10000, "B", "C");
	assert_told(known, 3, "\"endsAt\":\"1970-01-01T00:00:10Z\"");
	compare(known, 20000, "A", NULL); /* again, while B and C end */
	assert_told(known, 3, "\"adapter\":\"A\"");
	compare(known, 20000 + ALERTMANAGER_STATE_OVER_MS, "A", NULL);
	assert_told(known, 1, "\"endsAt\":\"2033-05-18T03:33:20Z\"");
	alertmanager_state_free(known);
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
