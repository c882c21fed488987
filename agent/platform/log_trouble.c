#include "agent/platform/log.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

void log_trouble(char **logged, const char *trouble)
{
	if (trouble && !(*logged && strcmp(*logged, trouble) == 0))
		log_warning("%s", trouble);
	free(*logged);
	*logged = trouble ? mem_strdup(trouble) : NULL;
}
