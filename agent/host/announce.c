#include "agent/host/announce.h"

#include "agent/platform/log.h"
#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/windows/message_table.h"

static const struct announce_row rows[ANNOUNCE_COUNT] = {
#define X(name, number, kind, words) [name] = { number, HOST_SEVERITY_##kind, words },
#include "agent/host/announce_events.def"
#undef X
};

static const enum announcement of_verdict[VERDICT_COUNT] = {
	[VERDICT_FAILING] = ANNOUNCE_FAILING,
	[VERDICT_EXPOSED] = ANNOUNCE_EXPOSED,
	[VERDICT_AT_RISK] = ANNOUNCE_AT_RISK,
	[VERDICT_UNKNOWN] = ANNOUNCE_UNKNOWN,
	[VERDICT_CLEAR] = ANNOUNCE_CLEAR,
	[VERDICT_PROTECTED] = ANNOUNCE_PROTECTED,
	[VERDICT_NOT_APPLICABLE] = ANNOUNCE_NOT_APPLICABLE,
};

const struct announce_row *announce_row(enum announcement what)
{
	return &rows[what];
}

static void log_event(const struct announce_row *row, const char *text)
{
	static const enum log_level levels[] = {
		[HOST_SEVERITY_INFORMATION] = LOG_LEVEL_INFO,
		[HOST_SEVERITY_WARNING] = LOG_LEVEL_WARNING,
		[HOST_SEVERITY_ERROR] = LOG_LEVEL_ERROR,
	};
	log_write(levels[row->severity], "event %u: %s", row->id, text);
}

void announce(struct host *host, enum announcement what, const char *first, const char *second)
{
	const struct announce_row *row = &rows[what];
	const char *strings[ANNOUNCE_MAX_STRINGS];
	size_t n = 0;
	struct arena arena;

	arena_init(&arena);
	if (first)
		strings[n++] = arena_printf(&arena, "%.*s", ANNOUNCE_MAX_STRING, first);
	if (second)
		strings[n++] = arena_printf(&arena, "%.*s", ANNOUNCE_MAX_STRING, second);
	log_event(row, message_table_fill(row->text, strings, n, &arena));
	host_write_event(host, ANNOUNCE_SOURCE, row->severity, row->id, strings, n);
	arena_deinit(&arena);
}

void announce_verdict(struct host *host, enum verdict now, const char *before, const char *judge)
{
	announce(host, of_verdict[now], before, judge);
}
