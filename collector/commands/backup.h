/*
 * `mtawatch-collector backup`, `restore` and `check`: copies of the store, the way back, and
 * whether it is whole (collector/store/backup.h, collector/store/check.h).
 */
#pragma once

extern const char backup_help[];
extern const char restore_help[];
extern const char check_help[];

/* Each returns the exit status of the program; `argv` begins behind the word. */
int backup_main(int argc, char **argv);
int restore_main(int argc, char **argv);
int check_main(int argc, char **argv);
