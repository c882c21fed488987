/*
 * A clock that stands until a test moves it, for simulations of hours in seconds, to be preloaded
 * into the collector: the file that MOVED_CLOCK names holds the nanoseconds since 1970, as int64_t,
 * of all its clocks, and by how many more the system's clock is off, which somebody sets. What is
 * written there counts when the event loop has waited, so that a turn of the loop has one time. Short waits of the loop pass by themselves, for they are of work that
 * is done piece by piece.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S      INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)
#define SHORT_WAIT_MS 20

typedef int wait_for_events(int epoll, struct epoll_event *events, int n, int timeout_ms,
			    const sigset_t *signals);
typedef int read_clock(clockid_t clock, struct timespec *out);

static const volatile int64_t *moved; /* the time, and how far the system's clock is off */
static volatile int64_t now_ns;
static volatile int64_t off_ns;
static wait_for_events *real_epoll_pwait;
static read_clock *real_clock_gettime;

/* ISO C knows no conversion of dlsym()'s pointer to a function. */
static void find(const char *name, void *function, size_t size)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(function, &found, size);
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("MOVED_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	find("epoll_pwait", &real_epoll_pwait, sizeof real_epoll_pwait);
	find("clock_gettime", &real_clock_gettime, sizeof real_clock_gettime);
	if (file < 0)
		abort();
	void *mapped = mmap(NULL, 2 * sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (mapped == MAP_FAILED)
		abort();
	moved = mapped;
	now_ns = moved[0];
	off_ns = moved[1];
}

static bool can_be_set(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int64_t ns = now_ns + (can_be_set(clock) ? off_ns : 0);

	*out = (struct timespec){ .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
	return 0;
}

time_t time(time_t *out)
{
	time_t now = (now_ns + off_ns) / NS_PER_S;

	if (out)
		*out = now;
	return now;
}

int epoll_pwait(int epoll, struct epoll_event *events, int n, int timeout_ms,
		const sigset_t *signals)
{
	int ready = real_epoll_pwait(epoll, events, n, timeout_ms, signals);

	if (ready == 0 && timeout_ms > 0 && timeout_ms <= SHORT_WAIT_MS)
		now_ns += timeout_ms * NS_PER_MS;
	if (now_ns < moved[0])
		now_ns = moved[0];
	off_ns = moved[1];
	return ready;
}

int epoll_wait(int epoll, struct epoll_event *events, int n, int timeout_ms)
{
	return epoll_pwait(epoll, events, n, timeout_ms, NULL);
}

/* libuv's threads wait by a clock of the system, which goes on. */
int uv_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t timeout_ns)
{
	struct timespec until;

	real_clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t ns = (uint64_t)until.tv_nsec + timeout_ns % (uint64_t)NS_PER_S;
	until.tv_sec += (time_t)(timeout_ns / (uint64_t)NS_PER_S + ns / (uint64_t)NS_PER_S);
	until.tv_nsec = (long)(ns % (uint64_t)NS_PER_S);
	return -pthread_cond_timedwait(condition, mutex, &until);
}
