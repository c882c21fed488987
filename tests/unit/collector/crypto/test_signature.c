#include "collector/crypto/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/* The example of the Standard Webhooks specification and its reference libraries. */
static void the_published_example_is_signed_as_published(void **state)
{
	static const char body[] = "{\"test\": 2432232314}";
	struct signature_key key;
	char text[SIGNATURE_TEXT_SIZE];
	(void)state;

	assert_int_equal(signature_key_read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key),
			 STATUS_OK);
	signature_standard(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body),
			   text);
	assert_string_equal(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* GitHub's documentation, "Validating webhook deliveries": its key is text of 27 bytes. */
static void githubs_example_is_signed_as_published(void **state)
{
	static const char secret[] = "It's a Secret to Everybody";
	static const char body[] = "Hello, World!";
	struct signature_key key = { .n = strlen(secret) };
	char text[SIGNATURE_TEXT_SIZE];
	(void)state;

	memcpy(key.bytes, secret, key.n);
	signature_github(&key, body, strlen(body), text);
	assert_string_equal(
		text, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

static void what_is_no_secret_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"whsec_",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",   /* no whole base64 */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", /* 23 bytes... */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=", /* 23 bytes */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!aSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw x",
	};
	struct signature_key key;
	(void)state;

	for_each_row(i, bad)
		assert_int_equal(signature_key_read(bad[i], &key), STATUS_INVALID);
}

static void keys_have_a_shortest_and_a_longest_length(void **state)
{
	char text[128];
	struct signature_key key;
	(void)state;

	for (int bytes = 21; bytes <= 69; bytes += 3) {
		snprintf(text, sizeof text, " whsec_%.*s\n", bytes / 3 * 4,
			 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		bool good = bytes >= SIGNATURE_MIN_KEY && bytes <= SIGNATURE_MAX_KEY;
		assert_int_equal(signature_key_read(text, &key), good ? STATUS_OK : STATUS_INVALID);
	}
	/* 64 bytes: two thirds of a group and its padding. */
	snprintf(text, sizeof text, "whsec_%.*s==", 86,
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_int_equal(signature_key_read(text, &key), STATUS_OK);
	assert_int_equal(key.n, SIGNATURE_MAX_KEY);
	snprintf(text, sizeof text, "whsec_%.*s=", 87,
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_int_equal(signature_key_read(text, &key), STATUS_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_example_is_signed_as_published),
		cmocka_unit_test(githubs_example_is_signed_as_published),
		cmocka_unit_test(what_is_no_secret_is_refused),
		cmocka_unit_test(keys_have_a_shortest_and_a_longest_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
