/* Acts of people: silences, acknowledgements. Declared in collector/alerts/alerts.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts/internal.h"
#include "collector/base/pattern.h"
#include "collector/model/acknowledgements.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

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
	struct alert_silence_list *list = &alerts->silences;
	struct record_silence copy = *row;

	copy.server = mem_strdup(row->server);
	copy.organization = mem_strdup(row->organization);
	copy.site = mem_strdup(row->site);
	copy.condition = mem_strdup(row->condition);
	copy.comment = mem_strdup(row->comment);
	copy.by = mem_strdup(row->by);
	list->rows = mem_realloc(list->rows, (list->n + 1) * sizeof *list->rows);
	list->letters = mem_realloc(list->letters, (list->n + 1) * sizeof *list->letters);
	list->letters[list->n] = pattern_letters(copy.server);
	list->rows[list->n++] = copy;
	alerts_restore_id(alerts, row->id);
}

static void drop_silence(struct alerts *alerts, size_t i)
{
	struct alert_silence_list *list = &alerts->silences;

	assert(i < list->n);
	free_silence(&list->rows[i]);
	list->n--;
	memmove(&list->rows[i], &list->rows[i + 1], (list->n - i) * sizeof *list->rows);
	memmove(&list->letters[i], &list->letters[i + 1], (list->n - i) * sizeof *list->letters);
}

void alerts_drop_silences(struct alerts *alerts)
{
	while (alerts->silences.n > 0)
		drop_silence(alerts, alerts->silences.n - 1);
}

enum status alerts_add_silence(struct alerts *alerts, struct record_silence *silence,
			       int64_t now_ms)
{
	for (size_t i = alerts->silences.n; i-- > 0;) {
		if (alerts->silences.rows[i].ends_ms <= now_ms)
			drop_silence(alerts, i);
	}
	if (alerts->silences.n >= ALERTS_MAX_SILENCES)
		return STATUS_LIMIT;
	silence->id = alerts_next_id(alerts, now_ms);
	alerts_restore_silence(alerts, silence);
	alerts_due_at(alerts, now_ms); /* what is due next is muted, perhaps */
	return STATUS_OK;
}

enum status alerts_end_silence(struct alerts *alerts, int64_t id, int64_t now_ms)
{
	for (size_t i = 0; i < alerts->silences.n; i++) {
		if (alerts->silences.rows[i].id != id)
			continue;
		drop_silence(alerts, i);
		alerts_due_at(alerts, now_ms); /* what was muted may be told */
		return STATUS_OK;
	}
	return STATUS_NOT_FOUND;
}

const struct record_silence *alerts_silence(const struct alerts *alerts, size_t i)
{
	assert(i < alerts->silences.n);
	return &alerts->silences.rows[i];
}

size_t alerts_count_silences(const struct alerts *alerts)
{
	return alerts->silences.n;
}

static struct alert *find_alert(const struct alerts *alerts, int64_t id)
{
	for (size_t i = 0; i < alerts->subjects.n; i++) {
		for (int kind = 0; kind < CONDITION_COUNT; kind++) {
			struct alert *alert = alerts->subjects.at[i]->alerts[kind];
			if (alert && alert->row.id == id)
				return alert;
		}
	}
	return NULL;
}

void alerts_end_acknowledgement(struct alerts *alerts, struct alert *alert, int64_t now_ms)
{
	struct record_alert *row = &alert->row;

	if (!*row->acknowledged_by)
		return;
	char *history = acknowledgements_end(row->acknowledgements, now_ms);
	alerts_set_text(&row->acknowledgements, history);
	free(history);
	alerts_set_text(&row->acknowledged_by, "");
	alerts_set_text(&row->comment, "");
	row->acknowledged_ms = row->acknowledged_until_ms = TIMESTAMP_NONE;
	alerts_mark(alerts, alert);
}

static void begin_acknowledgement(struct alerts *alerts, struct alert *alert, const char *by,
				  const char *comment, int64_t until_ms, int64_t now_ms)
{
	struct record_alert *row = &alert->row;

	alerts_set_text(&row->acknowledged_by, by);
	alerts_set_text(&row->comment, comment);
	row->acknowledged_ms = now_ms;
	row->acknowledged_until_ms = until_ms;
	row->acknowledged_condition = row->condition;
	const struct acknowledgement one = { by,       now_ms,         comment,
					     until_ms, row->condition, TIMESTAMP_NONE };
	char *history = acknowledgements_add(row->acknowledgements, &one);
	alerts_set_text(&row->acknowledgements, history);
	free(history);
	alerts_mark(alerts, alert);
}

enum status alerts_acknowledge(struct alerts *alerts, int64_t id, const char *by,
			       const char *comment, int64_t until_ms, int64_t now_ms,
			       struct alert_changes *out)
{
	struct alert *alert = find_alert(alerts, id);

	if (!alert || alert->row.state == RECORD_ALERT_RESOLVED)
		return STATUS_NOT_FOUND;
	alerts_end_acknowledgement(alerts, alert, now_ms);
	if (by)
		begin_acknowledgement(alerts, alert, by, comment, until_ms, now_ms);
	if (alert->group)
		alerts_join(alerts, alert);
	alerts_settle(alerts, false, now_ms, out);
	return STATUS_OK;
}
