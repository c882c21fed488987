/*
 * How two threads of the agent share memory: a lock around it, and an event that one signals and
 * the other waits for. posix/sync.c and win32/sync.c implement them (on Windows as a critical
 * section and an event, which NT has had since 3.1).
 *
 * Threads themselves are agent/host/host.h's. A failure to make either ends the process, as one of
 * memory does (proto/base/mem.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sync_lock;

struct sync_lock *sync_lock_new(void);
void sync_lock_free(struct sync_lock *lock); /* nobody holds it; NULL is fine */
void sync_lock(struct sync_lock *lock);      /* not twice by one thread */
void sync_unlock(struct sync_lock *lock);

struct sync_event;

struct sync_event *sync_event_new(void);
void sync_event_free(struct sync_event *event); /* nobody waits for it; NULL is fine */

/* Lets the waiting thread, or else the next one to wait, go on. Signals do not add up. */
void sync_signal(struct sync_event *event);

/* Waits at most `ms` for a signal; true if one came. */
bool sync_wait(struct sync_event *event, uint32_t ms);
