#include "collector/daemon/store_wait.h"

#include <stdlib.h>

#include "collector/base/loop.h"
#include "proto/base/mem.h"

struct store_wait {
	uv_loop_t *loop;
	const struct store_location *location;
	struct store_wait_events events;
	struct loop_timer *next;
	uint64_t pause_ms;
	uv_work_t work;
	bool working;
	bool ended;

	/* The worker's while `working`. */
	enum status status;
	char error[STORE_ERROR_SIZE];
};

bool store_wait_helps(enum status status)
{
	return status != STATUS_OK && status != STATUS_NOT_FOUND && status != STATUS_UNSUPPORTED &&
	       status != STATUS_INVALID && status != STATUS_CONFLICT && status != STATUS_MALFORMED;
}

/* Half of the pause at least, and half by chance: several collectors do not come at once. */
static uint64_t next_pause(struct store_wait *wait)
{
	uint64_t half = wait->pause_ms / 2;
	uint64_t doubled = wait->pause_ms * 2;

	wait->pause_ms = doubled < STORE_WAIT_MAX_MS ? doubled : STORE_WAIT_MAX_MS;
	return half + loop_monotonic_ns() % (half + 1);
}

static void try_to_reach(uv_work_t *work)
{
	struct store_wait *wait = work->data;
	wait->status = store_reach(wait->location, wait->error);
}

static void on_tried(uv_work_t *work, int canceled)
{
	struct store_wait *wait = work->data;
	const struct store_wait_events *events = &wait->events;

	wait->working = false;
	if (wait->ended || canceled) {
		free(wait);
	} else if (store_wait_helps(wait->status)) {
		loop_timer_start(wait->next, next_pause(wait));
		events->failed(events->user, wait->error);
	} else {
		events->over(events->user, wait->status, wait->error);
	}
}

static void on_next(void *user)
{
	struct store_wait *wait = user;

	wait->working = true;
	wait->work.data = wait;
	if (uv_queue_work(wait->loop, &wait->work, try_to_reach, on_tried) != 0)
		abort(); /* only without a function to run */
}

struct store_wait *store_wait_begin(uv_loop_t *loop, const struct store_location *location,
				    const struct store_wait_events *events)
{
	struct store_wait *wait = mem_alloc(sizeof *wait);

	wait->loop = loop;
	wait->location = location;
	wait->events = *events;
	wait->pause_ms = STORE_WAIT_MIN_MS;
	wait->next = loop_timer_new(loop, on_next, wait);
	loop_timer_start(wait->next, next_pause(wait));
	return wait;
}

void store_wait_end(struct store_wait *wait)
{
	if (!wait)
		return;
	loop_timer_close(wait->next);
	wait->ended = true;
	if (!wait->working)
		free(wait);
}
