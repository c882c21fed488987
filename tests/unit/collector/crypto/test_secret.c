#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "collector/auth/agent_map.h"
#include "collector/crypto/secret.h"
#include "collector/model/role.h"
#include "tests/unit/rows.h"

static void a_secret_is_its_prefix_and_64_digits_and_never_the_same(void **state)
{
	(void)state;
	char a[SECRET_TEXT_SIZE];
	char b[SECRET_TEXT_SIZE];

	assert_int_equal(secret_make(SECRET_PREFIX_ENROLL, a), STATUS_OK);
	assert_int_equal(secret_make(SECRET_PREFIX_ENROLL, b), STATUS_OK);
	assert_memory_equal(a, "mtw_e", 5);
	assert_true(secret_is_key(a + 5));
	assert_string_not_equal(a, b);
}

static void a_token_shows_its_role(void **state)
{
	(void)state;
	char prefix[ROLE_TOKEN_PREFIX_SIZE];

	assert_string_equal(role_token_prefix(ROLE_VIEWER, prefix), "mtw_v");
	assert_string_equal(role_token_prefix(ROLE_OPERATOR, prefix), "mtw_o");
	assert_string_equal(role_token_prefix(ROLE_ADMIN, prefix), "mtw_a");
}

static void the_hash_is_sha_256(void **state)
{
	(void)state;
	/* FIPS 180-4's example "abc", as NIST publishes it. */
	static const uint8_t known[SECRET_HASH_SIZE] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
		0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
		0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};
	uint8_t hash[SECRET_HASH_SIZE];
	uint8_t other[SECRET_HASH_SIZE];

	secret_hash("abc", hash);
	assert_memory_equal(hash, known, sizeof known);
	assert_true(secret_hash_equal(hash, known));
	for (size_t i = 0; i < 8 * sizeof hash; i++) {
		memcpy(other, known, sizeof other);
		other[i / 8] ^= (uint8_t)(1U << (i % 8));
		assert_false(secret_hash_equal(hash, other));
	}
}

static void an_id_is_a_random_uuid(void **state)
{
	(void)state;
	char text[UUID_TEXT_SIZE];
	struct uuid uuid;

	assert_int_equal(secret_make_id(text), STATUS_OK);
	assert_int_equal(uuid_parse(text, &uuid), STATUS_OK);
	assert_int_equal(uuid.time_high >> 12, 4);
	assert_int_equal(uuid.rest[0] >> 6, 2);
}

static void a_key_is_64_lower_case_digits(void **state)
{
	(void)state;
	char key[SECRET_HEX_DIGITS + 2];

	memset(key, 'a', sizeof key);
	key[SECRET_HEX_DIGITS] = '\0';
	assert_true(secret_is_key(key));
	key[0] = 'A';
	assert_false(secret_is_key(key));
	key[0] = 'g';
	assert_false(secret_is_key(key));
	key[0] = '0';
	key[SECRET_HEX_DIGITS - 1] = '\0';
	assert_false(secret_is_key(key));
	key[SECRET_HEX_DIGITS - 1] = '0';
	key[SECRET_HEX_DIGITS] = '0';
	key[SECRET_HEX_DIGITS + 1] = '\0';
	assert_false(secret_is_key(key));
	assert_false(secret_is_key(""));
}

static void a_role_serves_what_lower_ones_do_but_no_agent(void **state)
{
	(void)state;
	static const struct {
		unsigned access;
		bool serves[ROLE_ADMIN + 1]; /* none, agent, viewer, operator, admin */
		enum role lowest;
	} cases[] = {
		{ ACCESS_ANYBODY, { true, true, true, true, true }, ROLE_VIEWER },
		{ ACCESS_AGENT, { false, true, false, false, false }, ROLE_AGENT },
		{ ACCESS_VIEWER, { false, false, true, true, true }, ROLE_VIEWER },
		{ ACCESS_OPERATOR, { false, false, false, true, true }, ROLE_OPERATOR },
		{ ACCESS_ADMIN, { false, false, false, false, true }, ROLE_ADMIN },
		{ ACCESS_AGENT | ACCESS_OPERATOR,
		  { false, true, false, true, true },
		  ROLE_OPERATOR },
	};
	for_each_row(i, cases) {
		for (size_t role = 0; role <= ROLE_ADMIN; role++)
			assert_int_equal((cases[i].access >> role) & 1, cases[i].serves[role]);
		assert_int_equal(role_lowest(cases[i].access), cases[i].lowest);
	}
}

static void only_people_have_roles_by_name(void **state)
{
	(void)state;
	enum role role = ROLE_NONE;

	for (size_t i = ROLE_VIEWER; i <= ROLE_ADMIN; i++) {
		assert_true(role_parse(role_name((enum role)i), &role));
		assert_int_equal(role, i);
	}
	assert_false(role_parse("agent", &role));
	assert_false(role_parse("nobody", &role));
	assert_false(role_parse("", &role));
}

/* Ids that all want the same few slots. */
static struct uuid crowded_id(unsigned n)
{
	return (struct uuid){ .time_low = n % 5, .time_mid = (uint16_t)n };
}

static void agents_are_found_whatever_was_removed_before(void **state)
{
	(void)state;
	struct agent_map map = { 0 };
	uint8_t hash[SECRET_HASH_SIZE] = { 0 };
	bool there[300] = { 0 };
	unsigned random = 1;

	for (int step = 0; step < 20000; step++) {
		random = random * 1103515245U + 12345U;
		unsigned n = (random >> 16) % 300;
		struct uuid id = crowded_id(n);
		const struct agent_entry *found = agent_map_get(&map, &id);
		assert_int_equal(found != NULL, there[n]);
		if (there[n]) {
			char host[16];
			snprintf(host, sizeof host, "host%u", n);
			assert_string_equal(found->host, host);
			agent_map_remove(&map, &id);
		} else {
			char host[16];
			snprintf(host, sizeof host, "host%u", n);
			agent_map_put(&map, &id, hash, host, 0);
		}
		there[n] = !there[n];
	}
	agent_map_deinit(&map);
}

static void what_is_put_again_replaces(void **state)
{
	(void)state;
	struct agent_map map = { 0 };
	struct uuid id = crowded_id(7);
	uint8_t hash[SECRET_HASH_SIZE] = { 1 };

	agent_map_put(&map, &id, hash, "one", 0);
	hash[0] = 2;
	agent_map_put(&map, &id, hash, "two", 0);
	assert_int_equal(map.n, 1);
	assert_string_equal(agent_map_get(&map, &id)->host, "two");
	assert_int_equal(agent_map_get(&map, &id)->key_hash[0], 2);
	struct uuid other = crowded_id(8);
	agent_map_remove(&map, &other);
	assert_int_equal(map.n, 1);
	agent_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_its_prefix_and_64_digits_and_never_the_same),
		cmocka_unit_test(a_token_shows_its_role),
		cmocka_unit_test(the_hash_is_sha_256),
		cmocka_unit_test(an_id_is_a_random_uuid),
		cmocka_unit_test(a_key_is_64_lower_case_digits),
		cmocka_unit_test(a_role_serves_what_lower_ones_do_but_no_agent),
		cmocka_unit_test(only_people_have_roles_by_name),
		cmocka_unit_test(agents_are_found_whatever_was_removed_before),
		cmocka_unit_test(what_is_put_again_replaces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
