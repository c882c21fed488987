#include "collector/base/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/mem.h"

struct loop {
	uv_loop_t uv;
	int signal_fd;
	uv_poll_t signals;
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

static sigset_t signals_heard(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

static void on_signal(uv_poll_t *handle, int status, int events)
{
	struct loop *loop = handle->data;
	struct signalfd_siginfo signal;
	bool asks_to_end = false;
	bool hung_up = false;
	(void)status;
	(void)events;

	while (read(loop->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
		hung_up |= signal.ssi_signo == SIGHUP;
		asks_to_end |= signal.ssi_signo != SIGHUP;
	}
	if (asks_to_end) {
		loop_release(loop);
		loop->asked_to_end(loop->user);
	} else if (hung_up && loop->reload) {
		loop->reload(loop->reload_user);
	}
}

/*
 * Blocked, and read where they wait: a handler, as libuv's, takes them away, and what it has taken
 * is lost where the loop ends before it looks.
 */
static bool watch_signals(struct loop *loop)
{
	sigset_t heard = signals_heard();

	pthread_sigmask(SIG_BLOCK, &heard, NULL); /* cannot fail with what is given */
	loop->signal_fd = signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return false;
	if (uv_poll_init(&loop->uv, &loop->signals, loop->signal_fd) != 0) {
		close(loop->signal_fd); /* nothing was written to it */
		return false;
	}
	loop->signals.data = loop;
	uv_poll_start(&loop->signals, UV_READABLE, on_signal); /* cannot fail */
	return true;
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
	if (!watch_signals(loop)) {
		uv_loop_close(&loop->uv); /* nothing is open */
		free(loop);
		return STATUS_SYSTEM;
	}
	measure_turns(loop);
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

static void watch_no_more(struct loop *loop)
{
	loop->released = true;
	uv_close((uv_handle_t *)&loop->signals, NULL);
	close(loop->signal_fd); /* nothing was written to it */
	uv_close((uv_handle_t *)&loop->turn_ends, NULL);
}

void loop_release(struct loop *loop)
{
	sigset_t heard = signals_heard();

	if (loop->released)
		return;
	watch_no_more(loop);
	pthread_sigmask(SIG_UNBLOCK, &heard, NULL);
}

void loop_release_and_listen(struct loop *loop)
{
	if (!loop->released)
		uv_unref((uv_handle_t *)&loop->signals);
}

enum status loop_close(struct loop *loop)
{
	if (!loop->released) {
		watch_no_more(loop);
		loop_run(loop);
	}
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

uint64_t loop_turn_ms(const struct uv_loop_s *loop)
{
	return uv_now(loop);
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
