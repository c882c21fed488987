/*
 * What the agent tells the administrator while it runs: one line a message,
 * "2026-11-22T10:45:23Z warning: ...", on standard error and in a file, where there is one. Text in
 * lower case, without a full stop; control characters are made harmless here, so a message may
 * quote anything. Any thread, but for the calls that set something up: those come from one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOG_MAX_LINE 2048 /* bytes; what is longer is cut */

enum log_level {
	LOG_LEVEL_ERROR,   /* something that the agent is for does not happen */
	LOG_LEVEL_WARNING, /* something is lost or odd; the agent goes on */
	LOG_LEVEL_INFO,    /* what the agent does */
};

/* "error", "warning", "info" without case. False: it is none of them. */
bool log_level_parse(const char *text, enum log_level *out);
const char *log_level_name(enum log_level level);

void log_write(enum log_level level, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 2, 3)));

/* The last error that was logged; static, "" at first. Not while other threads may log. */
const char *log_last_error(void);

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)

/*
 * Logs a lasting trouble as a warning when it begins or becomes another; NULL: there is none.
 * `*logged` is what was logged last, NULL at first; the caller frees it.
 */
void log_trouble(char **logged, const char *trouble);

/*
 * From now on only messages of this level and worse are told, and they also go to the file `path`
 * (NULL: to none). When a message would make the file longer than `max_kb`, the file becomes
 * PATH.old, in place of the one before it, and a new one begins. A message that cannot be written
 * (full disk, missing directory) is counted; when writing is possible again, the file tells how
 * many are missing.
 */
void log_configure(enum log_level level, const char *path, int64_t max_kb);
