/*
 * The files of the state directory after a loss of power: cut at every byte, or with the right
 * length and nothing in them, as a rename leaves it that came to the disk before its data. (The
 * spool's are in test_spool.c.) Whatever is left, no number is used twice and no key is taken for
 * another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/platform/files.h"
#include "agent/probe/grade_history.h"
#include "agent/uplink/enroll.h"
#include "agent/uplink/identity.h"
#include "proto/base/mem.h"
#include "tests/fake_host.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID  "6f1c0000-0000-4000-8000-00000000000a"

static char dir[64];
static struct arena arena;
static struct fake_host machine;
static struct host *host;

static int begin(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/test_state.XXXXXX");
	arena_init(&arena);
	machine = (struct fake_host){ .name = "EXCH1" };
	host = fake_host(&machine);
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	const char **names = NULL;
	size_t n = 0;
	(void)state;

	if (files_list(dir, &arena, &names, &n) == STATUS_OK) {
		for (size_t i = 0; i < n; i++)
			(void)files_remove(files_join(&arena, dir, names[i]));
	}
	arena_deinit(&arena);
	return rmdir(dir);
}

static const char *path_of(const char *name)
{
	return files_join(&arena, dir, name);
}

/*
 * Calls `check` with each state of the file that a loss of power may leave; then it is whole again.
 */
static void damage(const char *name, void (*check)(void))
{
	char *whole = NULL;
	size_t n = 0;

	assert_int_equal(files_read(path_of(name), 65536, &whole, &n), STATUS_OK);
	char *zeros = mem_alloc(n + 1);
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(files_replace(path_of(name), whole, cut), STATUS_OK);
		check();
		assert_int_equal(files_replace(path_of(name), zeros, cut + 1), STATUS_OK);
		check();
	}
	assert_int_equal(files_replace(path_of(name), whole, n), STATUS_OK);
	free(zeros);
	free(whole);
}

static struct identity before;

/* Numbers that were used belong to the old epoch alone. */
static void expect_no_number_again(void)
{
	struct identity identity;

	machine.random = 100; /* it only counts: not to where it was before */
	assert_int_equal(identity_open(&identity, host, dir, false), STATUS_OK);
	assert_int_equal(strlen(identity.id), UUID_TEXT_SIZE - 1);
	assert_int_equal(strlen(identity.epoch), UUID_TEXT_SIZE - 1);
	assert_string_not_equal(identity.epoch, before.epoch);
	assert_int_equal(identity.sequence, 0);
}

static void a_damaged_identity_or_sequence_begins_a_new_epoch(void **state)
{
	(void)state;
	assert_int_equal(identity_open(&before, host, dir, true), STATUS_OK);
	for (int i = 0; i < 12; i++)
		assert_int_equal(identity_next(&before, host), STATUS_OK);
	damage("sequence", expect_no_number_again);
	damage("identity", expect_no_number_again);

	struct identity after;
	assert_int_equal(identity_open(&after, host, dir, false), STATUS_OK);
	assert_string_equal(after.epoch, before.epoch);
	assert_int_equal(after.sequence, 12);
}

static void expect_no_key(void)
{
	struct enroll *enroll = enroll_open(host, dir, NULL);

	assert_null(enroll_id(enroll));
	assert_non_null(enroll_trouble(enroll));
	assert_null(enroll_authorization(enroll, &arena));
	enroll_close(enroll);
}

static void a_damaged_key_is_none(void **state)
{
	static const char whole[] = "mtawatch-key/1 " KEY " " ID " EXCH1\n";
	(void)state;

	assert_int_equal(files_replace(path_of("key"), whole, sizeof whole - 1), STATUS_OK);
	damage("key", expect_no_key);
	struct enroll *enroll = enroll_open(host, dir, "secret");
	assert_string_equal(enroll_authorization(enroll, &arena), "Bearer " ID "." KEY);
	assert_false(enroll_is_due(enroll, "exch1.acme.example"));
	assert_false(enroll_is_due(enroll, "EXCH10")); /* spooled before it was renamed */
	machine.name = "EXCH10";
	assert_true(enroll_is_due(enroll, "EXCH10"));
	assert_false(enroll_lost(enroll)); /* the key is of another name */
	enroll_close(enroll);
}

static void a_key_that_the_collector_has_not_heard_of_is_no_id(void **state)
{
	static const char whole[] = "mtawatch-key/1 " KEY " - EXCH1\n";
	(void)state;

	assert_int_equal(files_replace(path_of("key"), whole, sizeof whole - 1), STATUS_OK);
	struct enroll *enroll = enroll_open(host, dir, "secret");
	assert_null(enroll_trouble(enroll));
	assert_null(enroll_authorization(enroll, &arena));
	assert_true(enroll_is_due(enroll, "EXCH1"));
	enroll_close(enroll);
}

static void expect_no_history(void)
{
	struct grade_history *history = grade_history_new();

	assert_int_not_equal(grade_history_load(history, path_of("history")), STATUS_OK);
	grade_history_free(history);
}

static void a_damaged_history_is_begun_anew(void **state)
{
	struct moment now = { 1000000000, 5000000 };
	struct grade_history *history = grade_history_new();
	(void)state;

	grade_history_begin(history, &now, 600000);
	assert_int_equal(grade_history_save(history, path_of("history")), STATUS_OK);
	damage("history", expect_no_history);
	grade_history_free(history);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_identity_or_sequence_begins_a_new_epoch),
		TEST(a_damaged_key_is_none),
		TEST(a_key_that_the_collector_has_not_heard_of_is_no_id),
		TEST(a_damaged_history_is_begun_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
