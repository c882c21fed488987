#include "agent/platform/win32/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/error.h"
#include "proto/windows/codepage.h"

#include <windows.h>

wchar_t *win32_wide(const char *text, struct arena *arena)
{
	int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *wide = arena_alloc_array(arena, n > 0 ? (size_t)n : 1, sizeof *wide);
	if (n > 0)
		MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, n);
	return wide;
}

char *win32_narrow(const wchar_t *text, struct arena *arena)
{
	return codepage_from_utf16le(arena, (const uint8_t *)text, wcslen(text) * sizeof *text);
}

char *win32_to_code_page(const char *text, size_t length, unsigned page, size_t *size)
{
	wchar_t *wide = malloc((length + 1) * sizeof *wide); /* no more units than bytes */
	char *out = malloc(2 * length + 1);                  /* a unit is two bytes at most */
	int units = 0;
	int bytes = 0;

	if (wide && out)
		units = MultiByteToWideChar(CP_UTF8, 0, text, (int)length, wide, (int)length + 1);
	if (units > 0)
		bytes = WideCharToMultiByte(page, 0, wide, units, out, (int)(2 * length + 1), NULL,
					    NULL);
	free(wide);
	if (bytes <= 0) {
		free(out);
		return NULL;
	}
	*size = (size_t)bytes;
	return out;
}

static enum status status_of(DWORD code)
{
	switch (code) {
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
	case ERROR_INVALID_NAME:
	case ERROR_BAD_PATHNAME:
	case ERROR_INVALID_DRIVE:
		return STATUS_NOT_FOUND;
	case ERROR_ACCESS_DENIED:
	case ERROR_SHARING_VIOLATION:
	case ERROR_PRIVILEGE_NOT_HELD:
		return STATUS_DENIED;
	default:
		return STATUS_SYSTEM;
	}
}

void os_sentence(int64_t code, char *out, size_t size)
{
	wchar_t wide[256];
	DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
				 (DWORD)code, 0, wide, 256, NULL);
	while (n > 0 && (wide[n - 1] == L'\n' || wide[n - 1] == L'\r' || wide[n - 1] == L' '))
		n--;
	int used = 0;
	if (n > 0)
		used = WideCharToMultiByte(CP_UTF8, 0, wide, (int)n, out, (int)size - 1, NULL,
					   NULL);
	out[used > 0 ? used : 0] = '\0';
	if (used <= 0)
		snprintf(out, size, "error %lu", (unsigned long)code);
}

enum status win32_fail(struct os_error *error, unsigned long code, const char *format, ...)
{
	char what[512];
	char why[512];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	os_sentence((int64_t)code, why, sizeof why);
	return os_fail(error, status_of(code), (int64_t)code, "%s: %s", what, why);
}
