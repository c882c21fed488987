#include "proto/base/mem.h"
#include "proto/base/wire.h"
#include "proto/windows/eventlog.h"
#include "tests/unit/material.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/* The log under construction: a ring of SIZE bytes with its 48-byte header. */
#define SIZE  1024
#define FIRST 48

/* UTF-16 of ASCII with its terminator; '?' becomes a lone surrogate. */
static void put_utf16(struct wire_writer *w, const char *text)
{
	do
		wire_put_u16(w, *text == '?' ? 0xD83D : (unsigned char)*text);
	while (*text++);
}

/* One EVENTLOGRECORD with two strings; the number is also the seconds of its time. */
static size_t make_record(uint8_t *out, uint32_t number, const char *source)
{
	struct wire_writer w = wire_write_to(out, 256);

	wire_put_u32(&w, 0); /* length, see below */
	wire_put_u32(&w, 0x654C664C);
	wire_put_u32(&w, number);
	wire_put_u32(&w, number);
	wire_put_u32(&w, number);
	wire_put_u32(&w, 0xC0002469); /* 9321 */
	wire_put_u16(&w, EVENTLOG_TYPE_ERROR);
	wire_put_u16(&w, 2);
	wire_put_u16(&w, 3);
	wire_put_zeros(&w, 2 + 4);
	size_t strings_at = w.at;
	wire_put_zeros(&w, 4 + 4 + 4 + 4 + 4);
	put_utf16(&w, source);
	put_utf16(&w, "EXCH1");
	wire_patch_u32(&w, strings_at, (uint32_t)w.at);
	put_utf16(&w, "11004");
	put_utf16(&w, "a?b");
	wire_put_align(&w, 4);
	wire_put_u32(&w, (uint32_t)w.at + 4);
	wire_patch_u32(&w, 0, (uint32_t)w.at);
	assert_int_equal(w.status, STATUS_OK);
	return w.at;
}

/* Puts bytes into the ring at `at`, and returns the place behind them. */
static size_t put_ring(uint8_t file[SIZE], size_t at, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		file[at++] = bytes[i];
		if (at == SIZE)
			at = FIRST;
	}
	return at;
}

/* A log whose records 5 to 5 + n - 1 begin at `at`; the header is stale, as of a running server. */
static void make_file(uint8_t file[SIZE], size_t at, uint32_t n)
{
	uint8_t bytes[256];
	size_t begins = at;

	memset(file, 0, SIZE);
	for (uint32_t i = 0; i < n; i++)
		at = put_ring(file, at, bytes, make_record(bytes, 5 + i, "MSExchangeMTA"));

	struct wire_writer w = wire_write_to(bytes, 40);
	wire_put_u32(&w, 40);
	for (uint32_t i = 1; i <= 4; i++)
		wire_put_u32(&w, 0x11111111 * i);
	wire_put_u32(&w, (uint32_t)begins);
	wire_put_u32(&w, (uint32_t)at);
	wire_put_u32(&w, 5 + n);
	wire_put_u32(&w, 5);
	wire_put_u32(&w, 40);
	put_ring(file, at, bytes, 40);

	w = wire_write_to(file, FIRST);
	wire_put_u32(&w, FIRST);
	wire_put_u32(&w, 0x654C664C);
	wire_put_u32(&w, 1);
	wire_put_u32(&w, 1);
	wire_put_u32(&w, FIRST);
	wire_put_u32(&w, FIRST);
}

/* The next record of `source`, NULL: of any; of whatever machine. */
static bool next(struct eventlog *log, const char *source, struct arena *arena,
		 struct eventlog_event *out)
{
	const struct eventlog_filter filter = { .source = source };
	return eventlog_next(log, &filter, arena, out);
}

/* Reads all and checks that the numbers rise from `first`; returns how many there were. */
static uint32_t count_events(struct eventlog *log, uint32_t first)
{
	struct arena arena;
	struct eventlog_event event;
	uint32_t n = 0;

	arena_init(&arena);
	while (next(log, "msexchangemta", &arena, &event)) {
		assert_int_equal(event.number, first + n);
		n++;
	}
	arena_deinit(&arena);
	return n;
}

