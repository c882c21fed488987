#include "agent/platform/connecting.h"

int connecting_error(const struct connecting *connecting, bool failed)
{
	int error = connecting->read_error(connecting->user);

	for (int i = 0; failed && error == 0 && i < CONNECTING_MAX_RETRIES; i++) {
		connecting->yield();
		error = connecting->read_error(connecting->user);
	}
	return failed && error == 0 ? CONNECTING_NO_REASON : error;
}
