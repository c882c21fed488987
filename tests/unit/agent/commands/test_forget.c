#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/commands/forget.h"
#include "agent/platform/files.h"
#include "agent/platform/keystore.h"

struct place {
	struct arena arena;
	char dir[64];
};

static void put(struct place *p, const char *name)
{
	const char *path = files_join(&p->arena, p->dir, name);
	assert_int_equal(files_replace(path, "x", 1), STATUS_OK);
}

static bool has(struct place *p, const char *name)
{
	char *bytes = NULL;
	size_t n = 0;
	enum status status = files_read(files_join(&p->arena, p->dir, name), 16, &bytes, &n);
	free(bytes);
	return status == STATUS_OK;
}

/* A state directory as an agent leaves it. */
static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	arena_init(&p->arena);
	strcpy(p->dir, "/tmp/test_forget.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(files_make_dir(files_join(&p->arena, p->dir, "spool")), STATUS_OK);
	assert_int_equal(files_make_dir(files_join(&p->arena, p->dir, "rejected")), STATUS_OK);
	assert_int_equal(keystore_save(p->dir, "a key"), STATUS_OK);
	put(p, "identity");
	put(p, "sequence");
	put(p, "sequence.tmp");
	put(p, "spool/1.report");
	put(p, "rejected/2.report");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	const char *what = NULL;

	files_remove(files_join(&p->arena, p->dir, "budget.xls"));
	assert_int_equal(forget_state(p->dir, false, &p->arena, &what), STATUS_OK);
	arena_deinit(&p->arena);
	free(p);
	return 0;
}

static void nothing_of_ours_is_left(void **state)
{
	struct place *p = *state;
	const char **names = NULL;
	const char *what = NULL;
	size_t n = 0;

	assert_int_equal(forget_state(p->dir, false, &p->arena, &what), STATUS_OK);
	assert_int_equal(files_list(p->dir, &p->arena, &names, &n), STATUS_NOT_FOUND);
}

static void the_spool_stays_where_that_is_asked(void **state)
{
	struct place *p = *state;
	const char **names = NULL;
	const char *what = NULL;
	size_t n = 0;

	assert_int_equal(forget_state(p->dir, true, &p->arena, &what), STATUS_OK);
	assert_int_equal(files_list(p->dir, &p->arena, &names, &n), STATUS_OK);
	assert_int_equal(n, 0); /* files; the folders are none */
	assert_true(has(p, "spool/1.report"));
	assert_true(has(p, "rejected/2.report"));
}

/* Somebody may have named a directory that is not the agent's alone. */
static void what_is_not_ours_stays(void **state)
{
	struct place *p = *state;
	const char *what = NULL;

	put(p, "budget.xls");
	assert_int_equal(forget_state(p->dir, false, &p->arena, &what), STATUS_OK);
	assert_true(has(p, "budget.xls"));
	assert_false(has(p, "identity"));
	assert_false(has(p, "key"));
}

static void what_is_not_there_is_no_failure(void **state)
{
	struct place *p = *state;
	const char *what = NULL;

	assert_int_equal(forget_state("/tmp/test_forget/none", false, &p->arena, &what), STATUS_OK);
}

static void what_cannot_be_removed_is_named_and_the_rest_goes(void **state)
{
	struct place *p = *state;
	const char *folder = files_join(&p->arena, p->dir, "rejected/folder");
	const char *what = NULL;

	assert_int_equal(files_make_dir(folder), STATUS_OK);
	assert_int_equal(forget_state(p->dir, false, &p->arena, &what), STATUS_CONFLICT);
	assert_string_equal(what, files_join(&p->arena, p->dir, "rejected"));
	assert_false(has(p, "identity"));
	assert_int_equal(files_remove_dir(folder), STATUS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(nothing_of_ours_is_left),
		TEST(the_spool_stays_where_that_is_asked),
		TEST(what_is_not_ours_stays),
		TEST(what_is_not_there_is_no_failure),
		TEST(what_cannot_be_removed_is_named_and_the_rest_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