static void a_record_is_read_field_by_field(void **state)
{
	uint8_t bytes[512];
	struct eventlog log;
	struct eventlog_event event;
	struct arena arena;
	(void)state;

	size_t size = make_record(bytes, 7, "Other");
	size += make_record(bytes + size, 6, "MSExchangeMTA"); /* as if read backwards */
	arena_init(&arena);
	eventlog_open_records(&log, bytes, size);
	assert_true(next(&log, "MSEXCHANGEmta", &arena, &event));
	assert_int_equal(event.number, 6);
	assert_int_equal(event.generated_ms, 6000);
	assert_int_equal(event.full_id, 0xC0002469);
	assert_int_equal(event.id, 9321);
	assert_int_equal(event.type, EVENTLOG_TYPE_ERROR);
	assert_int_equal(event.category, 3);
	assert_string_equal(event.source, "MSExchangeMTA");
	assert_string_equal(event.computer, "EXCH1");
	assert_int_equal(event.n_strings, 2);
	assert_string_equal(event.strings[0], "11004");
	assert_string_equal(event.strings[1], "a\xEF\xBF\xBD"
					      "b");
	assert_false(next(&log, NULL, &arena, &event));
	assert_int_equal(log.lost, 0);
	arena_deinit(&arena);
}

/* At every place of the ring, so that records and the end-of-file record run over its end. */
static void a_ring_is_read_wherever_it_begins(void **state)
{
	(void)state;
	for (size_t at = FIRST; at < SIZE; at += 4) {
		uint8_t file[SIZE];
		struct eventlog log;
		make_file(file, at, 5);
		assert_int_equal(eventlog_open_file(&log, file, SIZE), STATUS_OK);
		assert_int_equal(count_events(&log, 5), 5);
		assert_int_equal(log.lost, 0);
	}
}

static void an_empty_log_has_no_records(void **state)
{
	uint8_t file[SIZE];
	struct eventlog log;
	(void)state;
	make_file(file, FIRST, 0);
	assert_int_equal(eventlog_open_file(&log, file, SIZE), STATUS_OK);
	assert_int_equal(count_events(&log, 0), 0);
	assert_int_equal(log.lost, 0);
}

/* The service leaves the last bytes unused where not even the fixed part of a record fits. */
static void the_filler_at_the_end_of_the_ring_is_no_damage(void **state)
{
	uint8_t file[SIZE];
	uint8_t bytes[256];
	struct eventlog log;
	(void)state;
	size_t length = make_record(bytes, 5, "MSExchangeMTA");
	size_t begins = SIZE - 40 - length;

	make_file(file, FIRST, 2); /* records 5 and 6, and behind them the end-of-file record */
	size_t end_at = FIRST + 2 * length;
	put_ring(file, begins, bytes, length);
	for (size_t at = SIZE - 40; at < SIZE; at += 4)
		put_ring(file, at, (const uint8_t[4]){ 0x27 }, 4);
	put_ring(file, FIRST, bytes, make_record(bytes, 6, "MSExchangeMTA"));
	put_ring(file, FIRST + length, bytes, make_record(bytes, 7, "MSExchangeMTA"));
	struct wire_writer w = wire_write_to(file, SIZE);
	w.at = end_at + 40;
	wire_patch_u32(&w, end_at + 20, (uint32_t)begins);
	wire_patch_u32(&w, end_at + 28, 8);

	assert_int_equal(eventlog_open_file(&log, file, SIZE), STATUS_OK);
	assert_int_equal(count_events(&log, 5), 3);
	assert_int_equal(log.lost, 0);
}

static void damaged_records_are_skipped_and_counted(void **state)
{
	static const struct {
		const char *what;
		size_t record; /* the n-th, from 0 */
		size_t at;
		uint8_t value;
		size_t n; /* of records that are damaged */
	} cases[] = {
		{ "signature", 2, 4, 'l', 1 },       { "length", 2, 0, 0xFF, 1 },
		{ "length", 2, 1, 0xFF, 1 },         { "number of strings", 2, 27, 0xFF, 1 },
		{ "place of strings", 2, 38, 1, 1 }, { "the first", 0, 4, 'l', 1 },
		{ "the last", 4, 4, 'l', 1 },        { "two of them", 1, 4, 'l', 2 },
	};
	uint8_t bytes[256];
	(void)state;
	size_t length = make_record(bytes, 5, "MSExchangeMTA");
	for_each_row(i, cases) {
		uint8_t file[SIZE];
		struct eventlog log;
		struct arena arena;
		struct eventlog_event event;
		size_t n = 0;

		make_file(file, 500, 5);
		for (size_t j = 0; j < cases[i].n; j++) {
			size_t at = 500 + (cases[i].record + j) * length + cases[i].at;
			file[at < SIZE ? at : at - SIZE + FIRST] = cases[i].value;
		}
		arena_init(&arena);
		assert_int_equal(eventlog_open_file(&log, file, SIZE), STATUS_OK);
		while (next(&log, NULL, &arena, &event))
			n++;
		if (n != 5 - cases[i].n || log.lost != cases[i].n)
			print_error("%s of record %d\n", cases[i].what, (int)cases[i].record);
		assert_int_equal(n, 5 - cases[i].n);
		assert_int_equal(log.lost, cases[i].n);
		arena_deinit(&arena);
	}
}

