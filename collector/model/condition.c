#include "collector/model/condition.h"

#include <string.h>

static const char *const names[CONDITION_COUNT] = {
	[CONDITION_FAILING] = "failing",         [CONDITION_EXPOSED] = "exposed",
	[CONDITION_AT_RISK] = "at_risk",         [CONDITION_UNKNOWN] = "unknown",
	[CONDITION_SILENT] = "silent",           [CONDITION_DISK] = "disk",
	[CONDITION_CERTIFICATE] = "certificate", [CONDITION_DEAD_LETTERS] = "dead_letters",
};

bool condition_is_own(enum condition condition)
{
	return condition >= CONDITION_DISK;
}

const char *condition_name(enum condition condition)
{
	return names[condition];
}

bool condition_from_name(const char *name, enum condition *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*out = (enum condition)i;
		return true;
	}
	return false;
}
