/*
 * The forms of a webhook's body that are for people: a message as JSON for Slack, Microsoft Teams
 * and PagerDuty. Whatever the texts hold, they stay within what the receivers take, and mean
 * nothing to them but themselves.
 */
#pragma once

#include <stddef.h>

#include "collector/hooks/message.h"
#include "collector/model/notification.h"
#include "proto/base/buffer.h"

/*
 * A message for an incoming webhook of Slack, in blocks
 * (docs.slack.dev/reference/block-kit/blocks): a message has at most 50 of them, a header 150
 * characters, a section 3,000; all together about 13,000, which the reference does not say, but
 * Slack's answer msg_blocks_too_long does.
 */
#define HOOK_SLACK_MAX_BLOCKS  50
#define HOOK_SLACK_MAX_HEADER  150
#define HOOK_SLACK_MAX_SECTION 3000
#define HOOK_SLACK_MAX_TEXTS   12000
void hook_slack_write(const struct message *message, struct buffer *out);

/*
 * An Adaptive Card in a message, as Teams' Workflows and incoming webhooks take it
 * (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors). The limit there is 28 KB;
 * some met it at 21.
 */
#define HOOK_TEAMS_MAX_BYTES 20000
void hook_teams_write(const struct message *message, struct buffer *out);

/*
 * An event of PagerDuty's Events API V2 (developer.pagerduty.com/docs/events-api-v2): trigger,
 * acknowledge once somebody looks after all that fires, resolve; one alert there for each group
 * here.
 */
#define HOOK_PAGERDUTY_MAX_SUMMARY 1024
#define HOOK_PAGERDUTY_MAX_KEY     255
#define HOOK_PAGERDUTY_MAX_BYTES   ((size_t)512 * 1024)
void hook_pagerduty_write(const struct notification *notification, const struct message *message,
			  const char *routing_key, struct buffer *out);
