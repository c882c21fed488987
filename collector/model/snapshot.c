#include "collector/model/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/hash.h"
#include "collector/model/server_key.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/site/site.h"

static enum status read_body(const char *body, size_t size, struct snapshot **out,
			     struct json_error *error)
{
	struct snapshot *snapshot = mem_alloc(sizeof *snapshot);

	arena_init(&snapshot->arena);
	enum status status =
		report_json_read(body, size, &snapshot->arena, &snapshot->report, error);
	if (status != STATUS_OK) {
		arena_deinit(&snapshot->arena);
		free(snapshot);
		return status;
	}
	char key[SERVER_KEY_SIZE];
	snapshot->key = arena_strdup(&snapshot->arena, server_key(snapshot->report.host.name, key));
	snapshot->body_hash = hash_bytes(body, size);
	snapshot->references = 1;
	*out = snapshot;
	return STATUS_OK;
}

enum status snapshot_read(const char *body, size_t size, int64_t received_at_ms, int64_t age_s,
			  struct snapshot **out, struct json_error *error)
{
	enum status status = read_body(body, size, out, error);
	if (status != STATUS_OK)
		return status;
	(*out)->report.received_at_ms = received_at_ms;
	(*out)->report.age_s = age_s;
	(*out)->at_ms = received_at_ms - age_s * 1000;
	return STATUS_OK;
}

enum status snapshot_read_file(const char *body, size_t size, struct snapshot **out,
			       struct json_error *error)
{
	enum status status = read_body(body, size, out, error);
	if (status != STATUS_OK)
		return status;
	const struct report *report = &(*out)->report;
	(*out)->at_ms = report->collected_at_ms;
	if (report->received_at_ms != TIMESTAMP_NONE)
		(*out)->at_ms = report->received_at_ms -
				(report->age_s == REPORT_ABSENT ? 0 : report->age_s * 1000);
	return STATUS_OK;
}

void snapshot_set_importer(struct snapshot *snapshot, const char *who)
{
	snapshot->imported_by = arena_strdup(&snapshot->arena, who);
}

int64_t snapshot_clock_skew_s(const struct snapshot *snapshot)
{
	int64_t ahead_ms = snapshot->report.collected_at_ms - snapshot->at_ms;

	if (snapshot->imported_by && ahead_ms == 0)
		return SNAPSHOT_SKEW_UNKNOWN;
	return ahead_ms / 1000;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
	snapshot->references++;
	return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	assert(snapshot->references > 0);
	if (--snapshot->references > 0)
		return;
	arena_deinit(&snapshot->arena);
	free(snapshot);
}

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

bool snapshot_is_later(const struct snapshot *a, const struct snapshot *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms > b->at_ms;
	if (same_text(a->report.agent.id, b->report.agent.id) &&
	    same_text(a->report.agent.epoch, b->report.agent.epoch))
		return a->report.sequence > b->report.sequence;
	return true; /* nothing tells them apart: what came last counts */
}

int64_t snapshot_judged_at(const struct snapshot *snapshot, int64_t now_ms)
{
	int64_t until = site_report_fresh_until(&snapshot->report, snapshot->at_ms);
	return now_ms <= until ? now_ms : until;
}

static const char *or_null(const char *name)
{
	return name && *name ? name : NULL;
}

int snapshot_compare_sites(const struct snapshot *a, const struct snapshot *b)
{
	const char *organization = or_null(a->report.exchange.organization);
	const char *site = or_null(a->report.exchange.site);

	int order = casefold_compare(organization, or_null(b->report.exchange.organization));
	if (order == 0)
		order = casefold_compare(site, or_null(b->report.exchange.site));
	if (order == 0 && !organization && !site)
		order = strcmp(a->key, b->key);
	return order;
}
