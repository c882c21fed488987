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
	alerts->url = url;
	alerts->next_due_ms = INT64_MIN; /* everything may be due at other times now */
}

void alerts_set_targets(struct alerts *alerts, const struct alert_target *targets, size_t n)
{
	alerts->targets = targets;
	alerts->n_targets = n;
}

void alerts_hear(struct alerts *alerts, int64_t now_ms)
{
	alerts->heard_from_ms = now_ms;
}

/* "1 2 3" */
static void read_changes(const char *text, struct alert_clock *clock)
{
	while (clock->n_changes < ALERT_MAX_CHANGES &&
	       number_take(&text, &clock->changes[clock->n_changes])) {
		clock->n_changes++;
		text += *text == ' ';
	}
}

static void restore_clock(struct alert_clock *clock, const struct record_alert *row)
{
	bool over = row->state == RECORD_ALERT_RESOLVED;

	clock->state = over ? RECORD_ALERT_NONE : row->state;
	clock->holds = !over && row->gone_ms == TIMESTAMP_NONE;
	clock->since_ms = row->since_ms;
	clock->gone_ms = over ? TIMESTAMP_NONE : row->gone_ms;
	clock->fired_ms = row->fired_ms;
	clock->flapping = row->flapping;
	read_changes(row->changes, clock);
}

void alerts_restore(struct alerts *alerts, const struct record_alert *row)
{
	struct alert_subject *subject = alerts_subject(alerts, row->key);
	const char **texts[ALERT_TEXTS];

	if (subject->slots[row->condition].alert)
		return; /* there is one at most, unless somebody wrote into the store */
	struct alert *alert = alerts_add(alerts, subject, row->condition, TIMESTAMP_NONE);
	struct record_alert empty = alert->row;
	alerts_texts_of(&empty, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		free((void *)*texts[i]);
	alert->row = *row;
	alert->row.key = subject->key;
	alert->row.changes = NULL; /* the clock has them */
	alerts_texts_of(&alert->row, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		*texts[i] = mem_strdup(*texts[i]);
	alert->is_stored = true;
	alert->is_said_to_flap = row->flapping && row->told == RECORD_TOLD_FIRING;
	restore_clock(&subject->slots[row->condition].clock, row);
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
	for (size_t i = 0; i < alerts->n_subjects; i++)
		alerts_free_subject(alerts->subjects[i]);
	for (size_t i = 0; i < alerts->n_groups; i++)
		alerts_free_group(alerts->groups[i]);
	alerts_drop_silences(alerts);
	text_map_deinit(&alerts->by_key);
	text_map_deinit(&alerts->by_group);
	alerts->by_key = alerts->by_group = (struct text_map){ .n = 0 };
	alerts->n_subjects = alerts->n_groups = 0;
	alerts->n_touched = alerts->n_dirty = 0;
	memset(alerts->firing, 0, sizeof alerts->firing);
	alerts->next_due_ms = INT64_MIN;
}

void alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	alerts_reset(alerts);
	free(alerts->subjects);
	free(alerts->groups);
	free(alerts->touched);
	free(alerts->dirty);
	free(alerts->silences);
	free(alerts->silence_letters);
	free(alerts);
}
