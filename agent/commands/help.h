/* The texts of --help and --version, for the program and for each command. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "agent/commands/command.h"

/* NULL: of the program. False: it could not be printed. */
bool help_print(FILE *stream, const struct command *command);

bool help_print_version(FILE *stream);
