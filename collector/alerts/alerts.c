#include "collector/alerts/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/model/drift_marks.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/site/site.h"

/* The degrees of exposure that hold by a verdict: a worse one is all lesser ones, too. */
static const unsigned degrees_of[VERDICT_COUNT] = {
	[VERDICT_FAILING] = CONDITION_BIT(CONDITION_FAILING) | CONDITION_BIT(CONDITION_EXPOSED) |
			    CONDITION_BIT(CONDITION_AT_RISK),
	[VERDICT_EXPOSED] = CONDITION_BIT(CONDITION_EXPOSED) | CONDITION_BIT(CONDITION_AT_RISK),
	[VERDICT_AT_RISK] = CONDITION_BIT(CONDITION_AT_RISK),
};

void alerts_due_at(struct alerts *alerts, int64_t ms)
{
	if (ms < alerts->next_due_ms)
		alerts->next_due_ms = ms;
}

int64_t alerts_next_due(const struct alerts *alerts)
{
	return alerts->next_due_ms;
}

int64_t alerts_next_id(struct alerts *alerts, int64_t now_ms)
{
	int64_t of_now = now_ms * 1000;
	alerts->last_id = alerts->last_id < of_now ? of_now : alerts->last_id + 1;
	return alerts->last_id;
}

size_t alerts_count_firing(const struct alerts *alerts, enum condition condition)
{
	return alerts->firing[condition];
}

/* Subjects. */

struct alert_subject *alerts_subject(struct alerts *alerts, const char *key)
{
	struct alert_subject *subject = text_map_get(&alerts->by_key, key);
	if (subject)
		return subject;
	subject = mem_alloc(sizeof *subject);
	subject->key = mem_strdup(key);
	subject->at = alerts->subjects.n;
	for (int i = 0; i < CONDITION_COUNT; i++)
		alert_clock_init(&subject->clocks[i]);
	alerts->subjects.at = alerts_append(alerts->subjects.at, &alerts->subjects.n,
					    &alerts->subjects.room, subject);
	text_map_add(&alerts->by_key, subject->key, subject);
	return subject;
}

void alerts_free_subject(struct alert_subject *subject)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (subject->alerts[i])
			alerts_free_alert(subject->alerts[i]);
		alert_clock_deinit(&subject->clocks[i]);
	}
	view_unref(subject->view);
	free(subject->key);
	free(subject);
}

static void drop_subject(struct alerts *alerts, struct alert_subject *subject)
{
	assert(alerts->subjects.at[subject->at] == subject);
	text_map_remove(&alerts->by_key, subject->key);
	alerts->subjects.at[subject->at] = alerts->subjects.at[--alerts->subjects.n];
	alerts->subjects.at[subject->at]->at = subject->at;
	alerts_free_subject(subject);
}

/* Conditions of servers. */

/*
 * The degrees while too little is known: an open incident stays as it is, for knowing too little is
 * no recovery, and nothing worse begins.
 */
static unsigned unknown_degrees(const struct alert_subject *subject)
{
	const struct alert *open = alerts_open_incident(subject, CONDITION_FAILING);
	unsigned active = 0;

	if (!open || open->row.condition == CONDITION_UNKNOWN)
		return CONDITION_BIT(CONDITION_UNKNOWN);
	for (int i = (int)open->row.condition; i < CONDITION_COUNT; i++) {
		if (condition_kind((enum condition)i) == CONDITION_FAILING &&
		    i != CONDITION_UNKNOWN && subject->clocks[i].active)
			active |= CONDITION_BIT(i);
	}
	return active ? active : CONDITION_BIT(CONDITION_UNKNOWN);
}

/*
 * An incident of which too little was known stays one until something worse fires, if that is about
 * to.
 */
static unsigned known_degrees(const struct alert_subject *subject, enum verdict verdict)
{
	const struct alert *open = alerts_open_incident(subject, CONDITION_FAILING);
	unsigned degrees = degrees_of[verdict];

	if (degrees && open && open->row.condition == CONDITION_UNKNOWN &&
	    subject->clocks[CONDITION_UNKNOWN].active)
		degrees |= CONDITION_BIT(CONDITION_UNKNOWN);
	return degrees;
}

