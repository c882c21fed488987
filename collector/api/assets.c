#include "collector/api/assets.h"

#include <string.h>

#include "collector/api/assets_table.h"

const struct asset *assets_find(const char *name)
{
	for (size_t i = 0; i < assets_table_size; i++) {
		if (strcmp(assets_table[i].name, name) == 0)
			return &assets_table[i];
	}
	return NULL;
}
