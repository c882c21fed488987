/* Writes the texts of an alert's row, from views. Declared in collector/alerts/internal.h. */
#include <string.h>

#include "collector/alerts/explanation.h"
#include "collector/alerts/internal.h"

static const enum verdict verdict_of[CONDITION_COUNT] = {
	[CONDITION_FAILING] = VERDICT_FAILING,
	[CONDITION_EXPOSED] = VERDICT_EXPOSED,
	[CONDITION_AT_RISK] = VERDICT_AT_RISK,
	[CONDITION_UNKNOWN] = VERDICT_UNKNOWN,
};

void alerts_set_row_text(struct alerts *alerts, struct alert *alert, const char **where,
			 const char *text)
{
	if (strcmp(*where, text) == 0)
		return;
	alerts_set_text(where, text);
	alerts_mark(alerts, alert);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* Is what the view says what an alert of that condition is about? */
static bool is_about(const struct view *view, enum condition condition)
{
	if (condition == CONDITION_SILENT)
		return view->silent;
	if (condition == CONDITION_DRIFT)
		return view->drifted;
	if (condition == CONDITION_NOT_MONITORED)
		return view->not_monitored;
	return !view->not_monitored && view->verdict == verdict_of[condition];
}

/* The place stays that at its opening: its group and its thread do. */
static void write_place(struct alerts *alerts, struct alert *alert, const struct view *view,
			const char *cause)
{
	struct record_alert *row = &alert->row;

	if (alert->group)
		return;
	alerts_set_row_text(alerts, alert, &row->organization, or_empty(view->organization));
	alerts_set_row_text(alerts, alert, &row->site, or_empty(view->site));
	alerts_set_row_text(alerts, alert, &row->cause, cause);
}

static void write_condition(struct alerts *alerts, struct alert *alert, const struct view *view,
			    struct arena *arena)
{
	struct record_alert *row = &alert->row;
	struct alert_explanation explanation;

	alert_explanation_write(view, row->condition, &explanation, arena);
	alerts_set_row_text(alerts, alert, &row->server, view->server);
	alerts_set_row_text(alerts, alert, &row->verdict,
			    view->not_monitored ? condition_name(CONDITION_NOT_MONITORED)
						: verdict_name(view->verdict));
	alerts_set_row_text(alerts, alert, &row->reason, explanation.reason);
	alerts_set_row_text(alerts, alert, &row->text, explanation.text);
	alerts_set_row_text(alerts, alert, &row->remedy, explanation.remedy);
	alerts_set_row_text(alerts, alert, &row->options, explanation.options);
	alerts_set_row_text(alerts, alert, &row->adapter, explanation.adapter);
	write_place(alerts, alert, view, explanation.cause);
	if (row->event != explanation.event || row->event_ms != explanation.event_ms)
		alerts_mark(alerts, alert);
	row->event = explanation.event;
	row->event_ms = explanation.event_ms;
}

/* Would this view make the row say what it says already, for it came from such a one? */
static bool is_written(const struct alert *alert, const struct alert_source *source,
		       const struct view *view)
{
	const struct record_alert *row = &alert->row;

	if (!source->view || !alert->group || source->as != row->condition ||
	    row->condition == CONDITION_SILENT || row->state != RECORD_ALERT_FIRING)
		return false;
	return row->condition == CONDITION_DRIFT ? view_says_the_same(source->view, view)
						 : view_finds_the_same(source->view, view);
}

static void set_source(const struct alert *alert, struct alert_source *source, struct view *view)
{
	struct view *kept = alert->group ? view_ref(view) : NULL;

	view_unref(source->view);
	*source = (struct alert_source){ kept, alert->row.condition };
}

static void write_findings(struct alerts *alerts, struct alert *alert, struct view *view,
			   struct arena *arena)
{
	if (is_written(alert, &alert->findings, view))
		return;
	write_condition(alerts, alert, view, arena);
	set_source(alert, &alert->findings, view);
}

/*
 * Most views say what the one before did, and what flaps says what it said before. A view that is
 * not what the alert is about leaves what that says, and stands beside it.
 */
void alerts_write_story(struct alerts *alerts, struct alert *alert, struct view *view)
{
	struct record_alert *row = &alert->row;
	bool active = row->state != RECORD_ALERT_RESOLVED && is_about(view, row->condition);
	struct arena arena;

	if (is_written(alert, &alert->last, view))
		return;
	arena_init(&arena);
	if (active || !*row->server)
		write_findings(alerts, alert, view, &arena);
	alerts_set_row_text(
		alerts, alert, &row->now_text,
		active ? ""
		       : alert_explanation_of_now(view, condition_kind(row->condition), &arena));
	arena_deinit(&arena);
	set_source(alert, &alert->last, view);
}
