/*
 * A hive: the file in which Windows NT keeps a part of the registry, as it lies on a disk. Only the
 * Linux build reads hives; elsewhere opening one fails with words that say so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/windows/regfile.h"

#define HIVE_MAX_BYTES ((size_t)128 * 1024 * 1024)

struct hive;

/*
 * Reads the file whole; what happens to it later does not matter.
 *
 * STATUS_MALFORMED    it is damaged, or no hive
 * STATUS_UNSUPPORTED  this build reads none
 * STATUS_LIMIT, STATUS_DENIED, STATUS_NOT_FOUND, STATUS_SYSTEM
 */
enum status hive_open(struct hive **out, const char *path, struct os_error *error);
void hive_close(struct hive *hive);

/* Windows was writing to it when it was copied, or fell: its last changes are only in its log. */
bool hive_is_dirty(const struct hive *hive);

/* Is the key there? `path` is below the hive. */
bool hive_has_key(struct hive *hive, const char *path);

/*
 * Fills `out`, its texts in `arena`; a value whose data cannot be read is REGFILE_UNREADABLE.
 *
 * STATUS_NOT_FOUND  there is no such key or value
 */
enum status hive_find(struct hive *hive, const char *path, const char *name, struct arena *arena,
		      struct regfile_value *out);
