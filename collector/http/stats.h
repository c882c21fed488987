/*
 * What was answered, and how fast: a count by status and a histogram of durations for each route
 * of a server. The loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/http/route.h"
#include "proto/base/buffer.h"

struct http_stats;

/* The routes are borrowed for its life. */
struct http_stats *http_stats_new(const struct route *routes, size_t n_routes);
void http_stats_free(struct http_stats *stats);

/* An answer that took `ns` since its request was complete. `route` NULL: to no route of ours. */
void http_stats_note(struct http_stats *stats, const struct route *route, int status, uint64_t ns);

/*
 * Answers to one route, by the range of their status: http_stats_count(t, "/v1/reports", 200, 299).
 * All methods of the path together.
 */
uint64_t http_stats_count(const struct http_stats *stats, const char *pattern, int from, int to);

/* mtawatch_http_requests_total and mtawatch_http_request_duration_seconds. */
void http_stats_expose(const struct http_stats *stats, struct buffer *out);
