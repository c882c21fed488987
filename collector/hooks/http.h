/*
 * What hooks that speak HTTP have in common: how a request is put together from the settings, and
 * what an answer means.
 */
#pragma once

#include <stdint.h>

#include "collector/hooks/hook.h"
#include "collector/hooks/settings.h"
#include "collector/transfer/transcript.h"
#include "collector/transfer/transfer.h"
#include "proto/base/arena.h"

/* The way out, which all hooks share. */
struct hook_line {
	struct transfers *transfers;
	transcript_show *show; /* NULL: nobody looks */
	void *show_user;
};

/* A request to `url` as the settings want it; for any body it still needs fields and body. */
struct transfer_request hook_http_request(const struct hook_line *line,
					  const struct hook_settings *settings, const char *url,
					  struct arena *arena);

/*
 * 2xx: delivered. No answer, 408, 429 and 5xx: again later, for 429 and 503 when Retry-After says.
 * 410: the receiver is gone. All else, redirects too, no repetition would change. `out` borrows
 * `text`.
 */
void hook_http_judge(const struct transfer_result *result, char text[HOOK_TEXT_SIZE],
		     struct hook_result *out);

/*
 * For hooks that go on by themselves: logs when they begin to fail, and when they work again.
 * `failed` is theirs to remember.
 */
void hook_http_log(bool *failed, const char *name, const struct hook_result *result);
