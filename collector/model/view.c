#include "collector/model/view.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/hash.h"
#include "collector/model/drift_marks.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/version.h"
#include "proto/exposure/advisory.h"
#include "proto/json/write.h"

/* The texts of a view, but for the findings; each may be NULL. */
enum {
	KEY,
	SERVER,
	ORGANIZATION,
	SITE,
	EXCHANGE_SERVER,
	OS,
	BUILD,
	AGENT_VERSION,
	AGENT_PLATFORM,
	RENAMED_TO,
	DRIFT,
	N_TEXTS
};

static const char *build_of(const struct report *report)
{
	const struct report_file *file = report_find_file(report, ADVISORY_MTA_FILE);
	if (file && file->state == FILE_STATE_VERSIONED && file->version)
		return file->version;
	return report->exchange.build;
}

static const char *copy_text(char **at, const char *text, size_t size)
{
	char *kept = *at;

	if (!text)
		return NULL;
	memcpy(kept, text, size);
	kept[size] = '\0';
	*at += size + 1;
	return kept;
}

/* A view with these texts and nothing else. */
static struct view *new_view(const char *const texts[N_TEXTS], size_t server_size,
			     const char *findings)
{
	size_t sizes[N_TEXTS];
	size_t findings_size = strlen(findings);
	size_t room = findings_size + 1;

	for (size_t i = 0; i < N_TEXTS; i++) {
		sizes[i] = !texts[i] ? 0 : i == SERVER ? server_size : strlen(texts[i]);
		room += texts[i] ? sizes[i] + 1 : 0;
	}
	struct view *view = mem_alloc(sizeof *view + room);
	char *at = view->texts;
	view->key = copy_text(&at, texts[KEY], sizes[KEY]);
	view->server = copy_text(&at, texts[SERVER], sizes[SERVER]);
	view->organization = copy_text(&at, texts[ORGANIZATION], sizes[ORGANIZATION]);
	view->site = copy_text(&at, texts[SITE], sizes[SITE]);
	view->exchange_server = copy_text(&at, texts[EXCHANGE_SERVER], sizes[EXCHANGE_SERVER]);
	view->os = copy_text(&at, texts[OS], sizes[OS]);
	view->build = copy_text(&at, texts[BUILD], sizes[BUILD]);
	view->agent_version = copy_text(&at, texts[AGENT_VERSION], sizes[AGENT_VERSION]);
	view->agent_platform = copy_text(&at, texts[AGENT_PLATFORM], sizes[AGENT_PLATFORM]);
	view->renamed_to = copy_text(&at, texts[RENAMED_TO], sizes[RENAMED_TO]);
	view->drift = copy_text(&at, texts[DRIFT], sizes[DRIFT]);
	view->drifted = drift_has_mark(view->drift);
	view->findings_json = copy_text(&at, findings, findings_size);
	view->references = 1;
	return view;
}

static void set_verdict(struct view *view, const struct view_verdict *verdict)
{
	view->verdict = verdict->verdict;
	view->silent = verdict->silent;
	view->adapters = verdict->adapters;
	view->since_ms = verdict->since_ms;
}

struct view *view_make(const struct snapshot *latest, const struct view_verdict *verdict)
{
	const struct report *report = &latest->report;
	const char *host = report->host.name;
	const char *texts[N_TEXTS] = {
		[KEY] = latest->key,
		[SERVER] = host,
		[ORGANIZATION] = report->exchange.organization,
		[SITE] = report->exchange.site,
		[EXCHANGE_SERVER] = report_server_name(report),
		[OS] = report->host.os,
		[BUILD] = build_of(report),
		[AGENT_VERSION] = report->agent.version,
		[AGENT_PLATFORM] = report->agent.platform,
		[RENAMED_TO] = verdict->renamed_to,
		[DRIFT] = verdict->drift,
	};
	struct view *view = new_view(texts, text_short_name_length(host), verdict->findings_json);

	set_verdict(view, verdict);
	view->outdated = view_is_outdated(report->agent.version);
	view->mta = report->mta.known ? service_state_name(report->mta.service) : NULL;
	view->reported_at_ms = latest->at_ms;
	view->interval_s = report->interval_s;
	view->clock_skew_s = snapshot_clock_skew_s(latest);
	view->body_hash = latest->body_hash;
	return view;
}

struct view *view_make_expected(const struct record_expected *expected)
{
	static const char findings[] =
		"\"reasons\":[{\"code\":\"not_monitored\",\"text\":\"This server should be "
		"there and has never reported: install the agent on it.\",\"evidence\":{}}],"
		"\"remedy\":{\"options\":[]}";
	const char *texts[N_TEXTS] = {
		[KEY] = expected->key,
		[SERVER] = expected->server,
		[ORGANIZATION] = *expected->organization ? expected->organization : NULL,
		[SITE] = *expected->site ? expected->site : NULL,
		[EXCHANGE_SERVER] = expected->server,
	};
	struct view *view = new_view(texts, strlen(expected->server), findings);

