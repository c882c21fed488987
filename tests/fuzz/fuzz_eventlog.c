/*
 * Any bytes as an .evt file, and as a buffer of ReadEventLog. The iterator ends, gives out no more
 * records than there is room for, only strings that are UTF-8, and with a source asked for exactly
 * those records that have it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/windows/eventlog.h"
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

static struct count walk(struct eventlog log, const char *source)
{
	struct arena arena;
	struct eventlog_event event;
	struct count count = { 0 };
	size_t n = 0;

	arena_init(&arena);
	while (eventlog_next(&log, source, &arena, &event)) {
		check_event(&event);
		if (++n > log.size / SMALLEST_RECORD)
			abort();
		if (!text_equal(event.source, SOURCE))
			continue;
		count.n++;
		count.numbers = count.numbers * 31 + event.number;
	}
	if (source && count.n != n)
		abort();
	arena_deinit(&arena);
	return count;
}

static void check_log(const struct eventlog *log)
{
	struct count all = walk(*log, NULL);
	struct count asked_for = walk(*log, SOURCE);

	if (all.n != asked_for.n || all.numbers != asked_for.numbers)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eventlog log;

	if (eventlog_open_file(&log, data, size) == STATUS_OK)
		check_log(&log);
	eventlog_open_records(&log, data, size);
	check_log(&log);
	return 0;
}
