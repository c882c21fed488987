#include "collector/transfer/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/buffer.h"

static struct buffer shown;

static void show(void *user, bool sent, const char *line)
{
	(void)user;
	buffer_printf(&shown, "%s %s\n", sent ? ">" : "<", line);
}

static void assert_shown(struct transcript *transcript, bool sent, const char *bytes,
			 const char *wanted)
{
	buffer_init(&shown);
	transcript_add(transcript, sent, bytes, strlen(bytes));
	assert_string_equal(shown.bytes, wanted);
	buffer_deinit(&shown);
}

static void http_is_shown_without_its_secrets(void **state)
{
	struct transcript transcript = { .show = show };
	(void)state;

	assert_shown(&transcript, true,
		     "POST /a?token=s3cret HTTP/1.1\r\nauthorization: Basic czNjcmV0\r\n"
		     "Host: h\r\n\r\n",
		     "> POST /a?(hidden) HTTP/1.1\n> authorization: Basic (hidden)\n> Host: h\n"
		     "> \n");
	assert_shown(&transcript, false, "HTTP/1.1 200 OK\r\nX: \x1b[31m\r\n",
		     "< HTTP/1.1 200 OK\n< X: ?[31m\n");
	assert_shown(&transcript, true, "{\"a\":1}", "> {\"a\":1}\n");
}

static void a_login_is_shown_without_what_it_proves(void **state)
{
	struct transcript transcript = { .show = show };
	(void)state;

	assert_shown(&transcript, true, "AUTH PLAIN AHUAczNjcmV0\r\n", "> AUTH PLAIN (hidden)\n");
	assert_shown(&transcript, false, "235 welcome\r\n", "< 235 welcome\n");
	assert_shown(&transcript, true, "AUTH LOGIN\r\n", "> AUTH LOGIN (hidden)\n");
	assert_shown(&transcript, false, "334 VXNlcm5hbWU6\r\n", "< 334 VXNlcm5hbWU6\n");
	assert_shown(&transcript, true, "dQ==\r\n", "> (hidden)\n");
	assert_shown(&transcript, false, "334 UGFzc3dvcmQ6\r\n", "< 334 UGFzc3dvcmQ6\n");
	assert_shown(&transcript, true, "czNjcmV0\r\n", "> (hidden)\n");
	assert_shown(&transcript, false, "535 no\r\n", "< 535 no\n");
	assert_shown(&transcript, true, "QUIT\r\n", "> QUIT\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_is_shown_without_its_secrets),
		cmocka_unit_test(a_login_is_shown_without_what_it_proves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
