/*
 * The registry of a directory that stands for a server's disk (agent/host/image/root.h): its hives
 * SYSTEM and SOFTWARE, and for what of these is not there all its exports together; read again
 * whenever one of them has changed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/host/image/hive.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/windows/regfile.h"

struct image_registry {
	const char *dir;         /* borrowed */
	struct regfile contents; /* of the exports; private, like what follows */
	struct hive *system;     /* NULL: there is none */
	struct hive *software;
	bool loaded;
	uint64_t seen; /* names, sizes and times of the files that were loaded */
};

void image_registry_init(struct image_registry *registry, const char *dir);
void image_registry_deinit(struct image_registry *registry);

/*
 * Brings it up to date.
 *
 * STATUS_SYSTEM     the directory holds neither hive nor export
 * STATUS_MALFORMED  one cannot be understood; `error` names file and line
 * STATUS_LIMIT, STATUS_DENIED, STATUS_NOT_FOUND (of the directory)
 */
enum status image_registry_refresh(struct image_registry *registry, struct os_error *error);

/* Failures as of host_read_value() and host_find_key(), and of image_registry_refresh(). */
enum status image_registry_read(struct image_registry *registry, const char *key, const char *name,
				struct arena *arena, struct host_value *out,
				struct os_error *error);
enum status image_registry_find_key(struct image_registry *registry, const char *key,
				    struct os_error *error);
