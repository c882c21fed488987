/* The words of events, out of the message files that their source has registered. */
#pragma once

#include <stddef.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"

/* Files that are asked of one source; the registry may name more. */
#define HOST_MESSAGES_MAX_FILES 8

/*
 * Sets `text` of each event of the Application log's `source` for whose `full_id` one of the
 * source's message files (EventMessageFile in the registry) has words. The files are opened as
 * data, nothing in them is run. Where there is none, or it cannot be read, `text` stays as it is.
 */
void host_messages_put(struct host *host, const char *source, struct host_event *events, size_t n,
		       struct arena *arena);
