/*
 * The lease: which of several collectors on one database judges. A machine without a clock and
 * without a database: whoever owns it asks what to do next, does it, and says what came of it.
 *
 *   lease_next(&lease, now_ms, turned_ms)
 *   LEASE_BEAT  lease_beat_begins(); count our row up, read the lease and its holder's row;
 *               lease_beat_ended()
 *   LEASE_TAKE  lease_take_begins(); where the lease and its holder's row are as they were seen
 *               make it ours, in one transaction; lease_take_ended()
 *   LEASE_LEAVE somebody else has what was ours: the process begins anew
 *   LEASE_WAIT  nothing, for now
 *
 * Liveness is observed: a holder is taken over from when the count in its row has stood still for
 * `takeover_after` looks in a row, each at least a second after the one before had ended. No clock
 * of another machine decides anything, only that a second is about as long here as there. A look
 * that fails counts as none, for who could not see cannot say that somebody was silent. A lease
 * that was given back for somebody else to take is left to them for as many looks.
 *
 * It keeps two from acting at a time; what keeps a commit of one that was stopped from doing harm
 * is the fence of each commit (collector/store/postgresql/lease.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/record_collector.h"

/* Between the end of a look and the next. */
#define LEASE_LOOK_MS INT64_C(1000)

/* A collector whose loop has not turned for so long does not beat: it hangs. */
#define LEASE_HANGS_MS INT64_C(2000)

enum lease_step { LEASE_WAIT, LEASE_BEAT, LEASE_TAKE, LEASE_LEAVE };

/* Private, but may be copied. */
struct lease {
	char node[LEASE_NODE_SIZE]; /* ours */
	bool can_judge;
	unsigned takeover_after;
	struct lease_seen seen;
	bool has_seen;      /* by the last look */
	bool looks_first;   /* before it tries again to take it */
	unsigned unchanged; /* looks in a row that saw what the one before them had */
	int64_t highest_epoch;
	int64_t looked_ms; /* when the last look ended */
	bool has_looked;   /* once */
	bool is_busy;      /* a look or an attempt is under way ... */
	int64_t began_ms;  /* ... since then */
	char token
		[LEASE_TOKEN_SIZE]; /* ours, or of an attempt whose outcome is not known; "": none */
	char given_back[LEASE_TOKEN_SIZE];
	int64_t epoch; /* of that token */
	bool is_held;
	bool is_lost;         /* somebody else took over */
	int64_t confirmed_ms; /* when the last beat that was heard began; while it is held */
	int64_t abstains_until_ms;
};

/* `takeover_after` is at least 2. A node that cannot judge beats, and takes nothing. */
void lease_init(struct lease *lease, const char *node, bool can_judge, unsigned takeover_after);

/* `turned_ms`: when the loop turned last. */
enum lease_step lease_next(const struct lease *lease, int64_t now_ms, int64_t turned_ms);

void lease_beat_begins(struct lease *lease, int64_t now_ms);
/* NULL: it failed. */
void lease_beat_ended(struct lease *lease, int64_t now_ms, const struct lease_seen *seen);

/*
 * What is compared and set, in one transaction. It locks the holder's row first, and so waits for a
 * beat that is under way: one that beats again before it is replaced is left alone, and else its
 * next beat waits in turn, and reads then that it was replaced.
 *
 * `token`: a new one, as random as can be. Borrowed from the lease until the attempt ends.
 */
struct lease_attempt lease_take_begins(struct lease *lease, int64_t now_ms, const char *token);
void lease_take_ended(struct lease *lease, enum lease_outcome outcome);

/*
 * It is given back: from now on it is not ours, whatever becomes of the statement that frees the
 * token, which is returned ("": it was not ours). Takes nothing for `abstain_ms`.
 */
const char *lease_give_back(struct lease *lease, int64_t now_ms, int64_t abstain_ms);

/* A commit was fenced: somebody else took over. */
void lease_note_fenced(struct lease *lease);

/* Whether it is ours, as far as is known; commits go under its token. */
bool lease_is_held(const struct lease *lease);
const char *lease_token(const struct lease *lease);
int64_t lease_epoch(const struct lease *lease); /* of that token, while it is held */

/* It was ours, and somebody else took over. */
bool lease_is_lost(const struct lease *lease);

/* Takes nothing from now on. */
void lease_retire(struct lease *lease);

/*
 * Whether nobody else can have taken over yet: then the collector may act, and else it waits. Ends
 * a second before others take over.
 */
bool lease_may_act(const struct lease *lease, int64_t now_ms);
