/*
 * What rows prove: which of them disprove what another says, and how far the proofs of a peer
 * reach.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/site/index.h"

/*
 * Does a row of `of` disprove a path of `member`: did it get further than `grade`, while both were
 * true at one moment? `for_s` is how long the path has been so. The caller sees to it that the row
 * counts.
 */
bool site_row_disproves(const struct site_member *of, const struct site_row *row,
			const struct site_member *member, enum grade grade, int64_t for_s);

/* The best grade in these counts, GRADE_UNKNOWN where there is none. */
enum grade site_best_grade(const uint32_t proofs[SITE_PROOF_GRADES]);

/* Is the target of the row a usable address of the member's adapter? */
bool site_row_aims_at(const struct site_row *row, const struct site_member *member,
		      const struct site_nic *nic);

/* Does one of the rows count? */
bool site_peer_rows_count(const struct site_peer_rows *on_peer);

/* True where no peer that the member probed has a proof: self-probes stand in for proofs then. */
bool site_member_lacks_proofs(const struct site_member *member);
