#include "collector/http/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/exposition.h"
#include "collector/http/http.h"
#include "proto/base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Statuses from 100 to 599. */
#define FIRST_STATUS 100
#define N_STATUSES   500

/* Upper bounds of the histogram's buckets. */
static const double bounds_s[] = {
	0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5
};

struct tally {
	uint32_t answers[N_STATUSES];
	uint64_t within[COUNT(bounds_s)]; /* answers in that bucket alone */
	uint64_t n;
	double seconds;
};

struct traffic {
	const struct route *routes;
	size_t n_routes;
	struct tally *tallies; /* one of each route, and one of no route */
};

struct traffic *traffic_new(const struct route *routes, size_t n_routes)
{
	struct traffic *traffic = mem_alloc(sizeof *traffic);

	*traffic = (struct traffic){ routes, n_routes, NULL };
	traffic->tallies = mem_alloc_array(n_routes + 1, sizeof *traffic->tallies);
	return traffic;
}

void traffic_free(struct traffic *traffic)
{
	if (!traffic)
		return;
	free(traffic->tallies);
	free(traffic);
}

void traffic_note(struct traffic *traffic, const struct route *route, int status, uint64_t ns)
{
	size_t i = route ? (size_t)(route - traffic->routes) : traffic->n_routes;
	struct tally *tally = &traffic->tallies[i];
	double seconds = (double)ns / 1e9;
	size_t bucket = 0;

	if (status >= FIRST_STATUS && status < FIRST_STATUS + N_STATUSES)
		tally->answers[status - FIRST_STATUS]++;
	while (bucket < COUNT(bounds_s) && seconds > bounds_s[bucket])
		bucket++;
	if (bucket < COUNT(bounds_s))
		tally->within[bucket]++;
	tally->n++;
	tally->seconds += seconds;
}

uint64_t traffic_count(const struct traffic *traffic, const char *pattern, int from, int to)
{
	uint64_t n = 0;

	for (size_t i = 0; i < traffic->n_routes; i++) {
		if (strcmp(traffic->routes[i].pattern, pattern) != 0)
			continue;
		for (int status = from; status <= to; status++)
			n += traffic->tallies[i].answers[status - FIRST_STATUS];
	}
	return n;
}

/* Of the tally at `i`, which may be that of no route. */
static const char *method_of(const struct traffic *traffic, size_t i)
{
	return i < traffic->n_routes ? http_method_name(traffic->routes[i].method) : "";
}

static const char *pattern_of(const struct traffic *traffic, size_t i)
{
	return i < traffic->n_routes ? traffic->routes[i].pattern : "";
}

static void expose_answers(const struct traffic *traffic, struct buffer *out)
{
	static const char name[] = "mtawatch_http_requests_total";
	char code[16];

	exposition_family(out, name, "counter",
			  "Requests answered, by route (empty: none of ours) and status.");
	for (size_t i = 0; i <= traffic->n_routes; i++) {
		for (int s = 0; s < N_STATUSES; s++) {
			uint32_t n = traffic->tallies[i].answers[s];
			if (n == 0)
				continue;
			snprintf(code, sizeof code, "%d", FIRST_STATUS + s);
			exposition_sample(out, name, n, "method", method_of(traffic, i), "route",
					  pattern_of(traffic, i), "code", code, NULL);
		}
	}
}

static void expose_histogram(const struct traffic *traffic, size_t i, struct buffer *out)
{
	static const char name[] = "mtawatch_http_request_duration_seconds";
	const struct tally *tally = &traffic->tallies[i];
	const char *method = method_of(traffic, i);
	const char *pattern = pattern_of(traffic, i);
	uint64_t n = 0;
	char sample[64];
	char bound[32];

	snprintf(sample, sizeof sample, "%s_bucket", name);
	for (size_t b = 0; b < COUNT(bounds_s); b++) {
		n += tally->within[b];
		snprintf(bound, sizeof bound, "%g", bounds_s[b]);
		exposition_sample(out, sample, (double)n, "method", method, "route", pattern, "le",
				  bound, NULL);
	}
	exposition_sample(out, sample, (double)tally->n, "method", method, "route", pattern, "le",
			  "+Inf", NULL);
	snprintf(sample, sizeof sample, "%s_sum", name);
	exposition_sample(out, sample, tally->seconds, "method", method, "route", pattern, NULL);
	snprintf(sample, sizeof sample, "%s_count", name);
	exposition_sample(out, sample, (double)tally->n, "method", method, "route", pattern, NULL);
}

void traffic_expose(const struct traffic *traffic, struct buffer *out)
{
	expose_answers(traffic, out);
	exposition_family(
		out, "mtawatch_http_request_duration_seconds", "histogram",
		"Time from a complete request to its answer; a report's holds its commit.");
	for (size_t i = 0; i <= traffic->n_routes; i++) {
		if (traffic->tallies[i].n > 0)
			expose_histogram(traffic, i, out);
	}
}
