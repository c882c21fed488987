#include "collector/hooks/message.h"

#include <string.h>

#include "collector/hooks/message_time.h"
#include "collector/hooks/message_words.h"
#include "collector/hooks/shorten.h"
#include "proto/base/timestamp.h"

/* "https://collector.example/?page=alerts" */
static const char *list_url(const struct message_writer *w)
{
	return *w->n->url ? arena_printf(w->arena, "%s?page=alerts", message_clean(w, w->n->url))
			  : "";
}

/* The alert whose change is the reason, or NULL. */
static const struct notification_alert *changed(const struct message_writer *w,
						const struct notification_alert *all)
{
	bool worse = w->n->reason == NOTIFICATION_ESCALATED;

	if (!worse && w->n->reason != NOTIFICATION_EASED)
		return NULL;
	for (size_t i = 0; i < w->n->n_alerts; i++) {
		if (all[i].has_before && message_fires(&all[i]) &&
		    (all[i].condition < all[i].before) == worse)
			return &all[i];
	}
	return NULL;
}

static const char *who_acknowledged(const struct message_writer *w,
				    const struct notification_alert *all)
{
	for (size_t i = 0; i < w->n->n_alerts; i++) {
		if (*all[i].acknowledged_by)
			return message_clean(w, all[i].acknowledged_by);
	}
	return "";
}

/* The server's state now: "clear" of "clear: adapter E100B2 is disabled"; else "resolved". */
static const char *word_now(const struct message_writer *w, const struct notification_alert *alert)
{
	size_t n = strcspn(alert->now_text, ":");

	if (!*alert->server)
		return "over";
	if (alert->condition == CONDITION_SILENT)
		return "reports again";
	if (alert->now_text[n] != ':')
		return "resolved";
	return message_clean(w, arena_strndup(w->arena, alert->now_text, n));
}

/* "clear after 42 minutes" */
static const char *how_it_ended(const struct message_writer *w,
				const struct notification_alert *alert)
{
	if (alert->fired_ms == TIMESTAMP_NONE || message_fires(alert))
		return "resolved";
	return arena_printf(w->arena, "%s after %s", word_now(w, alert),
			    message_span(alert->resolved_ms - alert->fired_ms, w->arena));
}

/* The news, as the end of a sentence. */
static const char *event_of(const struct message_writer *w, const struct notification_alert *all)
{
	const char *word = notification_reason_text(w->n->reason);
	const struct notification_alert *one = changed(w, all);

	if (w->n->reason == NOTIFICATION_RESOLVED)
		return how_it_ended(w, all);
	if (w->n->reason == NOTIFICATION_ACKNOWLEDGED) {
		const char *who = who_acknowledged(w, all);
		return *who ? arena_printf(w->arena, "%s by %s", word, who)
			    : "no longer acknowledged";
	}
	if (w->n->reason == NOTIFICATION_MORE || w->n->reason == NOTIFICATION_FEWER)
		return arena_printf(w->arena, "%s than before", word);
	if (!one)
		return word;
	const char *from = condition_word(one->before);
	if (one->condition == CONDITION_UNKNOWN) /* no recovery, so it must not sound like one */
		return arena_printf(w->arena, "%s%s%s before, and not known to be mended",
				    one == all ? "" : message_clean(w, one->server),
				    one == all ? "" : " ", from);
	if (one == all)
		return arena_printf(w->arena, "%s from %s", word, from);
	return arena_printf(w->arena, "%s %s from %s to %s", message_clean(w, one->server), word,
			    from, condition_word(one->condition));
}

static size_t count_firing(const struct message_writer *w)
{
	size_t n = 0;

	for (size_t i = 0; i < CONDITION_COUNT; i++)
		n += w->n->firing[i];
	for (size_t i = 0; n == 0 && i < w->n->n_alerts; i++) /* a version before wrote it */
		n += message_fires(&w->n->alerts[i]);
	return n;
}

