/*
 * `mtawatch-collector export`: prints the reports of the store as they came, each with received_at
 * and age_s (PROTOCOL): what `assess` and `import` read.
 */
#pragma once

extern const char export_help[];

/* `argv` begins behind the word. Returns the exit status of the program. */
int export_main(int argc, char **argv);
