#include <string.h>

#include "collector/fleet/internal.h"
#include "collector/model/record_report.h"

/* The state that stands next in adapters as they were stored, one per adapter in their order. */
static const char *next_state(const char *at, enum adapter_state *out)
{
	/* No text within the array holds this: its quotes would be escaped. */
	static const char mark[] = "\"state\":\"";

	at = strstr(at, mark);
	if (!at)
		return NULL;
	at += sizeof mark - 1;
	for (int state = ADAPTER_INACTIVE; state <= ADAPTER_ISOLATED; state++) {
		const char *name = adapter_state_name((enum adapter_state)state);
		if (strncmp(at, name, strlen(name)) == 0)
			*out = (enum adapter_state)state;
	}
	return at;
}

/* A silent server keeps the states of its last fresh moment. */
static void keep_states(struct site_server *seen, const char *adapters_json)
{
	const char *at = adapters_json;

	for (size_t i = 0; at && i < seen->n_adapters; i++)
		at = next_state(at, &seen->adapters[i].state);
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
	enum status status =
		fleet->history.server(fleet->history.user, view->key, arena, row, &record, error);
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
