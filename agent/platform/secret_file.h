/* A secret in a file of its own, that an administrator wrote: an enrolment secret, a password. */
#pragma once

#include "proto/base/arena.h"
#include "proto/base/status.h"

#define SECRET_FILE_MAX 1024 /* bytes of the file */

/*
 * Reads the secret without the blanks and empty lines around it into `*out`, to be handed to
 * secret_file_free(). Texts are made in `arena`, which keeps nothing of the secret.
 *
 * STATUS_MALFORMED  it is no single line of text
 * others            as of files_read()
 * Each time `*wrong` says so, as the rest of a sentence that begins with the file's name.
 */
enum status secret_file_read(const char *path, struct arena *arena, char **out, const char **wrong);

/* Leaves nothing of it in memory; NULL is fine. */
void secret_file_free(char *secret);
