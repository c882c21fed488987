/*
 * The local time of a place, by the system's time zone database (RFC 9636, TZif). The C library
 * knows one zone for the whole process, and changing that disturbs other threads; this one reads
 * the file of a zone, so that each reader of mail can have their own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

/* Where the zones lie, "Europe/Berlin" in a file of that name. */
#define TIME_ZONE_FOLDER "/usr/share/zoneinfo"

/* Bytes of a zone's file; the largest of the database has 4 KB. */
#define TIME_ZONE_MAX_BYTES ((size_t)64 * 1024)

/* "CEST" or "+0330", and its NUL. */
#define TIME_ZONE_NAME_SIZE 17

struct time_zone;

/* The time that clocks show at a moment. */
struct time_zone_local {
	int64_t ms; /* as if it were UTC: timestamp_format() gives the local date and time */
	char name[TIME_ZONE_NAME_SIZE]; /* of that time: "CET" */
};

/*
 * The zone of an IANA name; lives in `arena`. NULL: `*why` says what is wrong, as the rest of a
 * sentence that begins with the name.
 */
const struct time_zone *time_zone_load(const char *name, struct arena *arena, const char **why);

/* A zone from the bytes of its file; NULL: they are no TZif of version 2 or later. */
const struct time_zone *time_zone_read(const uint8_t *bytes, size_t size, struct arena *arena);

/* NULL is UTC. */
struct time_zone_local time_zone_at(const struct time_zone *zone, int64_t ms);
