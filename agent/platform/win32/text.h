/* UTF-16 at Windows' calls, UTF-8 inside; and what the system says of a failure. */
#pragma once

#include <stddef.h>

#include "agent/platform/error.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* In `arena`; what is no character becomes U+FFFD. */
wchar_t *win32_wide(const char *text, struct arena *arena);
char *win32_narrow(const wchar_t *text, struct arena *arena);

/*
 * UTF-8 in another code page, what it has no character for as "?"; to be passed to free(). NULL,
 * and `*size` as it was: there is no such page here.
 */
char *win32_to_code_page(const char *text, size_t length, unsigned page, size_t *size);

/* Like os_fail() with the system's sentence for `code` behind the text, and the code's status. */
enum status win32_fail(struct os_error *error, unsigned long code, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 3, 4)));
