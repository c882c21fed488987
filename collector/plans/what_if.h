/*
 * What if: the facts of a site, changed, and what the rule (proto/exposure) says of every server
 * then. Changes are put on top of each other and taken away again; nothing outside is touched. Only
 * what a change alters is looked at again, so that a change of one server costs what its peers see
 * of it, not what the site holds.
 *
 * What a change does to the facts, beside its own server's report (collector/plans/change.h):
 *   - rows of others on an address that the server gives up are gone with it; of a server that
 *     nobody carries the name of any more, all rows;
 *   - a way reaches its peer as far as anybody gets to it in the facts as they are, the peer itself
 *     included, as if it had been so all the time. Where nobody gets to the peer, the way shows
 *     nothing.
 * A silent server keeps its verdict. It can be taken out; any other change of it is refused, since
 * nobody knows what it is like now.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/plans/change.h"
#include "collector/plans/site_facts.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/exposure/exposure.h"

struct what_if;

/* Why changes cannot be looked at. */
struct what_if_error {
	size_t change;    /* which of them */
	const char *code; /* "unknown_server" ...; static */
	char detail[512];
};

/* `facts` and what it points to live longer, and are changed only by its `read`. */
struct what_if *what_if_new(struct site_facts *facts);
void what_if_free(struct what_if *w);

/*
 * Puts changes on top of those that are there.
 *
 * STATUS_INVALID  one of them is none of this site: `error`; nothing is put
 * STATUS_SYSTEM   a report could not be read; nothing is put
 */
enum status what_if_push(struct what_if *w, const struct change *changes, size_t n,
			 struct what_if_error *error);

/* Takes the last ones away. */
void what_if_pop(struct what_if *w);

/* The same; what was seen of them (what_if_view()) stays until the what-if is freed. */
void what_if_pop_kept(struct what_if *w);

/* Of a server by its number in the facts, with all changes. */
enum verdict what_if_verdict(const struct what_if *w, size_t server);
bool what_if_is_removed(const struct what_if *w, size_t server);

/* The server that a change names, or SIZE_MAX. */
size_t what_if_find(const struct what_if *w, const char *server);

/* The servers that the last push changed, or that see something else because of it. */
size_t what_if_count_touched(const struct what_if *w);
size_t what_if_touched(const struct what_if *w, size_t i);
enum verdict what_if_touched_before(const struct what_if *w, size_t i); /* what it was */

/*
 * What the site shows of a fresh server that is not removed, with its report: as exposure_assess()
 * takes it. Lives in `arena`, and as long as the changes that it shows are put. False: its report
 * could not be read.
 */
bool what_if_view(struct what_if *w, size_t server, struct site_server *out, struct arena *arena);

/* The best grade that anybody is proven to reach of a server, with all changes; itself aside. */
enum grade what_if_proven(const struct what_if *w, size_t server);

/*
 * Has `pause` called before a push once some 10 ms of work are done, and again after as much more,
 * so that others have their turn.
 */
void what_if_on_pause(struct what_if *w, void (*pause)(void *user), void *user);

/* What the work since the beginning amounts to, some 10 us for each. */
size_t what_if_work(const struct what_if *w);
