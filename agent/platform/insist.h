/*
 * What is done to a file that a virus scanner, a backup or another run of this program holds for a
 * moment: it is tried again until that moment is over. Windows alone (win32/patience.h); the seam
 * is there for tests on any system.
 */
#pragma once

#include <stdint.h>

#define INSIST_MAX_RETRIES 5
#define INSIST_PAUSE_MS    100

/* The codes by which Windows says so (winerror.h). */
#define INSIST_ACCESS_DENIED     5ul
#define INSIST_SHARING_VIOLATION 32ul
#define INSIST_LOCK_VIOLATION    33ul

struct insist {
	unsigned long (*act)(void *user); /* 0, or the system's code */
	void (*pause)(uint32_t ms);
	void *user;
};

/* 0, or the code of the last attempt. Other codes than those above are the end at once. */
unsigned long insist_act(const struct insist *insist);
