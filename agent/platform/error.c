#include "agent/platform/error.h"

#include <stdarg.h>
#include <stdio.h>

enum status host_fail(struct host_error *error, enum status status, int64_t code,
		      const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	error->code = code;
	return status;
}

const struct host_error *host_keep_error(const struct host_error *error, struct arena *arena)
{
	struct host_error *kept = arena_alloc(arena, sizeof *kept);
	*kept = *error;
	return kept;
}
