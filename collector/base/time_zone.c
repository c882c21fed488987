#include "collector/base/time_zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collector/base/file_open.h"
#include "collector/base/time_zone_rule.h"
#include "proto/base/wire.h"

#define HEADER_BYTES 44
#define TYPE_BYTES   6 /* offset, is it summer time, where its name begins */

/* Offsets beyond this are no clocks (RFC 9636 section 3.2 allows a day and an hour). */
#define MAX_OFFSET_S (26 * 3600)

struct local_type {
	int32_t offset_s;
	const char *name;
};

struct time_zone {
	const int64_t *changes_s; /* in their order */
	const uint8_t *types_after;
	size_t n_changes;
	const struct local_type *types; /* the first one holds before all changes */
	size_t n_types;
	struct time_zone_rule rule; /* behind the last change */
	bool has_rule;
};

/* The counts of a header, in their order in the file. */
struct counts {
	uint32_t utc;
	uint32_t standard;
	uint32_t leap;
	uint32_t time;
	uint32_t type;
	uint32_t letter;
};

static bool read_header(struct wire_reader *in, struct counts *out)
{
	const uint8_t *head = wire_get_bytes(in, 5);

	wire_skip(in, 15);
	out->utc = wire_get_u32(in);
	out->standard = wire_get_u32(in);
	out->leap = wire_get_u32(in);
	out->time = wire_get_u32(in);
	out->type = wire_get_u32(in);
	out->letter = wire_get_u32(in);
	return in->status == STATUS_OK && memcmp(head, "TZif", 4) == 0 && head[4] >= '2' &&
	       out->utc <= in->size && out->standard <= in->size && out->leap <= in->size &&
	       out->time <= in->size && out->type <= in->size && out->letter <= in->size;
}

/* Bytes behind a header, where moments have `width` bytes. */
static size_t bytes_of(const struct counts *n, size_t width)
{
	return (size_t)n->time * (width + 1) + (size_t)n->type * TYPE_BYTES + n->letter +
	       n->leap * (width + 4) + n->standard + n->utc;
}

static int64_t get_moment(struct wire_reader *in)
{
	uint64_t high = wire_get_u32(in);
	return (int64_t)(high << 32 | wire_get_u32(in));
}

static bool read_changes(struct wire_reader *in, const struct counts *n, struct time_zone *out,
			 struct arena *arena)
{
	int64_t *changes = arena_alloc_array(arena, n->time + 1, sizeof *changes);

	for (size_t i = 0; i < n->time; i++) {
		changes[i] = get_moment(in);
		if (i > 0 && changes[i] <= changes[i - 1])
			return false;
	}
	const uint8_t *types = wire_get_bytes(in, n->time);
	if (!types)
		return false;
	for (size_t i = 0; i < n->time; i++) {
		if (types[i] >= n->type)
			return false;
	}
	out->changes_s = changes;
	out->types_after = (const uint8_t *)arena_strndup(arena, (const char *)types, n->time);
	out->n_changes = n->time;
	return true;
}

static bool read_types(struct wire_reader *in, const struct counts *n, struct time_zone *out,
		       struct arena *arena)
{
	struct wire_reader types = wire_get_part(in, (size_t)n->type * TYPE_BYTES);
	const uint8_t *letters = wire_get_bytes(in, n->letter);
	struct local_type *all = arena_alloc_array(arena, n->type, sizeof *all);

	if (!letters || n->letter == 0 || letters[n->letter - 1] != '\0')
		return false;
	const char *names = arena_strndup(arena, (const char *)letters, n->letter);
	for (size_t i = 0; i < n->type; i++) {
		all[i].offset_s = (int32_t)wire_get_u32(&types);
		wire_skip(&types, 1);
		uint8_t at = wire_get_u8(&types);
		if (all[i].offset_s < -MAX_OFFSET_S || all[i].offset_s > MAX_OFFSET_S ||
		    at >= n->letter)
			return false;
		all[i].name = names + at;
	}
	out->types = all;
	out->n_types = n->type;
	return types.status == STATUS_OK;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n": what holds behind the last change. */
static bool read_rule(struct wire_reader *in, struct time_zone *out, struct arena *arena)
{
	size_t n = wire_left(in);
	const char *text = (const char *)wire_get_bytes(in, n);
	const char *end = n > 1 && text && *text == '\n' ? memchr(text + 1, '\n', n - 1) : NULL;

	if (!end)
		return false;
	const char *rule = arena_strndup(arena, text + 1, (size_t)(end - text - 1));
	out->has_rule = *rule != '\0';
	return !out->has_rule || time_zone_rule_read(rule, &out->rule);
}

const struct time_zone *time_zone_read(const uint8_t *bytes, size_t size, struct arena *arena)
{
	struct wire_reader in = wire_read_from(bytes, size);
	struct time_zone *zone = arena_alloc(arena, sizeof *zone);
	struct counts n;

	in.big_endian = true;
	if (size > TIME_ZONE_MAX_BYTES || !read_header(&in, &n))
		return NULL;
	wire_skip(&in, bytes_of(&n, 4)); /* what programs of before 2005 read */
	if (!read_header(&in, &n) || n.type == 0 || !read_changes(&in, &n, zone, arena) ||
	    !read_types(&in, &n, zone, arena))
		return NULL;
	wire_skip(&in, (size_t)n.leap * 12 + n.standard + n.utc);
	return read_rule(&in, zone, arena) ? zone : NULL;
}

/* "Area/Place" of the database, which leads nowhere else. */
static bool is_name(const char *name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	return *name && *name != '/' && name[strspn(name, letters)] == '\0';
}

const struct time_zone *time_zone_load(const char *name, struct arena *arena, const char **why)
{
	if (!is_name(name)) {
		*why = "is no name of a time zone, such as Europe/Berlin";
		return NULL;
	}
	FILE *file = file_open(arena_printf(arena, "%s/%s", TIME_ZONE_FOLDER, name), why);
	if (!file) {
		*why = arena_printf(arena,
				    "is not in " TIME_ZONE_FOLDER " (%s); the package tzdata "
				    "has all time zones",
				    *why);
		return NULL;
	}
	uint8_t *bytes = arena_alloc(arena, TIME_ZONE_MAX_BYTES + 1);
	size_t size = fread(bytes, 1, TIME_ZONE_MAX_BYTES + 1, file);
	fclose(file);
	const struct time_zone *zone = time_zone_read(bytes, size, arena);
	if (!zone)
		*why = "is no time zone: its file in " TIME_ZONE_FOLDER " cannot be read";
	return zone;
}

/* Which type of local time holds; NULL: the rule says. */
static const struct local_type *type_at(const struct time_zone *zone, int64_t seconds)
{
	size_t low = 0;
	size_t high = zone->n_changes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->changes_s[middle] <= seconds)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->n_changes && zone->has_rule)
		return NULL;
	return &zone->types[low == 0 ? 0 : zone->types_after[low - 1]];
}

struct time_zone_local time_zone_at(const struct time_zone *zone, int64_t ms)
{
	struct time_zone_local local = { .ms = ms, .name = "UTC" };
	int64_t seconds = ms / 1000 - (ms % 1000 < 0);
	int32_t offset_s = 0;

	if (!zone)
		return local;
	const struct local_type *type = type_at(zone, seconds);
	const char *name = type ? type->name : time_zone_rule_at(&zone->rule, seconds, &offset_s);
	local.ms = ms + (type ? type->offset_s : offset_s) * INT64_C(1000);
	snprintf(local.name, sizeof local.name, "%s", name);
	return local;
}
