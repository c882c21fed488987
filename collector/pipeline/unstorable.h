/*
 * Reports that the store cannot take because of what they say, whatever is tried: a fault of ours,
 * for which a fleet shall not stand still. The last ones are remembered, until the collector ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/report/report.h"

#define UNSTORABLE_MAX 64

/* A zeroed one is empty. */
struct unstorable {
	struct unstorable_report {
		char *agent_id;
		char *epoch;
		int64_t sequence;
	} reports[UNSTORABLE_MAX];
	size_t n; /* so many have come */
};

void unstorable_deinit(struct unstorable *unstorable);

/* Takes note of one, perhaps in the place of the oldest. */
void unstorable_note(struct unstorable *unstorable, const struct report *report);

/* Is it one of them, by its identity? */
bool unstorable_is(const struct unstorable *unstorable, const struct report *report);
