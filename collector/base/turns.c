#include "collector/base/turns.h"

#include <stdbool.h>
#include <stdlib.h>

#include "proto/base/mem.h"

struct turn {
	struct turns *turns;
	struct loop_timer *timer; /* runs for the first of those that wait */
	void (*fire)(void *user);
	void *user;
	bool is_waiting;
	TAILQ_ENTRY(turn) place;
};

void turns_init(struct turns *turns)
{
	TAILQ_INIT(&turns->waiting);
}

static void call_first(struct turns *turns)
{
	if (!TAILQ_EMPTY(&turns->waiting))
		loop_timer_start(TAILQ_FIRST(&turns->waiting)->timer, 0);
}

static void leave_queue(struct turn *turn)
{
	bool was_first = TAILQ_FIRST(&turn->turns->waiting) == turn;

	if (!turn->is_waiting)
		return;
	turn->is_waiting = false;
	TAILQ_REMOVE(&turn->turns->waiting, turn, place);
	loop_timer_stop(turn->timer);
	if (was_first)
		call_first(turn->turns);
}

static void on_timer(void *user)
{
	struct turn *turn = user;

	leave_queue(turn);
	turn->fire(turn->user); /* may free it */
}

struct turn *turn_new(struct turns *turns, uv_loop_t *loop, void (*fire)(void *user), void *user)
{
	struct turn *turn = mem_alloc(sizeof *turn);

	*turn = (struct turn){ .turns = turns, .fire = fire, .user = user };
	turn->timer = loop_timer_new(loop, on_timer, turn);
	return turn;
}

void turn_wait(struct turn *turn)
{
	if (turn->is_waiting)
		return;
	turn->is_waiting = true;
	TAILQ_INSERT_TAIL(&turn->turns->waiting, turn, place);
	if (TAILQ_FIRST(&turn->turns->waiting) == turn)
		call_first(turn->turns);
}

void turn_free(struct turn *turn)
{
	leave_queue(turn);
	loop_timer_close(turn->timer);
	free(turn);
}