static const char *subject_of(const struct message_writer *w, const struct message *m, size_t more)
{
	const struct message_alert *first = &m->alerts[0];
	const char *what = *first->name
				   ? arena_printf(w->arena, "%s: %s",
						  message_capital(w, first->state), first->name)
				   : first->sentence;
	if (more > 0)
		what = arena_printf(w->arena, "%s and %zu more", what, more);
	if (*m->place)
		what = arena_printf(w->arena, "%s (%s)", what, m->place);
	return m->is_test ? arena_printf(w->arena, "Test: %s", what)
			  : arena_printf(w->arena, "%s, %s", what, m->event);
}

/* "All at ACME/HQ: 1 failing, 2 exposed." */
static const char *others_of(const struct message_writer *w, const struct message *m, size_t more)
{
	const char *counts = message_counts(w, w->n->firing);
	const char *at = *m->place ? " at " : "";

	if (more == 0)
		return "";
	if (*counts)
		return arena_printf(w->arena, "All%s%s: %s.", at, m->place, counts);
	return arena_printf(w->arena, "And %zu more%s%s.", more, at, m->place);
}

static const char *lead_of(const struct message_writer *w, const struct message *m)
{
	const char *text = m->alerts[0].sentence;
	const char *others = m->others;

	if (m->is_test)
		return arena_printf(w->arena, "This is a test of a hook: nothing is wrong. %s.",
				    text);
	if (w->n->reason == NOTIFICATION_OPENED)
		text = arena_printf(w->arena, "%s. This is new.", text);
	else
		text = arena_printf(w->arena, "%s: %s.", text, m->event);
	return *others ? arena_printf(w->arena, "%s %s", text, others) : text;
}

static void write_group(const struct message_writer *w, const struct notification_alert *all,
			struct message *m)
{
	size_t total = message_fires(all) ? count_firing(w) : w->n->n_alerts + w->n->truncated;
	size_t more = total > 1 ? total - 1 : 0;

	m->tone = m->alerts[0].tone;
	m->event = event_of(w, all);
	m->others = others_of(w, m, more);
	m->subject = subject_of(w, m, more);
	m->lead = lead_of(w, m);
}

static struct message_alert *tell_all(const struct message_writer *w)
{
	struct message_alert *alerts =
		arena_alloc_array(w->arena, w->n->n_alerts + 1, sizeof *alerts);

	for (size_t i = 0; i < w->n->n_alerts; i++)
		alerts[i] = message_describe_alert(w, &w->n->alerts[i]);
	return alerts;
}

struct message message_of(const struct notification *n, const struct time_zone *zone,
			  struct arena *arena)
{
	const struct notification_alert nothing = notification_alert_empty();
	struct notification kept = *n;
	struct message_writer w = { &kept, zone, arena };

	if (kept.n_alerts == 0 && !kept.summary) {
		kept.alerts = &nothing;
		kept.n_alerts = 1;
	}
	kept = hook_shorten(&kept, kept.n_alerts, arena);
	struct message m = {
		.place = message_place(&w, kept.organization, kept.site),
		.url = list_url(&w),
		.alerts = tell_all(&w),
		.n = kept.n_alerts,
		.more = kept.truncated,
		.is_test = kept.is_test,
	};
	if (kept.summary)
		message_sum_up(&w, &m);
	else
		write_group(&w, kept.alerts, &m);
	return m;
}

size_t message_facts(const struct message_alert *alert, struct message_fact out[MESSAGE_MAX_FACTS])
{
	const struct message_fact all[MESSAGE_MAX_FACTS] = {
		{ "Server", alert->server },   { "Since", alert->since },
		{ "Noticed", alert->noticed }, { "Opened", alert->opened },
		{ "Over", alert->over },       { "Acknowledged", alert->caretaker },
		{ "Owner", alert->owner },     { "Note", alert->note },
	};
	size_t n = 0;

	for (size_t i = 0; i < MESSAGE_MAX_FACTS; i++) {
		if (*all[i].value)
			out[n++] = all[i];
	}
	return n;
}

bool message_is_link(const char *url)
{
	return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}
