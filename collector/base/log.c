#include "collector/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/buffer.h"
#include "proto/base/count.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

static const struct {
	const char *name;
	int priority; /* syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static atomic_int chosen_format = LOG_FORMAT_TEXT;
static atomic_int chosen_level = LOG_LEVEL_INFO;

void log_set(enum log_format format, enum log_level level)
{
	chosen_format = (int)format;
	chosen_level = (int)level;
}

bool log_goes_to_journal(void)
{
	const char *told = getenv("JOURNAL_STREAM");
	char name[64];
	struct stat now;

	if (!told || fstat(STDERR_FILENO, &now) != 0)
		return false;
	snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)now.st_dev, (uintmax_t)now.st_ino);
	return strcmp(told, name) == 0;
}

bool log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < COUNT(levels); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void add_json(struct buffer *line, enum log_level level, const char *text)
{
	json_open_object(line, NULL);
	json_put_time(line, "time", (int64_t)time(NULL) * 1000);
	json_put_text(line, "level", levels[level].name);
	json_put_text(line, "message", text);
	json_finish(line);
}

static void add_line(struct buffer *line, enum log_level level, const char *text)
{
	char when[TIMESTAMP_TEXT_SIZE];

	switch ((enum log_format)chosen_format) {
	case LOG_FORMAT_JSON:
		add_json(line, level, text);
		break;
	case LOG_FORMAT_JOURNAL:
		buffer_printf(line, "<%d>%s\n", levels[level].priority, text);
		break;
	case LOG_FORMAT_TEXT:
		buffer_printf(line, "%s %s: %s\n",
			      timestamp_format((int64_t)time(NULL) * 1000, when),
			      levels[level].name, text);
		break;
	}
}

void log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_MAX_LINE];
	char clean[LOG_MAX_LINE];
	struct buffer line;
	va_list args;

	if ((int)level > chosen_level)
		return;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	buffer_init(&line);
	add_line(&line, level, printable(clean, sizeof clean, text));
	/* One call a line, so that lines of two threads do not mix; a lost one is nobody's ill. */
	(void)!write(STDERR_FILENO, line.bytes, line.size);
	buffer_deinit(&line);
}
