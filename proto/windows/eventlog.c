#include "proto/windows/eventlog.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/base/utf8.h"
#include "proto/base/wire.h"

#define SIGNATURE   0x654C664Cu              /* "LfLe" (ELF_LOG_SIGNATURE) */
#define HEADER_SIZE 48                       /* ELF_LOGFILE_HEADER */
#define FIXED_SIZE  56                       /* EVENTLOGRECORD up to its strings */
#define SMALLEST    (FIXED_SIZE + 2 + 2 + 4) /* two empty strings and the length once more */
#define EOF_SIZE    40                       /* ELF_EOF_RECORD */
#define ALIGNMENT   4                        /* of records; relative to the first one */

#define FLAG_DIRTY  1  /* ELF_LOGFILE_HEADER_DIRTY: its offsets are stale */
#define NETBIOS_MAX 15 /* characters of a NetBIOS name */

/* Fills the end of the file where not even the fixed part of the next record fits. */
#define FILLER 0x27

/* The fixed part of EVENTLOGRECORD, as far as it is of use. */
struct fixed {
	uint32_t length;
	uint32_t number;
	uint32_t generated; /* seconds since 1970 */
	uint32_t full_id;
	uint16_t type;
	uint16_t n_strings;
	uint16_t category;
	uint32_t strings_at;
};

/* The variable parts of one record: UTF-16, behind each other, each with its terminator. */
struct parts {
	struct wire_reader source;
	struct wire_reader computer;
	struct wire_reader strings;
};

/* The header, as far as it is of use. */
struct header {
	uint32_t start; /* offset of the oldest record */
	uint32_t end;   /* of the end-of-file record */
	uint32_t next_number;
	bool dirty;
};

/* The end-of-file record. */
struct end {
	uint32_t begins; /* offset of the oldest record */
	uint32_t ends;   /* its own offset */
	uint32_t next_number;
	uint32_t oldest_number;
};

/* Copies `n` bytes from `at`, across the end of a ring. False if they are not there. */
static bool copy(const struct eventlog *log, size_t at, void *out, size_t n)
{
	size_t there = log->size - at;
	if (n <= there) {
		memcpy(out, log->bytes + at, n);
		return true;
	}
	if (!log->wraps || n - there > at - log->first)
		return false;
	memcpy(out, log->bytes + at, there);
	memcpy((uint8_t *)out + there, log->bytes + log->first, n - there);
	return true;
}

static uint32_t u32_at(const struct eventlog *log, size_t at)
{
	uint8_t bytes[4];
	if (!copy(log, at, bytes, sizeof bytes))
		return 0;
	struct wire_reader r = wire_read_from(bytes, sizeof bytes);
	return wire_get_u32(&r);
}

/* The place `n` bytes behind `at`. */
static size_t behind(const struct eventlog *log, size_t at, size_t n)
{
	size_t there = log->size - at;
	return n < there || !log->wraps ? at + n : log->first + (n - there);
}

static struct fixed get_fixed(const uint8_t bytes[FIXED_SIZE])
{
	struct wire_reader r = wire_read_from(bytes, FIXED_SIZE);
	struct fixed f;

	f.length = wire_get_u32(&r);
	wire_skip(&r, 4); /* signature */
	f.number = wire_get_u32(&r);
	f.generated = wire_get_u32(&r);
	wire_skip(&r, 4); /* time written */
	f.full_id = wire_get_u32(&r);
	f.type = wire_get_u16(&r);
	f.n_strings = wire_get_u16(&r);
	f.category = wire_get_u16(&r);
	wire_skip(&r, 2 + 4); /* flags, closing record number: reserved */
	f.strings_at = wire_get_u32(&r);
	return f;
}

/*
 * Reads the fixed part of the record at `at`, of which at most `left` bytes are there. False if
 * none begins there, or its frame is broken.
 */
static bool frame_at(const struct eventlog *log, size_t at, size_t left, struct fixed *out)
{
	uint8_t bytes[FIXED_SIZE];

	if (left < SMALLEST || u32_at(log, behind(log, at, 4)) != SIGNATURE ||
	    !copy(log, at, bytes, sizeof bytes))
		return false;
	*out = get_fixed(bytes);
	/* The length stands at both ends, so that the service can read backwards. */
	return out->length >= SMALLEST && out->length % ALIGNMENT == 0 && out->length <= left &&
	       u32_at(log, behind(log, at, out->length - 4)) == out->length;
}

