/* Whom a trusted proxy names, and with which role (collector/auth/proxy_users.h). */
#include "collector/auth/proxy_users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define MAX_FIELDS 3

static const struct proxy_users users = {
	.groups = { [ROLE_VIEWER] = "staff, Domain Users",
		    [ROLE_OPERATOR] = " exchange team ,,helpdesk",
		    [ROLE_ADMIN] = "root" },
};

static enum proxy_users_result find(const struct http_field *fields, struct principal *out)
{
	struct http_request request = { .fields = fields };

	while (request.n_fields < MAX_FIELDS && fields[request.n_fields].name)
		request.n_fields++;
	return proxy_users_find(&users, &request, 1000, out);
}

static void a_user_has_the_highest_role_of_their_groups(void **state)
{
	static const struct {
		const char *groups;
		enum role role;
	} rows[] = {
		{ "staff", ROLE_VIEWER },
		{ "Domain Users", ROLE_VIEWER },
		{ "nobody,staff", ROLE_VIEWER },
		{ " staff\t, exchange team ", ROLE_OPERATOR },
		{ "root,staff", ROLE_ADMIN },
		{ "staff,root", ROLE_ADMIN },
		{ "", ROLE_NONE },
		{ " , ,", ROLE_NONE },
		{ "Root", ROLE_NONE },
		{ "roo", ROLE_NONE },
		{ "roots", ROLE_NONE },
		{ "root;staff", ROLE_NONE },
		{ "exchange", ROLE_NONE },
		{ "exchange team,", ROLE_OPERATOR },
	};
	(void)state;

	for_each_row(i, rows) {
		struct http_field fields[MAX_FIELDS] = { { "remote-USER", "alice" },
							 { "Remote-Groups", rows[i].groups } };
		struct principal who = { .role = ROLE_NONE };
		enum proxy_users_result wanted =
			rows[i].role == ROLE_NONE ? PROXY_USERS_NO_ROLE : PROXY_USERS_FOUND;
		assert_int_equal(find(fields, &who), wanted);
		assert_int_equal(who.role, rows[i].role);
		if (who.role == ROLE_NONE)
			continue;
		assert_string_equal(who.name, "alice");
		assert_int_equal(who.kind, RECORD_KIND_USER);
		assert_int_equal(who.expires_at_ms, 1000 + PROXY_USERS_STREAM_MS);
	}
}

#define NAME_OF_63 "a23456789b23456789c23456789d23456789e23456789f23456789g23456789"

static void a_name_is_one_text_that_can_be_seen(void **state)
{
	static const struct {
		const char *name;
		enum proxy_users_result result;
	} rows[] = {
		{ "", PROXY_USERS_NONE },
		{ "J\u00f6rg M\u00fcller", PROXY_USERS_FOUND },
		{ "alice@example.com", PROXY_USERS_FOUND },
		{ NAME_OF_63, PROXY_USERS_FOUND },
		{ NAME_OF_63 "h", PROXY_USERS_AMBIGUOUS },
		{ "a\tb", PROXY_USERS_AMBIGUOUS },
		{ "a\x1b[2J", PROXY_USERS_AMBIGUOUS },
		{ "a\x7f", PROXY_USERS_AMBIGUOUS },
		{ "J\xf6rg", PROXY_USERS_AMBIGUOUS },
		{ "alice\u202ebob", PROXY_USERS_AMBIGUOUS },
		{ "alice\u200b", PROXY_USERS_AMBIGUOUS },
	};
	(void)state;

	for_each_row(i, rows) {
		struct http_field fields[MAX_FIELDS] = { { PROXY_USERS_NAME, rows[i].name },
							 { PROXY_USERS_GROUPS, "root" } };
		struct principal who;
		assert_int_equal(find(fields, &who), rows[i].result);
		if (rows[i].result == PROXY_USERS_FOUND)
			assert_string_equal(who.name, rows[i].name);
	}
}

static void fields_that_are_there_twice_or_missing_name_nobody(void **state)
{
	static const struct {
		struct http_field fields[MAX_FIELDS];
		enum proxy_users_result result;
	} rows[] = {
		{ { { "Remote-User", "a" }, { "Remote-User", "a" }, { "Remote-Groups", "root" } },
		  PROXY_USERS_AMBIGUOUS },
		{ { { "Remote-User", "a" }, { "Remote-User", "" }, { "Remote-Groups", "root" } },
		  PROXY_USERS_AMBIGUOUS },
		{ { { "Remote-User", "a" }, { "Remote-Groups", "x" }, { "Remote-Groups", "root" } },
		  PROXY_USERS_AMBIGUOUS },
		{ { { "Remote-Groups", "x" }, { "Remote-Groups", "root" } },
		  PROXY_USERS_AMBIGUOUS },
		{ { { "Remote-Groups", "root" } }, PROXY_USERS_NONE },
		{ { { "Remote_User", "a" }, { "Remote-Groups", "root" } }, PROXY_USERS_NONE },
		{ { { "Remote-User", "a" }, { "Remote_Groups", "root" } }, PROXY_USERS_NO_ROLE },
		{ { { "Remote-User", "a" } }, PROXY_USERS_NO_ROLE },
	};
	(void)state;

	for_each_row(i, rows) {
		struct principal who;
		assert_int_equal(find(rows[i].fields, &who), rows[i].result);
	}
}

static void they_are_on_where_a_group_has_a_role(void **state)
{
	(void)state;
	assert_true(proxy_users_are_on(&users));
	assert_true(proxy_users_are_on(&(struct proxy_users){ .groups[ROLE_VIEWER] = "staff" }));
	assert_false(proxy_users_are_on(&(struct proxy_users){ .groups = { 0 } }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_has_the_highest_role_of_their_groups),
		cmocka_unit_test(a_name_is_one_text_that_can_be_seen),
		cmocka_unit_test(fields_that_are_there_twice_or_missing_name_nobody),
		cmocka_unit_test(they_are_on_where_a_group_has_a_role),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
