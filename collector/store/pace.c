#include "collector/store/pace.h"

#include <stdbool.h>

/* They come fast while so many come in PACE_FAST_MS. */
#define MANY 8

/* Between the beginnings of two commits of few. */
#define SPACED_MS 8

/* So long after PACE_CROWD they come too fast for a rest. */
#define CROWD_MS 100

void pace_note(struct pace *pace, uint64_t turn_ms)
{
	pace->came_ms[pace->n_came++ % PACE_CROWD] = turn_ms;
}

static bool came_lately(const struct pace *pace, uint64_t turn_ms, size_t n)
{
	return pace->n_came >= n &&
	       turn_ms - pace->came_ms[(pace->n_came - n) % PACE_CROWD] < PACE_FAST_MS;
}

uint64_t pace_wait_ms(const struct pace *pace, uint64_t turn_ms, size_t n)
{
	bool waits = n < PACE_ENOUGH && turn_ms < pace->next_commit_ms &&
		     came_lately(pace, turn_ms, MANY);
	return waits ? pace->next_commit_ms - turn_ms : 0;
}

uint64_t pace_begin(struct pace *pace, uint64_t turn_ms)
{
	pace->next_commit_ms = turn_ms + SPACED_MS;
	if (came_lately(pace, turn_ms, PACE_CROWD))
		pace->crowd_ends_ms = turn_ms + CROWD_MS;
	bool rests = turn_ms >= pace->crowd_ends_ms && came_lately(pace, turn_ms, MANY);
	return rests ? PACE_REST_MS : 0;
}
