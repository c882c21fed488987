#include "agent/platform/sync.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/base/mem.h"

struct sync_lock {
	pthread_mutex_t mutex;
};

struct sync_event {
	pthread_mutex_t mutex;
	pthread_cond_t signalled;
	bool is_signalled;
};

static void need(int code, const char *what)
{
	if (code == 0)
		return;
	(void)fprintf(stderr, "mtawatch-agent: the system gives no %s\n", what);
	abort();
}

struct sync_lock *sync_lock_new(void)
{
	struct sync_lock *lock = mem_alloc(sizeof *lock);

	need(pthread_mutex_init(&lock->mutex, NULL), "lock");
	return lock;
}

void sync_lock_free(struct sync_lock *lock)
{
	if (!lock)
		return;
	pthread_mutex_destroy(&lock->mutex);
	free(lock);
}

void sync_lock(struct sync_lock *lock)
{
	need(pthread_mutex_lock(&lock->mutex), "lock");
}

void sync_unlock(struct sync_lock *lock)
{
	need(pthread_mutex_unlock(&lock->mutex), "lock");
}

/* Waits by the monotonic clock: one that is set must not make a thread oversleep. */
struct sync_event *sync_event_new(void)
{
	struct sync_event *event = mem_alloc(sizeof *event);
	pthread_condattr_t attributes;

	need(pthread_condattr_init(&attributes), "event");
	need(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "event");
	need(pthread_mutex_init(&event->mutex, NULL), "event");
	need(pthread_cond_init(&event->signalled, &attributes), "event");
	pthread_condattr_destroy(&attributes);
	return event;
}

void sync_event_free(struct sync_event *event)
{
	if (!event)
		return;
	pthread_cond_destroy(&event->signalled);
	pthread_mutex_destroy(&event->mutex);
	free(event);
}

void sync_signal(struct sync_event *event)
{
	need(pthread_mutex_lock(&event->mutex), "lock");
	event->is_signalled = true;
	pthread_cond_signal(&event->signalled);
	need(pthread_mutex_unlock(&event->mutex), "lock");
}

static struct timespec from_now(uint32_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail on Linux */
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

bool sync_wait(struct sync_event *event, uint32_t ms)
{
	struct timespec end = from_now(ms);
	int code = 0;

	need(pthread_mutex_lock(&event->mutex), "lock");
	while (!event->is_signalled && code != ETIMEDOUT)
		code = pthread_cond_timedwait(&event->signalled, &event->mutex, &end);
	bool is_signalled = event->is_signalled;
	event->is_signalled = false;
	need(pthread_mutex_unlock(&event->mutex), "lock");
	return is_signalled;
}