/* Splits off the next string without its terminator; fails if there is none. */
static struct wire_reader get_utf16(struct wire_reader *r)
{
	struct wire_reader probe = *r;
	while (probe.status == STATUS_OK && wire_get_u16(&probe) != 0)
		;
	wire_get_fail(r, probe.status);
	size_t size = r->status == STATUS_OK ? probe.at - r->at - 2 : 0;
	struct wire_reader text = wire_get_part(r, size);
	wire_skip(r, 2);
	return text;
}

/* Finds the strings of a whole record; false if they do not fit into it. */
static bool find_parts(const uint8_t *record, const struct fixed *fixed, struct parts *out)
{
	struct wire_reader names = wire_read_from(record, fixed->length - 4);
	struct wire_reader strings = names;

	wire_skip(&names, FIXED_SIZE);
	out->source = get_utf16(&names);
	out->computer = get_utf16(&names);
	wire_skip(&strings, fixed->n_strings ? fixed->strings_at : 0);
	out->strings = strings;
	for (unsigned i = 0; i < fixed->n_strings; i++)
		get_utf16(&strings);
	return names.status == STATUS_OK && strings.status == STATUS_OK;
}

static const char *text_of(struct arena *arena, const struct wire_reader *utf16)
{
	return utf8_from_utf16le(arena, utf16->base, utf16->size / 2);
}

/* Does the UTF-16 say `name`, without ASCII case? `name` is ASCII. */
static bool says(const struct wire_reader *utf16, const char *name)
{
	size_t n = strlen(name);
	char text[256];

	if (utf16->size != 2 * n || n >= sizeof text)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (utf16->base[2 * i + 1] != 0)
			return false;
		text[i] = (char)utf16->base[2 * i];
	}
	text[n] = '\0';
	return text_equal(text, name);
}

/* The name in UTF-8, cut to the room there is. */
static void get_computer(const struct wire_reader *utf16, char out[EVENTLOG_MAX_COMPUTER])
{
	struct wire_reader units = *utf16;
	size_t n = 0;

	while (units.at < units.size && n + UTF8_MAX < EVENTLOG_MAX_COMPUTER)
		n += utf8_encode(wire_get_u16(&units), out + n);
	out[n] = '\0';
}

/* Do two host names, short or with a domain, name one machine? */
static bool same_machine(const char *recorded, const char *own)
{
	size_t n = text_short_name_length(recorded);
	size_t n_own = text_short_name_length(own);

	if (n_own == NETBIOS_MAX && n > NETBIOS_MAX)
		n = NETBIOS_MAX;
	if (n == 0 || n != n_own)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text_lower(recorded[i]) != text_lower(own[i]))
			return false;
	}
	return true;
}

static bool is_own(const struct eventlog_filter *filter, const char *computer)
{
	for (size_t i = 0; i < filter->n_computers; i++) {
		if (same_machine(computer, filter->computers[i]))
			return true;
	}
	return false;
}

static void fill_event(struct eventlog_event *out, const struct fixed *fixed,
		       const struct parts *parts, struct arena *arena)
{
	struct wire_reader strings = parts->strings;

	*out = (struct eventlog_event){
		.number = fixed->number,
		.generated_ms = (int64_t)fixed->generated * 1000,
		.full_id = fixed->full_id,
		.id = (uint16_t)(fixed->full_id & EVENTLOG_ID_MASK),
		.type = fixed->type,
		.category = fixed->category,
		.source = text_of(arena, &parts->source),
		.computer = text_of(arena, &parts->computer),
		.n_strings = fixed->n_strings,
	};
	out->strings = arena_alloc_array(arena, out->n_strings, sizeof *out->strings);
	for (size_t i = 0; i < out->n_strings; i++) {
		struct wire_reader text = get_utf16(&strings);
		out->strings[i] = text_of(arena, &text);
	}
}

/* The record at `log->at` in one piece: where it lies, or a copy in the arena. */
static const uint8_t *whole(const struct eventlog *log, size_t length, struct arena *arena)
{
	if (length <= log->size - log->at)
		return log->bytes + log->at;
	uint8_t *record = arena_alloc(arena, length);
	copy(log, log->at, record, length); /* frame_at has read its last bytes already */
	return record;
}

static void advance(struct eventlog *log, size_t n)
{
	log->at = behind(log, log->at, n);
	log->left -= n;
}

