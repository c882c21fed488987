#include "agent/host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/platform/error.h"

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

const char *host_lookup_text(int error)
{
	switch (error) {
	case HOST_LOOKUP_NOT_FOUND:
		return "no such name";
	case HOST_LOOKUP_TRY_AGAIN:
		return "the name servers do not answer";
	case HOST_LOOKUP_NO_DATA:
		return "the name has no address";
	default:
		return "the name servers cannot be asked";
	}
}

const struct host_error *host_keep_error(const struct host_error *error, struct arena *arena)
{
	struct host_error *kept = arena_alloc(arena, sizeof *kept);
	*kept = *error;
	return kept;
}

void host_free_file(struct host_file *file)
{
	free(file->bytes);
	file->bytes = NULL;
}
