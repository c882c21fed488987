/*
 * The collector's own ills: is one of them there, and what is to be said of it?
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/alerts/alerts.h"
#include "collector/model/condition.h"
#include "proto/base/arena.h"

/* The disk is nearly full where less than both is free: a share of it in percent, and bytes. */
#define SELF_CHECK_MIN_FREE_PERCENT 2
#define SELF_CHECK_MIN_FREE_BYTES   (INT64_C(1024) * 1024 * 1024)

/* Days before its end from which on a certificate is an ill. */
#define SELF_CHECK_CERTIFICATE_DAYS 14

/* A dead letter is an ill for this long. */
#define SELF_CHECK_DEAD_LETTER_MS (INT64_C(24) * 3600 * 1000)

/* Confirmed commits that are gone are an ill for this long. */
#define SELF_CHECK_STORE_LOST_MS (INT64_C(24) * 3600 * 1000)

struct self_check_facts {
	const char *data;           /* directory of the store */
	int64_t certificate_end_ms; /* TIMESTAMP_NONE: there is no certificate */
	int64_t lost_commits;       /* 0: none was ever lost */
	int64_t lost_ms;            /* when that was seen */
	bool is_asynchronous;       /* as store_is_asynchronous() */
	int64_t last_dead_ms;       /* TIMESTAMP_NONE: there are no dead letters */
	const char *stuck_hook;     /* NULL: none is */
	int64_t stuck_ms;           /* since when it is */
	const char *away;           /* names of other collectors that give no sign; NULL: none */
	const char *clocks_apart;   /* how far each is ahead of the database's; NULL: they agree */
};

/* Is so little free of a file system that people have to be told? */
bool self_check_is_short(int64_t free_bytes, int64_t all_bytes);

/* `condition` is one of the collector's own. */
struct alert_ill self_check_run(const struct self_check_facts *facts, enum condition condition,
				int64_t now_ms, struct arena *arena);
