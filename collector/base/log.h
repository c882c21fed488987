/*
 * What the collector tells the administrator while it runs, on standard error: a message a line,
 * lower case, without a full stop. Control characters are made harmless here, so a message may
 * quote anything. Any thread; the settings are changed by the loop's thread only.
 *
 * Three shapes of a line:
 *   text     2026-11-22T10:45:23Z warning: ...
 *   journal  <4>...            the level as sd-daemon(3) has it; the journal knows time and program
 *   json     {"time":"2026-11-22T10:45:23Z","level":"warning","message":"..."}
 */
#pragma once

#include <stdbool.h>

#define LOG_MAX_LINE 2048 /* bytes of a message; what is longer is cut */

enum log_level {
	LOG_LEVEL_ERROR,   /* something that the collector is for does not happen */
	LOG_LEVEL_WARNING, /* something is lost or odd; the collector goes on */
	LOG_LEVEL_INFO,    /* what the collector does */
	LOG_LEVEL_DEBUG,   /* what every connection does */
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JOURNAL, LOG_FORMAT_JSON };

/* Less important messages than `level` are left out. Until it is called: text, up to info. */
void log_set(enum log_format format, enum log_level level);

/*
 * Does standard error go to the journal, as JOURNAL_STREAM (systemd.exec(5)) tells? It holds the
 * device and inode of the stream, which has to be the one that is open now.
 */
bool log_goes_to_journal(void);

/* "warning" and so on; the names that settings use. */
bool log_level_parse(const char *name, enum log_level *out);

void log_write(enum log_level level, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
