#include "agent/platform/terminal.h"

bool terminal_has_color(void)
{
	return false;
}
