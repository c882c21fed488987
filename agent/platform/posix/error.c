#include "agent/platform/error.h"

#include <stdio.h>
#include <string.h>

void os_sentence(int64_t code, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", strerror((int)code));
}
