#include <stdio.h>

#include "collector/base/clock.h"
#include "collector/fleet/internal.h"
#include "collector/model/record_report.h"

/* Times of a damaged store may be anything. */
static bool has_possible_times(const struct record_report *record)
{
	return record->received_at_ms >= 0 && record->received_at_ms <= CLOCK_MAX_MS &&
	       record->age_s >= 0 && record->age_s <= CLOCK_MAX_MS / 1000;
}

enum status fleet_parse_stored(const struct record_report *record, struct snapshot **out,
			       char error[FLEET_ERROR_SIZE])
{
	struct json_error why = { 0 };

	if (!has_possible_times(record)) {
		snprintf(error, FLEET_ERROR_SIZE,
			 "a stored report of the server '%s' has a time that no calendar has",
			 record->key);
		return STATUS_MALFORMED;
	}
	enum status status = snapshot_read(record->body, record->body_size, record->received_at_ms,
					   record->age_s, out, &why);
	if (status == STATUS_OK)
		snapshot_set_importer(*out, record->imported_by);
	else
		snprintf(error, FLEET_ERROR_SIZE,
			 "could not read a stored report of the server '%s': %s %s", record->key,
			 why.pointer, why.detail);
	return status;
}

enum status fleet_read_latest(struct fleet *fleet, const struct fleet_server *server,
			      struct snapshot **out, char error[FLEET_ERROR_SIZE])
{
	struct record_server row;
	struct record_report latest;
	struct arena arena;

	*out = NULL;
	if (server->unstored) {
		*out = snapshot_ref(server->unstored);
		return STATUS_OK;
	}
	arena_init(&arena);
	enum status status =
		store_read_server(fleet->store, server->key, &arena, &row, &latest, error);
	if (status == STATUS_NOT_FOUND)
		snprintf(error, FLEET_ERROR_SIZE,
			 "the latest report of the server '%s' is not in the store", server->key);
	if (status == STATUS_OK)
		status = fleet_parse_stored(&latest, out, error);
	arena_deinit(&arena);
	return status;
}

enum status fleet_read_stored_until(const struct store_connection *reader, const char *key,
				    int64_t until_ms, struct snapshot **out,
				    char error[FLEET_ERROR_SIZE])
{
	struct record_report record;
	struct arena arena;

	*out = NULL;
	arena_init(&arena);
	enum status status = store_read_report_until(reader, key, until_ms, &arena, &record, error);
	if (status == STATUS_OK)
		status = fleet_parse_stored(&record, out, error);
	else if (status == STATUS_NOT_FOUND)
		status = STATUS_OK;
	arena_deinit(&arena);
	return status;
}

enum status fleet_read_until(struct fleet *fleet, const struct fleet_server *server,
			     int64_t until_ms, struct snapshot **out, char error[FLEET_ERROR_SIZE])
{
	fleet->n_past++;
	if (!fleet_ahead_find(fleet, server->key, until_ms, out)) {
		enum status status =
			fleet_read_stored_until(fleet->store, server->key, until_ms, out, error);
		if (status != STATUS_OK)
			return status;
	}
	struct snapshot *unstored = fleet_changes_find_until(fleet, server->key, until_ms);
	if (unstored && (!*out || snapshot_is_later(unstored, *out))) {
		snapshot_unref(*out);
		*out = snapshot_ref(unstored);
	}
	return STATUS_OK;
}
