/*
 * "Did you mean ...?": the name nearest to a mistyped one. Distances count letters added, left
 * out, replaced, or exchanged with their neighbour; case does not matter.
 *
 *   struct suggestion best = suggest_begin("sreve");
 *   for each known name: suggest_try(&best, name);
 *   best.name: "serve", or NULL where nothing is near
 */
#pragma once

#include <stddef.h>

/* Longer words get no suggestion. */
#define SUGGEST_MAX_LENGTH 32

struct suggestion {
	const char *name; /* the best so far, borrowed; NULL: none */
	const char *word; /* what was typed */
	size_t distance;  /* a name must be nearer than this */
};

struct suggestion suggest_begin(const char *word);
void suggest_try(struct suggestion *best, const char *name);
