/*
 * Files that a person names, to be read. What is named may be a pipe that nobody writes to, or a
 * terminal: opening or reading that would hold up the whole collector, so it is refused.
 */
#pragma once

#include <stdio.h>

#define FILE_OPEN_NO_FILE "it is no file, but a directory, a pipe or a device"

/*
 * The open file, which no command inherits; NULL: `*why` says why not, as the rest of a sentence
 * that begins with the file's name ("No such file or directory", FILE_OPEN_NO_FILE). `errno`
 * says it too, ESPIPE for the latter.
 */
FILE *file_open(const char *path, const char **why);

/*
 * For libraries that open files by their names: NULL, or why it would not be one that can be read,
 * as above.
 */
const char *file_fault(const char *path);
