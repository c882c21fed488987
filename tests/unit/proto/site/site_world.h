/*
 * A site of some machines that an index keeps up to date while anything happens to it: reports,
 * silences, departures, renames, news of other sites. After each step the index must be as its
 * header says, and the site look as if it were viewed afresh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/report/report.h"
#include "proto/site/index.h"

#define WORLD_T0       INT64_C(1795344323000)
#define WORLD_MACHINES 12
#define WORLD_NAMES    14 /* some are carried by nobody, some by two machines */

extern const char *const world_names[WORLD_NAMES];

/* A number below `below`, which is at most 60: what happens is made of these. */
typedef uint32_t world_choose(void *user, uint32_t below);

/* One machine of the site, its report and what was last concluded. */
struct machine {
	struct arena arena;
	struct report report;
	struct site_member *member; /* NULL: it is not in the site */
	int64_t at_ms;
	uint64_t signature;
};

struct world {
	world_choose *choose;
	void *user;
	int64_t now_ms;
	struct machine machines[WORLD_MACHINES];
	bool elsewhere[WORLD_NAMES];
	bool renamed[WORLD_MACHINES]; /* silent, and seen under another name */
	enum grade usual;             /* how far most probes of peers get */
	struct site_index index;
	char fault[200];
};

void world_begin(struct world *w, enum grade usual, world_choose *choose, void *user);

/* Lets something happen. Returns NULL, or what is wrong then: a sentence in the world. */
const char *world_step(struct world *w);

/* Lets all leave. Returns NULL, or what is left. */
const char *world_end(struct world *w);
