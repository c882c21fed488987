/*
 * What a message says of many groups: a storm, the first days of a fleet, a day. Declared in
 * collector/hooks/message_words.h.
 */
#include <string.h>

#include "collector/hooks/labels.h"
#include "collector/hooks/message_time.h"
#include "collector/hooks/message_words.h"
#include "proto/base/timestamp.h"

#define MINUTE_MS (INT64_C(60) * 1000)

/* Alerts behind the worst one that tell their reason; all do that are of no server. */
#define REASONS 3

/* Facts of the worst alert, or of all. */
#define MAX_FACTS 8

static size_t sum(const size_t firing[CONDITION_COUNT])
{
	size_t n = 0;

	for (size_t i = 0; i < CONDITION_COUNT; i++)
		n += firing[i];
	return n;
}

/* "1 server", "4 servers", "none" */
static const char *number(const struct message_writer *w, size_t n, const char *thing)
{
	return n == 0 ? "none" : arena_printf(w->arena, "%zu %s%s", n, thing, n == 1 ? "" : "s");
}

/* The problems of the collector count together, where the first of them stands. */
static void fold_own(const size_t firing[CONDITION_COUNT], size_t out[CONDITION_COUNT])
{
	int first = -1;

	for (int i = 0; i < CONDITION_COUNT; i++) {
		bool is_own = condition_is_own((enum condition)i);
		first = is_own && first < 0 ? i : first;
		out[i] = 0;
		out[is_own ? first : i] += firing[i];
	}
}

/* "12 exposed" */
static const char *count_text(const struct message_writer *w, size_t n, enum condition condition,
			      bool says_servers)
{
	const char *servers = !says_servers ? "" : n == 1 ? " server" : " servers";

	if (condition_is_own(condition))
		return arena_printf(w->arena, "%zu problem%s of the collector", n,
				    n == 1 ? "" : "s");
	if (condition == CONDITION_UNKNOWN)
		return arena_printf(w->arena, "cannot tell of %zu%s", n, servers);
	if (condition == CONDITION_SURROUNDINGS)
		return n == 1 ? "many silent at once"
			      : arena_printf(w->arena, "many silent at once at %zu places", n);
	return arena_printf(w->arena, "%zu%s %s", n, servers, condition_word(condition));
}

static const char *join_counts(const struct message_writer *w, const size_t firing[CONDITION_COUNT],
			       bool says_servers)
{
	size_t folded[CONDITION_COUNT];
	const char *text = "";

	fold_own(firing, folded);
	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (folded[i] == 0)
			continue;
		const char *one =
			count_text(w, folded[i], (enum condition)i, says_servers && !*text);
		text = arena_printf(w->arena, "%s%s%s", text, *text ? ", " : "", one);
	}
	return text;
}

const char *message_counts(const struct message_writer *w, const size_t firing[CONDITION_COUNT])
{
	return join_counts(w, firing, false);
}

const char *message_counts_of_servers(const struct message_writer *w,
				      const size_t firing[CONDITION_COUNT])
{
	return join_counts(w, firing, true);
}

/* Sites of servers. What has no site counts as one, which may be among those left out. */
static size_t count_sites(const struct message_writer *w)
{
	const struct notification_summary *summary = w->n->summary;
	size_t n = summary->n_sites + summary->more_sites;
	bool has_none = false;

	for (int i = 0; i < CONDITION_COUNT; i++)
		has_none |= w->n->firing[i] > 0 && condition_is_own((enum condition)i);
	for (size_t i = 0; i < summary->n_sites; i++)
		has_none |= !*summary->sites[i].site;
	return has_none && n > 0 ? n - 1 : n;
}

/* "ACME/HQ" */
static const char *site_name(const struct message_writer *w, const struct notification_site *site)
{
	const char *place = message_place(w, site->organization, site->site);

	if (*place)
		return place;
	return site->firing[CONDITION_SURROUNDINGS] > 0 ? "All sites" : "The collector";
}

