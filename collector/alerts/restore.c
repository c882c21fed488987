#include "collector/alerts/internal.h"

#include <stdlib.h>
#include <string.h>

#include "collector/model/record_alert.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"

struct alerts *alerts_new(void)
{
	struct alerts *alerts = mem_alloc(sizeof *alerts);
	alerts->next_due_ms = INT64_MAX;
	return alerts;
}

void alerts_configure(struct alerts *alerts, const struct alert_policy *policy, const char *url)
{
	alerts->policy = *policy;
	alerts->off = alert_policy_off(policy);
	alerts->url = url;
	alerts->next_due_ms = INT64_MIN; /* everything may be due at other times now */
	alerts->has_other_rules = true;
}

void alerts_set_targets(struct alerts *alerts, const struct alert_target *targets, size_t n)
{
	alerts->targets = targets;
	alerts->n_targets = n;
	alerts->shows_acknowledgements = false;
	for (size_t i = 0; i < n; i++)
		alerts->shows_acknowledgements |= targets[i].shows_acknowledgements;
}

void alerts_set_fleet(struct alerts *alerts, alerts_count_fleet *count, void *user)
{
	alerts->fleet.count = count;
	alerts->fleet.user = user;
}

void alerts_set_remarks(struct alerts *alerts, const struct remarks *remarks)
{
	alerts->remarks = remarks;
}

/* A row without clocks of its own, for they are damaged: its condition stands for them. */
static void restore_clock(struct alert_clock *clock, const struct record_alert *row)
{
	if (row->state == RECORD_ALERT_RESOLVED)
		return;
	clock->state = row->state;
	clock->active = row->gone_ms == TIMESTAMP_NONE;
	clock->since_ms = row->since_ms;
	clock->gone_ms = row->gone_ms;
	clock->fired_ms = row->fired_ms;
}

static void restore_clocks(struct alert_subject *subject, const struct record_alert *row)
{
	enum condition kind = condition_kind(row->condition);
	const char *text = row->clocks;
	enum condition condition;
	struct alert_clock clock;

	while (alert_clock_read(&text, &condition, &clock)) {
		if (condition_kind(condition) == kind) {
			alert_clock_deinit(&subject->clocks[condition]);
			subject->clocks[condition] = clock;
		} else {
			alert_clock_deinit(&clock);
		}
	}
	if (alert_clock_is_idle(&subject->clocks[row->condition]) && *text)
		restore_clock(&subject->clocks[row->condition], row);
}

void alerts_restore(struct alerts *alerts, const struct record_alert *row)
{
	struct alert_subject *subject = alerts_subject(alerts, row->key);
	const char **texts[ALERT_TEXTS];

	if (subject->alerts[condition_kind(row->condition)])
		return; /* there is one at most, unless somebody wrote into the store */
	struct alert *alert = alerts_add(alerts, subject, row->condition, TIMESTAMP_NONE);
	struct record_alert empty = alert->row;
	alerts_texts_of(&empty, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		free((void *)*texts[i]);
	alert->row = *row;
	alert->row.key = subject->key;
	alert->row.clocks = NULL; /* the subject has them */
	alerts_texts_of(&alert->row, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		*texts[i] = mem_strdup(*texts[i]);
	alert->is_stored = true;
	alert->flapping_notified = row->flapping && row->notified == RECORD_NOTIFIED_FIRING;
	restore_clocks(subject, row);
	alerts->firing[row->condition] += row->state == RECORD_ALERT_FIRING;
	if (row->state != RECORD_ALERT_PENDING)
		alerts_join(alerts, alert);
	alerts_restore_id(alerts, row->id);
	alerts->next_due_ms = INT64_MIN;
}

void alerts_restore_id(struct alerts *alerts, int64_t id)
{
	if (id > alerts->last_id)
		alerts->last_id = id;
}

void alerts_reset(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->subjects.n; i++)
		alerts_free_subject(alerts->subjects.at[i]);
	for (size_t i = 0; i < alerts->groups.n; i++)
		alerts_free_group(alerts->groups.at[i]);
	alerts_drop_silences(alerts);
	alerts_drop_throttles(alerts);
	text_map_deinit(&alerts->by_key);
	text_map_deinit(&alerts->by_group);
	alerts->by_key = alerts->by_group = (struct text_map){ .n = 0 };
	alerts->subjects.n = alerts->groups.n = 0;
	alerts->touched.n = alerts->dirty.n = 0;
	memset(alerts->firing, 0, sizeof alerts->firing);
	alerts->next_due_ms = INT64_MIN;
}

void alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	alerts_reset(alerts);
	free(alerts->subjects.at);
	free(alerts->groups.at);
	free(alerts->touched.at);
	free(alerts->dirty.at);
	free(alerts->throttles.at);
	free(alerts->silences.rows);
	free(alerts->silences.letters);
	free(alerts);
}
