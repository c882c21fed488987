/*
 * Where collectors are: one URL, or several with commas between them, of which the first is asked
 * first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/arena.h"

#define COLLECTOR_URLS_MAX 8

struct collector_urls {
	const char *list[COLLECTOR_URLS_MAX]; /* without slashes at their ends */
	size_t n;
};

/*
 * Reads a list, its texts into `arena`. Returns an exit status; unless that is TERMINAL_EXIT_OK
 * standard error says why: something is no http:// or https:// URL, or http:// would carry the
 * token over the network, or there are too many.
 */
int collector_urls_read(struct collector_urls *out, const char *text, struct arena *arena);

/* Is each of the URLs of `text` one of `all`? Not valid ones are compared as they are. */
bool collector_urls_are_among(const char *text, const char *all, struct arena *arena);