/* "EXCH1 (ACME/HQ)"; of what is no server what is wrong, and where. */
static const char *alert_name(const struct message_writer *w, const struct message *m, size_t i)
{
	const struct notification_alert *alert = &w->n->alerts[i];
	const char *place = message_place(w, alert->organization, alert->site);

	if (*m->alerts[i].name)
		return m->alerts[i].server;
	return *place ? arena_printf(w->arena, "%s (%s)", m->alerts[i].sentence, place)
		      : m->alerts[i].sentence;
}

/* ", at 40 sites" */
static const char *at_sites(const struct message_writer *w)
{
	size_t n = count_sites(w);
	return n < 2 ? "" : arena_printf(w->arena, ", at %zu sites", n);
}

/* "EXCH1 (ACME/HQ) and 2 more failing" */
static const char *worst_of(const struct message_writer *w, const struct message *m)
{
	const struct notification_alert *alert = &w->n->alerts[0];
	const char *place = message_place(w, alert->organization, alert->site);
	size_t n = w->n->firing[alert->condition];
	const char *more = n > 1 ? arena_printf(w->arena, " and %zu more", n - 1) : "";

	if (!*m->alerts[0].name && *place)
		return arena_printf(w->arena, "%s (%s)%s", hook_labels_summary(alert, w->arena),
				    place, more);
	if (!*m->alerts[0].name)
		return arena_printf(w->arena, "%s%s", hook_labels_summary(alert, w->arena), more);
	if (alert->condition == CONDITION_UNKNOWN)
		return arena_printf(w->arena, "cannot tell of %s%s", m->alerts[0].server, more);
	return arena_printf(w->arena, "%s%s %s", m->alerts[0].server, more, m->alerts[0].state);
}

/* "EXCH1 (ACME/HQ) failing, 12 exposed, 199 silent, 6 over, at 40 sites" */
static const char *what_fires(const struct message_writer *w, const struct message *m)
{
	size_t firing[CONDITION_COUNT];
	size_t over = w->n->summary->resolved;
	const char *text = "";

	memcpy(firing, w->n->firing, sizeof firing);
	if (m->n > 0 && message_fires(&w->n->alerts[0])) {
		text = worst_of(w, m);
		firing[w->n->alerts[0].condition] = 0;
	}
	const char *counts = message_counts(w, firing);
	text = arena_printf(w->arena, "%s%s%s", text, *text && *counts ? ", " : "", counts);
	if (over > 0)
		text = arena_printf(w->arena, "%s, %zu over", text, over);
	return arena_printf(w->arena, "%s%s", text, at_sites(w));
}

static int64_t span_of(const struct message_writer *w)
{
	return w->n->at_ms - w->n->summary->since_ms;
}

/* "in 5 minutes" */
static const char *within(const struct message_writer *w)
{
	if (span_of(w) < MINUTE_MS)
		return "within a minute";
	return arena_printf(w->arena, "in %s", message_span(span_of(w), w->arena));
}

/* A storm of which nothing fires. */
static void head_calm(const struct message_writer *w, struct message *m)
{
	size_t opened = w->n->summary->opened;
	size_t over = w->n->summary->resolved;

	if (opened + over == 0) {
		m->subject = arena_printf(w->arena, "The storm is over, after %s",
					  message_span(span_of(w), w->arena));
		m->lead =
			arena_printf(w->arena, "%s. No alert of it is open any more.", m->subject);
		return;
	}
	if (opened > 0)
		m->subject = arena_printf(w->arena, "%s %s, %s over", number(w, opened, "alert"),
					  within(w), opened == 1 ? "and it is" : "and all are");
	else
		m->subject = arena_printf(w->arena, "%s over %s, nothing new is open",
					  number(w, over, "alert"), within(w));
	m->lead = arena_printf(w->arena, "%s.", m->subject);
}

static void head_storm(const struct message_writer *w, struct message *m)
{
	size_t fires = sum(w->n->firing);
	size_t n = w->n->summary->opened > fires ? w->n->summary->opened : fires;

	if (fires == 0) {
		head_calm(w, m);
		return;
	}
	m->subject = arena_printf(w->arena, "%s %s: %s", number(w, n, "alert"), within(w),
				  what_fires(w, m));
	m->lead = arena_printf(w->arena, "%s.", m->subject);
}

