/* The store from the terminal, and what the terminal and a collector both write. */
#include "collector/store/admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/arena.h"
#include "tests/unit/collector/store/store_fixture.h"

static struct fixture f;
static struct store_admin *admin;
static char listed[4096];

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&f);
	fixture_open(&f);
	assert_int_equal(fixture_open_admin(&f, &admin), STATUS_OK);
	listed[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_admin_close(admin);
	fixture_close(&f);
	fixture_tear_down(&f);
	return 0;
}

static void change(struct store_change wanted)
{
	if (store_admin_change(admin, &wanted, f.error) != STATUS_OK)
		fail_msg("%s", f.error);
}

static struct record_identity identity(enum record_kind kind, const char *name, const char *made_by)
{
	struct record_identity made = { .kind = kind,
					.name = name,
					.id = kind == RECORD_KIND_AGENT ? "uuid" : NULL,
					.role = ROLE_ADMIN,
					.made_by = made_by,
					.made_at_ms = 5,
					.expires_at_ms = 1000 };

	for (size_t i = 0; i < SECRET_HASH_SIZE; i++)
		made.hash[i] = (uint8_t)(255 - i);
	return made;
}

static struct record_audit line(const char *action, const char *object)
{
	return (struct record_audit){ .at_ms = 1,
				      .who = "token ops",
				      .origin = "terminal",
				      .action = action,
				      .kind = RECORD_KIND_TOKEN,
				      .object = object };
}

static enum status list_audit(void *user, const struct record_audit *row)
{
	int64_t *last = user;
	size_t n = strlen(listed);

	snprintf(listed + n, sizeof listed - n, "%s %s%s; ", row->action, row->object,
		 row->object_id ? row->object_id : "");
	*last = row->id;
	return STATUS_OK;
}

static const char *audit(void)
{
	int64_t last = 0;
	int64_t newest = 0;

	listed[0] = '\0';
	assert_int_equal(
		store_read_audit_after(store_reader(f.store), 0, 100, list_audit, &last, f.error),
		STATUS_OK);
	assert_int_equal(store_read_last_audit(store_reader(f.store), &newest, f.error), STATUS_OK);
	assert_int_equal(newest, last);
	return listed;
}

static void an_identity_is_added_once_and_told_once(void **state)
{
	struct record_identity token = identity(RECORD_KIND_TOKEN, "ops", "root");
	struct record_identity other = identity(RECORD_KIND_TOKEN, "ops", "other");
	struct record_audit add = line("token.create", "ops");
	struct record_audit drop = line("token.revoke", "ops");
	struct record_identity found;
	struct arena arena;
	(void)state;

	change((struct store_change){ .add_identity = &token, .audit = &add });
	fixture_commit(&f, (struct store_change){ .add_identity = &other, .audit = &add });
	assert_string_equal(audit(), "token.create ops; ");
	arena_init(&arena);
	assert_int_equal(store_read_identity(store_reader(f.store), RECORD_KIND_TOKEN, "ops",
					     &arena, &found, f.error),
			 STATUS_OK);
	assert_string_equal(found.made_by, "root");
	assert_null(found.id);
	assert_int_equal(found.role, ROLE_ADMIN);
	assert_int_equal(found.expires_at_ms, 1000);
	assert_memory_equal(found.hash, token.hash, SECRET_HASH_SIZE);

	fixture_commit(&f, (struct store_change){ .drop_identity = &token, .audit = &drop });
	change((struct store_change){ .drop_identity = &token, .audit = &drop });
	assert_string_equal(audit(), "token.create ops; token.revoke ops; ");
	assert_int_equal(
		store_admin_read_identity(admin, RECORD_KIND_TOKEN, "ops", &arena, &found, f.error),
		STATUS_NOT_FOUND);
	arena_deinit(&arena);
}

static enum status list_identity(void *user, const struct record_identity *row)
{
	size_t n = strlen(listed);
	(void)user;

	snprintf(listed + n, sizeof listed - n, "%s ", row->name);
	return STATUS_OK;
}

