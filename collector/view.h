/*
 * A view: what queries show of one server. Immutable once made and counted: whoever needs it beyond
 * the current callback takes a reference. The fleet publishes a view only when the store has
 * committed what it says, so nothing is ever shown that a crash could take back.
 *
 * The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/buffer.h"
#include "collector/snapshot.h"
#include "proto/arena.h"
#include "proto/exposure.h"
#include "proto/site.h"

struct view {
	const char *key;          /* short host name in lower case; identifies the server */
	const char *server;       /* short host name as it was reported */
	const char *organization; /* NULL where the report names none; so with `site` */
	const char *site;
	const char *exchange_server; /* the name that peers know it by; never NULL */
	enum verdict verdict;
	bool silent;
	int64_t since_ms;       /* since when the verdict has stood */
	int64_t reported_at_ms; /* time of the latest report */
	int64_t interval_s;

	/*
	 * For the store: what verdict_json_write() made of the assessment, and the array "adapters"
	 * of the detail. A silent server's are those of its last fresh moment.
	 */
	const char *verdict_json;
	const char *adapters_json;

	struct snapshot *snapshot; /* its latest report; a reference */
	struct arena arena;        /* private */
	unsigned references;       /* private */
};

struct view *view_ref(struct view *view);
void view_unref(struct view *view); /* NULL is allowed */

/*
 * Adds the server object: the members of verdict_json_write() and
 *   "exchange_server", "since", "reported_at", "interval_s", "os", "build" (of Emsmta.exe, else of
 *   Exchange), "mta" (state of the service), each null where it is not known,
 *   "age_s": seconds from the report's time to `now_ms`.
 */
void view_add(const struct view *view, int64_t now_ms, struct buffer *out);

/*
 * The same object with two members more:
 *   "adapters": [{"id", "state", "link_down", "paths": [{"peer", "grade", "proven", "for_s",
 *                 "error", "falls_short", "conclusive", "borrowed"}]}], as they were judged, with
 *                 null for what is not known;
 *   "report": the latest report, with received_at and age_s: what `assess` reads.
 */
void view_add_detail(const struct view *view, int64_t now_ms, struct buffer *out);

/* Is everything that they show the same, but for `now_ms`? */
bool view_shows_the_same(const struct view *a, const struct view *b);

/*
 * Makes a view of an assessment; one reference. `adapters` is the server's entry of the site view.
 * Copies all it needs but the snapshot, of which it takes a reference of its own.
 */
struct view *view_make(struct snapshot *snapshot, bool silent, int64_t since_ms,
		       const struct assessment *assessment, const struct site_server *adapters);

/* The same of a verdict that the store kept. */
struct view *view_restore(struct snapshot *snapshot, bool silent, int64_t since_ms,
			  enum verdict verdict, const char *verdict_json,
			  const char *adapters_json);
