/*
 * Text from outside, made harmless for a terminal or a log: a name out of a registry, an event or
 * an HTTP answer may hold escape sequences, line ends or marks that turn the reading direction.
 */
#pragma once

#include <stddef.h>

/*
 * Copies `text` (UTF-8; NULL counts as "") and puts '?' for every control character (C0, DEL, C1),
 * every mark that changes direction (U+061C, U+200E to U+200F, U+202A to U+202E, U+2066 to U+2069),
 * breaks a line (U+2028, U+2029) or cannot be seen (U+180E, U+200B to U+200D, U+2060 to U+2065,
 * U+FEFF, U+FFF9 to U+FFFB, and the tags U+E0000 to U+E007F),
 * and every byte that is no UTF-8. Cut at a character where `size` is too small; always terminated
 * (`size` > 0). Returns `out`.
 */
char *printable(char *out, size_t size, const char *text);