static const char *names(enum record_kind kind)
{
	listed[0] = '\0';
	assert_int_equal(store_admin_read_identities(admin, kind, list_identity, NULL, f.error),
			 STATUS_OK);
	return listed;
}

/* A token takes its sessions along; one over the limit ends the oldest; one that is over goes. */
static void sessions_belong_to_their_token(void **state)
{
	struct record_identity token = identity(RECORD_KIND_TOKEN, "ops", "root");
	struct record_identity session = identity(RECORD_KIND_SESSION, "over", "else");
	(void)state;

	session.expires_at_ms = 10;
	fixture_commit(&f, (struct store_change){ .add_identity = &session });
	fixture_commit(&f, (struct store_change){ .add_identity = &token });
	for (int i = 0; i < 18; i++) {
		char name[16];
		snprintf(name, sizeof name, "s%02d", i);
		session = identity(RECORD_KIND_SESSION, name, "ops");
		session.made_at_ms = 100 + i;
		fixture_commit(&f, (struct store_change){ .add_identity = &session });
	}
	assert_string_equal(names(RECORD_KIND_SESSION),
			    "s02 s03 s04 s05 s06 s07 s08 s09 s10 s11 s12 s13 s14 s15 s16 s17 ");
	fixture_commit(&f, (struct store_change){ .drop_identity = &token });
	assert_string_equal(names(RECORD_KIND_SESSION), "");
	assert_int_equal(f.failed, 0);
}

static void identities_come_by_names_over_many_pages(void **state)
{
	(void)state;
	for (int i = 599; i >= 0; i--) {
		char name[16];
		snprintf(name, sizeof name, "%c%03d", i % 2 ? 'a' : 'B', i);
		struct record_identity agent = identity(RECORD_KIND_AGENT, name, "secret");
		fixture_commit(&f, (struct store_change){ .add_identity = &agent });
	}
	assert_int_equal(strlen(names(RECORD_KIND_AGENT)), 600 * 5);
	assert_memory_equal(listed, "B000 B002 ", 10);
	assert_memory_equal(listed + 300 * 5, "a001 a003 ", 10);
	assert_string_equal(listed + 599 * 5, "a599 ");
}

static enum status list_expected(void *user, const struct record_expected *row)
{
	size_t n = strlen(listed);
	(void)user;

	snprintf(listed + n, sizeof listed - n, "%s %s/%s %lld; ", row->key, row->site,
		 row->organization, (long long)row->since_ms);
	return STATUS_OK;
}

static const char *expected(void)
{
	listed[0] = '\0';
	assert_int_equal(store_read_expected(store_reader(f.store), list_expected, NULL, f.error),
			 STATUS_OK);
	return listed;
}

static int64_t version(void)
{
	int64_t version = -1;

	assert_int_equal(store_read_expected_version(store_reader(f.store), &version, f.error),
			 STATUS_OK);
	return version;
}

/* What another program changes is seen in some seconds. */
static void wait_for_other_version(int64_t before)
{
	for (int i = 0; i < 1000 && version() == before; i++)
		uv_sleep(20);
	assert_true(version() > before);
}

static void the_inventory_is_what_was_expected_last(void **state)
{
	const struct record_expected first[] = { { "b", "B", "", "HQ", 1 },
						 { "a", "A", "ACME", "HQ", 1 } };
	const struct record_expected again[] = { { "a", "A", "", "DR", 2 },
						 { "c", "C", "", "", 2 } };
	const struct record_expected gone = {
		.key = "b", .server = "", .organization = "", .site = ""
	};
	(void)state;

	assert_int_equal(version(), 0);
	change((struct store_change){
		.expect = STORE_EXPECT_ADD, .expected = first, .n_expected = 2 });
	wait_for_other_version(0);
	assert_string_equal(expected(), "a HQ/ACME 1; b HQ/ 1; ");
	int64_t before = version();
	fixture_commit(&f, (struct store_change){ .expected = again, .n_expected = 2 });
	assert_string_equal(expected(), "a DR/ 1; b HQ/ 1; c / 2; ");
	assert_true(version() > before);
	before = version();
	change((struct store_change){
		.expect = STORE_EXPECT_DROP, .expected = &gone, .n_expected = 1 });
	wait_for_other_version(before);
	assert_string_equal(expected(), "a DR/ 1; c / 2; ");
	before = version();
	change((struct store_change){
		.expect = STORE_EXPECT_REPLACE, .expected = first, .n_expected = 1 });
	wait_for_other_version(before);
	assert_string_equal(expected(), "b HQ/ 1; ");
	listed[0] = '\0';
	assert_int_equal(store_admin_read_former_expected(admin, list_expected, NULL, f.error),
			 STATUS_OK);
	assert_string_equal(listed, "a DR/ 1; c / 2; ");
	before = version();
	change((struct store_change){ .expect = STORE_EXPECT_REPLACE });
	wait_for_other_version(before);
	assert_string_equal(expected(), "");
}

