/* The certificates of a collector that runs: read again by themselves, and what is told of their
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "collector/base/loop.h"
#include "collector/daemon/certificates.h"
#include "collector/daemon/options.h"
#include "tests/tls_peer.h"

#define REREAD_MS   10
#define PATIENCE_MS 10000
#define DAY_MS      (INT64_C(24) * 3600 * 1000)

static void stop(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Runs the loop until the certificate in use has another pin than `pin`. */
static void wait_for_another(uv_loop_t *loop, const struct security *security, const char *pin)
{
	bool is_over = false;
	uv_timer_t timer = { .data = &is_over };

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, stop, PATIENCE_MS, 0);
	while (!is_over && strcmp(tls_context_info(security_context(security))->pin, pin) == 0)
		uv_run(loop, UV_RUN_ONCE);
	assert_false(is_over);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

static void renewed_files_are_found_without_a_word(void **state)
{
	struct tls_peer_files first;
	struct tls_peer_files second;
	struct security *security = NULL;
	char error[SECURITY_ERROR_SIZE];
	char pin[CERTIFICATE_PIN_SIZE];
	uv_loop_t loop;
	(void)state;

	assert_int_equal(uv_loop_init(&loop), 0);
	tls_peer_make_files(&first);
	tls_peer_make_files(&second);
	struct options options = { .cert = first.certificate, .key = first.key };
	assert_int_equal(security_open(&security, &loop, &options, REREAD_MS, error), STATUS_OK);
	snprintf(pin, sizeof pin, "%s", tls_context_info(security_context(security))->pin);

	/* The key alone does not do: it stays as it was until both are there. */
	assert_int_equal(rename(second.key, first.key), 0);
	usleep(3 * REREAD_MS * 1000);
	uv_run(&loop, UV_RUN_ONCE);
	assert_string_equal(tls_context_info(security_context(security))->pin, pin);
	assert_int_equal(rename(second.certificate, first.certificate), 0);
	wait_for_another(&loop, security, pin);

	security_close(security);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	tls_peer_remove_files(&first);
	tls_peer_remove_files(&second);
}

static void a_certificates_time_is_a_concern_at_its_limits(void **state)
{
	static const struct {
		int64_t left_ms;
		enum security_concern concern;
		const char *words;
	} cases[] = {
		{ SECURITY_WARN_DAYS * DAY_MS, SECURITY_CONCERN_NONE, "" },
		{ SECURITY_WARN_DAYS * DAY_MS - 1, SECURITY_CONCERN_SOON,
		  ", in 29 days: renew it" },
		{ 0, SECURITY_CONCERN_SOON, ", in 0 days: renew it" },
		{ -1, SECURITY_CONCERN_INVALID, "has expired at 2026-11-22T10:45:23Z" },
		{ 365 * DAY_MS, SECURITY_CONCERN_NONE, "" },
		{ 365 * DAY_MS + 1, SECURITY_CONCERN_INVALID, "is not valid before 2025-11-22T" },
	};
	struct certificate_info info = {
		.subject = "CN=c",
		.not_before_ms = INT64_C(1795344323000) - 365 * DAY_MS,
		.not_after_ms = INT64_C(1795344323000),
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[SECURITY_ERROR_SIZE];
		assert_int_equal(security_look(&info, info.not_after_ms - cases[i].left_ms, text),
				 cases[i].concern);
		assert_non_null(strstr(text, cases[i].words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewed_files_are_found_without_a_word),
		cmocka_unit_test(a_certificates_time_is_a_concern_at_its_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
