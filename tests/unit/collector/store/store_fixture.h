/*
 * A store in a directory of its own, for unit tests; every call asserts that it went well.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "collector/store/store.h"

#define FIXTURE_PATH_SIZE 160

struct fixture;

/* An engine, and the same tables behind its back. */
struct fixture_engine {
	const char *name;
	const struct store_engine *engine;
	int64_t (*count)(const struct fixture *f, const char *query);
	void (*execute)(const struct fixture *f, const char *sql);
};

extern const struct fixture_engine fixture_engines[];
extern const size_t fixture_engines_n;

/* From now on fixtures use this one, and before that the first. */
void fixture_use(const struct fixture_engine *engine);

struct fixture {
	char directory[64];
	uv_loop_t loop;
	struct store *store;
	size_t done;   /* changes that were committed */
	size_t failed; /* that were not; `error` is the last one's */
	char error[STORE_ERROR_SIZE];
	char listed[4096]; /* what the last list saw */
};

void fixture_set_up(struct fixture *f);

/* Removes the directory; the store is closed and the loop must have nothing left. */
void fixture_tear_down(struct fixture *f);

/* For the end of a group: removes the directories of tests that failed halfway. */
int fixture_sweep(void **state);

/* Text of random hexadecimal digits, which nothing makes much smaller; to be freed. */
char *fixture_make_random(size_t size, uint64_t seed);

void fixture_open(struct fixture *f);

/* The same, and whatever comes of it. */
enum status fixture_try_open(struct fixture *f, struct store **out, const char *directory);

/* Closes it, which runs everything that is pending. */
void fixture_close(struct fixture *f);

char *fixture_path(const struct fixture *f, const char *name, char path[FIXTURE_PATH_SIZE]);

/* `done` of a change; `user` is the fixture. */
void fixture_on_done(void *user, enum status status, const char *error);

/*
 * A report of some kilobytes, whose counters say `number`; to be freed. Those of one `seed` differ
 * little, those of two have little in common.
 */
char *fixture_body(unsigned seed, int number);

/* Commits a report of the server `key` as its latest. */
void fixture_report(struct fixture *f, const char *key, int64_t sequence, int64_t at_ms,
		    const char *body);

/* A line of every server: "a clear silent=0 e/1 BODY; ". The first is for store_read_servers(). */
enum status fixture_list_server(void *user, const struct record_server *server,
				const struct record_report *latest);
const char *fixture_servers(struct fixture *f);

/* The number that a query gives, and a change, both on a connection of their own. */
int64_t fixture_count(const struct fixture *f, const char *query);
void fixture_execute(const struct fixture *f, const char *sql);
