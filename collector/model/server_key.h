/*
 * What a server is found by: its short host name in lower case.
 */
#pragma once

#include "proto/report/report.h"

#define SERVER_KEY_SIZE (REPORT_MAX_STRING + 1)

/* The key of a host name: up to its first dot, ASCII letters in lower case. Returns `key`. */
char *server_key(const char *host_name, char key[SERVER_KEY_SIZE]);
