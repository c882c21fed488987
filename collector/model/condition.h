/*
 * What an alert can be about. Names are stored, sent out and written in configuration files: never
 * renamed or reused.
 */
#pragma once

#include <stdbool.h>

enum condition {
	/* Of a server: its verdict (proto/exposure/exposure.h)... */
	CONDITION_FAILING,
	CONDITION_EXPOSED,
	CONDITION_AT_RISK,
	CONDITION_UNKNOWN, /* too little is known to judge it */
	/* ...and beside that: nothing is heard of it any more. */
	CONDITION_SILENT,

	/* Of the collector itself. */
	CONDITION_DISK,         /* the file system of its data is nearly full */
	CONDITION_CERTIFICATE,  /* its certificate is about to expire */
	CONDITION_DEAD_LETTERS, /* what a hook was to be told could not be delivered */

	CONDITION_COUNT,
};

/* A set of conditions. */
#define CONDITION_BIT(condition) (1U << (unsigned)(condition))
#define CONDITION_ALL            (CONDITION_BIT(CONDITION_COUNT) - 1U)

/* Of the collector itself, not of a server? */
bool condition_is_own(enum condition condition);

/* "at_risk"; never NULL. */
const char *condition_name(enum condition condition);
bool condition_from_name(const char *name, enum condition *out);
