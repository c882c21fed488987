#include "proto/report/log_words.h"

#include <inttypes.h>

#include "proto/base/timestamp.h"

#define DATE_LENGTH 10 /* "2026-10-01" of an RFC 3339 time */

static const char *date(int64_t ms, struct arena *arena)
{
	char text[TIMESTAMP_TEXT_SIZE];
	return arena_strndup(arena, timestamp_format(ms, text), DATE_LENGTH);
}

/* ", WHAT: N" where there is something to count. */
static const char *count_words(const char *what, int64_t n, struct arena *arena)
{
	return n > 0 ? arena_printf(arena, ", %s: %" PRId64, what, n) : "";
}

static const char *reach(const struct report_log *log, bool none_failed, struct arena *arena)
{
	if (log->oldest_at_ms == TIMESTAMP_NONE || log->newest_at_ms == TIMESTAMP_NONE)
		return "";
	const char *from = date(log->oldest_at_ms, arena);
	const char *to = date(log->newest_at_ms, arena);
	if (!none_failed)
		return arena_printf(arena, ", from %s to %s", from, to);
	return arena_printf(arena,
			    ", from %s to %s; no failed start of the MTA since %s, where the log "
			    "begins",
			    from, to, from);
}

const char *report_log_words(const struct report_log *log, bool none_failed, struct arena *arena)
{
	if (!log->known || !log->path || log->records == REPORT_ABSENT)
		return NULL;
	return arena_printf(
		arena, "%s: records: %" PRId64 "%s%s%s", log->path, log->records,
		count_words("damaged", log->lost, arena),
		count_words("of the MTA on other computers, left out", log->foreign, arena),
		reach(log, none_failed, arena));
}

bool report_none_failed(const struct report *report)
{
	return report->mta.log.known && !report->mta.last_failure.present &&
	       !report_find_problem(report, "mta.events");
}
