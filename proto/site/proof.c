#include "proto/site/proof.h"

/* A time during which a row is known to have been true; both ends belong to it. */
struct stretch {
	bool known; /* false: the row tells no duration, and is taken to overlap with any other */
	int64_t from_ms;
	int64_t to_ms;
};

static struct stretch stretch_of(int64_t at_ms, int64_t for_s)
{
	if (for_s == REPORT_ABSENT)
		return (struct stretch){ .known = false };
	return (struct stretch){ true, at_ms - for_s * 1000, at_ms };
}

static bool overlap(const struct stretch *a, const struct stretch *b)
{
	if (!a->known || !b->known)
		return true;
	return a->from_ms <= b->to_ms && b->from_ms <= a->to_ms;
}

bool site_row_disproves(const struct site_member *of, const struct site_row *row,
			const struct site_member *member, enum grade grade, int64_t for_s)
{
	struct stretch shown = stretch_of(of->at_ms, row->for_s);
	struct stretch asked = stretch_of(member->at_ms, for_s);

	if (row->grade < GRADE_EPM || row->grade <= grade)
		return false;
	return of == member || (for_s != 0 && overlap(&shown, &asked));
}

enum grade site_best_grade(const uint32_t proofs[SITE_PROOF_GRADES])
{
	for (int i = SITE_PROOF_GRADES - 1; i >= 0; i--) {
		if (proofs[i])
			return (enum grade)(GRADE_EPM + i);
	}
	return GRADE_UNKNOWN;
}

bool site_row_aims_at(const struct site_row *row, const struct site_member *member,
		      const struct site_nic *nic)
{
	const struct ipv4_prefix *addresses = site_nic_addresses(member, nic);

	for (size_t i = 0; row->has_to && i < nic->n_addresses; i++) {
		if (site_address_usable(&addresses[i]) && addresses[i].address == row->to)
			return true;
	}
	return false;
}

bool site_peer_rows_count(const struct site_peer_rows *on_peer)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	for (size_t i = 0; i < on_peer->n_rows; i++) {
		if (rows[i].counts)
			return true;
	}
	return false;
}

bool site_member_lacks_proofs(const struct site_member *member)
{
	const struct site_peer_rows *peer_rows = site_member_peer_rows(member);

	for (size_t i = 0; i < member->n_peer_rows; i++) {
		if (site_peer_rows_count(&peer_rows[i]) &&
		    site_best_grade(peer_rows[i].peer->proofs) != GRADE_UNKNOWN)
			return false;
	}
	return true;
}
