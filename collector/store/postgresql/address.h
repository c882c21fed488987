/*
 * The address of a database, "postgresql://HOST,HOST/DATABASE?...", as libpq reads it. Pure.
 */
#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

/* Completes "the database is on another machine, and ...". */
#define PG_ADDRESS_UNPROVEN                                                                        \
	"with that sslmode whoever is on the way could answer in its place; leave sslmode out, "   \
	"which then is verify-full, or say allow-plain if that network may be trusted"

/*
 * Its parts, to be passed to PQconninfoFree(); what it does not say has no value. NULL: it is none,
 * or has a password in it; `*wanted` says what it has to be, and shows nothing of it.
 */
PQconninfoOption *pg_address_parse(const char *address, const char **wanted);

/* NULL: it is not said. */
const char *pg_address_value(const PQconninfoOption *options, const char *keyword);

/*
 * Is it a socket's directory, or a name or address of this machine? "" and NULL are this machine.
 */
bool pg_address_is_here(const char *host);

/* Does the server have to show a certificate for its name? */
bool pg_address_proves_server(const PQconninfoOption *options);
