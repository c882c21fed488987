#include "agent/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/host_error.h"

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

void host_free_file(struct host_file *file)
{
	free(file->bytes);
	file->bytes = NULL;
}
