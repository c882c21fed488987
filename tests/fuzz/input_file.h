/*
 * The input of a target whose reader takes a file: a folder of the process's own, in memory where
 * the system has a place for that, which goes with the process.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The folder, made at the first call. */
const char *input_file_folder(void);

/* Writes the file of that name anew; its path, good until the next call. */
const char *input_file_put(const char *name, const uint8_t *data, size_t size);
