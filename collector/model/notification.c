#include "collector/model/notification.h"

#include <string.h>

#include "proto/base/timestamp.h"
#include "proto/json/fields.h"
#include "proto/json/write.h"

/* The names of reasons, and those that Alertmanager, and versions before, have for them. */
static const struct {
	const char *text;
	const char *alertmanager;
} reasons[NOTIFICATION_REASON_COUNT] = {
	[NOTIFICATION_ESCALATED] = { "escalated", "unknown" },
	[NOTIFICATION_OPENED] = { "opened", "first notification" },
	[NOTIFICATION_MORE] = { "more servers", "new alerts added" },
	[NOTIFICATION_EASED] = { "eased", "unknown" },
	[NOTIFICATION_FEWER] = { "fewer servers", "some alerts resolved" },
	[NOTIFICATION_RESOLVED] = { "resolved", "all alerts resolved" },
	[NOTIFICATION_ACKNOWLEDGED] = { "acknowledged", "unknown" },
	[NOTIFICATION_STILL_OPEN] = { "still open", "repeat interval elapsed" },
	[NOTIFICATION_TEST] = { "test", "unknown" },
	[NOTIFICATION_SUMMARY] = { "summary", "unknown" },
	[NOTIFICATION_DIGEST] = { "digest", "unknown" },
	[NOTIFICATION_DAILY_REPORT] = { "daily report", "unknown" },
};

const char *notification_reason_text(enum notification_reason reason)
{
	return reasons[reason].text;
}

const char *notification_reason_of_alertmanager(enum notification_reason reason)
{
	return reasons[reason].alertmanager;
}

struct notification_alert notification_alert_empty(void)
{
	return (struct notification_alert){
		.id = "",
		.fingerprint = "",
		.condition = CONDITION_UNKNOWN,
		.server = "",
		.organization = "",
		.site = "",
		.adapter = "",
		.verdict = "",
		.reason = "",
		.text = "",
		.now_text = "",
		.remedy = "",
		.url = "",
		.event_ms = TIMESTAMP_NONE,
		.since_ms = TIMESTAMP_NONE,
		.fired_ms = TIMESTAMP_NONE,
		.resolved_ms = TIMESTAMP_NONE,
		.acknowledged_by = "",
		.acknowledged_ms = TIMESTAMP_NONE,
		.comment = "",
		.remarks = remark_pair_none(),
	};
}

static const char *status_of(bool resolved)
{
	return resolved ? "resolved" : "firing";
}

static void add_step(struct buffer *out, const struct notification_step *step)
{
	json_open_object(out, NULL);
	json_put_text(out, "text", step->text);
	json_put_text(out, "verdict_after", *step->verdict_after ? step->verdict_after : NULL);
	json_close_object(out);
}

void notification_write_options(const struct notification_option *options, size_t n,
				struct buffer *out)
{
	json_open_array(out, "options");
	for (size_t i = 0; i < n; i++) {
		json_open_object(out, NULL);
		json_open_array(out, "steps");
		for (size_t j = 0; j < options[i].n; j++)
			add_step(out, &options[i].steps[j]);
		json_close_array(out);
		json_close_object(out);
	}
	json_close_array(out);
}

static void add_acknowledgement(struct buffer *out, const struct notification_alert *alert)
{
	if (!*alert->acknowledged_by) {
		json_put_null(out, "acknowledged");
		return;
	}
	json_open_object(out, "acknowledged");
	json_put_text(out, "by", alert->acknowledged_by);
	json_put_time(out, "at", alert->acknowledged_ms);
	json_put_text(out, "comment", alert->comment);
	json_close_object(out);
}

static void add_event(struct buffer *out, const struct notification_alert *alert)
{
	if (alert->event)
		json_put_integer(out, "event", alert->event);
	else
		json_put_null(out, "event");
	json_put_time(out, "event_at", alert->event ? alert->event_ms : TIMESTAMP_NONE);
}

