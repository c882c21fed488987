/* The store that is measured: where tests/postgres.py says, or in the directory. */
#pragma once

#include <stdlib.h>

#include "collector/store/location.h"
#include "collector/store/postgresql/engine.h"
#include "collector/store/sqlite/engine.h"

static inline struct store_location measured_store(const char *directory)
{
	const char *url = getenv("MTAWATCH_TEST_STORE");

	return (struct store_location){ .engine = url ? &postgresql_engine : &sqlite_engine,
					.directory = directory,
					.address = url };
}
