/*
 * How long the loop is held by asking which silences mute a page of alerts, for kinds of patterns:
 * names of servers, beginnings of names, anagrams of each other, and letters that are all there but
 * not in that order, where each has to be tried.
 *
 *   bench_silences [ALERTS]    default 1000, a page; always as many silences as there may be
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "collector/alerts/alerts.h"
#include "proto/base/number.h"

#define ROUNDS    5
#define NAME_SIZE 32
#define DAY_MS    INT64_C(86400000)

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The `i`th order of the same letters. */
static void permute(size_t i, char out[NAME_SIZE], const char *behind)
{
	char letters[] = "exch123";
	size_t n = sizeof letters - 1;
	size_t at = 0;

	for (; n > 0; i /= n, n--) {
		size_t taken = i % n;
		out[at++] = letters[taken];
		letters[taken] = letters[n - 1];
	}
	snprintf(out + at, NAME_SIZE - at, "%s", behind);
}

static void name(size_t i, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "EXCH%05zu", i);
}

static void beginning(size_t i, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "EXCH%03zu*", i % 1000);
}

static void anagram(size_t i, char out[NAME_SIZE])
{
	permute(i, out, "*");
}

static void of_anagram(size_t i, char out[NAME_SIZE])
{
	permute(5 * i, out, "-A");
}

static void scattered(size_t i, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "*%zu*h*c*x*%zu*", i % 10, i / 10 % 10);
}

typedef void write_name(size_t i, char out[NAME_SIZE]);

static struct alerts *with_silences(write_name *pattern)
{
	struct alerts *alerts = alerts_new();

	for (size_t i = 0; i < ALERTS_MAX_SILENCES; i++) {
		char text[NAME_SIZE];
		struct record_silence silence = { .server = text,
						  .organization = "",
						  .site = "",
						  .condition = "",
						  .comment = "",
						  .by = "",
						  .ends_ms = DAY_MS };
		pattern(i, text);
		if (alerts_add_silence(alerts, &silence, 0) != STATUS_OK)
			abort();
	}
	return alerts;
}

/* Of all silences for all alerts; `*n` of them mute one. */
static double ask_page(const struct alerts *alerts, write_name *server, size_t n_alerts, size_t *n)
{
	double began = cpu_ms();

	*n = 0;
	for (size_t i = 0; i < n_alerts; i++) {
		char text[NAME_SIZE];
		size_t at = 0;
		const struct record_alert alert = { .server = text,
						    .organization = "ACME",
						    .site = "HQ" };
		server(i, text);
		while (alerts_next_silence(alerts, &alert, 1, &at))
			++*n;
	}
	return cpu_ms() - began;
}

static void measure(const char *what, write_name *pattern, write_name *server, size_t n_alerts)
{
	struct alerts *alerts = with_silences(pattern);
	double best = 0;
	size_t n = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double took = ask_page(alerts, server, n_alerts, &n);
		if (round == 0 || took < best)
			best = took;
	}
	printf("%d silences, %s: %.2f ms for a page of %zu alerts, %zu muted\n",
	       ALERTS_MAX_SILENCES, what, best, n_alerts, n);
	alerts_free(alerts);
}

int main(int argc, char **argv)
{
	int64_t n = 1000;

	if (argc > 2 || (argc == 2 && (!number_parse(argv[1], 1, 1000000, &n)))) {
		fprintf(stderr, "usage: bench_silences [ALERTS]\n");
		return 2;
	}
	measure("names", name, name, (size_t)n);
	measure("beginnings of names", beginning, name, (size_t)n);
	measure("anagrams of each other", anagram, of_anagram, (size_t)n);
	measure("letters in another order", scattered, name, (size_t)n);
	return 0;
}
