/*
 * Any bytes as an .evt file, and as a buffer of ReadEventLog. The iterator ends, gives out no more
 * records than there is room for, only strings that are UTF-8, and with a source asked for exactly
 * those records that have it. One machine's records and the others' together are all of them, and
 * what is passed over is no more. Any bytes, too, as what people hand in for a log.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/windows/eventlog.h"
#include "proto/windows/log_export.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SMALLEST_RECORD 56 /* EVENTLOGRECORD's fixed part */
#define SOURCE          "MSExchangeMTA"

static void check_event(const struct eventlog_event *event)
{
	if (event->id != (event->full_id & EVENTLOG_ID_MASK))
		abort();
	check_utf8(event->source);
	check_utf8(event->computer);
	for (size_t i = 0; i < event->n_strings; i++)
		check_utf8(event->strings[i]);
}

/* The records of the source, and a sum over their numbers. */
struct count {
	size_t n;
	uint32_t numbers;
};

static struct count walk(struct eventlog *log, const struct eventlog_filter *filter)
{
	struct arena arena;
	struct eventlog_event event;
	struct count count = { 0 };
	size_t n = 0;

	arena_init(&arena);
	while (eventlog_next(log, filter, &arena, &event)) {
		check_event(&event);
		if (++n > log->size / SMALLEST_RECORD || event.number <= filter->after)
			abort();
		if (!text_equal(event.source, SOURCE))
			continue;
		count.n++;
		count.numbers = count.numbers * 31 + event.number;
	}
	if (filter->source && count.n != n)
		abort();
	if (log->of_source != n || log->records < n + log->foreign || log->own > log->records)
		abort();
	arena_deinit(&arena);
	return count;
}

static void check_log(const struct eventlog *opened)
{
	static const char *const own[] = { "exch1" };
	const struct eventlog_filter all = { .source = NULL };
	const struct eventlog_filter of_source = { .source = SOURCE };
	const struct eventlog_filter of_own = { SOURCE, own, 1, 0 };
	const struct eventlog_filter late = { .source = SOURCE, .after = 2 };
	struct eventlog logs[] = { *opened, *opened, *opened, *opened };
	struct count everything = walk(&logs[0], &all);
	struct count asked_for = walk(&logs[1], &of_source);
	struct count owned = walk(&logs[2], &of_own);

	if (everything.n != asked_for.n || everything.numbers != asked_for.numbers)
		abort();
	if (logs[0].records != logs[1].records || owned.n + logs[2].foreign != asked_for.n)
		abort();
	if (walk(&logs[3], &late).n > asked_for.n || logs[3].lost > logs[0].lost)
		abort();
	(void)eventlog_time_of(opened, logs[0].newest_number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eventlog log;

	if (eventlog_open_file(&log, data, size) == STATUS_OK)
		check_log(&log);
	eventlog_open_records(&log, data, size);
	check_log(&log);
	if (log_export_lists(data, size, SOURCE) && log_export_kind(data, size) == LOG_EXPORT_NONE)
		abort();
	return 0;
}
