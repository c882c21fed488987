#include "collector/hooks/webhook.h"

#include <inttypes.h>

#include "collector/base/loop.h"
#include "collector/hooks/formats.h"
#include "collector/hooks/internal.h"
#include "collector/hooks/labels.h"
#include "collector/hooks/message.h"
#include "collector/hooks/shorten.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* Go's zero time, which stands for an end that is not there yet. */
#define OPEN_END "0001-01-01T00:00:00Z"

static void put_time(struct buffer *out, const char *name, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	json_put_text(out, name, ms == TIMESTAMP_NONE ? OPEN_END : timestamp_format(ms, text));
}

static void add_alert(struct buffer *out, const struct notification_alert *alert,
		      struct arena *arena)
{
	struct hook_labels labels = hook_labels_of(alert);
	struct hook_labels annotations = hook_labels_annotations(alert, arena);
	bool firing = alert->resolved_ms == TIMESTAMP_NONE;

	json_open_object(out, NULL);
	json_put_text(out, "status", firing ? "firing" : "resolved");
	json_put_name(out, "labels");
	hook_labels_write(&labels, out);
	json_put_name(out, "annotations");
	hook_labels_write(&annotations, out);
	put_time(out, "startsAt", alert->fired_ms);
	put_time(out, "endsAt", alert->resolved_ms);
	json_put_text(out, "generatorURL", alert->url);
	json_put_text(out, "fingerprint", alert->fingerprint);
	json_close_object(out);
}

/* Alerts of many groups have little in common but what is said of all. */
static void add_summary(struct buffer *out, const struct notification *n,
			const struct time_zone *zone)
{
	struct arena arena;
	struct buffer text;

	arena_init(&arena);
	buffer_init(&text);
	struct message message = message_of(n, zone, &arena);
	message_write_text(&message, &text);
	json_open_object(out, NULL);
	json_put_text(out, "summary", message.subject);
	json_put_text(out, "description", text.bytes);
	json_close_object(out);
	buffer_deinit(&text);
	arena_deinit(&arena);
}

static void add_common(struct buffer *out, const struct notification *n,
		       const struct time_zone *zone, struct arena *arena)
{
	struct hook_labels labels = { .n = 0 };
	struct hook_labels annotations = { .n = 0 };

	for (size_t i = 0; i < n->n_alerts; i++) {
		struct hook_labels these = hook_labels_of(&n->alerts[i]);
		struct hook_labels those = hook_labels_annotations(&n->alerts[i], arena);
		if (i == 0) {
			labels = these;
			annotations = those;
		}
		hook_labels_keep_common(&labels, &these);
		hook_labels_keep_common(&annotations, &those);
	}
	json_put_name(out, "commonLabels");
	hook_labels_write(&labels, out);
	json_put_name(out, "commonAnnotations");
	if (n->summary)
		add_summary(out, n, zone);
	else
		hook_labels_write(&annotations, out);
}

static void write_alertmanager(const struct notification *n, const struct time_zone *zone,
			       struct buffer *out)
{
	struct hook_labels group = { .names = { "organization", "site", "cause" },
				     .values = { n->organization, n->site, n->cause },
				     .n = 3 };
	struct arena arena;

	arena_init(&arena);
	json_open_object(out, NULL);
	json_put_text(out, "version", "4");
	json_put_text(out, "groupKey", n->group_key);
	json_put_integer(out, "truncatedAlerts", (int64_t)n->truncated);
	json_put_text(out, "status", n->resolved ? "resolved" : "firing");
	json_put_text(out, "receiver", n->hook);
	json_put_name(out, "groupLabels");
	hook_labels_write(&group, out);
	add_common(out, n, zone, &arena);
	json_put_text(out, "externalURL", n->url);
	json_put_text(out, "notification_reason", notification_reason_of_alertmanager(n->reason));
	json_put_text(out, "reason", notification_reason_text(n->reason));
	json_open_array(out, "alerts");
	for (size_t i = 0; i < n->n_alerts; i++) {
		add_alert(out, &n->alerts[i], &arena);
	}
	json_close_array(out);
	json_finish(out);
	arena_deinit(&arena);
}

void hook_webhook_write(const struct hook_settings *settings, const struct notification *n,
			struct buffer *out)
{
	struct arena arena;