/* Reads the end-of-file record at `at`; false if there is none, or it is not of this place. */
static bool end_at(const struct eventlog *log, size_t at, struct end *out)
{
	static const uint32_t pattern[] = { EOF_SIZE, 0x11111111, 0x22222222, 0x33333333,
					    0x44444444 };
	uint8_t bytes[EOF_SIZE];

	if (at < log->first || at >= log->size || u32_at(log, at) != EOF_SIZE ||
	    !copy(log, at, bytes, sizeof bytes))
		return false;
	struct wire_reader r = wire_read_from(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof pattern / sizeof *pattern; i++) {
		if (wire_get_u32(&r) != pattern[i])
			return false;
	}
	struct end end;
	end.begins = wire_get_u32(&r);
	end.ends = wire_get_u32(&r);
	end.next_number = wire_get_u32(&r);
	end.oldest_number = wire_get_u32(&r);
	if (end.ends != at || end.begins < log->first || end.begins >= log->size ||
	    end.begins % ALIGNMENT != 0)
		return false;
	*out = end;
	return true;
}

/* Steps over what is no record, to the next place where one may begin. */
static void skip(struct eventlog *log)
{
	struct end stale;
	size_t n = log->left < ALIGNMENT ? log->left : ALIGNMENT;
	if (log->left >= EOF_SIZE && end_at(log, log->at, &stale))
		n = EOF_SIZE; /* the log went on behind it */
	else if (u32_at(log, log->at) != FILLER)
		log->skipped += n;
	advance(log, n);
}

/*
 * Damage lies between the last record and that of number `next` (0: not known). How many records
 * were there? As many as numbers are missing, if they can have stood in the bytes skipped.
 */
static void count_lost(struct eventlog *log, uint32_t next)
{
	if (log->skipped == 0)
		return;
	bool known = log->numbered && next;
	uint32_t gap = known ? next - log->number - 1 : 1;
	log->lost += gap <= log->skipped / SMALLEST + 1 ? gap : 1;
	log->skipped = 0;
}

/* A record that the owner knows from elsewhere, and what was damaged before it. */
static void pass_over(struct eventlog *log, uint32_t number)
{
	log->skipped = 0;
	log->number = number;
	log->numbered = true;
}

/* Counts a sound record; false if another machine than the one asked for wrote it. */
static bool count_record(struct eventlog *log, const struct fixed *fixed, const struct parts *parts,
			 const struct eventlog_filter *filter, bool of_source)
{
	char computer[EVENTLOG_MAX_COMPUTER] = { 0 };
	log->records++;
	log->newest_number = fixed->number;
	log->newest_ms = (int64_t)fixed->generated * 1000;
	if (log->records == 1) {
		log->oldest_number = log->newest_number;
		log->oldest_ms = log->newest_ms;
	}
	get_computer(&parts->computer, computer);
	bool own = is_own(filter, computer);
	log->own += own;
	if (own || filter->n_computers == 0) {
		log->of_source += of_source;
		return true;
	}
	if (of_source || log->foreign == 0)
		memcpy(log->other, computer, sizeof computer);
	log->foreign += of_source;
	return false;
}

/* Is that record older than the log's oldest one, left over where the log went on? */
static bool is_remain(const struct eventlog *log, uint32_t number)
{
	return log->sorted && log->numbered && number <= log->number;
}

bool eventlog_next(struct eventlog *log, const struct eventlog_filter *filter, struct arena *arena,
		   struct eventlog_event *out)
{
	struct fixed fixed;
	struct parts parts;

	while (log->left > 0) {
		if (!frame_at(log, log->at, log->left, &fixed)) {
			skip(log);
			continue;
		}
		const uint8_t *record = whole(log, fixed.length, arena);
		advance(log, fixed.length);
		if (is_remain(log, fixed.number))
			continue;
		if (fixed.number <= filter->after) {
			pass_over(log, fixed.number);
			continue;
		}
		count_lost(log, fixed.number);
		log->number = fixed.number;
		log->numbered = true;
		if (!find_parts(record, &fixed, &parts)) {
			log->lost++;
			continue;
		}
		bool of_source = !filter->source || says(&parts.source, filter->source);
		if (count_record(log, &fixed, &parts, filter, of_source) && of_source) {
			fill_event(out, &fixed, &parts, arena);
			return true;
		}
	}
	count_lost(log, log->next_number);
	return false;
}

void eventlog_open_records(struct eventlog *log, const void *bytes, size_t size)
{
	*log = (struct eventlog){
		.bytes = bytes,
		.size = size,
		.left = size,
		.oldest_ms = TIMESTAMP_NONE,
		.newest_ms = TIMESTAMP_NONE,
	};
}

