/*
 * `mtawatch-collector import`: a row of the table in main.c.
 */
#pragma once

extern const char import_help[];
int import_main(int argc, char **argv);
