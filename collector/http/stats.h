/*
 * What was answered, and how fast: a count by status and a histogram of durations for each route
 * of a server. The loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/base/buffer.h"
#include "collector/http/route.h"

struct traffic;

/* The routes are borrowed for its life. */
struct traffic *traffic_new(const struct route *routes, size_t n_routes);
void traffic_free(struct traffic *traffic);

/* An answer that took `ns` since its request was complete. `route` NULL: to no route of ours. */
void traffic_note(struct traffic *traffic, const struct route *route, int status, uint64_t ns);

/*
 * Answers to one route, by the range of their status: traffic_count(t, "/v1/reports", 200, 299).
 * All methods of the path together.
 */
uint64_t traffic_count(const struct traffic *traffic, const char *pattern, int from, int to);

/* mtawatch_http_requests_total and mtawatch_http_request_duration_seconds. */
void traffic_expose(const struct traffic *traffic, struct buffer *out);
