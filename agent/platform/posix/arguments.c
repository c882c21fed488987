#include "agent/platform/arguments.h"

void arguments_get(int argc, char **argv, struct arena *arena, char ***arguments, int *n)
{
	(void)arena;
	*arguments = argc > 0 ? argv + 1 : argv;
	*n = argc > 0 ? argc - 1 : 0;
}
