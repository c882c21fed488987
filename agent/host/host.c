#include "agent/host/host.h"

#include <stdlib.h>

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

void host_free_file(struct host_file *file)
{
	free(file->bytes);
	file->bytes = NULL;
}
