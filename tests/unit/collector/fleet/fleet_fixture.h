/*
 * For tests of the fleet: a store in memory, and a site that is described in a few words.
 *
 * Every report is of a server with two adapters, A at 10.0.N.1 and B at 10.0.N.2 where N is the
 * number of its name ("S3"); a word per peer tells how far A and B got.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"
#include "collector/store/engine.h"

#define FIXTURE_MAX_ROWS 512

/* Milliseconds; tests begin at T0. */
#define T0     INT64_C(1795344323000)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define DAY    (1440 * MINUTE)

/* The store in memory. */
struct store_db {
	struct fixture *fixture;
};

struct fixture {
	struct fleet *fleet;
	struct store_db db;
	struct store_connection store;
	/* What is durable. */
	struct fixture_report *reports[FIXTURE_MAX_ROWS];
	size_t n_reports;
	struct fixture_server *servers[FIXTURE_MAX_ROWS];
	size_t n_servers;
	struct record_removal removed; /* the last one */
	char removed_key[32];
	bool is_broken;     /* the store cannot be read */
	size_t n_looked_up; /* reports of which it was asked for an earlier copy */
	size_t n_streams_looked_up;
	size_t n_read_until; /* reports that were the latest until some moment */
};

void fixture_init(struct fixture *f);
void fixture_deinit(struct fixture *f);

/* What came before a report, as the fleet knows it or as it is durable. */
struct fleet_earlier fixture_find_earlier(struct fixture *f, const struct snapshot *snapshot);

/* Makes changes durable and visible, and frees them; NULL is allowed. */
void fixture_commit(struct fixture *f, struct changes *changes);

/* One report; what is 0 or NULL gets a usual value. */
struct fixture_words {
	const char *name;   /* of the host: "S1" */
	const char *server; /* of Exchange: as the host */
	const char *site;   /* "HQ" */
	int64_t sequence;   /* the next one of all */
	int64_t interval_s; /* 300 */
	const char *build;  /* "5.5.2653.23" */
	/*
	 * Rows: "S2:mta/mta S3:mta/none" (peer, grade through A, through B); "" for none. Failed
	 * ones have stood for an hour.
	 */
	const char *rows;
	const char *mac;   /* of adapter A; NULL: it tells none */
	int holds;         /* B holds the address of adapter A of that number; 0: one of its own */
	const char *extra; /* members more, each with a comma before it */
	bool stands;       /* it is of an agent of standing */
};

/* The report as it is read at `now_ms`; its JSON text, which is to be passed to free(). */
struct snapshot *fixture_read(const struct fixture_words *words, int64_t at_ms, int64_t now_ms,
			      char **body);

/* Takes a report with its facts collected at `at_ms`, at `now_ms`; asserts that it is accepted. */
struct changes *fixture_take(struct fixture *f, const struct fixture_words *words, int64_t at_ms,
			     int64_t now_ms);

/* The same, and it is committed. */
void fixture_report(struct fixture *f, const struct fixture_words *words, int64_t at_ms,
		    int64_t now_ms);

/* Takes a server out; `*changes` are to be committed. As fleet_remove(). */
enum status fixture_remove(struct fixture *f, const char *key, int64_t at_ms,
			   struct changes **changes);

/* Advances as often as something is due, committing what changed. */
void fixture_advance(struct fixture *f, int64_t now_ms);

/* The fleet anew, from the store. */
void fixture_restart(struct fixture *f, int64_t now_ms);

/* "exposed", "exposed silent" ...; "absent" where there is no view. Static. */
const char *fixture_verdict(const struct fixture *f, const char *name);

/* The object of view_add_verdict(), to be passed to free(). */
char *fixture_verdict_json(const struct view *view);

/* The next number; the same for the same seed. */
uint32_t fixture_random(uint32_t *seed);

/*
 * Rows for `struct fixture_words`, of each other of `n` servers with a chance of one in `rarity`.
 */
void fixture_random_rows(uint32_t *seed, size_t n, size_t self, uint32_t rarity, char *out,
			 size_t size);
