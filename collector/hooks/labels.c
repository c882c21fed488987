#include "collector/hooks/labels.h"

#include <stdbool.h>
#include <string.h>

#include "proto/base/timestamp.h"
#include "proto/json/write.h"

static void add_label(struct hook_labels *pairs, const char *name, const char *value)
{
	pairs->names[pairs->n] = name;
	pairs->values[pairs->n++] = value;
}

struct hook_labels hook_labels_of(const struct notification_alert *alert)
{
	struct hook_labels pairs = { .n = 0 };

	add_label(&pairs, "alertname", condition_info(alert->condition)->alertname);
	add_label(&pairs, "severity", condition_info(alert->condition)->severity);
	add_label(&pairs, "organization", alert->organization);
	add_label(&pairs, "site", alert->site);
	add_label(&pairs, "server", alert->server);
	add_label(&pairs, "adapter", alert->adapter);
	add_label(&pairs, "condition", condition_name(alert->condition));
	return pairs;
}

const char *hook_labels_summary(const struct notification_alert *alert, struct arena *arena)
{
	const char *format = condition_info(alert->condition)->summary;
	const char *gap = strstr(format, "%s");
	const char *flaps = alert->flapping ? " (it comes and goes)" : "";

	if (!gap)
		return arena_printf(arena, "%s%s", format, flaps);
	return arena_printf(arena, "%.*s%s%s%s", (int)(gap - format), format, alert->server,
			    gap + 2, flaps);
}

struct hook_labels hook_labels_annotations(const struct notification_alert *alert,
					   struct arena *arena)
{
	struct hook_labels pairs = { .n = 0 };
	char *since = arena_alloc(arena, TIMESTAMP_TEXT_SIZE); /* zeroed */

	if (alert->since_ms != TIMESTAMP_NONE)
		timestamp_format(alert->since_ms, since);

	add_label(&pairs, "summary", hook_labels_summary(alert, arena));
	add_label(&pairs, "description",
		  alert->resolved_ms != TIMESTAMP_NONE && *alert->now_text ? alert->now_text
									   : alert->text);
	add_label(&pairs, "remedy", alert->remedy);
	add_label(&pairs, "since", since);
	add_label(&pairs, "runbook_url", alert->url); /* the server's page has the remedy in full */
	add_label(&pairs, "owner", alert->remarks.owner.text ? alert->remarks.owner.text : "");
	add_label(&pairs, "note", alert->remarks.note.text ? alert->remarks.note.text : "");
	return pairs;
}

void hook_labels_keep_common(struct hook_labels *pairs, const struct hook_labels *others)
{
	for (size_t i = 0; i < pairs->n; i++) {
		if (strcmp(pairs->values[i], others->values[i]) != 0)
			pairs->values[i] = "";
	}
}

void hook_labels_write(const struct hook_labels *pairs, struct buffer *out)
{
	json_open_object(out, NULL);
	for (size_t i = 0; i < pairs->n; i++) {
		if (*pairs->values[i] != '\0')
			json_put_text(out, pairs->names[i], pairs->values[i]);
	}
	json_close_object(out);
}
