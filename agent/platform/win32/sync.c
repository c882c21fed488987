#include "agent/platform/sync.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/mem.h"

struct sync_lock {
	CRITICAL_SECTION section;
};

struct sync_event {
	HANDLE event; /* resets itself when it lets a thread through */
};

struct sync_lock *sync_lock_new(void)
{
	struct sync_lock *lock = mem_alloc(sizeof *lock);

	InitializeCriticalSection(&lock->section);
	return lock;
}

void sync_lock_free(struct sync_lock *lock)
{
	if (!lock)
		return;
	DeleteCriticalSection(&lock->section);
	free(lock);
}

void sync_lock(struct sync_lock *lock)
{
	EnterCriticalSection(&lock->section);
}

void sync_unlock(struct sync_lock *lock)
{
	LeaveCriticalSection(&lock->section);
}

struct sync_event *sync_event_new(void)
{
	struct sync_event *event = mem_alloc(sizeof *event);

	event->event = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!event->event) {
		(void)fprintf(stderr, "mtawatch-agent: the system gives no event: error %lu\n",
			      GetLastError());
		abort();
	}
	return event;
}

void sync_event_free(struct sync_event *event)
{
	if (!event)
		return;
	CloseHandle(event->event);
	free(event);
}

void sync_signal(struct sync_event *event)
{
	SetEvent(event->event);
}

bool sync_wait(struct sync_event *event, uint32_t ms)
{
	return WaitForSingleObject(event->event, ms) == WAIT_OBJECT_0;
}
