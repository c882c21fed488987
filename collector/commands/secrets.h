/*
 * `mtawatch-collector token` and `secret`: rows of the table in main.c.
 */
#pragma once

extern const char token_help[];
int token_main(int argc, char **argv);

extern const char secret_help[];
int secret_main(int argc, char **argv);
