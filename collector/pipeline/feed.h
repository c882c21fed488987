/*
 * What the fleet's changes mean to those who follow (collector/http/event_stream.h):
 *   server   a server shows something new: its object, as GET /v1/servers has it
 *   seen     its report is newer, and nothing else: {"server", "reported_at"}
 *   removed  it is not shown any more: {"server"}
 *   site     the numbers of a site have changed: as GET /v1/sites has them; within FEED_SITES_MS
 *
 * The loop's thread only.
 */
#pragma once

#include <stdint.h>

#include "collector/fleet/fleet.h"
#include "collector/http/event_stream.h"
#include "collector/model/remarks.h"
#include "collector/query/inventory.h"

/* Counting sites looks through the whole fleet: not at every change. */
#define FEED_SITES_MS 250

struct feed;

/* All outlive it. */
struct feed *feed_new(struct uv_loop_s *loop, struct event_stream *events,
		      struct inventory *inventory, const struct remarks *remarks);
void feed_close(struct feed *feed); /* NULL is allowed */

/* To be called just before fleet_publish(). */
void feed_send(struct feed *feed, const struct fleet *fleet, const struct changes *changes,
	       int64_t now_ms);

/* The fleet was made anew: everybody is to ask again. */
void feed_reset(struct feed *feed, const struct fleet *fleet);
