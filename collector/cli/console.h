/*
 * The terminal that a command prints to: its width, its colours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/arena.h"

enum tint { TINT_NONE, TINT_BAD, TINT_WARNING, TINT_GOOD, TINT_DIM };

/* Columns of the terminal that standard output is, or 0 where it is none. */
size_t console_width(void);

/* May standard output have colours? Not where it is no terminal, nor with NO_COLOR or TERM=dumb. */
bool console_has_color(void);

/* `text` made harmless, in `arena`. */
const char *console_text(const char *text, struct arena *arena);

/* The escape sequence of a tint, and the one that ends it; "" without colours. */
const char *console_tint(enum tint tint, bool color);
const char *console_end(enum tint tint, bool color);
