/*
 * A bare connection to where a collector's URL leads, straight or through the proxy's tunnel, with
 * nothing said on it: for looking at the collector's TLS with our own eyes
 * (agent/https/tls_look.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/https/send.h"
#include "proto/base/status.h"

struct dial;

/*
 * Connects, within SEND_CONNECT_MS where the system's resolver keeps to it.
 *
 * STATUS_UNREACHABLE  it does not come about; `error` tells why
 */
enum status dial_open(struct dial **out, const char *url, const struct send_options *options,
		      char error[SEND_MAX_ERROR_TEXT]);
void dial_close(struct dial *dial);

/*
 * Sends or receives what can be now, or waits at most `ms` for that.
 *
 * STATUS_TIMED_OUT    nothing yet
 * STATUS_UNREACHABLE  the connection is gone, or the end was asked for
 */
enum status dial_send(struct dial *dial, const void *bytes, size_t n, uint32_t ms, size_t *sent);
enum status dial_receive(struct dial *dial, void *bytes, size_t size, uint32_t ms, size_t *got);
