/*
 * mingw's printf functions by those of libcurl, which are in the program anyway: mingw's own bring
 * their own arithmetic of floating point, 22 KB that nothing here prints. What mingw's stdio.h
 * calls with __USE_MINGW_ANSI_STDIO is defined here, with the results that C99 wants; and a console
 * gets its own code page. That is why fputs() and puts() are here, too, which the compiler also
 * takes for a printf() of one text.
 */
#include <curl/curl.h>
#include <curl/mprintf.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/platform/terminal.h"

int __mingw_vsnprintf(char *out, size_t size, const char *format, va_list args)
{
	char *text = curl_mvaprintf(format, args);
	if (!text)
		return -1;
	size_t length = strlen(text);
	size_t fits = length < size ? length : size - 1;
	if (size > 0) {
		memcpy(out, text, fits);
		out[fits] = '\0';
	}
	curl_free(text);
	return (int)length;
}

int __mingw_vfprintf(FILE *file, const char *format, va_list args)
{
	char *text = curl_mvaprintf(format, args);
	if (!text)
		return -1;
	size_t length = strlen(text);
	bool written = terminal_write(file, text, length);
	curl_free(text);
	return written ? (int)length : -1;
}

int __mingw_vprintf(const char *format, va_list args)
{
	return __mingw_vfprintf(stdout, format, args);
}

__attribute__((used)) int fputs(const char *text, FILE *file)
{
	return terminal_write(file, text, strlen(text)) ? 0 : EOF;
}

__attribute__((used)) int puts(const char *text)
{
	return fputs(text, stdout) == 0 && fputc('\n', stdout) == '\n' ? 0 : EOF;
}

/*
 * libcurl's own for a number of floating point, with a buffer that has room. mingw's counts what is too
 * long by a call of later systems.
 */
int __ms_vsnprintf(char *out, size_t size, const char *format, va_list args);

int __ms_vsnprintf(char *out, size_t size, const char *format, va_list args)
{
	return _vsnprintf(out, size, format, args);
}

/* mbedTLS calls it by this name (mbedtls_config_agent.h). */
int __mingw_snprintf(char *out, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = __mingw_vsnprintf(out, size, format, args);
	va_end(args);
	return length;
}