	if (settings->format == HOOK_FORMAT_ALERTMANAGER) {
		write_alertmanager(n, settings->zone, out);
		return;
	}
	arena_init(&arena);
	struct message message = message_of(n, settings->zone, &arena);
	switch (settings->format) {
	case HOOK_FORMAT_SLACK:
		hook_slack_write(&message, out);
		break;
	case HOOK_FORMAT_TEAMS:
		hook_teams_write(&message, out);
		break;
	case HOOK_FORMAT_PAGERDUTY:
		hook_pagerduty_write(n, &message, settings->routing_key, out);
		break;
	case HOOK_FORMAT_ALERTMANAGER:
	case HOOK_FORMAT_COUNT:
		break;
	}
	arena_deinit(&arena);
}

/* While a secret is changed there are two: the receiver knows one of them. */
static const char *sign(const struct hook_settings *settings, const char *id, int64_t seconds,
			const struct buffer *body, struct arena *arena)
{
	char text[SIGNATURE_TEXT_SIZE];
	const char *all = "webhook-signature:";

	for (size_t i = 0; i < settings->n_secrets; i++) {
		signature_standard(&settings->secrets[i], id, seconds, body->bytes, body->size,
				   text);
		all = arena_printf(arena, "%s %s", all, text);
	}
	return all;
}

static void add_fields(struct transfer_request *request, const struct hook_settings *settings,
		       const char *id, int64_t seconds, const struct buffer *body,
		       struct arena *arena)
{
	char text[SIGNATURE_TEXT_SIZE];

	request->fields[request->n_fields++] = "Content-Type: application/json";
	request->fields[request->n_fields++] = arena_printf(arena, "webhook-id: %s", id);
	request->fields[request->n_fields++] =
		arena_printf(arena, "webhook-timestamp: %" PRId64, seconds);
	if (settings->n_secrets > 0)
		request->fields[request->n_fields++] = sign(settings, id, seconds, body, arena);
	if (!settings->github)
		return;
	signature_github(&settings->secrets[0], body->bytes, body->size, text);
	request->fields[request->n_fields++] = arena_printf(arena, "X-Hub-Signature-256: %s", text);
}

static struct transfer *send_notification(const struct hook_line *line,
					  const struct hook_settings *settings,
					  const struct notification *notification, int64_t now_ms,
					  transfer_done *done, void *user)
{
	struct arena arena;
	struct buffer body;

	arena_init(&arena);
	buffer_init(&body);
	hook_webhook_write(settings, notification, &body);
	struct transfer_request request =
		hook_http_request(line, settings, settings->urls[0], &arena);
	add_fields(&request, settings, notification->id, now_ms / 1000, &body, &arena);
	request.body_secret = settings->routing_key;
	request.body = body.bytes;
	request.size = body.size;
	struct transfer *transfer = transfer_start(line->transfers, &request, done, user);
	buffer_deinit(&body);
	arena_deinit(&arena);
	return transfer;
}

static void on_answer(void *user, const struct transfer_result *answer);

/* Sends what the attempt keeps with at most `max` of its alerts; false: it lists no more anyway. */
static bool send_fewer(struct hook_attempt *attempt, size_t max)
{
	struct notification kept;
	struct arena arena;

	arena_init(&arena);
	bool is_fewer = notification_read(attempt->json.bytes, attempt->json.size, &arena, &kept) ==
				STATUS_OK &&
			kept.n_alerts > max;
	if (is_fewer) {
		attempt->max_alerts = max;
		kept = hook_shorten(&kept, max, &arena);
		attempt->transfer = send_notification(attempt->line, attempt->settings, &kept,
						      loop_wall_ms(), on_answer, attempt);
	}
	arena_deinit(&arena);
	return is_fewer;
}

/* A receiver that finds it too large (413) gets half of it at once: late it would be no shorter. */
static void on_answer(void *user, const struct transfer_result *answer)
{
	struct hook_attempt *attempt = user;

	if (answer->completed && answer->status == 413 && attempt->max_alerts > 1 &&
	    send_fewer(attempt, attempt->max_alerts / 2))
		return;
	hook_attempt_on_transfer(attempt, answer);
}

static void start(struct hook_attempt *attempt, const struct notification *notification)
{
	attempt->judge = hook_http_judge;
	attempt->max_alerts = notification->n_alerts;
	notification_write(notification, &attempt->json);
	attempt->transfer = send_notification(attempt->line, attempt->settings, notification,
					      loop_wall_ms(), on_answer, attempt);
}

const struct hook_ops hook_webhook_ops = {
	.is_notified = true,
	.limit_ms = HOOK_DEFAULT_LIMIT_MS,
	.start = start,
};
