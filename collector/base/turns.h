/*
 * Work that is done piece by piece on the loop, so that nobody else waits long: those who share
 * their turns do one piece in a turn of the loop, one after the other, however many they are.
 */
#pragma once

#include <sys/queue.h>

#include "collector/base/loop.h"

struct turn;

struct turns {
	TAILQ_HEAD(turn_list, turn) waiting; /* the next first */
};

void turns_init(struct turns *turns);

/* For one piece of work after the other; `turns` lives longer. */
struct turn *turn_new(struct turns *turns, uv_loop_t *loop, void (*fire)(void *user), void *user);

/* Fires once, when it is its turn; one that waits already keeps its place. */
void turn_wait(struct turn *turn);

/* The turn may be waiting, or firing at this moment. */
void turn_free(struct turn *turn);
