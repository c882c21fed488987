/*
 * Real material with known answers, which is not part of the repository: files of the folder that
 * the variable MTAWATCH_TESTDATA names, or else ../shared/testdata beside the repository. Link
 * material.c.
 */
#pragma once

#include <stddef.h>

/* Skips the running test, saying so, where there is no such folder. First thing in a test. */
void material_or_skip(void);

/*
 * The content of a file of the folder, a NUL behind it, to be passed to free(). What ends in ".gz"
 * is unpacked. A file that is missing fails the test.
 */
char *material_read(const char *path, size_t *size);