/* The end-of-file record: where a header that was closed says, or else the newest in the file. */
static bool find_end(const struct eventlog *log, const struct header *header, struct end *out)
{
	struct end end;
	bool found = false;

	if (!header->dirty && end_at(log, header->end, out))
		return true;
	for (size_t at = log->first; at < log->size; at += ALIGNMENT) {
		if (end_at(log, at, &end) && (!found || end.next_number > out->next_number)) {
			*out = end;
			found = true;
		}
	}
	return found;
}

static void walk_to_end(struct eventlog *log, const struct end *end)
{
	size_t ring = log->size - log->first;

	log->at = end->begins;
	log->left = (end->ends + ring - end->begins) % ring;
	log->number = end->oldest_number - 1;
	log->numbered = end->oldest_number > 0;
	log->next_number = end->next_number;
}

/* The lowest and the highest number of all sound records in the file, and where the lowest lies. */
struct span {
	uint32_t lowest;
	uint32_t highest;
	size_t lowest_at;
};

static struct span find_span(const struct eventlog *log)
{
	struct span span = { UINT32_MAX, 0, log->first };
	struct fixed fixed;
	size_t at = log->first;

	while (at < log->size) {
		size_t n = ALIGNMENT;
		if (frame_at(log, at, log->size - at, &fixed)) {
			n = fixed.length;
			if (fixed.number > span.highest)
				span.highest = fixed.number;
			if (fixed.number < span.lowest) {
				span.lowest = fixed.number;
				span.lowest_at = at;
			}
		}
		at += n;
	}
	return span;
}

/* Without an end-of-file record: once around, from the record of the lowest number. */
static void walk_around(struct eventlog *log, const struct span *span)
{
	log->at = span->lowest_at;
	log->left = log->size - log->first;
	log->sorted = true;
}

/* Sets out from where the records begin, and tells whether the newest of them may be missing. */
static void walk(struct eventlog *log, const struct header *header, size_t file_size)
{
	struct end end;
	bool found = find_end(log, header, &end);
	bool trusted = found && !header->dirty && end.ends == header->end &&
		       end.next_number == header->next_number;
	struct span span = { 0, 0, 0 };

	if (!trusted)
		span = find_span(log);
	if (header->end > file_size || header->start > file_size)
		log->gap = EVENTLOG_PAST_FILE;
	else if (!found)
		log->gap = EVENTLOG_NO_END;
	else if (header->next_number > end.next_number || span.highest >= end.next_number)
		log->gap = EVENTLOG_RECORDS_GONE;
	if (found && span.highest < end.next_number)
		walk_to_end(log, &end);
	else
		walk_around(log, &span);
}

static enum status read_header(const void *bytes, size_t size, struct header *out)
{
	struct wire_reader r = wire_read_from(bytes, size);

	wire_skip(&r, 4); /* its size */
	uint32_t signature = wire_get_u32(&r);
	uint32_t major = wire_get_u32(&r);
	uint32_t minor = wire_get_u32(&r);
	out->start = wire_get_u32(&r);
	out->end = wire_get_u32(&r);
	out->next_number = wire_get_u32(&r);
	wire_skip(&r, 4 + 4); /* oldest number, size that the file may reach */
	out->dirty = wire_get_u32(&r) & FLAG_DIRTY;
	if (r.at >= 8 && signature != SIGNATURE)
		return STATUS_UNSUPPORTED;
	if (r.status != STATUS_OK || size < HEADER_SIZE)
		return STATUS_TRUNCATED;
	return major == 1 && minor == 1 ? STATUS_OK : STATUS_UNSUPPORTED;
}

enum status eventlog_open_file(struct eventlog *log, const void *bytes, size_t size)
{
	struct header header;
	struct eventlog opened;
	enum status status = read_header(bytes, size, &header);

	if (status != STATUS_OK)
		return status;
	if (size > EVENTLOG_MAX_FILE)
		return STATUS_LIMIT;
	eventlog_open_records(&opened, bytes, size - size % ALIGNMENT);
	opened.first = HEADER_SIZE;
	opened.wraps = true;
	opened.left = 0;
	walk(&opened, &header, size);
	*log = opened;
	return STATUS_OK;
}

int64_t eventlog_time_of(const struct eventlog *log, uint32_t number)
{
	struct eventlog at = *log;
	struct fixed fixed;

	while (at.left > 0) {
		if (!frame_at(&at, at.at, at.left, &fixed)) {
			skip(&at);
			continue;
		}
		if (fixed.number == number)
			return (int64_t)fixed.generated * 1000;
		advance(&at, fixed.length);
	}
	return TIMESTAMP_NONE;
}
