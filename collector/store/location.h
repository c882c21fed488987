/*
 * Which store: the engine that keeps it, and where that finds it.
 */
#pragma once

#include <stdbool.h>

/* In the data directory, where a database has its store: which fleet's that is. */
#define STORE_FLEET "fleet"

struct store_engine;

/* Strings are borrowed. */
struct store_location {
	const struct store_engine *engine;
	const struct store_engine *backups; /* whose files its backups are */
	const char *directory;     /* the collector's data directory; SQLite's file lies in it */
	const char *address;       /* of a database, as its engine has it; NULL: there is none */
	const char *password_file; /* whose only line is the password for it; NULL: there is none */
	bool allow_plain;          /* also where nothing proves over the network who answers */
	bool require_synchronous;  /* what it confirms has to be on a second server, too */
};
