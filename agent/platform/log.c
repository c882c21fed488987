#include "agent/platform/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "agent/platform/files.h"
#include "agent/platform/log_file.h"
#include "agent/platform/log_lock.h"
#include "agent/platform/process.h"
#include "proto/base/printable.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

/* Where messages go; guarded by log_lock(). */
static struct {
	char path[FILES_MAX_PATH]; /* "": no file */
	int64_t max_bytes;
	unsigned long lost;       /* messages that the file lacks */
	enum status why;          /* the last of them could not be written */
	char error[LOG_MAX_LINE]; /* the last one that was told */
} sink;

static atomic_int shown = LOG_LEVEL_INFO; /* the level, read without the lock */

static const char *const names[] = { "error", "warning", "info" };

bool log_level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (text_equal(text, names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *log_level_name(enum log_level level)
{
	return names[level];
}

void log_configure(enum log_level level, const char *path, int64_t max_kb)
{
	log_lock();
	atomic_store(&shown, (int)level);
	sink.max_bytes = max_kb * 1024;
	(void)snprintf(sink.path, sizeof sink.path, "%s", path ? path : "");
	log_unlock();
}

/* Writes a line to the file, before it how many are missing there. */
static void write_file(const char *line, size_t n, const char *when)
{
	char missing[128];
	int length = 0;

	if (sink.lost > 0) {
		length = snprintf(missing, sizeof missing,
				  "%s warning: %lu message(s) could not be written here: %s\n",
				  when, sink.lost, status_text(sink.why));
		if (log_file_append(sink.path, missing, (size_t)length, sink.max_bytes) ==
		    STATUS_OK)
			sink.lost = 0;
	}
	enum status status = log_file_append(sink.path, line, n, sink.max_bytes);
	if (status != STATUS_OK) {
		sink.lost++;
		sink.why = status;
	}
}

/* "2026-11-22T10:45:23Z warning: text" to where it goes. */
static void write_entry(enum log_level level, const char *text)
{
	char line[LOG_MAX_LINE + 64];
	char when[TIMESTAMP_TEXT_SIZE];
	int n = snprintf(line, sizeof line, "%s %s: %s\n",
			 timestamp_format(process_wall_ms() / 1000 * 1000, when), names[level],
			 text);

	/*
	 * A call writes a whole line, so that lines of two threads do not mix. Losing a line is no
	 * failure.
	 */
	(void)fputs(line, stderr);
	log_lock();
	if (level == LOG_LEVEL_ERROR)
		(void)snprintf(sink.error, sizeof sink.error, "%s", text);
	if (sink.path[0] != '\0' && n > 0)
		write_file(line, (size_t)n, when);
	log_unlock();
}

const char *log_last_error(void)
{
	return sink.error;
}

void log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_MAX_LINE];
	char clean[LOG_MAX_LINE];
	va_list args;

	if ((int)level > atomic_load(&shown))
		return;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	write_entry(level, printable(clean, sizeof clean, text));
}