static void add_alert(struct buffer *out, const struct notification_alert *alert)
{
	json_open_object(out, NULL);
	json_put_text(out, "id", alert->id);
	json_put_text(out, "fingerprint", alert->fingerprint);
	json_put_text(out, "condition", condition_name(alert->condition));
	json_put_text(out, "before", alert->has_before ? condition_name(alert->before) : NULL);
	json_put_text(out, "status", status_of(alert->resolved_ms != TIMESTAMP_NONE));
	json_put_text(out, "server", alert->server);
	json_put_text(out, "organization", alert->organization);
	json_put_text(out, "site", alert->site);
	json_put_text(out, "adapter", alert->adapter);
	json_put_text(out, "verdict", alert->verdict);
	json_put_text(out, "reason", alert->reason);
	json_put_text(out, "text", alert->text);
	json_put_text(out, "now", alert->now_text);
	json_put_text(out, "remedy", alert->remedy);
	notification_write_options(alert->options, alert->n_options, out);
	json_put_text(out, "url", alert->url);
	add_event(out, alert);
	json_put_time(out, "since", alert->since_ms);
	json_put_time(out, "fired_at", alert->fired_ms);
	json_put_time(out, "resolved_at", alert->resolved_ms);
	json_put_bool(out, "flapping", alert->flapping);
	add_acknowledgement(out, alert);
	remark_pair_write(&alert->remarks, out);
	json_close_object(out);
}

static void add_firing(struct buffer *out, const size_t firing[CONDITION_COUNT])
{
	json_open_object(out, "firing");
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (firing[i] > 0)
			json_put_integer(out, condition_name((enum condition)i),
					 (int64_t)firing[i]);
	}
	json_close_object(out);
}

static void add_fleet(struct buffer *out, const struct notification_fleet *fleet)
{
	if (!fleet) {
		json_put_null(out, "fleet");
		return;
	}
	json_open_object(out, "fleet");
	json_put_integer(out, "servers", (int64_t)fleet->servers);
	json_put_integer(out, "fixed", (int64_t)fleet->fixed);
	json_put_integer(out, "silent", (int64_t)fleet->silent);
	json_put_integer(out, "not_monitored", (int64_t)fleet->not_monitored);
	json_close_object(out);
}

static void add_sites(struct buffer *out, const struct notification_summary *summary)
{
	json_open_array(out, "sites");
	for (size_t i = 0; i < summary->n_sites; i++) {
		json_open_object(out, NULL);
		json_put_text(out, "organization", summary->sites[i].organization);
		json_put_text(out, "site", summary->sites[i].site);
		add_firing(out, summary->sites[i].firing);
		json_close_object(out);
	}
	json_close_array(out);
}

