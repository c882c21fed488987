/*
 * The store in the schema "mtawatch" of a PostgreSQL database, 14 or later, whose address is as
 * libpq has it: postgresql://HOST,HOST/DATABASE?..., without a password.
 *
 * Who opens it for writing takes the lease, and with it the right to write from whoever had it: the
 * commits of that one fail with STATUS_FENCED from then on. Every read asks the database, also
 * those that hold the loop up (store_read_server() and other look-ups of the report path); they are
 * to be answered from the writer's memory.
 */
#pragma once

#include "collector/store/engine.h"

extern const struct store_engine postgresql_engine;

/* What an address has to be; NULL: it is that. */
const char *postgresql_engine_address_fault(const char *address);

/* Why an address, which is one, needs allow_plain; NULL: it does not. */
const char *postgresql_engine_network_fault(const char *address);
