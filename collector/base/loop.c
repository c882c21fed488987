#include "collector/base/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/base/count.h"
#include "proto/base/mem.h"

static const int ending_signals[] = { SIGTERM, SIGINT };

struct loop {
	uv_loop_t uv;
	uv_signal_t signals[COUNT(ending_signals)];
	uv_signal_t hangup;
	uv_prepare_t turn_ends;
	struct histogram turns;
	uint64_t turn_began_ns;
	uint64_t idle_ns; /* until the turn began, since the loop runs */
	bool released;
	void (*asked_to_end)(void *user);
	void *user;
	void (*reload)(void *user); /* NULL: nobody wants to know */
	void *reload_user;
};

struct loop_timer {
	uv_timer_t uv;
	void (*fire)(void *user);
	void *user;
};

/* From now on the signal does what it does without us. */
static void on_signal(uv_signal_t *handle, int number)
{
	struct loop *loop = handle->data;
	(void)number;
	loop_release(loop);
	loop->asked_to_end(loop->user);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct loop *loop = handle->data;
	(void)number;
	if (loop->reload)
		loop->reload(loop->reload_user);
}

static bool watch_signals(struct loop *loop)
{
	uv_signal_init(&loop->uv, &loop->hangup); /* cannot fail on a good loop */
	loop->hangup.data = loop;
	bool good = uv_signal_start(&loop->hangup, on_hangup, SIGHUP) == 0;
	for (size_t i = 0; i < COUNT(ending_signals); i++) {
		uv_signal_init(&loop->uv, &loop->signals[i]);
		loop->signals[i].data = loop;
		good = good &&
		       uv_signal_start(&loop->signals[i], on_signal, ending_signals[i]) == 0;
	}
	return good;
}

/*
 * Before the loop waits again. What it has waited since it came here last is no part of its turn.
 */
static void on_turn_ends(uv_prepare_t *handle)
{
	struct loop *loop = handle->data;
	uint64_t now_ns = uv_hrtime();
	uint64_t idle_ns = uv_metrics_idle_time(&loop->uv);
	uint64_t waited_ns = idle_ns - loop->idle_ns;

	if (loop->turn_began_ns > 0)
		histogram_note(&loop->turns, now_ns - loop->turn_began_ns - waited_ns);
	loop->turn_began_ns = now_ns;
	loop->idle_ns = idle_ns;
}

/* None of this can fail on a good loop. */
static void measure_turns(struct loop *loop)
{
	uv_loop_configure(&loop->uv, UV_METRICS_IDLE_TIME);
	uv_prepare_init(&loop->uv, &loop->turn_ends);
	loop->turn_ends.data = loop;
	uv_prepare_start(&loop->turn_ends, on_turn_ends);
	uv_unref((uv_handle_t *)&loop->turn_ends);
}

enum status loop_open(struct loop **out, void (*asked_to_end)(void *user), void *user)
{
	struct loop *loop = mem_alloc(sizeof *loop);
	if (uv_loop_init(&loop->uv) != 0) {
		free(loop);
		return STATUS_SYSTEM;
	}
	signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error of write(), no signal */
	signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow */
	loop->asked_to_end = asked_to_end;
	loop->user = user;
	measure_turns(loop);
	if (!watch_signals(loop)) {
		loop_release(loop);
		loop_run(loop);
		loop_close(loop);
		return STATUS_SYSTEM;
	}
	*out = loop;
	return STATUS_OK;
}

void loop_on_reload(struct loop *loop, void (*reload)(void *user), void *user)
{
	loop->reload = reload;
	loop->reload_user = user;
}

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

const struct histogram *loop_turns(const struct loop *loop)
{
	return &loop->turns;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_release(struct loop *loop)
{
	if (loop->released)
		return;
	loop->released = true;
	for (size_t i = 0; i < COUNT(ending_signals); i++)
		uv_close((uv_handle_t *)&loop->signals[i], NULL);
	uv_close((uv_handle_t *)&loop->hangup, NULL);
	uv_close((uv_handle_t *)&loop->turn_ends, NULL);
}

enum status loop_close(struct loop *loop)
{
	if (uv_loop_close(&loop->uv) != 0) {
		fprintf(stderr, "mtawatch-collector: open at the end:\n");
		uv_print_all_handles(&loop->uv, stderr);
		return STATUS_CONFLICT;
	}
	free(loop);
	return STATUS_OK;
}

static void on_timer(uv_timer_t *handle)
{
	struct loop_timer *timer = handle->data;
	timer->fire(timer->user);
}

struct loop_timer *loop_timer_new(uv_loop_t *loop, void (*fire)(void *user), void *user)
{
	struct loop_timer *timer = mem_alloc(sizeof *timer);
	uv_timer_init(loop, &timer->uv); /* cannot fail */
	timer->uv.data = timer;
	timer->fire = fire;
	timer->user = user;
	return timer;
}

void loop_timer_start(struct loop_timer *timer, uint64_t ms)
{
	/* fails only without a callback */
	uv_timer_start(&timer->uv, on_timer, ms > 0 ? ms : 1, 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
	uv_timer_stop(&timer->uv);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void loop_timer_close(struct loop_timer *timer)
{
	uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
}

uint64_t loop_monotonic_ms(void)
{
	return uv_hrtime() / 1000000;
}

uint64_t loop_monotonic_ns(void)
{
	return uv_hrtime();
}

int64_t loop_wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now); /* this clock always exists */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
