#include "agent/platform/arguments.h"

#include <windows.h>

#include "proto/windows/codepage.h"

void arguments_get(int argc, char **argv, struct arena *arena, char ***arguments, int *n)
{
	const wchar_t *line = GetCommandLineW();
	(void)argc, (void)argv;

	arguments_split(
		codepage_from_utf16le(arena, (const uint8_t *)line, wcslen(line) * sizeof *line),
		arena, arguments, n);
	++*arguments; /* without the program's name, which is always there */
	--*n;
}
