/*
 * What a hook that is tried is told: a notification of each kind that there is, about servers that
 * nobody has, marked as a test. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/notification.h"
#include "proto/base/arena.h"

/* "alert", "summary", "digest", "daily-report"; an alert has the reason NOTIFICATION_TEST. */
bool hook_sample_reason(const char *kind, enum notification_reason *out);

/* `id`, `hook` and `url`, the collector's or "", are borrowed; all else lives in `arena`. */
struct notification hook_sample(enum notification_reason reason, const char *id, const char *hook,
				const char *url, int64_t now_ms, struct arena *arena);
