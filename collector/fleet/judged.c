#include "collector/fleet/internal.h"
#include "collector/model/record_report.h"

/* A silent server keeps the states of its last fresh moment. */
static void keep_states(struct site_server *seen, const char *adapters_json)
{
	size_t i = 0;

	while (i < seen->n_adapters &&
	       view_next_adapter_state(&adapters_json, &seen->adapters[i].state))
		i++;
}

enum status fleet_judge_stored(struct fleet *fleet, const struct view *view, struct arena *arena,
			       struct record_server *row, struct site_server *out,
			       struct snapshot **latest, char error[FLEET_ERROR_SIZE])
{
	const struct fleet_server *server = fleet_server_find(fleet, view->key);
	struct record_report record;

	*latest = NULL;
	if (!server)
		return STATUS_NOT_FOUND;
	enum status status = store_read_server(fleet->store, view->key, arena, row, &record, error);
	if (status == STATUS_OK)
		status = fleet_parse_stored(&record, latest, error);
	if (status != STATUS_OK)
		return status;
	site_view_member(&server->site->index, server->member, NULL, out, arena);
	if (view->silent && row->adapters_json)
		keep_states(out, row->adapters_json);
	return STATUS_OK;
}

enum status fleet_read_judged(struct fleet *fleet, const struct view *view, struct arena *arena,
			      struct site_server *out, struct snapshot **latest,
			      char error[FLEET_ERROR_SIZE])
{
	struct record_server row;

	return fleet_judge_stored(fleet, view, arena, &row, out, latest, error);
}
