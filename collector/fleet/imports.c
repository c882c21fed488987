#include <inttypes.h>
#include <stdio.h>

#include "collector/fleet/internal.h"

/* Keys of the map: a hash as hexadecimal digits. */
#define KEY_SIZE 17

struct import_mark {
	int64_t last_sequence;
	char key[KEY_SIZE];
};

static struct import_mark *find_mark(const struct fleet *fleet, uint64_t agent_epoch_hash)
{
	char key[KEY_SIZE];

	snprintf(key, sizeof key, "%016" PRIx64, agent_epoch_hash);
	return text_map_get(&fleet->imports, key);
}

int64_t fleet_imports_last_sequence(const struct fleet *fleet, uint64_t agent_epoch_hash)
{
	const struct import_mark *mark = find_mark(fleet, agent_epoch_hash);
	return mark ? mark->last_sequence : INT64_MIN;
}

void fleet_imports_note(struct fleet *fleet, uint64_t agent_epoch_hash, int64_t sequence)
{
	struct import_mark *mark = find_mark(fleet, agent_epoch_hash);

	fleet->n_imported++;
	if (!mark) {
		mark = arena_alloc(&fleet->imports_arena, sizeof *mark);
		mark->last_sequence = sequence;
		snprintf(mark->key, sizeof mark->key, "%016" PRIx64, agent_epoch_hash);
		text_map_add(&fleet->imports, mark->key, mark);
	} else if (mark->last_sequence < sequence) {
		mark->last_sequence = sequence;
	}
}

void fleet_imports_clear(struct fleet *fleet)
{
	text_map_deinit(&fleet->imports);
	arena_deinit(&fleet->imports_arena);
}