static void add_summary(struct buffer *out, const struct notification_summary *summary)
{
	if (!summary) {
		json_put_null(out, "summary");
		return;
	}
	json_open_object(out, "summary");
	json_put_time(out, "since", summary->since_ms);
	json_put_integer(out, "opened", (int64_t)summary->opened);
	json_put_integer(out, "resolved", (int64_t)summary->resolved);
	json_put_time(out, "next", summary->next_ms);
	json_put_integer(out, "more_sites", (int64_t)summary->more_sites);
	add_sites(out, summary);
	add_fleet(out, summary->fleet);
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
	json_put_bool(out, "test", n->is_test);
	json_put_time(out, "at", n->at_ms);
	json_put_integer(out, "truncated", (int64_t)n->truncated);
	add_firing(out, n->firing);
	json_open_array(out, "alerts");
	for (size_t i = 0; i < n->n_alerts; i++) {
		add_alert(out, &n->alerts[i]);
	}
	json_close_array(out);
	add_summary(out, n->summary);
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

static void may_have_text(struct json_reading *in, const struct json_place *at, const char *name,
			  const char **out)
{
	*out = "";
	json_get_text(in, at, name, out);
}

static void read_step(struct json_reading *in, const struct json_place *at, void *item)
{
	struct notification_step *step = item;

	need_text(in, at, "text", &step->text);
	may_have_text(in, at, "verdict_after", &step->verdict_after);
}

static void read_option(struct json_reading *in, const struct json_place *at, void *item)
{
	struct notification_option *option = item;

	option->steps = json_get_list(in, at, "steps", NOTIFICATION_MAX_STEPS,
				      sizeof *option->steps, read_step, &option->n, NULL);
}

const struct notification_option *notification_read_options(struct json_reading *in,
							    const struct json_place *at, size_t *n)
{
	return json_get_list(in, at, "options", NOTIFICATION_MAX_OPTIONS,
			     sizeof(struct notification_option), read_option, n, NULL);
}

static enum condition read_condition(struct json_reading *in, const struct json_place *at,
				     const char *name, const char *text)
{
	enum condition condition = CONDITION_FAILING;

	if (!condition_from_name(text, &condition))
		json_refuse(in, at, name, STATUS_INVALID, "no condition");
	return condition;
}

static void read_before(struct json_reading *in, const struct json_place *at,
			struct notification_alert *alert)
{
	const char *before = json_borrow_text(in, at, "before");

	alert->has_before = before != NULL;
	if (before)
		alert->before = read_condition(in, at, "before", before);
}

static void read_event(struct json_reading *in, const struct json_place *at,
		       struct notification_alert *alert)
{
	json_get_integer(in, at, "event", 0, JSON_MAX_INTEGER, &alert->event);
	json_get_time(in, at, "event_at", &alert->event_ms);
}

static void read_acknowledgement(struct json_reading *in, const struct json_place *at,
				 struct notification_alert *alert)
{
	struct json_place object;

	if (!json_get_object(in, at, "acknowledged", &object))
		return;
	need_text(in, &object, "by", &alert->acknowledged_by);
	json_get_time(in, &object, "at", &alert->acknowledged_ms);
	may_have_text(in, &object, "comment", &alert->comment);
}

static void read_alert(struct json_reading *in, const struct json_place *at, void *item)
{
	struct notification_alert *alert = item;
	const char *condition = NULL;

	*alert = notification_alert_empty();
	need_text(in, at, "id", &alert->id);
	need_text(in, at, "fingerprint", &alert->fingerprint);
	need_text(in, at, "condition", &condition);
	alert->condition = read_condition(in, at, "condition", condition);
	read_before(in, at, alert);
	need_text(in, at, "server", &alert->server);
	need_text(in, at, "organization", &alert->organization);
	need_text(in, at, "site", &alert->site);
	need_text(in, at, "adapter", &alert->adapter);
	need_text(in, at, "verdict", &alert->verdict);
	need_text(in, at, "reason", &alert->reason);
	need_text(in, at, "text", &alert->text);
	may_have_text(in, at, "now", &alert->now_text);
	need_text(in, at, "remedy", &alert->remedy);
	alert->options = notification_read_options(in, at, &alert->n_options);
	need_text(in, at, "url", &alert->url);
	read_event(in, at, alert);
	json_get_time(in, at, "since", &alert->since_ms);
	json_get_time(in, at, "fired_at", &alert->fired_ms);
	if (read_status(in, at))
		json_get_time(in, at, "resolved_at", &alert->resolved_ms);
	json_get_bool(in, at, "flapping", &alert->flapping);
	read_acknowledgement(in, at, alert);
	alert->remarks = remark_pair_read(in, at);
}

static size_t get_count(struct json_reading *in, const struct json_place *at, const char *name)
{
	int64_t n = 0;

	json_get_integer(in, at, name, 0, JSON_MAX_INTEGER, &n);
	return (size_t)n;
}

static void read_firing(struct json_reading *in, const struct json_place *at,
			size_t firing[CONDITION_COUNT])
{
	struct json_place object;

	if (!json_get_object(in, at, "firing", &object))
		return;
	for (int i = 0; i < CONDITION_COUNT; i++)
		firing[i] = get_count(in, &object, condition_name((enum condition)i));
}

static const struct notification_fleet *read_fleet(struct json_reading *in,
						   const struct json_place *at)
{
	struct json_place object;

	if (!json_get_object(in, at, "fleet", &object))
		return NULL;
	struct notification_fleet *fleet = arena_alloc(in->arena, sizeof *fleet);
	*fleet = (struct notification_fleet){
		.servers = get_count(in, &object, "servers"),
		.fixed = get_count(in, &object, "fixed"),
		.silent = get_count(in, &object, "silent"),
		.not_monitored = get_count(in, &object, "not_monitored"),
	};
	return fleet;
}

static void read_site(struct json_reading *in, const struct json_place *at, void *item)
{
	struct notification_site *site = item;

	need_text(in, at, "organization", &site->organization);
	need_text(in, at, "site", &site->site);
	read_firing(in, at, site->firing);
}

static const struct notification_summary *read_summary(struct json_reading *in,
						       const struct json_place *at)
{
	struct json_place object;

	if (!json_get_object(in, at, "summary", &object))
		return NULL;
	struct notification_summary *summary = arena_alloc(in->arena, sizeof *summary);
	*summary = (struct notification_summary){ .next_ms = TIMESTAMP_NONE };
	json_require(in, &object, "since");
	json_get_time(in, &object, "since", &summary->since_ms);
	json_get_time(in, &object, "next", &summary->next_ms);
	summary->opened = get_count(in, &object, "opened");
	summary->resolved = get_count(in, &object, "resolved");
	summary->more_sites = get_count(in, &object, "more_sites");
	summary->sites = json_get_list(in, &object, "sites", NOTIFICATION_MAX_SITES,
				       sizeof *summary->sites, read_site, &summary->n_sites, NULL);
	summary->fleet = read_fleet(in, &object);
	return summary;
}

static enum notification_reason read_reason(struct json_reading *in, const struct json_place *at)
{
	const char *text = NULL;
	int i = 0;

	need_text(in, at, "reason", &text);
	while (i < NOTIFICATION_REASON_COUNT && strcmp(reasons[i].text, text) != 0 &&
	       (strcmp(reasons[i].alertmanager, text) != 0 || strcmp(text, "unknown") == 0))
		i++;
	if (i < NOTIFICATION_REASON_COUNT)
		return (enum notification_reason)i;
	json_refuse(in, at, "reason", STATUS_INVALID, "no reason");
	return NOTIFICATION_OPENED;
}

enum status notification_read(const char *text, size_t size, struct arena *arena,
			      struct notification *out)
{
	struct json_reading in;
	struct json_place root;
	struct notification n = { .at_ms = 0 };
	int64_t truncated = 0;

	json_begin(&in, text, size, NOTIFICATION_MAX_BYTES, arena, &root);
	in.null_is_absent = true;
	need_text(&in, &root, "id", &n.id);
	need_text(&in, &root, "hook", &n.hook);
	need_text(&in, &root, "group", &n.group_key);
	need_text(&in, &root, "organization", &n.organization);
	need_text(&in, &root, "site", &n.site);
	need_text(&in, &root, "cause", &n.cause);
	need_text(&in, &root, "url", &n.url);
	n.resolved = read_status(&in, &root);
	n.reason = read_reason(&in, &root);
	n.is_test = n.reason == NOTIFICATION_TEST; /* all that a version before says of it */
	json_get_bool(&in, &root, "test", &n.is_test);
	json_get_time(&in, &root, "at", &n.at_ms);
	json_get_integer(&in, &root, "truncated", 0, JSON_MAX_INTEGER, &truncated);
	n.truncated = (size_t)truncated;
	read_firing(&in, &root, n.firing);
	n.alerts = json_get_list(&in, &root, "alerts", NOTIFICATION_MAX_ALERTS, sizeof *n.alerts,
				 read_alert, &n.n_alerts, NULL);
	n.summary = read_summary(&in, &root);
	json_end(&in);
	if (in.status == STATUS_OK)
		*out = n;
	return in.status;
}
