/*
 * May a server be restarted: would its MTA start again? What a verdict says of the next start, as
 * an answer to the question that comes before every maintenance.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"
#include "proto/exposure/exposure.h"

/* Worst first. */
enum restart {
	RESTART_NO,          /* its MTA would not start */
	RESTART_CANNOT_TELL, /* or nobody has looked */
	RESTART_YES,
};

/*
 * The answer for a server of that verdict. `starting_is_left`: of a failing one, that nothing is
 * left to be mended (remedy_is_to_start()), so that what it failed for may be gone.
 */
enum restart restart_judge(enum verdict verdict, bool starting_is_left);

/* Is the first way to mend it to start the MTA, and nothing else? */
bool remedy_is_to_start(const struct remedy *remedy);

/* "no" ...; never NULL. */
const char *restart_name(enum restart restart);

/*
 * The answer as a sentence or some: "No, its MTA would not start again. Adapter B ...". `why` is
 * the verdict's first reason; NULL: there is none. In `arena`.
 */
const char *restart_sentence(enum restart restart, enum verdict verdict, const char *why,
			     struct arena *arena);
