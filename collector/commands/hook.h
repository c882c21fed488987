/*
 * `mtawatch-collector hook`: a row of the table in main.c.
 */
#pragma once

extern const char hook_help[];
int hook_main(int argc, char **argv);
