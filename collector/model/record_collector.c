#include "collector/model/record_collector.h"

#include <string.h>

static const char *const names[RECORD_COLLECTOR_STATES] = {
	[RECORD_COLLECTOR_STARTING] = "starting", [RECORD_COLLECTOR_STANDBY] = "standby",
	[RECORD_COLLECTOR_LOADING] = "loading",   [RECORD_COLLECTOR_JUDGING] = "judging",
	[RECORD_COLLECTOR_CHECKING] = "checking", [RECORD_COLLECTOR_ENDED] = "ended",
};

const char *record_collector_state_name(enum record_collector_state state)
{
	return names[state];
}

enum record_collector_state record_collector_state_parse(const char *name)
{
	int state = 0;

	while (state < RECORD_COLLECTOR_STATES && strcmp(name, names[state]) != 0)
		state++;
	return (enum record_collector_state)state;
}

bool record_collector_node_is_valid(const char *node)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t n = strlen(node);

	return n > 0 && n < LEASE_NODE_SIZE && strspn(node, allowed) == n;
}
