#include "collector/net/backlog.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/base/mem.h"

/* A peer that has just come is not slow yet: rates are over this long at least. */
#define SHORTEST_MS UINT64_C(1000)

struct candidate {
	struct backlog_share *share;
	uint64_t rate; /* bytes in a second */
	uint64_t window_start_ms;
};

static void init_pool(struct backlog_pool *pool, size_t max)
{
	*pool = (struct backlog_pool){ .max = max };
	TAILQ_INIT(&pool->shares);
}

void backlog_init(struct backlog *backlog, size_t max, const struct backlog_events *events)
{
	*backlog = (struct backlog){ .events = events, .window_ms = BACKLOG_WINDOW_MS };
	init_pool(&backlog->strangers, max / BACKLOG_STRANGERS);
	init_pool(&backlog->known, max - max / BACKLOG_STRANGERS);
}

void backlog_enter(struct backlog *backlog, struct backlog_share *share, void *user)
{
	*share = (struct backlog_share){ .backlog = backlog,
					 .pool = &backlog->strangers,
					 .user = user };
}

static void remove_share(struct backlog_share *share)
{
	struct backlog_pool *pool = share->pool;

	if (share->bytes == 0)
		return;
	assert(pool->n_shares > 0 && pool->used >= share->bytes);
	TAILQ_REMOVE(&pool->shares, share, link);
	pool->n_shares--;
	pool->used -= share->bytes;
	share->bytes = 0;
}

void backlog_leave(struct backlog_share *share)
{
	remove_share(share);
	share->has_left = true;
}

static void insert_share(struct backlog_share *share, struct backlog_pool *pool, size_t bytes)
{
	assert(share->bytes == 0);
	share->pool = pool;
	share->bytes = bytes;
	if (bytes == 0)
		return;
	TAILQ_INSERT_TAIL(&pool->shares, share, link);
	pool->n_shares++;
	pool->used += bytes;
}

void backlog_mark_known(struct backlog_share *share)
{
	struct backlog_pool *known = &share->backlog->known;
	size_t bytes = share->bytes;

	if (share->pool == known)
		return;
	remove_share(share);
	insert_share(share, known, bytes);
}

static void begin_window(struct backlog_share *share, uint64_t now_ms)
{
	share->window_start_ms = now_ms;
	share->taken_at_start = share->backlog->events->taken(share->user);
}

static uint64_t rate_of(const struct backlog_share *share, uint64_t now_ms)
{
	uint64_t taken = share->backlog->events->taken(share->user) - share->taken_at_start;
	assert(now_ms >= share->window_start_ms);
	uint64_t ms = now_ms - share->window_start_ms;
	return taken * 1000 / (ms > SHORTEST_MS ? ms : SHORTEST_MS);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *one = a;
	const struct candidate *other = b;
	int by_rate = compare_numbers(one->rate, other->rate);
	return by_rate ? by_rate : compare_numbers(one->window_start_ms, other->window_start_ms);
}

/* All of the pool, the slowest first; to be freed. */
static struct candidate *rank_shares(const struct backlog_pool *pool, uint64_t now_ms)
{
	struct candidate *ranked = mem_alloc(pool->n_shares * sizeof *ranked);
	struct backlog_share *share;
	size_t n = 0;

	TAILQ_FOREACH(share, &pool->shares, link)
	{
		ranked[n++] =
			(struct candidate){ share, rate_of(share, now_ms), share->window_start_ms };
	}
	assert(n == pool->n_shares);
	qsort(ranked, n, sizeof *ranked, compare_candidates);
	return ranked;
}

/* More than is needed now, so that not every write has to rank them all. */
static void cut_slowest(struct backlog *backlog, struct backlog_pool *pool, uint64_t now_ms)
{
	struct candidate *ranked = rank_shares(pool, now_ms);
	size_t n = pool->n_shares;

	for (size_t i = 0; i < n && pool->used > pool->max - pool->max / 8; i++) {
		struct backlog_share *share = ranked[i].share;
		backlog_leave(share);
		backlog->n_crowded++;
		backlog->events->cut(share->user);
	}
	free(ranked);
}

void backlog_set_bytes(struct backlog_share *share, size_t bytes, uint64_t now_ms)
{
	struct backlog_pool *pool = share->pool;

	if (share->has_left || bytes == share->bytes)
		return;
	if (share->bytes == 0)
		begin_window(share, now_ms);
	assert(share->bytes == 0 || pool->n_shares > 0);
	if (share->bytes > 0 && bytes > 0) { /* keeps its place */
		pool->used = pool->used - share->bytes + bytes;
		share->bytes = bytes;
	} else {
		remove_share(share);
		insert_share(share, pool, bytes);
	}
	if (pool->used > pool->max)
		cut_slowest(share->backlog, pool, now_ms);
}

void backlog_restart_window(struct backlog_share *share, uint64_t now_ms)
{
	begin_window(share, now_ms);
}

uint64_t backlog_next_check(const struct backlog_share *share)
{
	return share->bytes > 0 ? share->window_start_ms + share->backlog->window_ms : UINT64_MAX;
}

bool backlog_is_too_slow(struct backlog_share *share, uint64_t now_ms)
{
	if (now_ms < backlog_next_check(share))
		return false;
	bool slow = rate_of(share, now_ms) < BACKLOG_MIN_BYTES_PER_S;
	if (slow)
		share->backlog->n_slow++;
	else
		begin_window(share, now_ms);
	return slow;
}

size_t backlog_bytes(const struct backlog *backlog)
{
	return backlog->known.used + backlog->strangers.used;
}
