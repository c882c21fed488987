#include "collector/model/notification.h"

#include <string.h>

#include "proto/base/timestamp.h"
#include "proto/json/fields.h"
#include "proto/json/write.h"

static const char *const reason_texts[NOTIFICATION_REASON_COUNT] = {
	[NOTIFICATION_FIRST] = "first notification",
	[NOTIFICATION_NEW] = "new alerts added",
	[NOTIFICATION_SOME_RESOLVED] = "some alerts resolved",
	[NOTIFICATION_ALL_RESOLVED] = "all alerts resolved",
	[NOTIFICATION_REPEAT] = "repeat interval elapsed",
	[NOTIFICATION_TEST] = "test",
};

const char *notification_reason_text(enum notification_reason reason)
{
	return reason_texts[reason];
}

static const char *status_of(bool resolved)
{
	return resolved ? "resolved" : "firing";
}

static void add_alert(struct buffer *out, const struct notification_alert *alert)
{
	json_open_object(out, NULL);
	json_put_text(out, "id", alert->id);
	json_put_text(out, "fingerprint", alert->fingerprint);
	json_put_text(out, "condition", condition_name(alert->condition));
	json_put_text(out, "status", status_of(alert->resolved_ms != TIMESTAMP_NONE));
	json_put_text(out, "server", alert->server);
	json_put_text(out, "organization", alert->organization);
	json_put_text(out, "site", alert->site);
	json_put_text(out, "adapter", alert->adapter);
	json_put_text(out, "verdict", alert->verdict);
	json_put_text(out, "reason", alert->reason);
	json_put_text(out, "text", alert->text);
	json_put_text(out, "remedy", alert->remedy);
	json_put_text(out, "url", alert->url);
	json_put_time(out, "since", alert->since_ms);
	json_put_time(out, "fired_at", alert->fired_ms);
	json_put_time(out, "resolved_at", alert->resolved_ms);
	json_put_bool(out, "flapping", alert->flapping);
	json_close_object(out);
}

void notification_write(const struct notification *n, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "id", n->id);
	json_put_text(out, "hook", n->hook);
	json_put_text(out, "group", n->group_key);
	json_put_text(out, "organization", n->organization);
	json_put_text(out, "site", n->site);
	json_put_text(out, "cause", n->cause);
	json_put_text(out, "url", n->url);
	json_put_text(out, "status", status_of(n->resolved));
	json_put_text(out, "reason", notification_reason_text(n->reason));
	json_put_time(out, "at", n->at_ms);
	json_put_integer(out, "truncated", (int64_t)n->truncated);
	json_open_array(out, "alerts");
	for (size_t i = 0; i < n->n_alerts; i++) {
		add_alert(out, &n->alerts[i]);
	}
	json_close_array(out);
	json_finish(out);
}

static void need_text(struct json_reading *in, const struct json_place *at, const char *name,
		      const char **out)
{
	*out = "";
	json_require(in, at, name);
	json_get_text(in, at, name, out);
}

static bool read_status(struct json_reading *in, const struct json_place *at)
{
	const char *status = NULL;

	need_text(in, at, "status", &status);
	bool resolved = strcmp(status, "resolved") == 0;
	if (!resolved && strcmp(status, "firing") != 0)
		json_refuse(in, at, "status", STATUS_INVALID, "not firing or resolved");
	return resolved;
}

static void read_alert(struct json_reading *in, const struct json_place *at, void *item)
{
	struct notification_alert *alert = item;
	const char *condition = NULL;

	need_text(in, at, "id", &alert->id);
	need_text(in, at, "fingerprint", &alert->fingerprint);
	need_text(in, at, "condition", &condition);
	if (!condition_from_name(condition, &alert->condition))
		json_refuse(in, at, "condition", STATUS_INVALID, "no condition");
	need_text(in, at, "server", &alert->server);
	need_text(in, at, "organization", &alert->organization);
	need_text(in, at, "site", &alert->site);
	need_text(in, at, "adapter", &alert->adapter);
	need_text(in, at, "verdict", &alert->verdict);
	need_text(in, at, "reason", &alert->reason);
	need_text(in, at, "text", &alert->text);
	need_text(in, at, "remedy", &alert->remedy);
	need_text(in, at, "url", &alert->url);
	json_get_time(in, at, "since", &alert->since_ms);
	json_get_time(in, at, "fired_at", &alert->fired_ms);
	alert->resolved_ms = TIMESTAMP_NONE;
	if (read_status(in, at)) /* else it is null */
		json_get_time(in, at, "resolved_at", &alert->resolved_ms);
	json_get_bool(in, at, "flapping", &alert->flapping);
}

static enum notification_reason read_reason(struct json_reading *in, const struct json_place *at)
{
	const char *text = NULL;
	int i = 0;

	need_text(in, at, "reason", &text);
	while (i < NOTIFICATION_REASON_COUNT && strcmp(reason_texts[i], text) != 0)
		i++;
	if (i < NOTIFICATION_REASON_COUNT)
		return (enum notification_reason)i;
	json_refuse(in, at, "reason", STATUS_INVALID, "no reason");
	return NOTIFICATION_FIRST;
}

enum status notification_read(const char *text, size_t size, struct arena *arena,
			      struct notification *out)
{
	struct json_reading in;
	struct json_place root;
	struct notification n = { .at_ms = 0 };
	int64_t truncated = 0;

	json_begin(&in, text, size, NOTIFICATION_MAX_BYTES, arena, &root);
	need_text(&in, &root, "id", &n.id);
	need_text(&in, &root, "hook", &n.hook);
	need_text(&in, &root, "group", &n.group_key);
	need_text(&in, &root, "organization", &n.organization);
	need_text(&in, &root, "site", &n.site);
	need_text(&in, &root, "cause", &n.cause);
	need_text(&in, &root, "url", &n.url);
	n.resolved = read_status(&in, &root);
	n.reason = read_reason(&in, &root);
	json_get_time(&in, &root, "at", &n.at_ms);
	json_get_integer(&in, &root, "truncated", 0, JSON_MAX_INTEGER, &truncated);
	n.truncated = (size_t)truncated;
	n.alerts = json_get_list(&in, &root, "alerts", NOTIFICATION_MAX_ALERTS, sizeof *n.alerts,
				 read_alert, &n.n_alerts, NULL);
	json_end(&in);
	if (in.status == STATUS_OK)
		*out = n;
	return in.status;
}
