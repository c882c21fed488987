/* How --help tells of an option: two columns, the option in the left, the words about it right. */
#pragma once

#include "proto/base/buffer.h"

/*
 * Adds "  --name ARGUMENT    words\n", the words where `column` begins, below the option where that
 * is too long; so does each further line of them. `argument` NULL: it takes none.
 */
void option_help_add(struct buffer *out, int column, const char *option, const char *argument,
		     const char *words);
