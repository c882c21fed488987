/*
 * Where the hives of a directory that stands for a server's disk lie: SYSTEM and SOFTWARE in
 * system32\config below any system root on any drive, or copied into the directory itself.
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"

#define HIVE_SEARCH_MAX 16

/* A file that by its name may be a hive; "" as key: its own keys have to tell of what. */
struct hive_place {
	const char *path;
	const char *key; /* SYSTEM or SOFTWARE, or "" */
};

/* Fills `out` in the order in which they count; how many there are. */
size_t hive_search(const char *dir, struct arena *arena, struct hive_place out[HIVE_SEARCH_MAX]);
