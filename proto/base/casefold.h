/*
 * Names that people gave (organizations, sites, Exchange servers), compared without case for every
 * letter: by the simple case folding of Unicode, which takes a letter for a letter. So "Zürich" is
 * "ZÜRICH" and "ΑΘΗΝΑΣ" is "Αθηνας", but "Straße" is not "STRASSE", and the Turkish dotless i is a
 * letter of its own. Bytes that are no UTF-8 stand for themselves.
 *
 * Host names and words of protocols are ASCII: proto/base/text.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order of the folded texts by their characters; NULL is before everything. */
int casefold_compare(const char *a, const char *b);

bool casefold_equal(const char *a, const char *b);

/* A hash that is the same for equal texts (FNV-1a, 32 bit); of ASCII alone that of text_hash(). */
uint32_t casefold_hash(const char *text);

/* Does `text`, which may be NULL, begin with `prefix`? */
bool casefold_has_prefix(const char *text, const char *prefix);

/*
 * Writes the folded form of `text` with its NUL, which is at most as long: `out` has strlen(text) +
 * 1 bytes and may be `text` itself. Returns its length.
 */
size_t casefold_copy(char *out, const char *text);

/* Folds the character at `text`, which is not its end, and steps over it. */
uint32_t casefold_next(const char **text);
