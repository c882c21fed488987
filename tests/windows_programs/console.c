/*
 * console PAGE OUT ERRORS: writes a text to standard output and standard error in each way in which
 * the agent does; these go into the files OUT and ERRORS and pass for a console of that code page.
 * Once more it is written to the end of OUT as a file.
 */
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include "agent/platform/log.h"
#include "tests/windows_programs/instead.h"

#define WORDS "K\xc3\xb6ln" /* UTF-8 */

static UINT page;

static BOOL WINAPI is_console(HANDLE handle, DWORD *mode)
{
	(void)handle;
	*mode = 0;
	return TRUE;
}

static UINT WINAPI page_of_console(void)
{
	return page;
}

INSTEAD_OF("GetConsoleMode@8", is_console)
INSTEAD_OF("GetConsoleOutputCP@0", page_of_console)

int main(int argc, char **argv)
{
	const char *volatile words = WORDS;

	if (argc != 4 || !freopen(argv[2], "wb", stdout) || !freopen(argv[3], "wb", stderr))
		return 2;
	page = strtoul(argv[1], NULL, 10);
	printf("%s: %d\n", words, 1);
	printf("%s\n", words); /* for the compiler this is puts() */
	if (fputs(words, stdout) < 0)
		return 1;
	log_error("%s", words);
	if (fclose(stdout) != 0 || fclose(stderr) != 0)
		return 2;
	FILE *file = fopen(argv[2], "ab");
	return file && fputs(words, file) >= 0 && fclose(file) == 0 ? 0 : 1;
}