static unsigned exposure_of(const struct alert_subject *subject)
{
	const struct view *view = subject->view;

	if (view->not_monitored)
		return 0;
	return view->verdict == VERDICT_UNKNOWN ? unknown_degrees(subject)
						: known_degrees(subject, view->verdict);
}

static unsigned silence_of(const struct alert_subject *subject, int64_t now_ms)
{
	bool fires = subject->clocks[CONDITION_SILENT].state == RECORD_ALERT_FIRING;
	bool active = subject->view->silent && (fires || now_ms >= subject->silent_from_ms);

	return active ? CONDITION_BIT(CONDITION_SILENT) : 0;
}

static void join_if_fires(struct alerts *alerts, struct alert *alert)
{
	if (alert && alert->row.state == RECORD_ALERT_FIRING && (!alert->group || alert->is_dirty))
		alerts_join(alerts, alert);
}

static void step_kind(struct alerts *alerts, struct alert_subject *subject, enum condition kind,
		      unsigned active, int64_t since_ms, int64_t now_ms, struct alert_changes *out)
{
	alerts_step_incident(alerts, subject, kind, active, since_ms, now_ms, out);
	struct alert *alert = subject->alerts[kind];
	if (!alert)
		return;
	alerts_write_story(alerts, alert, subject->view);
	join_if_fires(alerts, alert);
}

/* Due times from here on are of this subject alone; returns the earliest of all others. */
static int64_t begin_step(struct alerts *alerts)
{
	int64_t others_ms = alerts->next_due_ms;

	alerts->next_due_ms = INT64_MAX;
	return others_ms;
}

static void end_step(struct alerts *alerts, struct alert_subject *subject, int64_t others_ms)
{
	assert(alerts->subjects.at[subject->at] == subject);
	subject->due_ms = alerts->next_due_ms;
	alerts_due_at(alerts, others_ms);
}

static void step_server(struct alerts *alerts, struct alert_subject *subject, int64_t now_ms,
			struct alert_changes *out)
{
	const struct view *view = subject->view;
	int64_t others_ms = begin_step(alerts);
	assert(view);
	unsigned not_monitored = view->not_monitored ? CONDITION_BIT(CONDITION_NOT_MONITORED) : 0;

	step_kind(alerts, subject, CONDITION_FAILING, exposure_of(subject), view->since_ms, now_ms,
		  out);
	step_kind(alerts, subject, CONDITION_SILENT, silence_of(subject, now_ms),
		  subject->silent_from_ms, now_ms, out);
	step_kind(alerts, subject, CONDITION_NOT_MONITORED, not_monitored, view->since_ms, now_ms,
		  out);
	step_kind(alerts, subject, CONDITION_DRIFT,
		  view->drifted ? CONDITION_BIT(CONDITION_DRIFT) : 0, drift_since(view->drift),
		  now_ms, out);
	if (view->silent && now_ms < subject->silent_from_ms)
		alerts_due_at(alerts, subject->silent_from_ms);
	end_step(alerts, subject, others_ms);
}

static bool is_harmless(const struct alerts *alerts, const struct view *view)
{
	bool drifted = view->drifted && !(alerts->off & CONDITION_BIT(CONDITION_DRIFT));

	return view->verdict >= VERDICT_CLEAR && !view->silent && !drifted;
}

static int64_t silence_counts_from(const struct alerts *alerts, const struct view *view)
{
	if (!view->silent)
		return INT64_MAX;
	int64_t heard_of_ms = view->reported_at_ms > alerts->heard_from_ms ? view->reported_at_ms
									   : alerts->heard_from_ms;
	return heard_of_ms + SITE_FRESH_INTERVALS * view->interval_s * 1000;
}

/* What is told already stays, for silence_of() asks whether it fires. */
void alerts_start_grace(struct alerts *alerts, int64_t now_ms)
{
	alerts->heard_from_ms = now_ms;
	for (size_t i = 0; i < alerts->subjects.n; i++) {
		struct alert_subject *subject = alerts->subjects.at[i];
		if (subject->view)
			subject->silent_from_ms = silence_counts_from(alerts, subject->view);
	}
}

static void update_server(struct alerts *alerts, const struct view *view, int64_t now_ms,
			  struct alert_changes *out)
{
	struct alert_subject *subject = text_map_get(&alerts->by_key, view->key);

