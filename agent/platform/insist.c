#include "agent/platform/insist.h"

#include <stdbool.h>

static bool is_held(unsigned long code)
{
	return code == INSIST_ACCESS_DENIED || code == INSIST_SHARING_VIOLATION ||
	       code == INSIST_LOCK_VIOLATION;
}

unsigned long insist_act(const struct insist *insist)
{
	unsigned long code = insist->act(insist->user);

	for (int i = 0; is_held(code) && i < INSIST_MAX_RETRIES; i++) {
		insist->pause(INSIST_PAUSE_MS);
		code = insist->act(insist->user);
	}
	return code;
}
