/*
 * Inside of identities.c and identities_change.c.
 */
#pragma once

#include "collector/auth/agent_map.h"
#include "collector/auth/identities.h"
#include "collector/base/loop.h"
#include "proto/base/arena.h"

/* All of one kind; its rows live in the arena. */
struct identity_list {
	struct record_identity *rows;
	size_t n;
	size_t room;
	struct arena arena;
};

struct identities {
	struct identities_options options;
	struct agent_map agents;
	struct identity_list tokens;
	struct identity_list secrets;
	struct identity_list sessions;
	int64_t seen; /* the last line of the audit log that is taken into account */
	struct loop_timer *poll;
	bool stopped;
	bool failing; /* said so already */
};

/* The list of that kind; NULL for agents. */
struct identity_list *identities_list(struct identities *identities, enum record_kind kind);

/* Takes into account what the store has got since; what cannot be read stays as it was. */
enum status identities_refresh(struct identities *identities, char error[STORE_ERROR_SIZE]);
