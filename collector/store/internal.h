/*
 * Inside the store: the engine with a connection to its database. Only the files here include this.
 */
#pragma once

#include "collector/store/engine.h"

struct store_connection {
	const struct store_engine *engine;
	struct store_db *db; /* NULL: not opened */
};
