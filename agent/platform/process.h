/* The process as such: how it begins and ends on each system. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Before anything else. On Windows: the system shows no box that nobody would close, for a drive
 * without a disk or a fault of the program.
 */
void process_begin(void);

/*
 * Ends the process; standard output and files are written before. On Windows no DLL is asked: a
 * thread that waits for a name server holds a lock that ExitProcess() would wait for in vain, and
 * the program's file would stay in use.
 */
_Noreturn void process_end(int code);

/*
 * Lets others go first where this thread computes for long (hashes, TLS): the machine has mail to
 * deliver. Never while it probes or answers the service manager, or a busy server would look like
 * one that is not reached. On Windows a priority below normal, which NT has for threads since 3.1
 * and for processes since 2000 only; the system lets even such a thread run after some seconds of
 * waiting. POSIX: nothing.
 */
void process_step_back(bool back);

/* A clock for agent/platform/ticks.h. Any thread. */
uint32_t process_tick_ms(void);

/*
 * Milliseconds since 1970 by the system's clock. Windows' C runtime has the time from local time,
 * which is an hour wrong while the time zone changes.
 */
int64_t process_wall_ms(void);
