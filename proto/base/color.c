#include "proto/base/color.h"

#include <string.h>

bool color_is_wanted(const char *no_color, const char *term)
{
	return (!no_color || *no_color == '\0') && term && strcmp(term, "dumb") != 0;
}
