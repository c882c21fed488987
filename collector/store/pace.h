/*
 * When the loop rests and commits wait, so that changes which come fast share a turn of the loop
 * and a commit. Either costs several times what one of its changes does, most of all where threads
 * and the processor sleep in between. So while changes come fast the loop begins no turn for some
 * milliseconds after a commit has begun. Where they come too fast for that, whoever sends the next
 * one when the one before is answered would be kept from it: then only commits are apart. A change
 * that comes alone waits for nothing.
 *
 * Times are those at which turns of the loop begin, in milliseconds of a clock that never runs
 * backwards.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* So many at once make a commit that need not wait for more. */
#define PACE_ENOUGH 16

/* So many in PACE_FAST_MS come too fast for a rest. */
#define PACE_CROWD   40
#define PACE_FAST_MS 8

/* The rest ends so long after the turn before it began. */
#define PACE_REST_MS 16

/* All 0 at first. */
struct pace {
	uint64_t came_ms[PACE_CROWD]; /* the last changes, in turn */
	size_t n_came;
	uint64_t next_commit_ms;
	uint64_t crowd_ends_ms;
};

/* A change came. */
void pace_note(struct pace *pace, uint64_t turn_ms);

/* How long `n` changes are to wait for others; 0: a commit of them begins now. */
uint64_t pace_wait_ms(const struct pace *pace, uint64_t turn_ms, size_t n);

/* A commit begins. Returns how long after the beginning of this turn the loop rests; 0: it does not. */
uint64_t pace_begin(struct pace *pace, uint64_t turn_ms);
