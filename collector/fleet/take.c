#include "collector/fleet/internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "collector/base/hash.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/*
 * Looks up in the store how far its agent has come in this epoch: once of a server, for then it is
 * counted on.
 */
static enum status look_up_stream(const struct fleet *fleet, const struct report *report,
				  uint64_t agent_epoch_hash, struct report_stream *out,
				  char error[FLEET_ERROR_SIZE])
{
	int64_t last = INT64_MIN;

	enum status status = store_read_last_sequence(fleet->store, or_empty(report->agent.id),
						      or_empty(report->agent.epoch), &last, error);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		return status;
	last = fleet_changes_last_sequence(fleet, report, last);
	*out = (struct report_stream){ agent_epoch_hash, last, fleet->n_imported };
	return STATUS_OK;
}

static void count_imports(const struct fleet *fleet, struct report_stream *stream)
{
	int64_t last = fleet_imports_last_sequence(fleet, stream->agent_epoch_hash);

	if (stream->last_sequence < last)
		stream->last_sequence = last;
	stream->n_imported = fleet->n_imported;
}

/*
 * Is it certain, without asking the store, that no report of this identity came before? An agent
 * counts up and nobody else reports in its name, so a sequence beyond its last one is new.
 */
static enum status is_certainly_new(const struct fleet *fleet, const struct snapshot *snapshot,
				    bool *is_new, char error[FLEET_ERROR_SIZE])
{
	const struct report *report = &snapshot->report;
	struct fleet_server *server = fleet_server_find(fleet, snapshot->key);
	uint64_t agent_epoch_hash = fleet_agent_epoch_hash(report);
	enum status status = STATUS_OK;

	*is_new = false;
	if (!server || !snapshot->is_own)
		return STATUS_OK;
	if (server->stream.agent_epoch_hash != agent_epoch_hash)
		status = look_up_stream(fleet, report, agent_epoch_hash, &server->stream, error);
	else if (server->stream.n_imported != fleet->n_imported)
		count_imports(fleet, &server->stream);
	if (status == STATUS_OK)
		*is_new = report->sequence > server->stream.last_sequence;
	return status;
}

static void record_sequence(struct fleet *fleet, const struct snapshot *snapshot)
{
	struct fleet_server *server = fleet_server_find(fleet, snapshot->key);
	uint64_t agent_epoch_hash = fleet_agent_epoch_hash(&snapshot->report);
	int64_t sequence = snapshot->report.sequence;

	if (!snapshot->is_own)
		fleet_imports_note(fleet, agent_epoch_hash, sequence);
	else if (server && server->stream.agent_epoch_hash == agent_epoch_hash &&
		 server->stream.last_sequence < sequence)
		server->stream.last_sequence = sequence;
}

enum status fleet_find_earlier(const struct fleet *fleet, const struct snapshot *snapshot,
			       struct fleet_earlier *out, char error[FLEET_ERROR_SIZE])
{
	const struct snapshot *unstored = fleet_changes_find(fleet, &snapshot->report);
	bool is_new = false;

	*out = (struct fleet_earlier){ .is = FLEET_EARLIER_UNKNOWN };
	if (unstored) {
		*out = (struct fleet_earlier){ FLEET_EARLIER_FOUND, unstored->body_hash };
		return STATUS_OK;
	}
	enum status status = is_certainly_new(fleet, snapshot, &is_new, error);
	if (status == STATUS_OK && is_new)
		out->is = FLEET_EARLIER_NONE;
	return status;
}

static enum status refuse_other_body(const struct snapshot *snapshot, uint64_t body_hash,
				     const char *body, size_t size, char error[FLEET_ERROR_SIZE])
{
	if (hash_is_of(body_hash, body, size))
		return STATUS_OK;
	snprintf(error, FLEET_ERROR_SIZE,
		 "report %" PRId64
		 " of the agent '%s' (epoch '%s') came before with another content",
		 snapshot->report.sequence, or_empty(snapshot->report.agent.id),
		 or_empty(snapshot->report.agent.epoch));
	return STATUS_CONFLICT;
}

