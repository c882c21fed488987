/*
 * What an Alertmanager has been told: alerts by their labels, by which it tells them apart. It is
 * compared with what fires, so whatever no longer does, or does with other labels, is told to be
 * over, however it came to that. After a restart that is forgotten, and the Alertmanager ends those
 * alerts by itself (HOOK_ALERTMANAGER_END_MS).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/model/notification.h"
#include "proto/base/buffer.h"

/* How long it is told that an alert is over (Alertmanager's document alerts_api.md). */
#define ALERTMANAGER_STATE_OVER_MS 300000

struct alertmanager_state;

struct alertmanager_state *alertmanager_state_new(void);
void alertmanager_state_free(struct alertmanager_state *state);

/* A comparison: begin, see each alert that fires, end. */
void alertmanager_state_begin(struct alertmanager_state *state);
void alertmanager_state_put(struct alertmanager_state *state,
			    const struct notification_alert *alert);
void alertmanager_state_end(struct alertmanager_state *state, int64_t now_ms);

/*
 * Visits each alert as POST /api/v2/alerts takes it, JSON that is borrowed for the call: those that
 * fire, with an end at `open_end_ms`, and those that are over, with theirs.
 */
void alertmanager_state_each(const struct alertmanager_state *state, int64_t open_end_ms,
			     void (*visit)(void *user, const struct buffer *json), void *user);

/* Adds one alert in that form; `end_ms` is when it is over. */
void alertmanager_state_write(const struct notification_alert *alert, int64_t end_ms,
			      struct buffer *out);
