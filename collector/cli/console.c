#include "collector/cli/console.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/base/color.h"
#include "proto/base/printable.h"

size_t console_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) != 1)
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool console_has_color(void)
{
	return color_is_wanted(getenv("NO_COLOR"), getenv("TERM")) && isatty(STDOUT_FILENO) == 1;
}

const char *console_text(const char *text, struct arena *arena)
{
	size_t size = strlen(text ? text : "") + 1;

	return printable(arena_alloc(arena, size), size, text);
}

const char *console_tint(enum tint tint, bool color)
{
	static const char *const codes[] = {
		[TINT_NONE] = "",         [TINT_BAD] = "\033[1;31m", [TINT_WARNING] = "\033[33m",
		[TINT_GOOD] = "\033[32m", [TINT_DIM] = "\033[2m",
	};
	return color ? codes[tint] : "";
}

const char *console_end(enum tint tint, bool color)
{
	return color && tint != TINT_NONE ? "\033[0m" : "";
}