static void head_digest(const struct message_writer *w, struct message *m)
{
	const char *counts = message_counts_of_servers(w, w->n->firing);

	if (!*counts) {
		m->subject = "First days: nothing that was found is open any more";
		m->lead =
			"Nothing that was found in the first days of this fleet is open any more.";
		return;
	}
	m->subject = arena_printf(w->arena, "First days: %s", counts);
	m->lead = arena_printf(w->arena, "Found in the first days of this fleet: %s%s.", counts,
			       at_sites(w));
}

/* "on 96 of 300"; "" where there are no servers. */
static const char *fix_of(const struct message_writer *w, const struct notification_fleet *fleet)
{
	if (!fleet || fleet->servers == 0)
		return "";
	if (fleet->servers > 1 && (fleet->fixed == 0 || fleet->fixed == fleet->servers))
		return arena_printf(w->arena, "on %s %zu", fleet->fixed ? "all" : "none of",
				    fleet->servers);
	return arena_printf(w->arena, "on %zu of %zu", fleet->fixed, fleet->servers);
}

/* "4 servers are silent and 1 is not monitored"; "" where all are heard of. */
static const char *unheard(const struct message_writer *w, const struct notification_fleet *fleet)
{
	size_t silent = fleet ? fleet->silent : 0;
	size_t absent = fleet ? fleet->not_monitored : 0;
	const char *first = silent == 1 ? "is silent" : "are silent";
	const char *second = absent == 1 ? "is not monitored" : "are not monitored";

	if (silent && absent)
		return arena_printf(w->arena, "%s %s and %zu %s", number(w, silent, "server"),
				    first, absent, second);
	if (silent + absent == 0)
		return "";
	return arena_printf(w->arena, "%s %s", number(w, silent + absent, "server"),
			    silent ? first : second);
}

/* All that may be said where nothing is open: a hook is told of some conditions and sites only. */
static const char *say_all_is_well(const struct message_writer *w,
				   const struct notification_fleet *fleet)
{
	const char *lead = "Nothing is wrong: no alert that this hook is told of is open";

	if (!fleet || fleet->servers == 0)
		return arena_printf(w->arena, "%s.", lead);
	if (fleet->servers == 1)
		return arena_printf(w->arena, "%s, and the one server reports.", lead);
	return arena_printf(w->arena, "%s, and all %zu servers report.", lead, fleet->servers);
}

static void head_report(const struct message_writer *w, struct message *m)
{
	const struct notification_fleet *fleet = w->n->summary->fleet;
	const char *counts = message_counts(w, w->n->firing);
	const char *fix = fix_of(w, fleet);
	const char *missing = unheard(w, fleet);
	const char *what = *counts ? counts : *missing ? missing : "nothing is wrong";

	if (fleet && fleet->servers == 0 && !*counts) {
		m->subject = "Daily report: no server has reported yet";
		m->lead = "No server has reported yet.";
		return;
	}
	m->subject =
		arena_printf(w->arena, "Daily report: %s%s%s", what, *fix ? ", fix " : "", fix);
	if (*counts)
		m->lead = arena_printf(w->arena, "Open now: %s%s.", counts, at_sites(w));
	else if (*missing)
		m->lead = arena_printf(w->arena,
				       "No alert that this hook is told of is open, but %s: nobody "
				       "would learn that the MTA fails there.",
				       missing);
	else
		m->lead = say_all_is_well(w, fleet);
}

static void add_line(struct message_part *part, struct message_line *lines, const char *name,
		     const char *text)
{
	if (!*text)
		return;
	lines[part->n++] = (struct message_line){ MESSAGE_INFO, name, text, "", "" };
	part->lines = lines;
}

static struct message_part *add_part(struct message_summary *out, const char *title)
{
	out->parts[out->n] = (struct message_part){ .title = title };
	return &out->parts[out->n++];
}

