/*
 * Fills the trend with the time before one was kept, out of the history of the servers: once, when
 * a store has none. The store's reading thread works it out, a few servers at a time. The loop's
 * thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"
#include "collector/store/store.h"

/*
 * Begins; `done` runs once, perhaps from this call, when all rows until `now_ms` are stored, those
 * of the fleet last, or with what went wrong. The fleet is needed for this call alone; the end of
 * the store is one of this, too. Nothing more is asked of the store once `*stopped`.
 */
typedef void trend_filled(void *user, enum status status, const char *error);
void trend_fill(struct store *store, const struct fleet *fleet, int64_t now_ms, trend_filled *done,
		const bool *stopped, void *user);
