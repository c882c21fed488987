/*
 * Which of several collectors is asked next. The first is asked first; where it does not take a
 * report the others follow in their order, and where one takes it the agent stays. An hour after it
 * left the first one it asks that again, before the one where it is.
 *
 * One that took nothing is left alone for RING_MIN_BACKOFF_S, twice that, and so on up to a bound,
 * or for as long as it asked for, each time with jitter. Pure: the time comes in, in milliseconds
 * of a clock that may begin anew after 49.7 days; it is told at least once in each of its rounds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RING_MAX           8
#define RING_RETURN_MS     3600000
#define RING_MIN_BACKOFF_S 2

struct ring_place {
	uint32_t failed_ms;
	uint32_t rest_ms;   /* to be left alone since then; 0: that is over */
	uint32_t backoff_s; /* of the next failure; 0: the shortest */
};

/* All zero but for `n`: at the first one. */
struct ring {
	struct ring_place places[RING_MAX];
	size_t n;
	size_t at;        /* where reports are taken */
	uint32_t left_ms; /* when the first one was left, or asked again in vain */
};

/* The places to be asked now, in this order; gives how many. */
size_t ring_order(struct ring *ring, uint32_t now_ms, size_t order[RING_MAX]);

/* This one answered for good: it is there. */
void ring_stay(struct ring *ring, size_t place, uint32_t now_ms);

/*
 * This one took nothing. It rests for its backoff, at most `longest_s`, but for `at_least_s` where
 * that is more; `random` makes it up to a quarter less or more, so that a fleet does not come back
 * at once.
 */
void ring_pass(struct ring *ring, size_t place, uint32_t now_ms, uint32_t longest_s,
	       uint32_t at_least_s, uint16_t random);

/* How long until one of them is to be asked. */
uint32_t ring_wait_ms(struct ring *ring, uint32_t now_ms);
