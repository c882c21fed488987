#include "proto/report/report.h"

#include <string.h>

#include "proto/base/count.h"
#include "proto/base/text.h"

static const char *name_of(const char *const *names, size_t n, int value)
{
	return value >= 0 && (size_t)value < n ? names[value] : NULL;
}

/* The index of `name`, -1 if it is none of `names`. */
static int value_of(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] && *names[i] == *name && strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

/* Both functions of an enumeration from the table of its names; the wire form is lower case. */
#define NAMES(type, prefix, ...)                                                                   \
	static const char *const prefix##_names[] = { __VA_ARGS__ };                               \
	const char *prefix##_name(type value)                                                      \
	{                                                                                          \
		return name_of(prefix##_names, COUNT(prefix##_names), (int)value);                 \
	}                                                                                          \
	bool prefix##_from_name(const char *name, type *out)                                       \
	{                                                                                          \
		int value = value_of(prefix##_names, COUNT(prefix##_names), name);                 \
		if (value < 0)                                                                     \
			return false;                                                              \
		*out = (type)value;                                                                \
		return true;                                                                       \
	}

NAMES(enum link_state, link_state, "unknown", "up", "down")
NAMES(enum grade, grade, "none", "tcp", "epm", "mapped", "mta")
NAMES(enum probe_error, probe_error, NULL, "timeout", "silent", "host_unreachable",
      "net_unreachable", "refused", "reset", "closed", "bind_nak", "rejected", "fault",
      "not_registered", "malformed", "local")
NAMES(enum service_state, service_state, NULL, "running", "stopped", "start_pending",
      "stop_pending", "paused", "not_installed")
NAMES(enum start_type, start_type, NULL, "auto", "manual", "disabled")
NAMES(enum start_outcome, start_outcome, NULL, "started", "failed")
NAMES(enum file_state, file_state, NULL, "versioned", "unversioned", "missing", "unreadable")

static void start_init(struct report_start *start)
{
	*start = (struct report_start){ .at_ms = TIMESTAMP_NONE };
}

void report_init(struct report *report)
{
	*report = (struct report){
		.sequence = REPORT_ABSENT,
		.collected_at_ms = TIMESTAMP_NONE,
		.interval_s = REPORT_ABSENT,
		.duration_ms = REPORT_ABSENT,
		.received_at_ms = TIMESTAMP_NONE,
		.age_s = REPORT_ABSENT,
	};
	report->host.booted_at_ms = TIMESTAMP_NONE;
	report->exchange.service_pack = REPORT_ABSENT;
	report->mta.exit_code = REPORT_ABSENT;
	report->mta.rpc_port = REPORT_ABSENT;
	start_init(&report->mta.last_start);
	start_init(&report->mta.last_failure);
	report->mta.log = (struct report_log){
		.records = REPORT_ABSENT,
		.lost = REPORT_ABSENT,
		.foreign = REPORT_ABSENT,
		.oldest_at_ms = TIMESTAMP_NONE,
		.newest_at_ms = TIMESTAMP_NONE,
	};
}

const char *report_text(const char *text, struct arena *arena)
{
	if (!text)
		return NULL;
	size_t n = strlen(text);
	if (n > REPORT_MAX_STRING) {
		n = REPORT_MAX_STRING;
		while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
			n--;
	}
	return arena_strndup(arena, text, n);
}

void report_add_problem(struct report *report, struct arena *arena, const char *fact, int64_t code,
			const char *message)
{
	struct report_problem *problems =
		arena_alloc_array(arena, report->n_problems + 1, sizeof *problems);
	if (report->n_problems > 0)
		memcpy(problems, report->problems, report->n_problems * sizeof *problems);
	problems[report->n_problems++] = (struct report_problem){
		.fact = report_text(fact, arena),
		.code = code,
		.message = report_text(message, arena),
	};
	report->problems = problems;
}

const struct report_file *report_find_file(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->n_files; i++) {
		if (text_equal(report->files[i].name, name))
			return &report->files[i];
	}
	return NULL;
}

const struct report_problem *report_find_problem(const struct report *report, const char *fact)
{
	for (size_t i = 0; i < report->n_problems; i++) {
		const char *named = report->problems[i].fact;
		if (named && strcmp(named, fact) == 0)
			return &report->problems[i];
	}
	return NULL;
}

const char *report_server_name(const struct report *report)
{
	if (report->exchange.server)
		return report->exchange.server;
	return report->host.short_name ? report->host.short_name : report->host.name;
}
