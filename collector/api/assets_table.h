/*
 * The table that the build generates; only for assets.c.
 */
#pragma once

#include "collector/api/assets.h"

extern const struct asset assets_table[];
extern const size_t assets_table_size;
