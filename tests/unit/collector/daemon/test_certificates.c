/* The certificates of a collector that runs, read again by themselves. */
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

static void stop(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Runs the loop until the certificate in use has another pin than `pin`. */
static void wait_for_another(uv_loop_t *loop, const struct certificates *certificates,
			     const char *pin)
{
	bool is_over = false;
	uv_timer_t timer = { .data = &is_over };

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, stop, PATIENCE_MS, 0);
	while (!is_over &&
	       strcmp(tls_context_info(certificates_context(certificates))->pin, pin) == 0)
		uv_run(loop, UV_RUN_ONCE);
	assert_false(is_over);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

static void renewed_files_are_found_without_a_word(void **state)
{
	struct tls_peer_files first;
	struct tls_peer_files second;
	struct certificates *certificates = NULL;
	char error[CERTIFICATES_ERROR_SIZE];
	char pin[CERTIFICATE_PIN_SIZE];
	uv_loop_t loop;
	(void)state;

	assert_int_equal(uv_loop_init(&loop), 0);
	tls_peer_make_files(&first);
	tls_peer_make_files(&second);
	struct options options = { .cert = first.certificate, .key = first.key };
	assert_int_equal(certificates_open(&certificates, &loop, &options, REREAD_MS, error),
			 STATUS_OK);
	snprintf(pin, sizeof pin, "%s", tls_context_info(certificates_context(certificates))->pin);

	/* The key alone does not do: it stays as it was until both are there. */
	assert_int_equal(rename(second.key, first.key), 0);
	usleep(3 * REREAD_MS * 1000);
	uv_run(&loop, UV_RUN_ONCE);
	assert_string_equal(tls_context_info(certificates_context(certificates))->pin, pin);
	assert_int_equal(rename(second.certificate, first.certificate), 0);
	wait_for_another(&loop, certificates, pin);

	certificates_close(certificates);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	tls_peer_remove_files(&first);
	tls_peer_remove_files(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewed_files_are_found_without_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
