/*
 * Notifications that list fewer alerts: as many as a hook is told, or its receiver takes. Pure.
 */
#pragma once

#include <stddef.h>

#include "collector/model/notification.h"
#include "proto/base/arena.h"

/*
 * The same with its alerts worst first (what is over comes last), and at most `max` of them: the
 * rest counts as left out. Its list lives in `arena`, all else is that of `notification`.
 */
struct notification hook_shorten(const struct notification *notification, size_t max,
				 struct arena *arena);
