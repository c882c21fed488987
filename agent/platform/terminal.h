/* The terminal that standard output goes to, if any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * May the standard output be coloured: is it a terminal that understands ECMA-48, and does neither
 * NO_COLOR (no-color.org) nor TERM=dumb speak against it? Never on the consoles of Windows NT 4.0
 * and 2000, which do not understand it.
 */
bool terminal_has_color(void);

/*
 * Windows alone, below its printf functions: writes UTF-8 text, which ends at a zero behind its
 * `length` bytes, to a stream; a console gets its own code page. False where not all was written.
 */
bool terminal_write(FILE *file, const char *text, size_t length);
