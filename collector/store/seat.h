/*
 * A collector's seat among those that share a database: the lock on its data directory, and a
 * connection on which it beats, looks who judges, and takes the lease and gives it back
 * (collector/cluster/lease.h). Everything is synchronous, and the calls belong to one thread at a
 * time.
 */
#pragma once

#include "collector/model/record_collector.h"
#include "collector/store/store.h"

struct store_seat;

/* Can others have the store at `location`, too? The embedded one is its collector's alone. */
bool store_is_shared(const struct store_location *location);

/*
 * STATUS_CONFLICT  another process holds the directory, or the database is another fleet's
 * others           as store_open()
 */
enum status store_seat_open(struct store_seat **out, const struct store_location *location,
			    char error[STORE_ERROR_SIZE]);

/* Lets the directory go. NULL is allowed. */
void store_seat_close(struct store_seat *seat);

/* All that is known at a look. In `arena`, which is the caller's. */
struct store_look {
	struct lease_seen lease;
	int64_t taken_ms; /* by the database's clock, so `now_ms`; TIMESTAMP_NONE: never */
	int64_t now_ms;
	int64_t lost_ms; /* when confirmed commits were last seen to be gone; 0: never */
	struct record_collector *collectors; /* in the order of their nodes */
	size_t n;
};

/*
 * Stores our row, counting its beat up, and then looks. With `is_first` it takes the place of
 * another process of our node.
 *
 * STATUS_CONFLICT  another process has taken ours, or the database is another fleet's now
 */
enum status store_seat_beat(struct store_seat *seat, const struct record_collector *self,
			    bool is_first, struct arena *arena, struct store_look *out,
			    char error[STORE_ERROR_SIZE]);

/* `error` is empty unless the outcome is not known. */
enum lease_outcome store_seat_take(struct store_seat *seat, const char *node,
				   const struct lease_attempt *attempt,
				   char error[STORE_ERROR_SIZE]);

/*
 * Gives the lease back, if `token` is the one that holds: for the node `next`, if that is not NULL,
 * or for whom somebody has asked for.
 */
enum status store_seat_release(struct store_seat *seat, const char *token, const char *next,
			       char error[STORE_ERROR_SIZE]);
