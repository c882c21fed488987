/*
 * The text of a file that a person hands in: a list, a configuration, a secret, an export. Notepad,
 * Excel, regedit and the prompt of Windows each write text in a way of their own; what comes out of
 * here is the same for all of them.
 *
 * Read are UTF-8 with or without its byte order mark; UTF-16 of either byte order, by its mark or
 * by the zeros in it; lines that end in CR LF, LF or CR, the last one perhaps in nothing; the
 * Ctrl-Z that DOS puts at an end. Bytes that are neither are taken for a code page of Windows and
 * stay as they are: nobody says which one it is.
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"

enum text_file_form {
	TEXT_FILE_UTF8,      /* ASCII, too */
	TEXT_FILE_UTF16,     /* now UTF-8; half a pair of surrogates has become U+FFFD */
	TEXT_FILE_CODE_PAGE, /* one or two bytes a character, unchanged */
};

struct text_file {
	char *text; /* in the arena; each line ends in one line feed, the last one too; no NUL in it */
	size_t n; /* bytes, without the NUL at the end */
	enum text_file_form form;
	size_t foreign_line; /* of a code page: its first line that is not UTF-8, from 1; else 0 */
};

/*
 * Reads the bytes of a file, which the caller has held against a limit. NULL, or why they are no
 * text, as the rest of a sentence that begins with the file's name: "it is an Excel workbook ...".
 * Then `out` is not written.
 */
const char *text_file_decode(struct arena *arena, const void *bytes, size_t n,
			     struct text_file *out);

/* As text_file_decode(), and refuses a code page: names its first line. */
const char *text_file_decode_utf8(struct arena *arena, const void *bytes, size_t n,
				  struct text_file *out);

/*
 * For files that hold one word, as a secret or a token: UTF-8 without the blanks and empty lines
 * around it. NULL, or what is wrong: nothing in it, a second line, or as text_file_decode_utf8().
 */
const char *text_file_decode_word(struct arena *arena, const void *bytes, size_t n,
				  const char **out);

/* The next line, cut out in place, without its end; NULL behind the last one. */
char *text_file_next_line(char **at);
