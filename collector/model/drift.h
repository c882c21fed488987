/*
 * Drift: what has changed about a server that is no trouble yet and announces some, before any
 * verdict changes. Pure; the fleet keeps it beside a server and gives it each report in turn.
 *
 *   "new_adapter"   an adapter has become active; `after` are its addresses
 *   "binding_order" the adapters' order changed; `of` is "tcpip" or "rpc"
 *   "own_name"      the server's own name resolves to other addresses
 *   "lost_peers"    an adapter has ceased to reach the peers `before`; `after` are those of them
 *                   that others still reach, once it has lasted for DRIFT_PEERS_MS
 *   "older_file"    a file that held the fix was replaced by an older version
 *
 * An entry with an empty `after` is no mark (drift_marks.h): it remembers what was so, while that
 * cannot be told, or while nobody else reaches the peers; "resting_adapter" an adapter that was
 * active, so that it is not taken for a new one when it is back. An entry goes when things are as
 * they were before, and after DRIFT_KEPT_MS, when the new state counts as the usual one.
 *
 * What a report does not tell is no change. An adapter under another id is the same one where its
 * network card, or else its addresses are; an answer for the own name that follows the adapters'
 * addresses is none of its own. Times are those of reports (collector/model/snapshot.h), which do
 * not depend on the server's clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/report/report.h"
#include "proto/site/member.h"
#include "proto/site/site.h"

#define DRIFT_KEPT_MS  (INT64_C(7) * 86400 * 1000)
#define DRIFT_PEERS_MS (INT64_C(15) * 60 * 1000)

/* Entries of a server; and texts of a list, longer ones are not looked at. */
#define DRIFT_MAX_ENTRIES 64
#define DRIFT_MAX_TEXTS   64

/* Bytes of all entries as text; of a server with more nothing is marked. */
#define DRIFT_MAX_TEXT 16384

enum drift_kind {
	DRIFT_NEW_ADAPTER,
	DRIFT_RESTING_ADAPTER,
	DRIFT_BINDING_ORDER,
	DRIFT_OWN_NAME,
	DRIFT_LOST_PEERS,
	DRIFT_OLDER_FILE,
};

struct drift_texts {
	const char **at;
	size_t n;
};

struct drift_entry {
	enum drift_kind kind;
	const char *of; /* the adapter, the file, which binding order; "" for the own name */
	struct drift_texts before;
	struct drift_texts after;
	int64_t at_ms; /* of the report that showed it */
};

/* Its entries live in `arena`. */
struct drift {
	struct drift_entry entries[DRIFT_MAX_ENTRIES];
	size_t n;
	struct arena *arena;
};

/* Reads what drift_write() wrote; NULL, or anything else, is none. */
void drift_read(const char *text, struct arena *arena, struct drift *out);

/*
 * The entries as a JSON array of {"kind", "of", "at", "before", "after", "text"}, to be passed to
 * free(); NULL: there are none.
 */
char *drift_write(const struct drift *drift);

/* Forgets what counts as usual by now. */
void drift_age(struct drift *drift, int64_t now_ms);

/* Takes over how the report of `at_ms` differs from the one before. Borrows both. */
void drift_follow_report(struct drift *drift, const struct report *before,
			 const struct report *after, int64_t at_ms);

/* The same of the peers that its adapters reach; both members are, or were, in an index. */
void drift_follow_peers(struct drift *drift, const struct site_member *before,
			const struct site_member *after);

/* Is there a peer that an adapter does not reach? Else there is nothing to follow. Quick. */
bool drift_may_have_lost_peers(const struct site_member *after);

/*
 * Finds out which lost peers others still reach, by the view of the latest report. False: the drift
 * stays as it was.
 */
bool drift_look(struct drift *drift, const struct site_server *seen);
