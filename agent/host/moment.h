/*
 * A moment by both clocks of the machine: the one of the wall, which may be wrong and may be set,
 * and the one that only ever counts up, which begins anew when the machine does. Together they tell
 * over a restart of the agent how much time really passed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/host/host.h"

/* How far the clocks may disagree and still count as one story: they are read and slewed apart. */
#define MOMENT_TOLERANCE_MS 5000

struct moment {
	int64_t wall_ms; /* since 1970 */
	int64_t mono_ms; /* since some fixed moment of this run of the machine */
};

struct moment moment_now(struct host *host);

/*
 * How much time passed between two moments, of which the first may be of an earlier process. True
 * where both clocks say the same within MOMENT_TOLERANCE_MS; false where the machine was started
 * again or its clock was set in between, `*elapsed_ms` is then the wall's word, at least 0.
 */
bool moment_elapsed(const struct moment *then, const struct moment *now, int64_t *elapsed_ms);
