#include "agent/uplink/ring.h"

#include <stdbool.h>

/* What is over stays over, whatever the clock shows a round later. */
static uint32_t rest_left_ms(struct ring_place *place, uint32_t now_ms)
{
	uint32_t rested_ms = now_ms - place->failed_ms;

	if (rested_ms >= place->rest_ms)
		place->rest_ms = 0;
	return place->rest_ms > 0 ? place->rest_ms - rested_ms : 0;
}

/* Is it time to look at the first one again? Asked in vain it has another hour. */
static bool returns(struct ring *ring, uint32_t now_ms)
{
	if (ring->at == 0 || now_ms - ring->left_ms < RING_RETURN_MS)
		return false;
	ring->left_ms = now_ms;
	return true;
}

size_t ring_order(struct ring *ring, uint32_t now_ms, size_t order[RING_MAX])
{
	bool first = returns(ring, now_ms);
	size_t place = first ? 0 : ring->at;
	size_t n = 0;

	for (size_t i = 0; i < ring->n; i++) {
		if (rest_left_ms(&ring->places[place], now_ms) == 0)
			order[n++] = place;
		/* From the first one back to where it was, else on to the next. */
		if (first && i == 0)
			place = ring->at;
		else if (++place == ring->n)
			place = first ? 1 : 0;
	}
	return n;
}

void ring_stay(struct ring *ring, size_t place, uint32_t now_ms)
{
	if (ring->at == 0)
		ring->left_ms = now_ms;
	ring->at = place;
	ring->places[place].rest_ms = 0;
	for (size_t i = 0; i < ring->n; i++)
		ring->places[i].backoff_s = 0;
}

void ring_pass(struct ring *ring, size_t place, uint32_t now_ms, uint32_t longest_s,
	       uint32_t at_least_s, uint16_t random)
{
	struct ring_place *p = &ring->places[place];
	uint32_t rest_s = p->backoff_s > 0 ? p->backoff_s : RING_MIN_BACKOFF_S;

	if (rest_s > longest_s)
		rest_s = longest_s;
	p->backoff_s = rest_s * 2;
	if (rest_s < at_least_s)
		rest_s = at_least_s;
	p->failed_ms = now_ms;
	p->rest_ms = rest_s * 750 + rest_s * random / (UINT16_MAX / 500);
}

uint32_t ring_wait_ms(struct ring *ring, uint32_t now_ms)
{
	uint32_t wait_ms = UINT32_MAX;

	for (size_t i = 0; i < ring->n; i++) {
		uint32_t left_ms = rest_left_ms(&ring->places[i], now_ms);
		if (left_ms < wait_ms)
			wait_ms = left_ms;
	}
	return wait_ms;
}
