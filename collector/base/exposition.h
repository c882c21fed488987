/*
 * The Prometheus text format, version 0.0.4 (prometheus.io, "Exposition formats"): families of
 * samples, added to a buffer. Names are the caller's; label values may hold anything.
 *
 *   exposition_family(out, "mtawatch_ready", "gauge", "Whether reports can be stored.");
 *   exposition_sample(out, "mtawatch_ready", 1, NULL);
 *   exposition_sample(out, "mtawatch_servers", 7, "site", "HQ", "verdict", "clear", NULL);
 */
#pragma once

#include <stdint.h>

#include "proto/base/buffer.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Begins a family; all its samples follow before the next one. `type`: gauge, counter, histogram.
 */
void exposition_family(struct buffer *out, const char *name, const char *type, const char *help);

/* A sample; pairs of label and value follow, then NULL. A value that is NULL stands as "". */
void exposition_sample(struct buffer *out, const char *name, double value, ...)
	__attribute__((sentinel));