static void without_an_end_of_file_record_the_lowest_number_begins(void **state)
{
	uint8_t file[SIZE];
	uint8_t bytes[256];
	struct eventlog log;
	(void)state;
	size_t length = make_record(bytes, 5, "MSExchangeMTA");
	make_file(file, 700, 5);
	memset(file + (700 + 5 * length - SIZE + FIRST), 0, 40);
	assert_int_equal(eventlog_open_file(&log, file, SIZE), STATUS_OK);
	/* 5, 6 and, with the wrap, 7 lie before the end of the file. */
	assert_int_equal(count_events(&log, 5), 5);
	assert_int_equal(log.lost, 1);
}

static void a_file_cut_anywhere_is_read_without_harm(void **state)
{
	uint8_t file[SIZE];
	(void)state;
	make_file(file, 600, 5);
	for (size_t size = 0; size < SIZE; size++) {
		uint8_t *cut = mem_alloc(size); /* its own block: reads past the end are seen */
		struct eventlog log;
		struct arena arena;
		struct eventlog_event event;
		size_t n = 0;

		memcpy(cut, file, size);
		arena_init(&arena);
		enum status status = eventlog_open_file(&log, cut, size);
		assert_int_equal(status, size < FIRST ? STATUS_TRUNCATED : STATUS_OK);
		while (status == STATUS_OK && next(&log, NULL, &arena, &event))
			n++;
		assert_true(n < 5);
		arena_deinit(&arena);
		free(cut);
	}
}

static void other_files_are_told_apart(void **state)
{
	static const char evtx[64] = "ElfFile";
	uint8_t file[SIZE];
	struct eventlog log;
	(void)state;
	assert_int_equal(eventlog_open_file(&log, evtx, sizeof evtx), STATUS_UNSUPPORTED);
	assert_int_equal(eventlog_open_file(&log, "", 0), STATUS_TRUNCATED);
	make_file(file, FIRST, 1);
	assert_int_equal(eventlog_open_file(&log, file, EVENTLOG_MAX_FILE + 1), STATUS_LIMIT);
	file[8] = 3;
	assert_int_equal(eventlog_open_file(&log, file, SIZE), STATUS_UNSUPPORTED);
}

/* ---- against the exports of evtexport ---- */

struct text {
	char *bytes;
	size_t size;
	size_t room;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text->bytes + text->size, text->room - text->size, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < text->room - text->size);
	text->size += (size_t)n;
}

static const char *type_name(unsigned type)
{
	switch (type) {
	case EVENTLOG_TYPE_ERROR:
		return "Error";
	case EVENTLOG_TYPE_WARNING:
		return "Warning";
	case EVENTLOG_TYPE_INFORMATION:
		return "Information";
	default:
		fail();
		return NULL;
	}
}