	if (!subject && is_harmless(alerts, view))
		return;
	if (!subject)
		subject = alerts_subject(alerts, view->key);
	view_unref(subject->view);
	subject->view = view_ref((struct view *)view);
	subject->silent_from_ms = silence_counts_from(alerts, view);
	step_server(alerts, subject, now_ms, out);
}

void alerts_update_servers(struct alerts *alerts, struct view *const *views, size_t n,
			   int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; i < n; i++)
		update_server(alerts, views[i], now_ms, out);
	alerts_settle(alerts, false, now_ms, out);
}

static const char taken_out[] = "The server was taken out of the fleet.";

static void forget_subject(struct alerts *alerts, struct alert_subject *subject, const char *why,
			   int64_t now_ms, struct alert_changes *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		struct alert *alert = alerts_open_incident(subject, (enum condition)i);
		if (alert)
			alerts_set_row_text(alerts, alert, &alert->row.now_text, why);
		alerts_end_incident(alerts, subject, (enum condition)i, now_ms, out);
	}
	view_unref(subject->view);
	subject->view = NULL;
	alerts_due_at(alerts, now_ms); /* then the subject goes */
}

void alerts_forget(struct alerts *alerts, const char *key, int64_t now_ms,
		   struct alert_changes *out)
{
	struct alert_subject *subject = text_map_get(&alerts->by_key, key);
	if (!subject)
		return;
	forget_subject(alerts, subject, taken_out, now_ms, out);
	alerts_settle(alerts, false, now_ms, out);
}

void alerts_begin_expected(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->subjects.n; i++)
		alerts->subjects.at[i]->is_expected = false;
}

void alerts_update_expected(struct alerts *alerts, const struct view *view, int64_t now_ms,
			    struct alert_changes *out)
{
	struct alert_subject *subject = alerts_subject(alerts, view->key);

	subject->is_expected = true;
	if (subject->view != view) /* else time alone goes on, which alerts_advance() sees to */
		update_server(alerts, view, now_ms, out);
}

void alerts_end_expected(struct alerts *alerts, int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; i < alerts->subjects.n; i++) {
		struct alert_subject *subject = alerts->subjects.at[i];
		if (subject->view && subject->view->not_monitored && !subject->is_expected)
			forget_subject(alerts, subject,
				       "The server is no longer expected to be there.", now_ms,
				       out);
	}
	alerts_settle(alerts, false, now_ms, out);
}

/* Is the subject the collector itself, or a site? No server has such a key. */
static bool is_of_no_server(const struct alert_subject *subject)
{
	return *subject->key == '\0' || *subject->key == '/';
}

void alerts_forget_unseen(struct alerts *alerts, int64_t now_ms, struct alert_changes *out)
{
	for (size_t i = 0; i < alerts->subjects.n; i++) {
		if (!alerts->subjects.at[i]->view && !is_of_no_server(alerts->subjects.at[i]))
			forget_subject(alerts, alerts->subjects.at[i], taken_out, now_ms, out);
	}
	alerts_settle(alerts, false, now_ms, out);
}

static void write_ill(struct alerts *alerts, struct alert *alert, const struct alert_ill *ill)
{
	struct record_alert *row = &alert->row;
	const char *name = condition_name(row->condition);

	alerts_set_row_text(alerts, alert, &row->now_text, ill->active ? "" : ill->text);
	if (!ill->active)
		return;
	alerts_set_row_text(alerts, alert, &row->text, ill->text);
	alerts_set_row_text(alerts, alert, &row->remedy, ill->remedy);
	alerts_set_row_text(alerts, alert, &row->reason, name);
	alerts_set_row_text(alerts, alert, &row->cause, name);
}

static struct alert *step_ill(struct alerts *alerts, struct alert_subject *subject,
			      enum condition condition, const struct alert_ill *ill, int64_t now_ms,
			      struct alert_changes *out)
{
	alerts_step_incident(alerts, subject, condition, ill->active ? CONDITION_BIT(condition) : 0,
			     ill->since_ms, now_ms, out);
	struct alert *alert = subject->alerts[condition];
	if (alert)
		write_ill(alerts, alert, ill);
	return alert;
}

void alerts_update_self_check(struct alerts *alerts, enum condition condition,
			      const struct alert_ill *ill, int64_t now_ms,
			      struct alert_changes *out)
{
	struct alert_subject *subject = alerts_subject(alerts, "");