static enum status list_removal(void *user, const struct record_removal *row)
{
	size_t n = strlen(listed);
	(void)user;

	snprintf(listed + n, sizeof listed - n, "%s %s; ", row->key, row->reason);
	return STATUS_OK;
}

static void expect_server(bool is_there)
{
	bool found = !is_there;

	assert_int_equal(store_admin_has_server(admin, "a", &found, f.error), STATUS_OK);
	assert_int_equal(found, is_there);
}

static void a_server_that_is_removed_may_come_again(void **state)
{
	const struct record_removal gone = { "a", "A", 9, "token ops", "retired" };
	const struct record_removal once_more = { "a", "A", 10, "token ops", "again" };
	(void)state;

	fixture_report(&f, "a", 1, 1000, "first");
	fixture_report(&f, "b", 1, 1000, "other");
	expect_server(true);
	fixture_commit(&f, (struct store_change){ .removal = &gone });
	expect_server(false);
	assert_string_equal(fixture_servers(&f), "b clear silent=0 e/1 other; ");
	fixture_report(&f, "a", 2, 2000, "second");
	expect_server(true);
	change((struct store_change){ .removal = &once_more });
	expect_server(false);
	assert_int_equal(store_admin_read_removals(admin, list_removal, NULL, f.error), STATUS_OK);
	assert_string_equal(listed, "a again; ");
}

static enum status list_report(void *user, const struct record_report *row, int64_t id)
{
	int64_t *last = user;
	size_t n = strlen(listed);

	assert_true(id != *last);
	*last = id;
	snprintf(listed + n, sizeof listed - n, "%s/%lld %.*s; ", row->key,
		 (long long)row->sequence, (int)row->body_size, row->body);
	return STATUS_OK;
}

static const char *reports(const char *key, int64_t since_ms, int64_t until_ms)
{
	const struct store_filter filter = { key, since_ms, until_ms };
	int64_t last = -1;

	listed[0] = '\0';
	assert_int_equal(store_admin_read_reports(admin, &filter, list_report, &last, f.error),
			 STATUS_OK);
	return listed;
}

static void reports_come_server_by_server_the_oldest_first(void **state)
{
	(void)state;
	fixture_report(&f, "b", 1, 1000, "b1");
	fixture_report(&f, "a", 1, 1000, "a1");
	fixture_report(&f, "a", 2, 3000, "a2");
	fixture_report(&f, "a", 3, 2000, "a3");
	fixture_report(&f, "a", 4, INT64_C(86400000), "a4"); /* the next day */
	assert_string_equal(reports(NULL, 0, INT64_MAX),
			    "b/1 b1; a/1 a1; a/3 a3; a/2 a2; a/4 a4; ");
	assert_string_equal(reports("a", 2000, 3000), "a/3 a3; a/2 a2; ");
	assert_string_equal(reports("nobody", 0, INT64_MAX), "");
}

#define WITH_ADMIN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ADMIN(an_identity_is_added_once_and_told_once),
		WITH_ADMIN(sessions_belong_to_their_token),
		WITH_ADMIN(identities_come_by_names_over_many_pages),
		WITH_ADMIN(the_inventory_is_what_was_expected_last),
		WITH_ADMIN(a_server_that_is_removed_may_come_again),
		WITH_ADMIN(reports_come_server_by_server_the_oldest_first),
	};

	return fixture_run(tests);
}
