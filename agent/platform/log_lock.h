/* Between these two only one thread runs: agent/platform/log.c writes its file there. */
#pragma once

void log_lock(void);
void log_unlock(void);
