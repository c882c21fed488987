/* Explains TLS' part in a failed request, in the same words for a run and for the doctor. */
#pragma once

#include "agent/https/send.h"
#include "proto/base/arena.h"

/*
 * Why the request to `url` that gave `result` failed, in `arena`, where that came while TLS was
 * agreed on; else NULL. What libcurl calls the failure, behind what another look at the server's
 * certificate shows (agent/https/tls_look.h), at `now_ms` by this machine's clock. Takes a
 * handshake.
 */
const char *tls_failure_explain(const char *url, const struct send_options *options,
				const struct send_result *result, int64_t now_ms,
				struct arena *arena);
