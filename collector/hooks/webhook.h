/*
 * The hook that is a webhook: a POST of the notification in the format that Alertmanager gives its
 * webhooks (version "4", https://prometheus.io/docs/alerting/latest/configuration/#webhook_config),
 * so that receivers which exist can be used, or in one of collector/hooks/formats.h; signed as
 * Standard Webhooks has it (standardwebhooks.com, specification 1.0.0).
 */
#pragma once

#include <stdint.h>

#include "collector/hooks/http.h"
#include "collector/model/notification.h"
#include "proto/base/buffer.h"

/* Adds the body in the format of the settings. */
void hook_webhook_write(const struct hook_settings *settings,
			const struct notification *notification, struct buffer *out);