	join_if_fires(alerts, step_ill(alerts, subject, condition, ill, now_ms, out));
	alerts_settle(alerts, false, now_ms, out);
}

static const char *key_of_place(const char *organization, const char *site, struct arena *arena)
{
	if (!*organization && !*site)
		return "";
	return arena_printf(arena, "/%s", alerts_place_key(organization, site, arena));
}

const struct record_alert *alerts_find_surroundings(const struct alerts *alerts,
						    const char *organization, const char *site)
{
	const struct alert *alert = NULL;
	struct arena arena;

	arena_init(&arena);
	const struct alert_subject *subject =
		text_map_get(&alerts->by_key, key_of_place(organization, site, &arena));
	arena_deinit(&arena);
	if (subject)
		alert = alerts_open_incident(subject, CONDITION_SURROUNDINGS);
	return alert ? &alert->row : NULL;
}

const struct record_alert *alerts_surroundings_of(const struct alerts *alerts,
						  const struct record_alert *row)
{
	if (row->condition != CONDITION_SILENT || alerts->firing[CONDITION_SURROUNDINGS] == 0)
		return NULL;
	const struct record_alert *of_all = alerts_find_surroundings(alerts, "", "");
	return of_all ? of_all : alerts_find_surroundings(alerts, row->organization, row->site);
}

void alerts_update_surroundings(struct alerts *alerts, const char *organization, const char *site,
				const struct alert_ill *ill, int64_t now_ms,
				struct alert_changes *out)
{
	struct arena arena;

	arena_init(&arena);
	struct alert_subject *subject =
		alerts_subject(alerts, key_of_place(organization, site, &arena));
	arena_deinit(&arena);
	struct alert *alert = step_ill(alerts, subject, CONDITION_SURROUNDINGS, ill, now_ms, out);
	if (alert) {
		alerts_set_row_text(alerts, alert, &alert->row.organization, organization);
		alerts_set_row_text(alerts, alert, &alert->row.site, site);
	}
	join_if_fires(alerts, alert);
	if (!ill->active)
		alerts_due_at(alerts, now_ms); /* who is silent still is told singly */
	alerts_settle(alerts, false, now_ms, out);
}

static void step_own(struct alerts *alerts, struct alert_subject *subject, int64_t now_ms,
		     struct alert_changes *out)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		struct alert *alert = subject->alerts[i];
		if (!alert)
			continue;
		alerts_step_incident(alerts, subject, (enum condition)i,
				     subject->clocks[i].active ? CONDITION_BIT(i) : 0, now_ms,
				     now_ms, out);
		if (alerts_open_incident(subject, (enum condition)i))
			alerts_join(alerts, alert);
	}
}

/* Is there nothing to remember of it? */
static bool is_idle(const struct alerts *alerts, const struct alert_subject *subject)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (subject->alerts[i] || !alert_clock_is_idle(&subject->clocks[i]))
			return false;
	}
	return !subject->view || is_harmless(alerts, subject->view);
}

/* Nothing of it changes before its time, unless the rules did, or the clock was set back. */
static bool is_due(const struct alerts *alerts, const struct alert_subject *subject, int64_t now_ms)
{
	return alerts->has_other_rules || now_ms < alerts->advanced_ms ||
	       subject->due_ms <= now_ms || !subject->view;
}

static void advance_subject(struct alerts *alerts, struct alert_subject *subject, int64_t now_ms,
			    struct alert_changes *out)
{
	if (!is_due(alerts, subject, now_ms))
		alerts_due_at(alerts, subject->due_ms);
	else if (subject->view)
		step_server(alerts, subject, now_ms, out);
	else if (is_of_no_server(subject))
		step_own(alerts, subject, now_ms, out);
}

void alerts_advance(struct alerts *alerts, int64_t now_ms, struct alert_changes *out)
{
	alerts->next_due_ms = INT64_MAX;
	for (size_t i = alerts->subjects.n; i-- > 0;)
		advance_subject(alerts, alerts->subjects.at[i], now_ms, out);
	alerts->has_other_rules = false;
	alerts->advanced_ms = now_ms;
	alerts_settle(alerts, true, now_ms, out);
	for (size_t i = alerts->subjects.n; i-- > 0;) {
		if (is_idle(alerts, alerts->subjects.at[i]))
			drop_subject(alerts, alerts->subjects.at[i]);
	}
}
