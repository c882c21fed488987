#include "agent/platform/error.h"

#include <stdarg.h>
#include <stdio.h>

enum status os_fail(struct os_error *error, enum status status, int64_t code, const char *format,
		    ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	error->code = code;
	return status;
}

const struct os_error *os_keep_error(const struct os_error *error, struct arena *arena)
{
	struct os_error *kept = arena_alloc(arena, sizeof *kept);
	*kept = *error;
	return kept;
}
