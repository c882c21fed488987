#include "collector/http/stats.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/exposition.h"
#include "collector/base/histogram.h"
#include "collector/http/http.h"
#include "proto/base/mem.h"

/* Statuses from 100 to 599. */
#define FIRST_STATUS 100
#define N_STATUSES   500

struct tally {
	uint32_t answers[N_STATUSES];
	struct histogram durations;
};

struct http_stats {
	const struct route *routes;
	size_t n_routes;
	struct tally *tallies; /* one of each route, and one of no route */
};

struct http_stats *http_stats_new(const struct route *routes, size_t n_routes)
{
	struct http_stats *stats = mem_alloc(sizeof *stats);

	*stats = (struct http_stats){ routes, n_routes, NULL };
	stats->tallies = mem_alloc_array(n_routes + 1, sizeof *stats->tallies);
	return stats;
}

void http_stats_free(struct http_stats *stats)
{
	if (!stats)
		return;
	free(stats->tallies);
	free(stats);
}

void http_stats_note(struct http_stats *stats, const struct route *route, int status, uint64_t ns)
{
	size_t i = route ? (size_t)(route - stats->routes) : stats->n_routes;
	struct tally *tally = &stats->tallies[i];

	if (status >= FIRST_STATUS && status < FIRST_STATUS + N_STATUSES)
		tally->answers[status - FIRST_STATUS]++;
	histogram_note(&tally->durations, ns);
}

uint64_t http_stats_count(const struct http_stats *stats, const char *pattern, int from, int to)
{
	uint64_t n = 0;

	for (size_t i = 0; i < stats->n_routes; i++) {
		if (strcmp(stats->routes[i].pattern, pattern) != 0)
			continue;
		for (int status = from; status <= to; status++)
			n += stats->tallies[i].answers[status - FIRST_STATUS];
	}
	return n;
}

/* The method of the tally at `i`, which may be that of no route. */
static const char *method_of(const struct http_stats *stats, size_t i)
{
	return i < stats->n_routes ? http_method_name(stats->routes[i].method) : "";
}

static const char *pattern_of(const struct http_stats *stats, size_t i)
{
	return i < stats->n_routes ? stats->routes[i].pattern : "";
}

static void expose_answers(const struct http_stats *stats, struct buffer *out)
{
	static const char name[] = "mtawatch_http_requests_total";
	char code[16];

	exposition_family(out, name, "counter",
			  "Requests answered, by route (empty: none of ours) and status.");
	for (size_t i = 0; i <= stats->n_routes; i++) {
		for (int s = 0; s < N_STATUSES; s++) {
			uint32_t n = stats->tallies[i].answers[s];
			if (n == 0)
				continue;
			snprintf(code, sizeof code, "%d", FIRST_STATUS + s);
			exposition_sample(out, name, n, "method", method_of(stats, i), "route",
					  pattern_of(stats, i), "code", code, NULL);
		}
	}
}

void http_stats_expose(const struct http_stats *stats, struct buffer *out)
{
	static const char duration[] = "mtawatch_http_request_duration_seconds";

	expose_answers(stats, out);
	exposition_family(
		out, duration, "histogram",
		"Time from a complete request to its answer; a report's holds its commit.");
	for (size_t i = 0; i <= stats->n_routes; i++) {
		const struct histogram *durations = &stats->tallies[i].durations;
		if (durations->n > 0)
			histogram_expose(durations, duration, "method", method_of(stats, i),
					 "route", pattern_of(stats, i), out);
	}
}
