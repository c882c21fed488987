/*
 * The store in one SQLite database in the data directory.
 */
#pragma once

#include "collector/store/engine.h"

/* In the data directory; SQLite puts "-wal" and "-shm" beside it. */
#define SQLITE_ENGINE_FILE "mtawatch.db"

extern const struct store_engine sqlite_engine;
