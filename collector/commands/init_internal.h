/* What the files of `init` share: what it was told, and what it has made so far; for them only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/commands/init_config.h"
#include "collector/commands/init_place.h"
#include "collector/commands/local.h"
#include "collector/crypto/certificate.h"
#include "collector/crypto/secret.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"

/* Files in the data directory. */
#define INIT_CONFIG_FILE     "collector.conf"
#define INIT_CA_KEY_FILE     "ca.key"
#define INIT_SERVER_FILE     "server.crt"
#define INIT_SERVER_KEY_FILE "server.key"
#define INIT_SECRET_FILE     "enroll-secret" /* the collector's own copy */
#define INIT_AGENT_FILE      "agent-secret"  /* the same, to be taken to agents */

/* Options of the command line, and what has come of it. */
struct init {
	struct local_place given;
	const char *no_certificate;
	const char *token_file;
	const char *url;    /* where browsers find the collector; NULL: not known */
	const char *listen; /* NULL: as by itself */
	const char *user;
	const char *hosts[CERTIFICATE_MAX_NAMES];
	size_t n_hosts;

	struct arena arena;
	struct store_location location; /* where it is to be */
	struct init_place place;
	struct init_config config;
	struct local local; /* works in place.work */
	struct buffer told; /* what there is now, a line each */
	char pin[CERTIFICATE_PIN_SIZE];
	char token[SECRET_TEXT_SIZE]; /* "" if none was made */
	bool is_running;              /* as a service */
};

/* The path of a file that is being made. */
const char *init_made_path(struct init *init, const char *file);

/* Where it is to be found afterwards. */
const char *init_final_path(struct init *init, const char *file);

/* Notes one part that there is now. */
void init_note(struct init *init, const char *what, const char *where, bool made);

/*
 * Make what is not there yet: certificates of an authority and of the server, the secret with which
 * agents enrol, the first token of an administrator. Exit statuses.
 */
int init_make_certificates(struct init *init);
int init_make_secret(struct init *init);
int init_make_token(struct init *init);
