/*
 * The store in the schema "mtawatch" of a PostgreSQL database, 14 or later. Its location is an
 * address as libpq has it: postgresql://HOST,HOST/DATABASE?..., "service=...", without a password.
 *
 * Who opens it for writing takes the lease, and with it the right to write from whoever had it: the
 * commits of that one fail with STATUS_FENCED from then on. Every read asks the database, also those
 * that hold the loop up (store_read_server() and other look-ups of the report path); they are to
 * be answered from the writer's memory.
 */
#pragma once

#include "collector/store/engine.h"

extern const struct store_engine postgresql_engine;
