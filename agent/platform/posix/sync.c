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

struct sync_bell {
	pthread_mutex_t mutex;
	pthread_cond_t rung_now;
	bool rung;
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

void sync_take(struct sync_lock *lock)
{
	need(pthread_mutex_lock(&lock->mutex), "lock");
}

void sync_give(struct sync_lock *lock)
{
	need(pthread_mutex_unlock(&lock->mutex), "lock");
}

/* Waits by the monotonic clock: one that is set must not make a thread oversleep. */
struct sync_bell *sync_bell_new(void)
{
	struct sync_bell *bell = mem_alloc(sizeof *bell);
	pthread_condattr_t attributes;

	need(pthread_condattr_init(&attributes), "bell");
	need(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "bell");
	need(pthread_mutex_init(&bell->mutex, NULL), "bell");
	need(pthread_cond_init(&bell->rung_now, &attributes), "bell");
	pthread_condattr_destroy(&attributes);
	return bell;
}

void sync_bell_free(struct sync_bell *bell)
{
	if (!bell)
		return;
	pthread_cond_destroy(&bell->rung_now);
	pthread_mutex_destroy(&bell->mutex);
	free(bell);
}

void sync_ring(struct sync_bell *bell)
{
	need(pthread_mutex_lock(&bell->mutex), "lock");
	bell->rung = true;
	pthread_cond_signal(&bell->rung_now);
	need(pthread_mutex_unlock(&bell->mutex), "lock");
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

bool sync_wait(struct sync_bell *bell, uint32_t ms)
{
	struct timespec end = from_now(ms);
	int code = 0;

	need(pthread_mutex_lock(&bell->mutex), "lock");
	while (!bell->rung && code != ETIMEDOUT)
		code = pthread_cond_timedwait(&bell->rung_now, &bell->mutex, &end);
	bool rung = bell->rung;
	bell->rung = false;
	need(pthread_mutex_unlock(&bell->mutex), "lock");
	return rung;
}
