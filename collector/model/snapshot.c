#include "collector/model/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/site/site.h"

#define FNV_PRIME UINT64_C(0x100000001b3)
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)

/* Texts from so many words on are hashed in as many parts at once, word by word in turn. */
#define HASH_LANES 4
#define HASH_BLOCK ((size_t)8 * HASH_LANES) /* bytes */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * FNV_PRIME;
	return hash ^ hash >> 32; /* so that high bytes reach low bits */
}

/* Goes on with a hash. */
static uint64_t hash_in_turn(uint64_t hash, const char *bytes, size_t size)
{
	size_t at = 0;

	for (; at + 8 <= size; at += 8)
		hash = mix(hash, wire_le64(bytes + at));
	for (; at < size; at++)
		hash = (hash ^ (unsigned char)bytes[at]) * FNV_PRIME;
	return hash ^ hash >> 29;
}

/* The lanes wait for nothing of each other: what takes long is that a step needs the one before. */
uint64_t snapshot_hash(const char *bytes, size_t size)
{
	uint64_t lanes[HASH_LANES] = { FNV_BASIS ^ size };
	size_t at = 0;

	for (; at + HASH_BLOCK <= size; at += HASH_BLOCK) {
		for (size_t i = 0; i < HASH_LANES; i++)
			lanes[i] = mix(lanes[i], wire_le64(bytes + at + 8 * i));
	}
	for (size_t i = 1; at > 0 && i < HASH_LANES; i++)
		lanes[0] = mix(lanes[0], lanes[i]);
	return hash_in_turn(lanes[0], bytes + at, size - at);
}

bool snapshot_hash_is_of(uint64_t hash, const char *bytes, size_t size)
{
	return hash == snapshot_hash(bytes, size) ||
	       hash == hash_in_turn(FNV_BASIS ^ size, bytes, size);
}

char *snapshot_key(const char *host_name, char key[SNAPSHOT_KEY_SIZE])
{
	size_t n = text_short_name_length(host_name);
	if (n >= SNAPSHOT_KEY_SIZE)
		n = SNAPSHOT_KEY_SIZE - 1; /* longer than any name in a report: equal to none */
	for (size_t i = 0; i < n; i++)
		key[i] = text_lower(host_name[i]);
	key[n] = '\0';
	return key;
}

static enum status read_body(const char *body, size_t size, struct snapshot **out,
			     struct report_json_error *error)
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
	char key[SNAPSHOT_KEY_SIZE];
	snapshot->key =
		arena_strdup(&snapshot->arena, snapshot_key(snapshot->report.host.name, key));
	snapshot->body_hash = snapshot_hash(body, size);
	snapshot->references = 1;
	*out = snapshot;
	return STATUS_OK;
}

enum status snapshot_read(const char *body, size_t size, int64_t received_at_ms, int64_t age_s,
			  struct snapshot **out, struct report_json_error *error)
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
			       struct report_json_error *error)
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
