/*
 * What two threads of the agent share a memory with: a lock around it, and a bell that one rings
 * and the other waits for. posix/sync.c and win32/sync.c answer (a critical section and an event
 * there, which Windows NT has had since 3.1).
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
void sync_take(struct sync_lock *lock);      /* not twice by one thread */
void sync_give(struct sync_lock *lock);

struct sync_bell;

struct sync_bell *sync_bell_new(void);
void sync_bell_free(struct sync_bell *bell); /* nobody waits for it; NULL is fine */

/* Rings: the waiting thread, or else the next one to wait, goes on. Rung twice is rung once. */
void sync_ring(struct sync_bell *bell);

/* Waits for the bell at most `ms`; true if it rang. */
bool sync_wait(struct sync_bell *bell, uint32_t ms);
