/*
 * What a what-if is answered, as JSON: who looks different before and after the changes, why, and
 * what they cost others.
 */
#pragma once

#include "collector/plans/what_if.h"
#include "proto/base/buffer.h"

/*
 * Adds to an open object
 *   "organization", "site",
 *   "changes": [{"action", "server", "text"}],
 *   "before", "after": {verdict: how many servers have it, those of silent ones too},
 *   "servers": of each that a change names or whose verdict or adapters' states it changes,
 *     {"server", "exchange_server", "named", "before", "after"}, both sides
 *     {"verdict", "adapters": [{"adapter", "state"}], "reasons", "remedy"}; null after: taken out,
 *   "costs": what the changes take from servers that none of them names,
 *     [{"server", "adapter" (null: the server as a peer), "text"}].
 *
 * The facts are as before afterwards. Fails as what_if_push(), and adds nothing then.
 */
enum status what_if_answer(struct what_if *w, const struct site_facts *facts,
			   const struct change *changes, size_t n, struct buffer *out,
			   struct what_if_error *error);

/* Adds "name": {verdict: count} of all servers, with the changes that are put. */
void what_if_add_tally(const struct what_if *w, const struct site_facts *facts, const char *name,
		       struct buffer *out);
