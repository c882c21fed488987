/*
 * The store from the terminal: a connection of its own beside a collector that may be running.
 * Everything is synchronous, and the calls belong to one thread.
 *
 * The database takes care of two writers: each waits for the other's commit, which takes
 * milliseconds. The collector sees what was committed here when it looks next
 * (collector/auth/identities.h). Only the schema may not change under a collector: it is brought up
 * to date here only while none runs.
 */
#pragma once

#include <stdbool.h>

#include "collector/store/store.h"

struct store_admin;

/*
 * Opens the store at `location`; with `create` it is made where it is not there.
 *
 * STATUS_NOT_FOUND    there is none
 * STATUS_CONFLICT     a collector of another version runs
 * others              as store_open()
 */
enum status store_admin_open(struct store_admin **out, const struct store_location *location,
			     bool create, char error[STORE_ERROR_SIZE]);
void store_admin_close(struct store_admin *admin);

/* Commits a change (`done` is not called). STATUS_TIMED_OUT: another writer does not let go. */
enum status store_admin_change(struct store_admin *admin, const struct store_change *change,
			       char error[STORE_ERROR_SIZE]);

/* As store_read_identity() and store_read_identities(). */
enum status store_admin_read_identity(struct store_admin *admin, enum record_kind kind,
				      const char *name, struct arena *arena,
				      struct record_identity *out, char error[STORE_ERROR_SIZE]);
enum status store_admin_read_identities(struct store_admin *admin, enum record_kind kind,
					store_each_identity *each, void *user,
					char error[STORE_ERROR_SIZE]);

/* As store_read_expected() and store_read_former_expected(). */
enum status store_admin_read_expected(struct store_admin *admin, store_each_expected *each,
				      void *user, char error[STORE_ERROR_SIZE]);
enum status store_admin_read_former_expected(struct store_admin *admin, store_each_expected *each,
					     void *user, char error[STORE_ERROR_SIZE]);

/* Every server that was removed, also those that have come back since; as store_read_removals(). */
enum status store_admin_read_removals(struct store_admin *admin, store_each_removal *each,
				      void *user, char error[STORE_ERROR_SIZE]);

/* Who shares the store, as of now; in `arena`. STATUS_UNSUPPORTED: it is its collector's alone. */
struct store_look;
enum status store_admin_look(struct store_admin *admin, struct arena *arena, struct store_look *out,
			     char error[STORE_ERROR_SIZE]);

/* Is the server of that key in the fleet? */
enum status store_admin_has_server(struct store_admin *admin, const char *key, bool *out,
				   char error[STORE_ERROR_SIZE]);

/* Which reports: of one server (NULL: of all), with a time from `since_ms` to `until_ms`. */
struct store_filter {
	const char *key;
	int64_t since_ms;
	int64_t until_ms;
};

/*
 * The kept reports, server by server, the oldest first; `id` tells them apart. They are read one by
 * one, so a collector that runs is held up by none, however long `each` takes. Borrowed for the
 * call; `each` as in store.h.
 */
typedef enum status store_each_report(void *user, const struct record_report *report, int64_t id);
enum status store_admin_read_reports(struct store_admin *admin, const struct store_filter *filter,
				     store_each_report *each, void *user,
				     char error[STORE_ERROR_SIZE]);
