/*
 * Builds reports and sites for tests of the site view and the exposure rule: short calls that read
 * like the sentences of the rule. Everything lives in the builder's arena.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/exposure/exposure.h"
#include "proto/report/report.h"
#include "proto/site/site.h"

#define BUILDER_MAX_SERVERS 16
#define BUILDER_NOW_MS      INT64_C(1795344323000)
#define BUILDER_INTERVAL_S  300

struct builder {
	struct arena arena;
	struct report *reports[BUILDER_MAX_SERVERS];
	struct site_report entries[BUILDER_MAX_SERVERS];
	size_t n;
	struct site site;
};

void builder_init(struct builder *b);
void builder_deinit(struct builder *b);

/* A server with Exchange 5.5, Emsmta.exe at `build` (NULL: not told), and a running MTA. */
struct report *builder_server(struct builder *b, const char *name, const char *build);

/* The server's report was collected `age_s` seconds ago. */
void builder_age(struct builder *b, const struct report *report, int64_t age_s);

struct report_adapter *builder_adapter(struct builder *b, struct report *report, const char *id,
				       const char *address);

/* The row is returned to be changed further; `via` NULL: not told. */
struct report_probe *builder_probe(struct builder *b, struct report *report, const char *adapter,
				   const char *peer, const char *to, enum grade grade);
struct report_probe *builder_self_probe(struct builder *b, struct report *report,
					const char *adapter, const char *to, enum grade grade);
void builder_event(struct builder *b, struct report_start *start, int64_t id, int64_t nt_error);
void builder_problem(struct builder *b, struct report *report, const char *fact);
void builder_file(struct builder *b, struct report *report, const char *name, const char *version);

/* The MTA stands stopped after a start that logged 9321 with this NT error, and 9266. */
void builder_failed_start(struct builder *b, struct report *report, int64_t nt_error);

/* Views the site at BUILDER_NOW_MS and judges server number `server`; valid until deinit. */
const struct assessment *builder_assess(struct builder *b, size_t server);

/* The reason with that code, or NULL. */
const struct reason *builder_find_reason(const struct assessment *assessment, const char *code);
