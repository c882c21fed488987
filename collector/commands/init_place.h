/*
 * Where `init` makes a data directory. A new one is made aside, as DIRECTORY.new, and comes to its
 * place when it is complete: there is never half of one. One that has something in it is worked on
 * where it is. Root makes it as the user whose it is to be, and is root again afterwards.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "proto/base/arena.h"

/* The user that the service runs as. */
#define INIT_PLACE_SERVICE_USER "mtawatch"

struct init_place {
	const char *data; /* where the directory is to be, from the root */
	const char *work; /* where it is until init_place_finish() */
	bool is_new;      /* nothing was in it */
	uid_t owner;
	gid_t group;
	int lock; /* the directory above, open: one `init` at a time */
};

/*
 * Makes the directory, and lets root become its owner: `user`; NULL: root stays root, unless it is
 * another user's already. Returns an exit status; unless that is TERMINAL_EXIT_OK standard error
 * says why, and nothing is left to do.
 */
int init_place_open(struct init_place *place, const char *data, const char *user,
		    struct arena *arena);

/* The directory is complete. Returns an exit status, as above. */
int init_place_finish(struct init_place *place);

/* The work came to nothing: what was made of a new directory goes. */
void init_place_abandon(struct init_place *place);

/* Is there such a user? */
bool init_place_has_user(const char *user);