/* As evtexport prints it, but without the lines of what is not read. */
static void add_event(struct text *text, const struct eventlog_event *event)
{
	char when[64];
	time_t seconds = (time_t)(event->generated_ms / 1000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	strftime(when, sizeof when, "%b %d, %Y %H:%M:%S", &parts);
	add(text, "Event number\t\t\t: %u\nCreation time\t\t\t: %s UTC\n", event->number, when);
	add(text, "Event type\t\t\t: %s event (%u)\n", type_name(event->type), event->type);
	add(text, "Computer name\t\t\t: %s\n", event->computer);
	add(text, "Source name\t\t\t: %s\nEvent category\t\t\t: %u\n", event->source,
	    event->category);
	add(text, "Event identifier\t\t: 0x%08x (%u)\n", event->full_id, event->full_id);
	assert_int_equal(event->id, event->full_id & 0xFFFF);
	add(text, "Number of strings\t\t: %u\n", (unsigned)event->n_strings);
	for (size_t i = 0; i < event->n_strings; i++)
		add(text, "String: %u\t\t\t: %s\n", (unsigned)i + 1, event->strings[i]);
	add(text, "\n");
}

/* Takes the lines out that tell what is not read: they begin so. */
static void drop_lines(char *text)
{
	static const char *const dropped[] = { "Written time", "User security identifier" };
	char *out = text;

	for (char *line = text; *line;) {
		size_t n = strcspn(line, "\n") + 1;
		if (strncmp(line, dropped[0], strlen(dropped[0])) != 0 &&
		    strncmp(line, dropped[1], strlen(dropped[1])) != 0) {
			memmove(out, line, n);
			out += n;
		}
		line += n;
	}
	*out = '\0';
}

/*
 * Finds the event in the export, at `*at` or (`anywhere`) behind it, and steps over it. evtexport
 * 20200926 misprints U+1F4E7 as U+1F0E8, in one record.
 */
static void find_event(const struct eventlog_event *event, char **at, bool anywhere)
{
	static const char misprint[] = "\xF0\x9F\x83\xA8";
	char bytes[65536];
	struct text text = { .bytes = bytes, .room = sizeof bytes };

	add_event(&text, event);
	char *envelope = strstr(bytes, "\xF0\x9F\x93\xA7");
	if (envelope)
		memcpy(envelope, misprint, sizeof misprint - 1);
	char *found = strstr(*at, bytes);
	if (!found || (!anywhere && found != *at))
		print_error("%s---- is not ----\n%.*s\n", bytes, (int)text.size, *at);
	assert_non_null(found);
	assert_true(anywhere || found == *at);
	*at = found + text.size;
}

/* Compares the `n` events of a file with its export; more in the export is not ours. */
static void compare(const char *path, const char *expected_path, size_t n, size_t lost)
{
	size_t size;
	char *bytes = material_read(path, &size);
	size_t expected_size;
	char *expected = material_read(expected_path, &expected_size);
	struct eventlog log;
	struct eventlog_event event;
	struct arena arena;
	size_t events = 0;

	drop_lines(expected);
	char *at = strstr(expected, "Event number");
	arena_init(&arena);
	assert_int_equal(eventlog_open_file(&log, bytes, size), STATUS_OK);
	for (; next(&log, NULL, &arena, &event); events++) {
		find_event(&event, &at, lost > 0);
		arena_deinit(&arena);
	}
	assert_int_equal(events, n);
	assert_int_equal(log.lost, lost);
	free(expected);
	free(bytes);
}

static void the_mta_log_equals_its_export(void **state)
{
	(void)state;
	material_or_skip();
	compare("evt/samba_mta.evt", "evt/samba_mta.expected.txt", 133, 0);
}

/* 438 more in the export are remains of overwritten records, no part of the log any more. */
static void a_dirty_wrapped_log_equals_its_export(void **state)
{
	(void)state;
	material_or_skip();
	compare("evt/plaso_SysEvent.Evt.gz", "evt/plaso_SysEvent.expected.txt.gz", 6063, 0);
}

static void records_with_wrong_lengths_are_lost_and_counted(void **state)
{
	(void)state;
	material_or_skip();
	compare("evt/samba_mta_badlen.evt", "evt/samba_mta_badlen.expected.txt", 6, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_field_by_field),
		cmocka_unit_test(a_ring_is_read_wherever_it_begins),
		cmocka_unit_test(an_empty_log_has_no_records),
		cmocka_unit_test(the_filler_at_the_end_of_the_ring_is_no_damage),
		cmocka_unit_test(damaged_records_are_skipped_and_counted),
		cmocka_unit_test(without_an_end_of_file_record_the_lowest_number_begins),
		cmocka_unit_test(a_file_cut_anywhere_is_read_without_harm),
		cmocka_unit_test(other_files_are_told_apart),
		cmocka_unit_test(the_mta_log_equals_its_export),
		cmocka_unit_test(a_dirty_wrapped_log_equals_its_export),
		cmocka_unit_test(records_with_wrong_lengths_are_lost_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
