/*
 * A plan as JSON.
 */
#pragma once

#include "collector/plans/plan.h"
#include "proto/base/buffer.h"

/*
 * Adds to an open object
 *   "organization", "site", "prefer", "exact",
 *   "changes": how many, to start an MTA is none,
 *   "before", "after": {verdict: how many servers have it},
 *   "steps": [{"step", "action", "server", "adapter" (or null), "text", "before", "after",
 *     "others": [{"server", "before", "after"}]}], numbered from 1,
 *   "left": [{"server", "verdict", "silent", "text"}].
 * False: a report could not be read, and nothing is added.
 */
bool plan_answer(struct what_if *w, const struct site_facts *facts, enum plan_preference preference,
		 struct buffer *out);
