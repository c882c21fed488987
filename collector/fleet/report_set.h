/*
 * A set of reports: any number of machines and sites, any number of reports of each. It answers
 * what the rule says of every machine at one moment, silence included, without a clock or a store.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/snapshot.h"
#include "collector/plans/site_facts.h"
#include "proto/base/arena.h"
#include "proto/exposure/exposure.h"

struct report_set;

struct report_set *report_set_new(void);
void report_set_free(struct report_set *set);

/* Takes the reference. Of two reports that nothing else tells apart the one added later counts. */
void report_set_add(struct report_set *set, struct snapshot *snapshot);

struct report_set_verdict {
	const struct snapshot *snapshot; /* the latest report of the machine at that moment */
	bool silent;
	const struct site_server *seen; /* at the moment at which it is judged */
	struct assessment assessment;
};

/*
 * Judges every machine that has a report not after `now_ms`, in order of their names. All of it
 * lives in `arena`, and as long as the set.
 */
void report_set_judge(const struct report_set *set, int64_t now_ms, struct arena *arena,
		      struct report_set_verdict **out, size_t *n);

/*
 * The facts of every site of the set at that moment, for what-if and plan. All of it lives in
 * `arena`, and as long as the set.
 */
void report_set_facts(const struct report_set *set, int64_t now_ms, struct arena *arena,
		      struct site_facts **out, size_t *n);