/* "Disable adapter B (10.9.0.1/24). (then: clear)" of the smallest way, or what to do. */
static const char *first_step(const struct message_writer *w, const struct message_alert *one)
{
	if (one->n_ways == 0 || one->ways[0].n == 0)
		return one->remedy;
	const struct message_step *step = &one->ways[0].steps[0];
	return *step->then ? arena_printf(w->arena, "%s (then: %s)", step->text, step->then)
			   : step->text;
}

static void put_worst(const struct message_writer *w, const struct message *m,
		      struct message_summary *out)
{
	const struct message_alert *one = &m->alerts[0];

	if (m->n == 0)
		return;
	struct message_line *lines = arena_alloc_array(w->arena, MAX_FACTS, sizeof *lines);
	struct message_part *part = add_part(out, "");
	const char *name = alert_name(w, m, 0);
	add_line(part, lines, "Worst",
		 *one->name ? arena_printf(w->arena, "%s: %s", name, one->state) : name);
	add_line(part, lines, "Effect", one->effect);
	add_line(part, lines, "Since", one->since);
	add_line(part, lines, "Why", one->reason);
	add_line(part, lines, "First step", first_step(w, one));
	add_line(part, lines, "Acknowledged", one->caretaker);
	add_line(part, lines, "Its page", one->page_url);
	lines[part->n - 1].page_url = one->page_url;
	lines[0].tone = one->tone;
}

/* "since Sun 29 Nov 2026, 02:10 CET (01:10 UTC): 212 alerts opened, 6 over" */
static const char *changes_of(const struct message_writer *w)
{
	const struct notification_summary *summary = w->n->summary;
	const char *what = "only of alerts that were open before";

	if (summary->opened > 0)
		what = arena_printf(
			w->arena, "%s opened, %s over", number(w, summary->opened, "alert"),
			summary->resolved > 0 ? arena_printf(w->arena, "%zu", summary->resolved)
					      : "none");
	else if (summary->resolved > 0)
		what = arena_printf(w->arena, "%s over", number(w, summary->resolved, "alert"));
	else if (w->n->reason == NOTIFICATION_DAILY_REPORT)
		what = "nothing";
	else if (sum(w->n->firing) == 0)
		return "";
	return arena_printf(w->arena, "since %s: %s", message_moment(w, summary->since_ms), what);
}

static void put_counts(const struct message_writer *w, struct message_summary *out)
{
	const struct notification_fleet *fleet = w->n->summary->fleet;
	struct message_line *lines = arena_alloc_array(w->arena, MAX_FACTS, sizeof *lines);
	struct message_part *part = add_part(out, "");

	if (w->n->reason == NOTIFICATION_SUMMARY) /* others begin with it */
		add_line(part, lines, "Still open", message_counts(w, w->n->firing));
	add_line(part, lines, "Changed", changes_of(w));
	if (!fleet || fleet->servers == 0)
		return;
	add_line(part, lines, "Fix",
		 arena_printf(w->arena, "%s server%s", fix_of(w, fleet),
			      fleet->servers == 1 ? "" : "s"));
	add_line(part, lines, "Silent", number(w, fleet->silent, "server"));
	add_line(part, lines, "Not monitored", number(w, fleet->not_monitored, "server"));
}

static enum condition worst_at(const struct notification_site *site)
{
	int i = 0;

	while (i < CONDITION_COUNT - 1 && site->firing[i] == 0)
		i++;
	return (enum condition)i;
}

static void put_sites(const struct message_writer *w, struct message_summary *out)
{
	const struct notification_summary *summary = w->n->summary;
	struct message_line *lines =
		arena_alloc_array(w->arena, summary->n_sites + 1, sizeof *lines);

	if (summary->n_sites + summary->more_sites < 2)
		return;
	struct message_part *part = add_part(out, "By site, worst first");
	for (size_t i = 0; i < summary->n_sites; i++) {
		const struct notification_site *site = &summary->sites[i];
		const char *counts = message_counts(w, site->firing);
		add_line(part, lines, site_name(w, site), *counts ? counts : "nothing");
		lines[i].tone = message_tone_of(worst_at(site));
	}
	part->more = summary->more_sites;
}

