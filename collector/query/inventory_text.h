/*
 * The list of servers that there should be, as an administrator has it: a name a line; a table of
 * commas, semicolons or tabs (RFC 4180, and as spreadsheets write it); what `net view` prints; the
 * servers.csv of a collector.
 *
 * A table's first line may be a heading, which says what its columns are: those of a name, an
 * organization and a site are taken, others are left out. Without one the columns are name,
 * organization, site, of which the last two may be absent or empty. Blank lines and lines that
 * begin with "#" are skipped. A name is that of the host, of which the part up to the first dot
 * counts, without case.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_report.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

#define INVENTORY_MAX_BYTES   ((size_t)8 * 1024 * 1024)
#define INVENTORY_MAX_SERVERS 200000
#define INVENTORY_MAX_FIELD   255 /* bytes of UTF-8 */
#define INVENTORY_ERROR_SIZE  256

/*
 * Reads `size` bytes; the rows are in the order of their keys and live in `arena`. `since_ms` goes
 * into each.
 *
 * STATUS_MALFORMED, STATUS_LIMIT  `error` says what is wrong, and in which line
 */
enum status inventory_text_read(const char *text, size_t size, int64_t since_ms,
				struct arena *arena, struct record_expected **out, size_t *n,
				char error[INVENTORY_ERROR_SIZE]);
