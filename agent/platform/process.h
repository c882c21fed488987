/* The process as such: how it begins and ends on each system. */
#pragma once

#include <stdint.h>

/*
 * Before anything else. On Windows: the system shows no box that nobody would close, for a drive without
 * a disk or a fault of the program.
 */
void process_begin(void);

/*
 * Ends the process; standard output and files are written before. On Windows no DLL is asked: a
 * thread that waits for a name server holds a lock that ExitProcess() would wait for in vain, and
 * the program's file would stay in use.
 */
_Noreturn void process_end(int code);

/* A clock for agent/platform/ticks.h. Any thread. */
uint32_t process_tick_ms(void);

/*
 * Milliseconds since 1970 by the system's clock. Windows' C runtime has the time from local time, which is
 * an hour wrong while the time zone changes.
 */
int64_t process_wall_ms(void);
