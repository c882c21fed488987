#include "agent/platform/terminal.h"

#include <windows.h>

#include <stdlib.h>

#include "agent/platform/win32/text.h"

bool terminal_has_color(void)
{
	return false;
}

/* The console that a stream writes to, or NULL. */
static HANDLE console_of(FILE *file)
{
	DWORD mode = 0;
	HANDLE handle = GetStdHandle(file == stderr ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);

	return (file == stdout || file == stderr) && GetConsoleMode(handle, &mode) ? handle : NULL;
}

/* Our texts are UTF-8; a console of NT 4.0 has the code page of DOS. */
bool terminal_write(FILE *file, const char *text, size_t length)
{
	size_t n = length;
	char *converted = console_of(file)
				  ? win32_to_code_page(text, length, GetConsoleOutputCP(), &n)
				  : NULL;
	bool written = fwrite(converted ? converted : text, 1, n, file) == n;

	free(converted);
	return written;
}
