/* What --help and --version print: of the program, and of each command. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "agent/commands/command.h"

/* NULL: of the program. False: it could not be printed. */
bool help_print(FILE *stream, const struct command *command);

bool help_print_version(FILE *stream);
