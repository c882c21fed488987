/* `mtawatch-collector inventory`: the servers that there should be, from the terminal. */
#pragma once

extern const char inventory_help[];

/* A command of collector/cli/command.h. */
int inventory_main(int argc, char **argv);
