/*
 * Whether who runs a program wants colours on a terminal.
 */
#pragma once

#include <stdbool.h>

/* By the values of NO_COLOR (no-color.org) and TERM in the environment; NULL: it is not set. */
bool color_is_wanted(const char *no_color, const char *term);
