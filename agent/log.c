#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "proto/printable.h"
#include "proto/text.h"
#include "proto/timestamp.h"

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

void log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_MAX_LINE];
	char clean[LOG_MAX_LINE];
	char when[TIMESTAMP_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	/* One call a line, so that lines of two threads do not mix; a lost one is nobody's ill. */
	(void)fprintf(stderr, "%s %s: %s\n", timestamp_format((int64_t)time(NULL) * 1000, when),
		      names[level], printable(clean, sizeof clean, text));
}
