#include "collector/cluster/lease.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void lease_init(struct lease *lease, const char *node, bool can_judge, unsigned takeover_after)
{
	assert(takeover_after >= 2);
	*lease = (struct lease){ .can_judge = can_judge, .takeover_after = takeover_after };
	snprintf(lease->node, sizeof lease->node, "%s", node);
}

static bool is_ours(const struct lease *lease)
{
	return lease->token[0] && strcmp(lease->seen.token, lease->token) == 0;
}

/* One that was left to somebody is left to them for a while. */
static bool is_free_for(const struct lease *lease)
{
	const char *next = lease->seen.next;

	return !next[0] || strcmp(next, lease->node) == 0 ||
	       lease->unchanged >= lease->takeover_after;
}

/* Its holder is our predecessor, whom the data directory's lock proves dead, or is silent. */
static bool is_forsaken(const struct lease *lease)
{
	return strcmp(lease->seen.node, lease->node) == 0 ||
	       lease->unchanged >= lease->takeover_after;
}

static bool may_be_taken(const struct lease *lease)
{
	if (!lease->has_seen || lease->looks_first)
		return false;
	return lease->seen.token[0] ? is_forsaken(lease) : is_free_for(lease);
}

enum lease_step lease_next(const struct lease *lease, int64_t now_ms, int64_t turned_ms)
{
	if (lease->is_lost)
		return LEASE_LEAVE;
	if (lease->is_busy || now_ms - turned_ms > LEASE_HANGS_MS)
		return LEASE_WAIT;
	if (!lease->is_held && lease->can_judge && now_ms >= lease->abstains_until_ms &&
	    may_be_taken(lease))
		return LEASE_TAKE;
	return lease->has_looked && now_ms - lease->looked_ms < LEASE_LOOK_MS ? LEASE_WAIT
									      : LEASE_BEAT;
}

static void begin(struct lease *lease, int64_t now_ms)
{
	assert(!lease->is_busy && !lease->is_lost);
	lease->is_busy = true;
	lease->began_ms = now_ms;
}

void lease_beat_begins(struct lease *lease, int64_t now_ms)
{
	begin(lease, now_ms);
}

/* A free one has no holder that could beat. */
static bool is_same(const struct lease_seen *a, const struct lease_seen *b)
{
	if (strcmp(a->token, b->token) != 0)
		return false;
	if (!a->token[0])
		return a->epoch == b->epoch && strcmp(a->next, b->next) == 0;
	return a->beat == b->beat && strcmp(a->incarnation, b->incarnation) == 0;
}

static void take_look(struct lease *lease, const struct lease_seen *seen)
{
	lease->unchanged =
		lease->has_seen && is_same(&lease->seen, seen) ? lease->unchanged + 1 : 0;
	lease->seen = *seen;
	lease->has_seen = true;
	if (lease->highest_epoch < seen->epoch)
		lease->highest_epoch = seen->epoch;
}

/* An attempt of unknown outcome may have taken it; what was ours may be another's. */
static void compare_tokens(struct lease *lease)
{
	if (is_ours(lease)) {
		lease->is_held = true;
		lease->confirmed_ms = lease->began_ms;
	} else if (lease->is_held) {
		lease_note_fenced(lease);
	}
}

void lease_beat_ended(struct lease *lease, int64_t now_ms, const struct lease_seen *seen)
{
	assert(lease->is_busy);
	lease->is_busy = lease->looks_first = false;
	lease->has_looked = true;
	lease->looked_ms = now_ms;
	if (!seen) {
		lease->has_seen = false;
		return;
	}
	take_look(lease, seen);
	compare_tokens(lease);
}

struct lease_attempt lease_take_begins(struct lease *lease, int64_t now_ms, const char *token)
{
	assert(!lease->is_held && lease->has_seen);
	begin(lease, now_ms);
	snprintf(lease->token, sizeof lease->token, "%s", token);
	lease->epoch = ++lease->highest_epoch;
	bool is_others = lease->seen.token[0] && strcmp(lease->seen.node, lease->node) != 0;
	return (struct lease_attempt){
		.seen_epoch = lease->seen.epoch,
		.seen_token = lease->seen.token,
		.holder = is_others ? lease->seen.node : NULL,
		.incarnation = lease->seen.incarnation,
		.beat = lease->seen.beat,
		.epoch = lease->highest_epoch,
		.token = lease->token,
	};
}

void lease_take_ended(struct lease *lease, enum lease_outcome outcome)
{
	assert(lease->is_busy);
	lease->is_busy = false;
	lease->looks_first = true;
	if (outcome != LEASE_BUSY)
		lease->has_seen = false; /* it is another one now, or was when it was compared */
	if (outcome == LEASE_BUSY || outcome == LEASE_NOT_TAKEN)
		lease->token[0] = '\0';
	if (outcome != LEASE_TAKEN)
		return;
	lease->is_held = true;
	lease->confirmed_ms = lease->began_ms;
}

const char *lease_give_back(struct lease *lease, int64_t now_ms, int64_t abstain_ms)
{
	assert(!lease->is_busy);
	lease->abstains_until_ms = now_ms + abstain_ms;
	lease->has_seen = false;
	if (!lease->is_held)
		return "";
	lease->is_held = false;
	snprintf(lease->given_back, sizeof lease->given_back, "%s", lease->token);
	lease->token[0] = '\0';
	return lease->given_back;
}

void lease_note_fenced(struct lease *lease)
{
	lease->is_held = false;
	lease->is_lost = true;
}

bool lease_is_held(const struct lease *lease)
{
	return lease->is_held;
}

int64_t lease_epoch(const struct lease *lease)
{
	return lease->epoch;
}

bool lease_is_lost(const struct lease *lease)
{
	return lease->is_lost;
}

void lease_retire(struct lease *lease)
{
	lease->can_judge = false;
}

const char *lease_token(const struct lease *lease)
{
	return lease->token;
}

bool lease_may_act(const struct lease *lease, int64_t now_ms)
{
	int64_t until_ms =
		lease->confirmed_ms + (int64_t)(lease->takeover_after - 1) * LEASE_LOOK_MS;

	return lease->is_held && now_ms < until_ms;
}