/*
 * Makes the report its server's latest. A fresh server is judged with its site, a silent one here.
 */
static enum status take_latest(struct fleet *fleet, struct fleet_server *server,
			       struct snapshot *latest, struct changes *changes,
			       char error[FLEET_ERROR_SIZE])
{
	bool fresh = server->member->fresh;

	snapshot_unref(server->unstored);
	server->unstored = snapshot_ref(latest);
	server->silent = false;
	if (fresh) {
		expiry_heap_put(&fleet->expiry, server);
		return STATUS_OK;
	}
	expiry_heap_drop(&fleet->expiry, server);
	fleet_server_set_silent(server);
	enum status status = fleet_silent_judge(fleet, server, changes, error);
	fleet_renames_update_addresses(server);
	return status;
}

static enum status take_new(struct fleet *fleet, struct snapshot *snapshot, int64_t now_ms,
			    struct changes *changes, enum fleet_taken *taken,
			    char error[FLEET_ERROR_SIZE])
{
	struct fleet_server *server = fleet_server_find(fleet, snapshot->key);
	bool fresh = snapshot_judged_at(snapshot, now_ms) == now_ms;
	enum status status = STATUS_OK;

	bool is_older = server ? !fleet_server_is_later(server, snapshot)
			       : fleet_is_from_before_removal(fleet, snapshot);
	if (is_older) {
		*taken = FLEET_TAKEN_OLDER;
	} else if (!server) {
		server = fleet_server_add(fleet, snapshot, fresh);
	} else {
		status = fleet_note_report(fleet, server, snapshot, changes, error);
		if (status != STATUS_OK)
			return status;
		fleet_server_set_latest(fleet, server, snapshot, fresh);
	}
	if (*taken == FLEET_TAKEN_LATEST)
		status = take_latest(fleet, server, snapshot, changes, error);
	struct fleet_site *site = fleet_site_find(fleet, snapshot);
	if (site)
		fleet_silent_mark_for_rejudge(fleet, site, snapshot->at_ms);
	if (status == STATUS_OK)
		status = fleet_assess_touched(fleet, now_ms, changes, error);
	if (status == STATUS_OK && *taken == FLEET_TAKEN_LATEST)
		status = fleet_renames_update_silent(fleet, server, changes, error);
	else if (status == STATUS_OK && server)
		fleet_renames_take_back(fleet, server, snapshot->at_ms, changes);
	if (status == STATUS_OK)
		status = fleet_silent_rejudge_marked(fleet, changes, error);
	if (status == STATUS_OK) /* servers that were renamed have given up their addresses */
		status = fleet_assess_touched(fleet, now_ms, changes, error);
	return status;
}

enum status fleet_take(struct fleet *fleet, struct snapshot *snapshot,
		       const struct fleet_earlier *earlier, const char *body, size_t size,
		       int64_t now_ms, struct changes **changes, enum fleet_taken *taken,
		       char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	assert(earlier->is != FLEET_EARLIER_UNKNOWN);
	now_ms = fleet_clock(fleet, now_ms > snapshot->at_ms ? now_ms : snapshot->at_ms);

	if (earlier->is == FLEET_EARLIER_FOUND) {
		status = refuse_other_body(snapshot, earlier->body_hash, body, size, error);
		if (status != STATUS_OK)
			return status;
		*taken = FLEET_TAKEN_REPEATED;
		*changes = fleet_changes_new(fleet, NULL, NULL, 0);
		return STATUS_OK;
	}

	record_sequence(fleet, snapshot);
	struct changes *made = fleet_changes_new(fleet, snapshot, body, size);
	*taken = FLEET_TAKEN_LATEST;
	status = fleet_expire(fleet, now_ms, SIZE_MAX, made, error);
	if (status == STATUS_OK)
		status = take_new(fleet, snapshot, now_ms, made, taken, error);
	return fleet_changes_hand_over(made, *taken == FLEET_TAKEN_LATEST, status, changes);
}
