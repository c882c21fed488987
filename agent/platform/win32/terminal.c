#include "agent/platform/terminal.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>

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

/* Our texts are UTF-8; a console of NT 4.0 has the code page of DOS. NULL: the text is as it is. */
static char *for_console(const char *text, size_t length)
{
	wchar_t *wide = malloc((length + 1) * sizeof *wide); /* no more units than bytes */
	char *oem = malloc(2 * length + 1);                  /* a unit is two bytes at most */
	UINT page = GetConsoleOutputCP();

	if (!wide || !oem ||
	    MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, (int)length + 1) == 0 ||
	    WideCharToMultiByte(page, 0, wide, -1, oem, (int)(2 * length + 1), NULL, NULL) == 0) {
		free(oem);
		oem = NULL;
	}
	free(wide);
	return oem;
}

bool terminal_write(FILE *file, const char *text, size_t length)
{
	char *oem = console_of(file) ? for_console(text, length) : NULL;
	const char *bytes = oem ? oem : text;
	size_t n = oem ? strlen(oem) : length;
	bool written = fwrite(bytes, 1, n, file) == n;

	free(oem);
	return written;
}
