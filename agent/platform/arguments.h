/*
 * The command line as UTF-8. On Windows the C runtime would give it in the ANSI code page, in which
 * most characters have no place; there it is taken from the system as UTF-16 and cut here.
 */
#pragma once

#include "proto/base/arena.h"

/*
 * The arguments behind the program's name; `argc` and `argv` are main's. They live in `arena` or
 * are main's own.
 */
void arguments_get(int argc, char **argv, struct arena *arena, char ***arguments, int *n);

/*
 * Cuts a Windows command line (UTF-8) into its arguments, the program's name first, by the rules of
 * Microsoft's C runtime ("Parsing C Command-Line Arguments"): blanks and tabs part arguments,
 * quotes hold one together, a backslash escapes a quote and is literal before anything else, and
 * two quotes inside of quotes stand for one. The program's name has no escapes.
 */
void arguments_split(const char *line, struct arena *arena, char ***arguments, int *n);
