/*
 * A store in a directory of its own, for unit tests; every call asserts that it went well.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "collector/store/store.h"

#define FIXTURE_PATH_SIZE 160

struct CMUnitTest;
struct store_admin;

/* Where tests/postgres.py names a database, for stores in PostgreSQL. */
#define FIXTURE_VARIABLE "MTAWATCH_TEST_STORE"

/* Runs an array of tests with stores of every engine; how many failed. */
#define fixture_run(tests) fixture_run_tests(tests, sizeof(tests) / sizeof *(tests))
int fixture_run_tests(const struct CMUnitTest *tests, size_t n);

/* The same with stores in PostgreSQL alone; before that and outside of both they are SQLite's. */
#define fixture_run_postgresql(tests)                                                              \
	fixture_run_postgresql_tests(tests, sizeof(tests) / sizeof *(tests))
int fixture_run_postgresql_tests(const struct CMUnitTest *tests, size_t n);

struct fixture {
	char directory[64];
	uv_loop_t loop;
	struct store *store;
	size_t done;   /* changes that were committed */
	size_t failed; /* that were not; `error` is the last one's */
	char error[STORE_ERROR_SIZE];
	char listed[4096]; /* what the last list saw */
	bool is_resuming;
	enum status resumed;
};

/* A directory, and for engines that need more an empty store. */
void fixture_set_up(struct fixture *f);

/* Removes the directory; the store is closed and the loop must have nothing left. */
void fixture_tear_down(struct fixture *f);

/* For the end of a group: removes the directories of tests that failed halfway. */
int fixture_sweep(void **state);

/* Text of random hexadecimal digits, which nothing makes much smaller; to be freed. */
char *fixture_make_random(size_t size, uint64_t seed);

/* Nothing is too old for it, but what a test says so of. */
void fixture_open(struct fixture *f);

/* Where the store is; until it is asked for again. */
const struct store_location *fixture_location(const struct fixture *f);

/* The terminal's connection to it, beside a collector or without one. */
enum status fixture_open_admin(struct fixture *f, struct store_admin **out);

/* As fixture_open(), and whatever comes of it. */
enum status fixture_try_open(struct fixture *f, struct store **out, const char *directory);

/* Closes it, which runs everything that is pending. */
void fixture_close(struct fixture *f);

char *fixture_path(const struct fixture *f, const char *name, char path[FIXTURE_PATH_SIZE]);

/* A test that finds the store of a fixture open, and leaves it so. */
#define WITH_STORE(f, test)                                                                        \
	cmocka_unit_test_prestate_setup_teardown(test, fixture_begin, fixture_end, f)
int fixture_begin(void **state);
int fixture_end(void **state);

/* `done` of a change; `user` is the fixture. */
void fixture_on_done(void *user, enum status status, const char *error);

/*
 * A report of some kilobytes, whose counters say `number`; to be freed. Those of one `seed` differ
 * little, those of two have little in common.
 */
char *fixture_body(unsigned seed, int number);

/* Commits a change; one that fails is counted, too. */
void fixture_commit(struct fixture *f, struct store_change change);

/* Commits a report of the server `key` as its latest. */
void fixture_report(struct fixture *f, const char *key, int64_t sequence, int64_t at_ms,
		    const char *body);

/* Tries to accept changes again, and waits for that; `error` says what went wrong. */
enum status fixture_resume(struct fixture *f);
void fixture_begin_resume(struct fixture *f);
enum status fixture_end_resume(struct fixture *f);

/* Has something read by the store's thread, and waits for it; `error` says what went wrong. */
enum status fixture_ask(struct fixture *f, store_asked *read, void *user);

/*
 * A line of every server: "a clear silent=0 e/1 BODY; ", which the loop's thread and the store's
 * read alike. The first is for store_read_servers().
 */
enum status fixture_list_server(void *user, const struct record_server *server,
				const struct record_report *latest);
const char *fixture_servers(struct fixture *f);

/* The number that a query gives, and a change, both on a connection of their own. */
int64_t fixture_count(const struct fixture *f, const char *query);
void fixture_execute(const struct fixture *f, const char *sql);
