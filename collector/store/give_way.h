/*
 * For what takes long on the store's reading thread without reading the store (store_ask()): others
 * have their turn in between.
 */
#pragma once

struct store_connection;

/*
 * Reads now whatever has been asked meanwhile. Called from a `read` with its reader, while nothing
 * of the store is being read; such a question is answered after those that came later.
 */
void store_give_way(const struct store_connection *reader);
