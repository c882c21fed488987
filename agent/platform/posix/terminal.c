#include "agent/platform/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_has_color(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && *no_color != '\0')
		return false;
	return term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO) == 1;
}
