/*
 * May others change what lies in a directory of ours, by its owner and permission bits of POSIX?
 * Keys, tokens and databases are only as safe as the directory that they lie in.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"

struct private_dir {
	const char *path;
	unsigned long owner;    /* a user's number; 0: root */
	const char *owner_name; /* NULL: the system knows no name */
	unsigned long self;     /* who we are */
	bool any_owner;         /* root may work in the directory of a service's user */
	unsigned mode;          /* permission bits */
};

/* Says who else may use it, and what mends that, in `arena`; NULL: nobody but root and us. */
const char *private_dir_fault(const struct private_dir *dir, struct arena *arena);
