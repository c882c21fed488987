/*
 * The states of a collector whose store is in a database that others may have, too: it waits for
 * the database, stands by, loads when it has the lease, judges, and leaves when another one is to
 * judge. Leaving is a new beginning of the process, so that there is one way into each state.
 *
 * The loop's thread only.
 */
#pragma once

#include <stdbool.h>

#include "collector/cluster/member.h"
#include "collector/store/store.h"

/* Not ready for so long, although the database answers: another one, if there is, is to try. */
#define MEMBERSHIP_MAX_CHECKING_MS 60000

struct membership;

struct membership_options {
	uv_loop_t *loop;
	const struct store_location *location; /* borrowed */
	const char *node;                      /* copied; likewise what follows */
	struct member_about about;
	unsigned takeover_after;

	/* The database cannot be reached, before it was for the first time. */
	void (*waits)(void *user, const char *error);
	/* It could, and this collector stands by. */
	void (*stands_by)(void *user);
	/* It is to judge, on a store that is open: the receiver's from now on. False: it cannot. */
	bool (*judges)(void *user, struct store *store);
	/* Does it read what is stored? Else, can it do what it judges for? */
	bool (*is_reading)(void *user);
	bool (*is_ready)(void *user);
	/* The last commit that was confirmed to it; 0: none. */
	int64_t (*last_commit)(void *user);
	/* Another one is to judge, or does: the process begins anew. */
	void (*leaves)(void *user);
	/* It cannot go on. */
	void (*failed)(void *user, enum status status, const char *error);
	void *user;
};

/*
 * Tries to reach the database at once. Errors are those of store_seat_open() for which waiting does
 * not help: `failed` is not called then.
 */
enum status membership_open(struct membership **out, const struct membership_options *options,
			    char error[STORE_ERROR_SIZE]);

/*
 * Two steps to the end: from the first on nothing is taken and nothing is told; the second, after
 * the store is closed, lets the lease go, and calls `closed`, from the loop.
 */
void membership_retire(struct membership *membership);
void membership_close(struct membership *membership, void (*closed)(void *user), void *user);

void membership_tell(struct membership *membership, const struct member_about *about);

/* NULL until the database was reached once. */
struct member *membership_member(const struct membership *membership);
