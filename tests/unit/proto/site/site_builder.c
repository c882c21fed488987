#include "tests/unit/proto/site/site_builder.h"

#include <string.h>

#include "proto/exposure/advisory.h"

#define MAX_ITEMS 32 /* of each array of a report */

void builder_init(struct builder *b)
{
	*b = (struct builder){ 0 };
	arena_init(&b->arena);
}

void builder_deinit(struct builder *b)
{
	arena_deinit(&b->arena);
}

struct report *builder_server(struct builder *b, const char *name, const char *build)
{
	struct report *report = arena_alloc(&b->arena, sizeof *report);

	report_init(report);
	report->interval_s = BUILDER_INTERVAL_S;
	report->collected_at_ms = BUILDER_NOW_MS;
	report->host.name = name;
	report->exchange.installed = TRISTATE_YES;
	report->exchange.version = "5.5";
	report->exchange.organization = "ACME";
	report->exchange.site = "HQ";
	report->exchange.server = name;
	report->exchange.clustered = TRISTATE_NO;
	report->adapters_known = true;
	report->adapters = arena_alloc_array(&b->arena, MAX_ITEMS, sizeof *report->adapters);
	report->probes = arena_alloc_array(&b->arena, MAX_ITEMS, sizeof *report->probes);
	report->self_probes = arena_alloc_array(&b->arena, MAX_ITEMS, sizeof *report->self_probes);
	report->files = arena_alloc_array(&b->arena, MAX_ITEMS, sizeof *report->files);
	report->problems = arena_alloc_array(&b->arena, MAX_ITEMS, sizeof *report->problems);
	report->mta.known = true;
	report->mta.service = SERVICE_STATE_RUNNING;
	report->mta.last_start.present = true;
	report->mta.last_start.outcome = START_OUTCOME_STARTED;
	if (build)
		builder_file(b, report, ADVISORY_MTA_FILE, build);

	b->reports[b->n] = report;
	b->entries[b->n++] = (struct site_report){ .report = report, .at_ms = BUILDER_NOW_MS };
	return report;
}

void builder_age(struct builder *b, const struct report *report, int64_t age_s)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->reports[i] == report)
			b->entries[i].at_ms = BUILDER_NOW_MS - age_s * 1000;
	}
}

struct report_adapter *builder_adapter(struct builder *b, struct report *report, const char *id,
				       const char *address)
{
	struct report_adapter *adapter = &report->adapters[report->n_adapters++];

	*adapter = (struct report_adapter){ .id = id, .enabled = TRISTATE_YES, .link = LINK_UP };
	adapter->addresses = arena_alloc_array(&b->arena, 2, sizeof *adapter->addresses);
	adapter->addresses[adapter->n_addresses++] = address;
	return adapter;
}

static struct report_probe probe(const char *adapter, const char *to, enum grade grade)
{
	return (struct report_probe){
		.adapter = adapter,
		.to = to,
		.grade = grade,
		.error = grade == GRADE_MTA ? PROBE_OK : PROBE_TIMEOUT,
		.for_s = REPORT_ABSENT,
		.ms = REPORT_ABSENT,
		.attempts = REPORT_ABSENT,
	};
}

struct report_probe *builder_probe(struct builder *b, struct report *report, const char *adapter,
				   const char *peer, const char *to, enum grade grade)
{
	struct report_probe *row = &report->probes[report->n_probes++];
	(void)b;
	*row = probe(adapter, to, grade);
	row->peer = peer;
	return row;
}

struct report_probe *builder_self_probe(struct builder *b, struct report *report,
					const char *adapter, const char *to, enum grade grade)
{
	struct report_probe *row = &report->self_probes[report->n_self_probes++];
	(void)b;
	*row = probe(adapter, to, grade);
	return row;
}

void builder_event(struct builder *b, struct report_start *start, int64_t id, int64_t nt_error)
{
	if (!start->events)
		start->events = arena_alloc_array(&b->arena, MAX_ITEMS, sizeof *start->events);
	start->events[start->n_events++] =
		(struct report_event){ .id = id, .at_ms = TIMESTAMP_NONE, .nt_error = nt_error };
}

void builder_problem(struct builder *b, struct report *report, const char *fact)
{
	(void)b;
	report->problems[report->n_problems++] =
		(struct report_problem){ .fact = fact, .code = 5, .message = "Access is denied." };
}

void builder_file(struct builder *b, struct report *report, const char *name, const char *version)
{
	(void)b;
	report->files[report->n_files++] = (struct report_file){
		.name = name,
		.state = FILE_STATE_VERSIONED,
		.version = version,
		.size = REPORT_ABSENT,
		.modified_ms = TIMESTAMP_NONE,
	};
}

void builder_failed_start(struct builder *b, struct report *report, int64_t nt_error)
{
	struct report_start *start = &report->mta.last_start;

	report->mta.service = SERVICE_STATE_STOPPED;
	*start = (struct report_start){ .present = true, .at_ms = TIMESTAMP_NONE };
	start->outcome = START_OUTCOME_FAILED;
	builder_event(b, start, ADVISORY_EVENT_LISTEN_FAILED, nt_error);
	builder_event(b, start, ADVISORY_EVENT_INIT_FATAL, REPORT_ABSENT);
}

const struct assessment *builder_assess(struct builder *b, size_t server)
{
	struct assessment *assessment = arena_alloc(&b->arena, sizeof *assessment);

	site_view(&b->site, b->entries, b->n, BUILDER_NOW_MS, NULL, NULL, &b->arena);
	exposure_assess(&b->site.servers[server], assessment, &b->arena);
	return assessment;
}

const struct reason *builder_find_reason(const struct assessment *assessment, const char *code)
{
	for (size_t i = 0; i < assessment->n_reasons; i++) {
		if (strcmp(assessment->reasons[i].code, code) == 0)
			return &assessment->reasons[i];
	}
	return NULL;
}
