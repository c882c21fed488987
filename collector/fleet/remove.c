#include <stdlib.h>
#include <string.h>

#include "collector/fleet/internal.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "proto/base/mem.h"

static const struct record_removal *copy_removal(const struct record_removal *from,
						 struct arena *arena)
{
	struct record_removal *to = arena_alloc(arena, sizeof *to);

	*to = (struct record_removal){
		.key = arena_strdup(arena, from->key),
		.server = arena_strdup(arena, from->server),
		.at_ms = from->at_ms,
		.by = arena_strdup(arena, from->by),
		.reason = arena_strdup(arena, from->reason),
	};
	return to;
}

void fleet_note_removal(struct fleet *fleet, const struct record_removal *removal)
{
	const struct record_removal *known = copy_removal(removal, &fleet->removals_arena);

	text_map_remove(&fleet->removals, removal->key);
	text_map_add(&fleet->removals, known->key, (void *)known);
}

const struct record_removal *fleet_find_removal(const struct fleet *fleet, const char *host_name)
{
	char key[SERVER_KEY_SIZE];

	return text_map_get(&fleet->removals, server_key(host_name, key));
}

bool fleet_is_from_before_removal(const struct fleet *fleet, const struct snapshot *snapshot)
{
	const struct record_removal *removal = text_map_get(&fleet->removals, snapshot->key);

	return removal && snapshot->at_ms <= removal->at_ms;
}

static void unmark_for_rejudge(struct fleet *fleet, struct fleet_server *server)
{
	struct fleet_server **at = &fleet->to_rejudge;

	while (*at && *at != server)
		at = &(*at)->next_to_rejudge;
	if (*at)
		*at = server->next_to_rejudge;
}

enum status fleet_remove(struct fleet *fleet, const struct record_removal *removal, int64_t now_ms,
			 struct changes **changes, char error[FLEET_ERROR_SIZE])
{
	struct fleet_server *server = fleet_server_find(fleet, removal->key);

	if (!server)
		return STATUS_NOT_FOUND;
	now_ms = fleet_clock(fleet, now_ms);
	struct changes *made = fleet_changes_new(fleet, NULL, NULL, 0);
	enum status status = fleet_expire(fleet, now_ms, SIZE_MAX, made, error);
	if (status == STATUS_OK) {
		made->removal = copy_removal(removal, &made->arena);
		fleet_note_removal(fleet, removal);
		fleet_note_gone(made, removal);
		fleet_changes_forget(made, server);
		expiry_heap_drop(&fleet->expiry, server);
		unmark_for_rejudge(fleet, server);
		status = fleet_renames_leave(fleet, server, made, error);
		fleet_server_drop(fleet, server);
	}
	if (status == STATUS_OK)
		status = fleet_assess_touched(fleet, now_ms, made, error);
	return fleet_changes_hand_over(made, false, status, changes);
}
