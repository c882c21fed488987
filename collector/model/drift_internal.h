/*
 * Inside drift.c, which has the entries and their text, and the files that follow what a server's
 * reports tell: drift_adapters.c its adapters, drift_report.c what else changes from one report to
 * the next, drift_peers.c the peers that its adapters reach.
 */
#pragma once

#include "collector/model/drift.h"

extern const struct drift_texts drift_no_texts;

bool drift_has_text(const struct drift_texts *texts, const char *text);

/* Borrows them. A list that is too long counts as not told. */
struct drift_texts drift_lend_texts(const char **texts, size_t n);

struct drift_texts drift_copy_texts(const struct drift_texts *texts, struct arena *arena);

/* NULL: there is none. */
struct drift_entry *drift_find_entry(struct drift *drift, enum drift_kind kind, const char *of);

/* Those behind it move up. */
void drift_remove_entry(struct drift *drift, struct drift_entry *entry);

/* Copies all. Where there is no room for more, what comes is not marked. */
void drift_add_entry(struct drift *drift, enum drift_kind kind, const char *of,
		     const struct drift_texts *before, const struct drift_texts *after,
		     int64_t at_ms);

/* Two reports under comparison. */
struct drift_comparison {
	struct drift *drift;
	const struct report *before;
	const struct report *after;
	int64_t at_ms; /* of the one after */
};

void drift_follow_adapters(const struct drift_comparison *c);

/* Has the report an active adapter with that address? */
bool drift_has_address(const struct report *report, const char *text);
