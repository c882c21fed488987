/*
 * held_file CALL FILE MS: does to FILE, which is made anew with "old" in it, what CALL names, while
 * this program itself holds it open and shares it with nobody for so many milliseconds, as a virus
 * scanner might. MS "read-only": nobody holds it, but it may only be read, as a copy from a CD.
 * Prints how the call ended, and what is in the file then.
 *
 * CALL is replace, private, move, remove or erase (agent/platform/files.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "agent/platform/files.h"

static HANDLE held;
static DWORD hold_ms;

static DWORD WINAPI let_go(void *unused)
{
	(void)unused;
	Sleep(hold_ms);
	CloseHandle(held);
	return 0;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "%s: %lu\n", what, GetLastError());
	exit(2);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		fail(path);
}

static void hold(const char *path)
{
	DWORD id = 0;

	held = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
	if (held == INVALID_HANDLE_VALUE || !CreateThread(NULL, 0, let_go, NULL, 0, &id))
		fail("hold");
}

static enum status act(const char *call, const char *path, const char *other)
{
	if (strcmp(call, "replace") == 0)
		return files_replace(path, "new", 3);
	if (strcmp(call, "private") == 0)
		return files_replace_private(path, "new", 3);
	if (strcmp(call, "move") == 0)
		return files_move(other, path);
	if (strcmp(call, "remove") == 0)
		return files_remove(path);
	return files_erase(path);
}

static void print_content(const char *path)
{
	char *bytes = NULL;
	size_t n = 0;
	enum status status = files_read(path, 100, &bytes, &n);

	printf("%s\n", status == STATUS_NOT_FOUND ? "gone" : status == STATUS_OK ? bytes : "?");
	free(bytes);
}

int main(int argc, char **argv)
{
	char other[FILES_MAX_PATH];

	if (argc != 4)
		return 2;
	const char *call = argv[1];
	const char *path = argv[2];
	hold_ms = strtoul(argv[3], NULL, 10);
	(void)snprintf(other, sizeof other, "%s.other", path);
	put(path, "old");
	put(other, "new");
	if (strcmp(argv[3], "read-only") != 0)
		hold(path);
	else if (!SetFileAttributesA(path, FILE_ATTRIBUTE_READONLY))
		fail("SetFileAttributes");

	DWORD began = GetTickCount();
	enum status status = act(call, path, other);
	printf("%lu ms, %s: ", GetTickCount() - began, status_text(status));
	if (status != STATUS_OK && held)
		CloseHandle(held); /* so that it can be read */
	print_content(path);
	(void)fflush(stdout);
	TerminateProcess(GetCurrentProcess(), 0); /* whatever the other thread still waits for */
	return 0;
}