	view->verdict = VERDICT_UNKNOWN;
	view->not_monitored = true;
	view->since_ms = expected->since_ms;
	view->reported_at_ms = TIMESTAMP_NONE;
	view->clock_skew_s = SNAPSHOT_SKEW_UNKNOWN;
	return view;
}

static const char *name_or_null(const char *name)
{
	return name && *name ? name : NULL;
}

struct view *view_make_then(const struct view_names *names, const struct view_verdict *verdict)
{
	const char *texts[N_TEXTS] = {
		[KEY] = names->key,
		[SERVER] = names->server,
		[ORGANIZATION] = name_or_null(names->organization),
		[SITE] = name_or_null(names->site),
		[EXCHANGE_SERVER] = names->exchange_server,
	};
	struct view *view = new_view(texts, strlen(names->server), verdict->findings_json);

	set_verdict(view, verdict);
	view->reported_at_ms = TIMESTAMP_NONE;
	view->clock_skew_s = SNAPSHOT_SKEW_UNKNOWN;
	return view;
}

struct view *view_renew(const struct view *view, const struct view_verdict *verdict)
{
	const char *texts[N_TEXTS] = {
		[KEY] = view->key,
		[SERVER] = view->server,
		[ORGANIZATION] = view->organization,
		[SITE] = view->site,
		[EXCHANGE_SERVER] = view->exchange_server,
		[OS] = view->os,
		[BUILD] = view->build,
		[AGENT_VERSION] = view->agent_version,
		[AGENT_PLATFORM] = view->agent_platform,
		[RENAMED_TO] = verdict->renamed_to,
		[DRIFT] = verdict->drift,
	};
	struct view *renewed = new_view(texts, strlen(view->server), verdict->findings_json);

	set_verdict(renewed, verdict);
	renewed->outdated = view->outdated;
	renewed->mta = view->mta;
	renewed->reported_at_ms = view->reported_at_ms;
	renewed->interval_s = view->interval_s;
	renewed->clock_skew_s = view->clock_skew_s;
	renewed->body_hash = view->body_hash;
	return renewed;
}

bool view_is_outdated(const char *agent_version)
{
	struct version agent = { { 0 } };
	struct version own;

	if (!version_parse(MTAWATCH_VERSION, &own))
		return false;
	if (agent_version && !version_parse(agent_version, &agent))
		return true;
	return version_compare(&agent, &own) < 0;
}

struct view *view_renew_silent(const struct view *view, const char *renamed_to)
{
	const struct view_verdict verdict = {
		.verdict = view->verdict,
		.silent = true,
		.adapters = view->adapters,
		.since_ms = view->since_ms,
		.findings_json = view->findings_json,
		.renamed_to = renamed_to,
		.drift = view->drift,
	};

	return view_renew(view, &verdict);
}

struct view *view_ref(struct view *view)
{
	view->references++;
	return view;
}

void view_unref(struct view *view)
{
	if (!view)
		return;
	assert(view->references > 0);
	if (--view->references == 0)
		free(view);
}

bool view_finds_the_same(const struct view *a, const struct view *b)
{
	return a->verdict == b->verdict && a->silent == b->silent &&
	       text_identical(a->server, b->server) &&
	       text_identical(a->organization, b->organization) &&
	       text_identical(a->site, b->site) &&
	       text_identical(a->findings_json, b->findings_json);
}

bool view_says_the_same(const struct view *a, const struct view *b)
{
	return view_finds_the_same(a, b) && text_identical(a->drift, b->drift);
}

uint8_t view_adapter_states(const struct site_server *server)
{
	uint8_t states = 0;

	for (size_t i = 0; i < server->n_adapters; i++)
		states |= (uint8_t)(1U << server->adapters[i].state);
	return states;
}

uint8_t view_stored_adapter_states(const char *adapters_json)
{
	uint8_t states = 0;
	enum adapter_state state;

	while (adapters_json && view_next_adapter_state(&adapters_json, &state))
		states |= (uint8_t)(1U << state);
	return states;
}

bool view_shows_the_same(const struct view *a, const struct view *b)
{
	return a->adapters == b->adapters && a->reported_at_ms == b->reported_at_ms &&
	       a->body_hash == b->body_hash && a->since_ms == b->since_ms &&
	       text_identical(a->renamed_to, b->renamed_to) && view_says_the_same(a, b);
}

uint64_t view_tag(const struct view *view)
{
	uint64_t tag = view->body_hash * 31 + (uint64_t)view->since_ms;

	tag = tag * 31 + (uint64_t)view->verdict * 2 + view->silent;
	if (view->renamed_to)
		tag = tag * 31 + hash_bytes(view->renamed_to, strlen(view->renamed_to));
	if (view->drift)
		tag = tag * 31 + hash_bytes(view->drift, strlen(view->drift));
	return tag * 31 + hash_bytes(view->findings_json, strlen(view->findings_json));
}
