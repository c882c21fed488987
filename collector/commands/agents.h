/*
 * `mtawatch-collector agents`: a row of the table in main.c.
 */
#pragma once

extern const char agents_help[];
int agents_main(int argc, char **argv);
