/*
 * The hook that is mail: one for each notification, plain text and HTML, over SMTP. All mails of a
 * group of alerts are one thread.
 */
#pragma once

#include <stdint.h>

#include "collector/hooks/http.h"
#include "collector/model/notification.h"
#include "proto/base/buffer.h"

/* Adds the mail. */
void hook_email_write(const struct hook_settings *settings, const struct notification *notification,
		      int64_t now_ms, struct buffer *out);

/*
 * The server took it: delivered. It answered 5xx: it never will (RFC 5321 section 4.2.1), but for
 * a login that failed (530, 534, 535, 538), which people mend. All else: again later. `out` borrows
 * `text`.
 */
void hook_email_judge(const struct transfer_result *result, char text[HOOK_TEXT_SIZE],
		      struct hook_result *out);
