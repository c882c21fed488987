/*
 * `mtawatch-collector decommission`: a row of the table in main.c.
 */
#pragma once

extern const char decommission_help[];
int decommission_main(int argc, char **argv);
