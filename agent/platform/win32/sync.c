#include "agent/platform/sync.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/mem.h"

struct sync_lock {
	CRITICAL_SECTION section;
};

struct sync_bell {
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

void sync_take(struct sync_lock *lock)
{
	EnterCriticalSection(&lock->section);
}

void sync_give(struct sync_lock *lock)
{
	LeaveCriticalSection(&lock->section);
}

struct sync_bell *sync_bell_new(void)
{
	struct sync_bell *bell = mem_alloc(sizeof *bell);

	bell->event = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!bell->event) {
		(void)fprintf(stderr, "mtawatch-agent: the system gives no event: error %lu\n",
			      GetLastError());
		abort();
	}
	return bell;
}

void sync_bell_free(struct sync_bell *bell)
{
	if (!bell)
		return;
	CloseHandle(bell->event);
	free(bell);
}

void sync_ring(struct sync_bell *bell)
{
	SetEvent(bell->event);
}

bool sync_wait(struct sync_bell *bell, uint32_t ms)
{
	return WaitForSingleObject(bell->event, ms) == WAIT_OBJECT_0;
}
