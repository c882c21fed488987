/*
 * A book of reports: any number of machines and sites, any number of reports of each. It answers
 * what the rule says of every machine at one moment, silence included, without a clock or a store.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/snapshot.h"
#include "proto/base/arena.h"
#include "proto/exposure/exposure.h"

struct book;

struct book *book_new(void);
void book_free(struct book *book);

/* Takes the reference. Of two reports that nothing else tells apart the one added later counts. */
void book_add(struct book *book, struct snapshot *snapshot);

struct book_verdict {
	const struct snapshot *snapshot; /* the latest report of the machine at that moment */
	bool silent;
	struct assessment assessment;
};

/*
 * Judges every machine that has a report not after `now_ms`, in order of their names. All of it
 * lives in `arena`, and as long as the book.
 */
void book_judge(const struct book *book, int64_t now_ms, struct arena *arena,
		struct book_verdict **out, size_t *n);
