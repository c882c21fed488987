#include "collector/alerts/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
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
	char *end = NULL;

	for (; *text && clock->n_changes < ALERT_MAX_CHANGES; text = end) {
		clock->changes[clock->n_changes] = strtoll(text, &end, 10);
		if (end == text)
			return;
		clock->n_changes++;
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

/* Silences. */

static void free_silence(struct record_silence *silence)
{
	free((void *)silence->server);
	free((void *)silence->organization);
	free((void *)silence->site);
	free((void *)silence->condition);
	free((void *)silence->comment);
	free((void *)silence->by);
}

void alerts_restore_silence(struct alerts *alerts, const struct record_silence *row)
{
	struct record_silence copy = *row;

	copy.server = mem_strdup(row->server);
	copy.organization = mem_strdup(row->organization);
	copy.site = mem_strdup(row->site);
	copy.condition = mem_strdup(row->condition);
	copy.comment = mem_strdup(row->comment);
	copy.by = mem_strdup(row->by);
	alerts->silences =
		mem_realloc(alerts->silences, (alerts->n_silences + 1) * sizeof *alerts->silences);
	alerts->silences[alerts->n_silences++] = copy;
	alerts_restore_id(alerts, row->id);
}

static void drop_silence(struct alerts *alerts, size_t i)
{
	free_silence(&alerts->silences[i]);
	alerts->n_silences--;
	memmove(&alerts->silences[i], &alerts->silences[i + 1],
		(alerts->n_silences - i) * sizeof *alerts->silences);
}

enum status alerts_add_silence(struct alerts *alerts, struct record_silence *silence,
			       int64_t now_ms)
{
	for (size_t i = alerts->n_silences; i-- > 0;) {
		if (alerts->silences[i].ends_ms <= now_ms)
			drop_silence(alerts, i);
	}
	if (alerts->n_silences >= ALERTS_MAX_SILENCES)
		return STATUS_LIMIT;
	silence->id = alerts_next_id(alerts, now_ms);
	alerts_restore_silence(alerts, silence);
	alerts_due_at(alerts, now_ms); /* what is due next is muted, perhaps */
	return STATUS_OK;
}

enum status alerts_end_silence(struct alerts *alerts, int64_t id, int64_t now_ms)
{
	for (size_t i = 0; i < alerts->n_silences; i++) {
		if (alerts->silences[i].id != id)
			continue;
		drop_silence(alerts, i);
		alerts_due_at(alerts, now_ms); /* what was muted may be told */
		return STATUS_OK;
	}
	return STATUS_NOT_FOUND;
}

const struct record_silence *alerts_silence(const struct alerts *alerts, size_t i)
{
	return &alerts->silences[i];
}

size_t alerts_count_silences(const struct alerts *alerts)
{
	return alerts->n_silences;
}

static struct alert *find_alert(const struct alerts *alerts, int64_t id)
{
	for (size_t i = 0; i < alerts->n_subjects; i++) {
		for (int c = 0; c < CONDITION_COUNT; c++) {
			struct alert *alert = alerts->subjects[i]->slots[c].alert;
			if (alert && alert->row.id == id)
				return alert;
		}
	}
	return NULL;
}

enum status alerts_acknowledge(struct alerts *alerts, int64_t id, const char *by,
			       const char *comment, int64_t until_ms, int64_t now_ms,
			       struct alert_changes *out)
{
	struct alert *alert = find_alert(alerts, id);

	if (!alert || alert->row.state == RECORD_ALERT_RESOLVED)
		return STATUS_NOT_FOUND;
	alerts_set_text(&alert->row.acknowledged_by, by ? by : "");
	alerts_set_text(&alert->row.comment, by ? comment : "");
	alert->row.acknowledged_ms = by ? now_ms : TIMESTAMP_NONE;
	alert->row.acknowledged_until_ms = by ? until_ms : TIMESTAMP_NONE;
	alerts_mark(alerts, alert);
	if (alert->group)
		alerts_join(alerts, alert);
	alerts_settle(alerts, false, now_ms, out);
	return STATUS_OK;
}

void alerts_reset(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->n_subjects; i++)
		alerts_free_subject(alerts->subjects[i]);
	for (size_t i = 0; i < alerts->n_groups; i++)
		alerts_free_group(alerts->groups[i]);
	for (size_t i = 0; i < alerts->n_silences; i++)
		free_silence(&alerts->silences[i]);
	text_map_deinit(&alerts->by_key);
	text_map_deinit(&alerts->by_group);
	alerts->by_key = alerts->by_group = (struct text_map){ .n = 0 };
	alerts->n_subjects = alerts->n_groups = alerts->n_silences = 0;
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
	free(alerts);
}
