/* Turns that work shares: one piece in each turn of the loop. */
#include "collector/base/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECES 5

static uv_loop_t loop;
static struct turns turns;
static char done[64]; /* a letter for each piece, a '.' where a turn of the loop ended */

struct work {
	char name;
	int left;
	struct turn *turn;
};

static void do_piece(void *user)
{
	struct work *work = user;

	strncat(done, &work->name, 1);
	if (--work->left > 0)
		turn_wait(work->turn);
	else
		turn_free(work->turn);
}

static void begin(struct work *work, char name, int pieces)
{
	*work = (struct work){ name, pieces, turn_new(&turns, &loop, do_piece, work) };
	turn_wait(work->turn);
	turn_wait(work->turn); /* keeps its place */
}

static int set_up(void **state)
{
	(void)state;
	done[0] = '\0';
	turns_init(&turns);
	return uv_loop_init(&loop);
}

static int tear_down(void **state)
{
	(void)state;
	return uv_loop_close(&loop);
}

static void all_do_one_piece_after_the_other(void **state)
{
	struct work a, b, c;
	(void)state;

	begin(&a, 'a', 3);
	begin(&b, 'b', 1);
	begin(&c, 'c', 2);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_string_equal(done, "abcaca");
}

static void mark_turn_of_loop(uv_check_t *handle)
{
	size_t length = strlen(done);
	(void)handle;

	if (length > 0 && done[length - 1] != '.')
		strcat(done, ".");
}

/*
 * The loop itself tells its turns: uv_run(UV_RUN_ONCE) looks at the timers twice, before and after
 * it waits.
 */
static void no_turn_of_the_loop_sees_two_pieces(void **state)
{
	struct work a, b;
	uv_check_t turn_of_loop;
	(void)state;

	assert_int_equal(uv_check_init(&loop, &turn_of_loop), 0);
	assert_int_equal(uv_check_start(&turn_of_loop, mark_turn_of_loop), 0);
	uv_unref((uv_handle_t *)&turn_of_loop);
	begin(&a, 'a', PIECES);
	begin(&b, 'b', PIECES);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&turn_of_loop, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);

	size_t pieces = 0;
	for (const char *at = done; *at; at++) {
		pieces += *at != '.';
		assert_true(at[0] == '.' || at[1] == '.' || at[1] == '\0');
	}
	assert_int_equal(pieces, 2 * PIECES);
}

static void who_leaves_while_waiting_holds_up_nobody(void **state)
{
	struct work a, b, c;
	(void)state;

	begin(&a, 'a', 1);
	begin(&b, 'b', 1);
	begin(&c, 'c', 1);
	turn_free(b.turn);
	turn_free(a.turn);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_string_equal(done, "c");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_do_one_piece_after_the_other),
		TEST(no_turn_of_the_loop_sees_two_pieces),
		TEST(who_leaves_while_waiting_holds_up_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
