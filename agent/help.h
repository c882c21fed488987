/* What --help prints: of the program, and of each command. Examples first. */
#pragma once

#include "agent/options.h"

/* COMMAND_NONE: the program's. Static. */
const char *help_text(enum command command);
