/* The two places of keystore.c, for a test to use each; nobody else includes it. */
#pragma once

#include <stdbool.h>

#include "proto/base/status.h"

/* Does the volume of `dir` keep access lists? */
bool keystore_volume_has_lists(const char *dir);

enum status keystore_load_value(char **text);
enum status keystore_save_value(const char *text);
enum status keystore_remove_value(void);
