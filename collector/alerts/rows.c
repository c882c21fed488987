#include "collector/alerts/internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/model/record_alert.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

void alert_changes_init(struct alert_changes *changes)
{
	*changes = (struct alert_changes){ .n_alerts = 0 };
	arena_init(&changes->arena);
}

void alert_changes_deinit(struct alert_changes *changes)
{
	free(changes->alerts);
	free((void *)changes->dropped);
	free(changes->deliveries);
	free(changes->summaries);
	arena_deinit(&changes->arena);
}

bool alert_changes_are_empty(const struct alert_changes *changes)
{
	return changes->n_alerts == 0 && changes->n_dropped == 0 && changes->n_deliveries == 0 &&
	       changes->n_summaries == 0;
}

void *alerts_append(void *array, size_t *n, size_t *room, void *item)
{
	assert(*n <= *room);
	void **grown = mem_make_room(array, *n, room, sizeof *grown);

	grown[(*n)++] = item;
	return grown;
}

void alerts_emit_drop(struct alert_changes *out, int64_t id)
{
	out->dropped = mem_make_room((void *)out->dropped, out->n_dropped, &out->room_dropped,
				     sizeof *out->dropped);
	((int64_t *)out->dropped)[out->n_dropped++] = id;
}

void alerts_emit_delivery(struct alert_changes *out, const struct record_delivery *row)
{
	out->deliveries = alerts_append(out->deliveries, &out->n_deliveries, &out->room_deliveries,
					(void *)row);
}

void alerts_texts_of(struct record_alert *row, const char **out[ALERT_TEXTS])
{
	const char **const texts[ALERT_TEXTS] = {
		&row->server,  &row->organization,     &row->site,
		&row->cause,   &row->verdict,          &row->reason,
		&row->text,    &row->remedy,           &row->adapter,
		&row->comment, &row->acknowledged_by,  &row->now_text,
		&row->options, &row->acknowledgements,
	};
	memcpy(out, texts, sizeof texts);
}

/* The clocks of the alert's kind that have something to remember. */
static const char *clocks_text(const struct alert *alert, struct arena *arena)
{
	enum condition kind = condition_kind(alert->row.condition);
	struct buffer out;

	buffer_init(&out);
	for (int i = 0; i < CONDITION_COUNT; i++) {
		const struct alert_clock *clock = &alert->subject->clocks[i];
		if (condition_kind((enum condition)i) == kind && !alert_clock_is_idle(clock))
			alert_clock_write(clock, (enum condition)i, &out);
	}
	const char *text = out.size > 0 ? arena_strndup(arena, out.bytes, out.size) : "";
	buffer_deinit(&out);
	return text;
}

struct record_alert *alerts_copy_row(const struct record_alert *row, struct arena *arena)
{
	struct record_alert *copy = arena_alloc(arena, sizeof *copy);
	const char **texts[ALERT_TEXTS];

	*copy = *row;
	copy->key = arena_strdup(arena, row->key);
	copy->clocks = arena_strdup(arena, row->clocks);
	alerts_texts_of(copy, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		*texts[i] = arena_strdup(arena, *texts[i]);
	return copy;
}

static const struct record_alert *copy_row(const struct alert *alert, struct arena *arena)
{
	struct record_alert *copy = alerts_copy_row(&alert->row, arena);

	copy->clocks = clocks_text(alert, arena);
	return copy;
}

void alerts_mark(struct alerts *alerts, struct alert *alert)
{
	if (alert->is_dirty)
		return;
	alert->is_dirty = true;
	alerts->dirty.at =
		alerts_append(alerts->dirty.at, &alerts->dirty.n, &alerts->dirty.room, alert);
}

void alerts_emit(struct alerts *alerts, struct alert_changes *out)
{
	for (size_t i = 0; i < alerts->dirty.n; i++) {
		struct alert *alert = alerts->dirty.at[i];
		assert(alert->is_dirty);
		alert->is_dirty = false;
		alert->is_stored = true;
		out->alerts = alerts_append(out->alerts, &out->n_alerts, &out->room_alerts,
					    (void *)copy_row(alert, &out->arena));
		if (alert->subject->alerts[condition_kind(alert->row.condition)] != alert)
			alerts_free_alert(alert); /* it is over, and this was its last row */
	}
	alerts->dirty.n = 0;
}

void alerts_set_text(const char **where, const char *text)
{
	char *copy = mem_strdup(text);
	free((void *)*where);
	*where = copy;
}

void alerts_free_alert(struct alert *alert)
{
	const char **texts[ALERT_TEXTS];

	alerts_texts_of(&alert->row, texts);
	for (size_t i = 0; i < ALERT_TEXTS; i++)
		free((void *)*texts[i]);
	view_unref(alert->last.view);
	view_unref(alert->findings.view);
	free(alert);
}
