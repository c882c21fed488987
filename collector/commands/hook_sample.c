#include "collector/commands/hook_sample.h"

#include <string.h>

#include "proto/base/timestamp.h"

#define MINUTE_MS (INT64_C(60) * 1000)
#define DAY_MS    (INT64_C(24) * 60 * MINUTE_MS)

bool hook_sample_reason(const char *kind, enum notification_reason *out)
{
	static const struct {
		const char *kind;
		enum notification_reason reason;
	} all[] = {
		{ "alert", NOTIFICATION_TEST },
		{ "summary", NOTIFICATION_SUMMARY },
		{ "digest", NOTIFICATION_DIGEST },
		{ "daily-report", NOTIFICATION_DAILY_REPORT },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (strcmp(all[i].kind, kind) != 0)
			continue;
		*out = all[i].reason;
		return true;
	}
	return false;
}

static const struct notification_step disable = { "Disable adapter B (192.0.2.1/24).", "clear" };
static const struct notification_option ways[] = { { &disable, 1 } };

/* The alerts that are listed; the worst comes first. */
static const struct row {
	const char *server;
	const char *site;
	enum condition condition;
	const char *text;
} rows[] = {
	{ "TEST1", "HQ", CONDITION_FAILING,
	  "The MTA is not running: its last start failed with event 9321, NT Error 11004." },
	{ "TEST2", "HQ", CONDITION_EXPOSED,
	  "Adapter B (192.0.2.2) reaches no server of the site over RPC." },
	{ "TEST3", "HQ", CONDITION_AT_RISK,
	  "Adapter B (192.0.2.3) reaches only some of the site's servers." },
	{ "TEST4", "BRANCH", CONDITION_SILENT, "It has not reported for 15 minutes." },
};
#define N_ROWS (sizeof rows / sizeof *rows)

/* What fires beside these: so many silent servers of the branch are not listed. */
#define NOT_LISTED 5

static const struct notification_site sites[] = {
	{ "TEST",
	  "HQ",
	  { [CONDITION_FAILING] = 1, [CONDITION_EXPOSED] = 1, [CONDITION_AT_RISK] = 1 } },
	{ "TEST", "BRANCH", { [CONDITION_SILENT] = 1 + NOT_LISTED } },
};

/* What fails is told at once on the first day, and is in no digest. */
static const struct notification_site sites_of_digest[] = {
	{ "TEST", "HQ", { [CONDITION_EXPOSED] = 1, [CONDITION_AT_RISK] = 1 } },
	{ "TEST", "BRANCH", { [CONDITION_SILENT] = 1 + NOT_LISTED } },
};

static const struct notification_fleet fleet = {
	.servers = 300,
	.fixed = 96,
	.silent = 1 + NOT_LISTED,
	.not_monitored = 2,
};

static struct notification_alert alert_of(const struct row *row, int64_t now_ms)
{
	bool is_silent = row->condition == CONDITION_SILENT;
	struct notification_alert alert = notification_alert_empty();

	alert.id = "0";
	alert.fingerprint = "0000000000000000";
	alert.condition = row->condition;
	alert.server = row->server;
	alert.organization = "TEST";
	alert.site = row->site;
	alert.reason = "test";
	alert.text = row->text;
	alert.remedy = "See whether the machine, its network and its agent are up.";
	alert.options = is_silent ? NULL : ways;
	alert.n_options = is_silent ? 0 : 1;
	alert.remarks.owner = (struct remark){ "Test team", "test", now_ms, true };
	alert.remarks.note = (struct remark){ "A note about the server.", "test", now_ms, false };
	alert.since_ms = alert.fired_ms = now_ms - 4 * MINUTE_MS;
	if (row->condition == CONDITION_FAILING) {
		alert.event = 9321;
		alert.event_ms = now_ms - 6 * MINUTE_MS;
	}
	return alert;
}

static const struct notification_alert *list_rows(size_t first, int64_t now_ms, struct arena *arena)
{
	struct notification_alert *alerts = arena_alloc_array(arena, N_ROWS, sizeof *alerts);

	for (size_t i = first; i < N_ROWS; i++)
		alerts[i - first] = alert_of(&rows[i], now_ms);
	return alerts;
}

static const struct notification_alert *list_one(int64_t now_ms, struct arena *arena)
{
	struct notification_alert *alert = arena_alloc(arena, sizeof *alert);

	*alert = notification_alert_empty();
	alert->id = "0";
	alert->fingerprint = "0000000000000000";
	alert->condition = CONDITION_EXPOSED;
	alert->server = alert->organization = alert->site = "TEST";
	alert->verdict = "exposed";
	alert->reason = "test";
	alert->text = "This is a test of a hook of mtawatch. Nothing is wrong.";
	alert->remedy = "Nothing has to be done.";
	alert->since_ms = alert->fired_ms = now_ms;
	return alert;
}

static void fill_one(struct notification *out, struct arena *arena)
{
	out->organization = out->site = "TEST";
	out->url = "";
	out->alerts = list_one(out->at_ms, arena);
	out->n_alerts = 1;
	out->firing[CONDITION_EXPOSED] = 1;
}

static void fill_many(struct notification *out, struct arena *arena)
{
	bool is_storm = out->reason == NOTIFICATION_SUMMARY;
	bool is_digest = out->reason == NOTIFICATION_DIGEST;
	bool is_report = out->reason == NOTIFICATION_DAILY_REPORT;
	struct notification_summary *summary = arena_alloc(arena, sizeof *summary);
	size_t first = is_digest ? 1 : 0;

	*summary = (struct notification_summary){
		.since_ms = out->at_ms - (is_storm ? 5 * MINUTE_MS : DAY_MS),
		.opened = N_ROWS - first + NOT_LISTED,
		.resolved = 0,
		.sites = is_digest ? sites_of_digest : sites,
		.n_sites = sizeof sites / sizeof *sites,
		.fleet = is_report ? &fleet : NULL,
		.next_ms = is_storm    ? out->at_ms + 5 * MINUTE_MS
			   : is_report ? out->at_ms + DAY_MS
				       : TIMESTAMP_NONE,
	};
	out->summary = summary;
	out->alerts = list_rows(first, out->at_ms, arena);
	out->n_alerts = N_ROWS - first;
	out->truncated = NOT_LISTED;
	for (size_t i = 0; i < summary->n_sites; i++) {
		for (int j = 0; j < CONDITION_COUNT; j++)
			out->firing[j] += summary->sites[i].firing[j];
	}
}

struct notification hook_sample(enum notification_reason reason, const char *id, const char *hook,
				const char *url, int64_t now_ms, struct arena *arena)
{
	struct notification out = {
		.id = id,
		.hook = hook,
		.group_key = "test",
		.organization = "",
		.site = "",
		.cause = notification_reason_text(reason),
		.url = url,
		.reason = reason,
		.is_test = true,
		.at_ms = now_ms,
	};

	if (reason == NOTIFICATION_TEST)
		fill_one(&out, arena);
	else
		fill_many(&out, arena);
	return out;
}
