#include "agent/platform/terminal.h"

#include <stdlib.h>
#include <unistd.h>

#include "proto/base/color.h"

bool terminal_has_color(void)
{
	return color_is_wanted(getenv("NO_COLOR"), getenv("TERM")) && isatty(STDOUT_FILENO) == 1;
}
