/*
 * The owners of a list of servers with the number of servers that each has, by itself or by its
 * site; pure.
 */
#pragma once

#include <stddef.h>

#include "collector/model/remarks.h"
#include "collector/query/server_table.h"
#include "proto/base/arena.h"

struct owner_count {
	const char *name;
	size_t servers;
};

struct owner_tally {
	struct owner_count *owners; /* in the order of their names without case */
	size_t n;
	size_t without; /* servers that nobody owns */
};

/* In `arena`; the names are borrowed from `remarks`. */
void owner_tally_make(const struct server_list *list, const struct remarks *remarks,
		      struct arena *arena, struct owner_tally *out);
