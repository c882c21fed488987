#include "collector/net/handshakes.h"

#include <assert.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"

/*
 * When the timer has to look again: at once if there is room, else when the oldest has had its
 * time.
 */
static void plan_timer(struct handshakes *h)
{
	if (TAILQ_EMPTY(&h->waiting)) {
		loop_timer_stop(h->timer);
		return;
	}
	uint64_t now = uv_now(h->loop);
	uint64_t at = now;
	if (h->n_running >= h->limit)
		at = TAILQ_FIRST(&h->running)->since_ms + HANDSHAKES_CROWDED_MS;
	loop_timer_start(h->timer, at > now ? at - now : 0);
}

static void begin_running(struct handshakes *h, struct handshake *one)
{
	assert(one->place == HANDSHAKE_OUTSIDE && h->n_running < h->limit);
	one->place = HANDSHAKE_RUNNING;
	one->since_ms = uv_now(h->loop);
	TAILQ_INSERT_TAIL(&h->running, one, link);
	h->n_running++;
}

static void remove_handshake(struct handshakes *h, struct handshake *one)
{
	if (one->place == HANDSHAKE_RUNNING) {
		assert(h->n_running > 0);
		TAILQ_REMOVE(&h->running, one, link);
		h->n_running--;
	} else if (one->place == HANDSHAKE_WAITING) {
		TAILQ_REMOVE(&h->waiting, one, link);
	}
	one->place = HANDSHAKE_OUTSIDE;
}

static void evict_oldest(struct handshakes *h)
{
	struct handshake *oldest = TAILQ_FIRST(&h->running);
	assert(oldest && oldest->place == HANDSHAKE_RUNNING);
	if (uv_now(h->loop) - oldest->since_ms < HANDSHAKES_CROWDED_MS)
		return;
	remove_handshake(h, oldest);
	h->events->evict(oldest->user);
}

static void on_timer(void *user)
{
	struct handshakes *h = user;

	if (!TAILQ_EMPTY(&h->waiting) && h->n_running >= h->limit)
		evict_oldest(h);
	while (!TAILQ_EMPTY(&h->waiting) && h->n_running < h->limit) {
		struct handshake *next = TAILQ_FIRST(&h->waiting);
		remove_handshake(h, next);
		begin_running(h, next);
		h->events->admit(next->user);
	}
	plan_timer(h);
}

void handshakes_init(struct handshakes *h, struct uv_loop_s *loop, size_t limit,
		     const struct handshake_events *events)
{
	*h = (struct handshakes){ .loop = loop, .limit = limit, .events = events };
	h->timer = loop_timer_new(loop, on_timer, h);
	TAILQ_INIT(&h->running);
	TAILQ_INIT(&h->waiting);
}

void handshakes_deinit(struct handshakes *h)
{
	assert(h->n_running == 0 && TAILQ_EMPTY(&h->waiting));
	loop_timer_close(h->timer);
}

bool handshakes_enter(struct handshakes *h, struct handshake *one, void *user)
{
	assert(one->place == HANDSHAKE_OUTSIDE);
	one->user = user;
	if (h->n_running < h->limit && TAILQ_EMPTY(&h->waiting)) {
		begin_running(h, one);
		return true;
	}
	one->place = HANDSHAKE_WAITING;
	TAILQ_INSERT_TAIL(&h->waiting, one, link);
	plan_timer(h);
	return false;
}

/*
 * The timer admits the next ones, not this call: whoever leaves is in the middle of its own work.
 */
void handshakes_leave(struct handshakes *h, struct handshake *one)
{
	if (one->place == HANDSHAKE_OUTSIDE)
		return;
	remove_handshake(h, one);
	plan_timer(h);
}

void handshakes_log_failure(struct handshakes *h, const char *peer, const char *why)
{
	uint64_t now = uv_now(h->loop);

	h->n_failed++;
	if (h->n_logged == 0 || now - h->log_window_start_ms >= HANDSHAKES_LOG_WINDOW_MS) {
		if (h->n_unlogged > 0)
			log_warning("%u more TLS handshakes have failed since", h->n_unlogged);
		h->log_window_start_ms = now;
		h->n_logged = h->n_unlogged = 0;
	}
	if (h->n_logged >= HANDSHAKES_MAX_LOGGED) {
		h->n_unlogged++;
		return;
	}
	h->n_logged++;
	log_warning("the TLS handshake with %s failed: %s%s", peer, why,
		    h->n_logged == HANDSHAKES_MAX_LOGGED ? "; further ones are counted for a minute"
							 : "");
}
