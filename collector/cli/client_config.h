/*
 * Where clients find a collector that runs, and what they show it: options first, then the
 * environment, then the client configuration of the user, a file that `login` writes:
 *
 *   # as the collector's own file: key = value
 *   url = https://collector.example.com:8285,https://another.example.com:8285
 *   ca-file = /home/kim/.config/mtawatch/ca.crt
 *   token = mtw_v...
 *
 * Token and authority of the file are for its collectors alone: with another URL they do not count.
 */
#pragma once

#include "proto/base/arena.h"

#define CLIENT_CONFIG_URL        "MTAWATCH_URL"
#define CLIENT_CONFIG_CA_FILE    "MTAWATCH_CA_FILE"
#define CLIENT_CONFIG_TOKEN_FILE "MTAWATCH_TOKEN_FILE"
#define CLIENT_CONFIG_TOKEN      "MTAWATCH_TOKEN"

/* Bytes of the file. */
#define CLIENT_CONFIG_MAX_BYTES ((size_t)16 * 1024)

/* Each may be NULL: nobody says it. */
struct client_config {
	const char *url; /* or several, as of collector/cli/collector_urls.h */
	const char *ca_file;
	const char *token_file;
	const char *token; /* itself; goes behind a token_file of an option */
};

/* The file, whether it is there or not; NULL: this user has no home. */
const char *client_config_path(struct arena *arena);

/*
 * Completes what options say by the environment and the file; texts live in `arena`. Returns an
 * exit status; unless that is TERMINAL_EXIT_OK standard error says why.
 */
int client_config_complete(struct client_config *config, struct arena *arena);

/*
 * Writes the file, for its owner alone; `ca`, if not NULL, are the bytes of the authority's
 * certificate, which it gets a copy of. Returns an exit status, as above.
 */
int client_config_write(const struct client_config *config, const char *ca, size_t ca_size,
			struct arena *arena);
