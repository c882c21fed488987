/*
 * A histogram of durations, as Prometheus has them: how many took no longer than each bound, how
 * many there are, and how long they took together. All zero is an empty one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

#define HISTOGRAM_N_BOUNDS 11

struct histogram {
	uint64_t within[HISTOGRAM_N_BOUNDS]; /* durations of that bucket alone */
	uint64_t n;
	double seconds;
};

void histogram_note(struct histogram *histogram, uint64_t ns);

/*
 * The samples of a family that has begun under `name`, with up to two labels and their values; a
 * label that is NULL is none.
 */
void histogram_expose(const struct histogram *histogram, const char *name, const char *label,
		      const char *value, const char *label2, const char *value2,
		      struct buffer *out);
