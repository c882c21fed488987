/*
 * `mtawatch-collector init`: a row of the table in main.c.
 */
#pragma once

/* Files in the data directory. */
#define INIT_CA_FILE         "ca.crt"
#define INIT_CA_KEY_FILE     "ca.key"
#define INIT_SERVER_FILE     "server.crt"
#define INIT_SERVER_KEY_FILE "server.key"
#define INIT_SECRET_FILE     "enroll-secret"

extern const char init_help[];
int init_main(int argc, char **argv);
