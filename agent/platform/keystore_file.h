/* The key as a file of the state directory, for both keystore_*.c; nobody else includes it. */
#pragma once

#include "proto/base/status.h"

enum status keystore_load_file(const char *state_dir, char **text);
enum status keystore_save_file(const char *state_dir, const char *text);
enum status keystore_remove_file(const char *state_dir);
