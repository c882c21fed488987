/*
 * The collector's own ills: is one of them there, and what is to be said of it?
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/condition.h"
#include "proto/base/arena.h"

struct alerting_facts {
	const char *data;           /* directory of the store */
	int64_t certificate_end_ms; /* TIMESTAMP_NONE: there is no certificate */
	int64_t last_dead_ms;       /* TIMESTAMP_NONE: there are no dead letters */
};

struct alerting_ill {
	bool holds;
	const char *text;
	const char *remedy;
};

/* Is so little free of a file system that people have to be told? */
bool alerting_is_short(int64_t free_bytes, int64_t all_bytes);

/* `condition` is one of the collector's own. */
struct alerting_ill alerting_look(const struct alerting_facts *facts, enum condition condition,
				  int64_t now_ms, struct arena *arena);