static void put_alerts(const struct message_writer *w, const struct message *m,
		       struct message_summary *out)
{
	struct message_line *lines = arena_alloc_array(w->arena, m->n + 1, sizeof *lines);

	if (m->n + m->more < 2)
		return;
	struct message_part *part = add_part(out, "Further alerts, worst first");
	part->is_list = true;
	part->lines = lines;
	for (size_t i = 1; i < m->n; i++) {
		const struct message_alert *one = &m->alerts[i];
		lines[part->n++] = (struct message_line){
			.tone = one->tone,
			.name = alert_name(w, m, i),
			.text = one->line,
			.more = i <= REASONS || !*one->name ? one->reason : "",
			.page_url = one->page_url,
		};
	}
	part->more = m->more;
}

void message_add_rest(const struct message_part *part, size_t cut, struct buffer *out)
{
	size_t n = part->more + cut;

	if (n > 0 && part->is_list)
		buffer_printf(out, "and %zu more, which are not listed here", n);
	else if (n > 0)
		buffer_printf(out, "and %zu more site%s", n, n == 1 ? "" : "s");
}

static const char *next_of(const struct message_writer *w)
{
	int64_t next_ms = w->n->summary->next_ms;

	switch (w->n->reason) {
	case NOTIFICATION_DIGEST:
		return "A server that fails is told at once. While the first days last "
		       "(digest-until), whatever else is found comes in a digest a day; after "
		       "them each site is told of by itself.";
	case NOTIFICATION_DAILY_REPORT:
		return next_ms == TIMESTAMP_NONE
			       ? ""
			       : arena_printf(w->arena, "The next daily report comes %s.",
					      message_moment(w, next_ms));
	default:
		break;
	}
	if (next_ms != TIMESTAMP_NONE)
		return arena_printf(w->arena,
				    "The next summary comes in %s if more becomes known, and "
				    "sooner if something gets worse.",
				    message_span(next_ms - w->n->at_ms, w->arena));
	if (sum(w->n->firing) == 0)
		return "";
	return "While the storm goes on the next summary comes in five minutes, and sooner if "
	       "something gets worse; after it each site is told of by itself again.";
}

static const char *title_of(enum notification_reason reason)
{
	switch (reason) {
	case NOTIFICATION_DIGEST:
		return "First days";
	case NOTIFICATION_DAILY_REPORT:
		return "Daily report";
	default:
		return "Storm";
	}
}

static enum message_tone tone_of(const struct message_writer *w, const struct message *m)
{
	const struct notification_fleet *fleet = w->n->summary->fleet;

	if (m->n > 0)
		return m->alerts[0].tone;
	return *unheard(w, fleet) ? MESSAGE_INFO : MESSAGE_GOOD;
}

static void mark_as_test(const struct message_writer *w, struct message *m)
{
	m->subject = arena_printf(w->arena, "Test: %s", m->subject);
	m->lead = arena_printf(w->arena, "This is a test of a hook: nothing is wrong. %s", m->lead);
}

void message_sum_up(const struct message_writer *w, struct message *m)
{
	struct message_summary *out = arena_alloc(w->arena, sizeof *out);

	*out = (struct message_summary){ .title = title_of(w->n->reason), .next = next_of(w) };
	m->summary = out;
	m->others = "";
	m->event = notification_reason_text(w->n->reason);
	m->tone = tone_of(w, m);
	if (w->n->reason == NOTIFICATION_DAILY_REPORT)
		head_report(w, m);
	else if (w->n->reason == NOTIFICATION_DIGEST)
		head_digest(w, m);
	else
		head_storm(w, m);
	if (m->is_test)
		mark_as_test(w, m);
	put_worst(w, m, out);
	put_counts(w, out);
	put_sites(w, out);
	put_alerts(w, m, out);
}
