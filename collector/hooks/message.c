#include "collector/hooks/message.h"

#include <string.h>

#include "collector/hooks/labels.h"
#include "collector/hooks/message_time.h"
#include "collector/hooks/shorten.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"

/* Moments that are less apart than this are told as one. */
#define SAME_MS (INT64_C(60) * 1000)

struct writer {
	const struct notification *n;
	const struct time_zone *zone;
	struct arena *arena;
};

static bool fires(const struct notification_alert *alert)
{
	return alert->resolved_ms == TIMESTAMP_NONE;
}

/* Text from outside: one line, nothing that turns a terminal or a reading direction. */
static const char *clean(const struct writer *w, const char *text)
{
	size_t size = strlen(text) + 1;
	return printable(arena_alloc(w->arena, size), size, text);
}

static const char *spoken(const struct writer *w, const char *text)
{
	return clean(w, message_spoken(w->zone, text, w->arena));
}

static const char *capital(const struct writer *w, const char *text)
{
	char *copy = arena_strdup(w->arena, text);

	if (*copy >= 'a' && *copy <= 'z')
		*copy = (char)(*copy - 'a' + 'A');
	return copy;
}

/* What a condition means for mail; the compiler misses a new one here. */
static const char *effect_of(enum condition condition)
{
	switch (condition) {
	case CONDITION_FAILING:
		return "Mail to and from other servers has stopped.";
	case CONDITION_EXPOSED:
		return "The MTA runs; it will fail at its next start: do not restart it or the "
		       "server.";
	case CONDITION_AT_RISK:
		return "The MTA runs; it may fail at its next start: do not restart it without "
		       "need.";
	case CONDITION_UNKNOWN:
		return "Nobody can say whether the MTA will start the next time: do not restart it "
		       "without need.";
	case CONDITION_SILENT:
		return "What is known of this server is old: nobody would learn that its MTA "
		       "fails.";
	case CONDITION_NOT_MONITORED:
		return "Nobody would learn that its MTA fails.";
	case CONDITION_SURROUNDINGS:
		return "What is known of these servers is old: nobody would learn that an MTA "
		       "fails.";
	case CONDITION_DISK:
		return "A collector with a full disk takes no reports and tells nobody anything.";
	case CONDITION_CERTIFICATE:
		return "Once it has expired agents no longer report, and nobody learns what fails.";
	case CONDITION_DEAD_LETTERS:
		return "Somebody was not told of something.";
	case CONDITION_HOOK:
		return "Whoever is told by this hook learns nothing meanwhile.";
	case CONDITION_COUNT:
		break;
	}
	return "";
}

static enum message_tone tone_of(const struct notification_alert *alert)
{
	const char *severity = condition_info(alert->condition)->severity;

	if (!fires(alert))
		return MESSAGE_GOOD;
	if (strcmp(severity, "critical") == 0)
		return MESSAGE_CRITICAL;
	return strcmp(severity, "warning") == 0 ? MESSAGE_WARNING : MESSAGE_INFO;
}

static const char *moment(const struct writer *w, int64_t ms)
{
	return message_time(w->zone, ms, w->arena);
}

static bool differ(int64_t a, int64_t b)
{
	return a != TIMESTAMP_NONE && b != TIMESTAMP_NONE && (a > b ? a - b : b - a) >= SAME_MS;
}

/* Where the agent's clock is wrong, events lie in the future: that is shown as it is. */
static void tell_times(const struct writer *w, const struct notification_alert *alert,
		       struct message_alert *out)
{
	bool has_event = alert->event != 0 && alert->event_ms != TIMESTAMP_NONE;
	int64_t since_ms = has_event ? alert->event_ms : alert->since_ms;

	out->since = moment(w, since_ms);
	if (has_event)
		out->since = arena_printf(w->arena, "%s: event %lld in its own log", out->since,
					  (long long)alert->event);
	out->noticed = has_event ? moment(w, alert->since_ms) : "";
	out->opened = differ(alert->fired_ms, alert->since_ms) && differ(alert->fired_ms, since_ms)
			      ? moment(w, alert->fired_ms)
			      : "";
	out->over = fires(alert) ? "" : moment(w, alert->resolved_ms);
	if (!fires(alert) && alert->fired_ms != TIMESTAMP_NONE)
		out->over =
			arena_printf(w->arena, "%s, after %s", out->over,
				     message_span(alert->resolved_ms - alert->fired_ms, w->arena));
}

static const char *caretaker_of(const struct writer *w, const struct notification_alert *alert)
{
	const char *who = clean(w, alert->acknowledged_by);
	const char *comment = clean(w, alert->comment);
	const char *since = moment(w, alert->acknowledged_ms);

	if (!*who)
		return fires(alert) && !w->n->is_test ? "nobody yet" : "";
	return arena_printf(w->arena, "%s%s%s%s%s%s", who, *since ? ", since " : "", since,
			    *comment ? " (\"" : "", comment, *comment ? "\")" : "");
}

static const char *word_of_verdict(const char *name)
{
	enum verdict verdict;
	return verdict_from_name(name, &verdict) ? verdict_word(verdict) : name;
}

static void tell_ways(const struct writer *w, const struct notification_alert *alert,
		      struct message_alert *out)
{
	struct message_way *ways = arena_alloc_array(w->arena, alert->n_options + 1, sizeof *ways);

	for (size_t i = 0; i < alert->n_options; i++) {
		const struct notification_option *option = &alert->options[i];
		struct message_step *steps =
			arena_alloc_array(w->arena, option->n + 1, sizeof *steps);
		for (size_t j = 0; j < option->n; j++) {
			steps[j].text = spoken(w, option->steps[j].text);
			steps[j].then = clean(w, word_of_verdict(option->steps[j].verdict_after));
		}
		ways[i] = (struct message_way){ steps, option->n };
	}
	out->ways = ways;
	out->n_ways = alert->n_options;
	out->remedy = alert->n_options > 0 ? "" : spoken(w, alert->remedy);
}

/* "EXCH1 is failing"; of the collector's own ills what is wrong. */
static const char *sentence_of(const struct writer *w, const struct notification_alert *alert)
{
	const char *server = clean(w, alert->server);
	const char *flaps = alert->flapping && fires(alert) ? " (it comes and goes)" : "";

	if (!*server && fires(alert))
		return capital(w, hook_labels_summary(alert, w->arena));
	if (!*server)
		return arena_printf(w->arena, "Over: %s", hook_labels_summary(alert, w->arena));
	if (alert->condition == CONDITION_UNKNOWN)
		return arena_printf(w->arena,
				    fires(alert) ? "Cannot tell whether %s is exposed%s"
						 : "It can be told again how %s is%s",
				    server, flaps);
	return arena_printf(w->arena, "%s is %s%s%s", server, fires(alert) ? "" : "no longer ",
			    condition_word(alert->condition), flaps);
}

/* "ACME/HQ" */
static const char *place_of(const struct writer *w, const char *organization, const char *site)
{
	if (!*site)
		return "";
	return arena_printf(w->arena, "%s/%s", clean(w, organization), clean(w, site));
}

static const char *server_of(const struct writer *w, const struct notification_alert *alert)
{
	const char *place = place_of(w, alert->organization, alert->site);

	if (!*alert->server || !*place)
		return clean(w, alert->server);
	return arena_printf(w->arena, "%s (%s)", clean(w, alert->server), place);
}

/* "https://collector.example/?page=alerts" */
static const char *list_url(const struct writer *w)
{
	return *w->n->url ? arena_printf(w->arena, "%s?page=alerts", clean(w, w->n->url)) : "";
}

static struct message_alert tell(const struct writer *w, const struct notification_alert *alert)
{
	struct message_alert out = {
		.tone = tone_of(alert),
		.name = clean(w, alert->server),
		.server = server_of(w, alert),
		.state = fires(alert) ? condition_word(alert->condition) : "resolved",
		.sentence = sentence_of(w, alert),
		.effect = fires(alert) ? effect_of(alert->condition) : "",
		.why = spoken(w, !fires(alert) && *alert->now_text ? alert->now_text : alert->text),
		.caretaker = caretaker_of(w, alert),
		.page_url = *alert->server ? clean(w, alert->url) : "",
	};

	tell_times(w, alert, &out);
	if (fires(alert))
		tell_ways(w, alert, &out);
	else
		out.remedy = "";
	return out;
}

/* The alert whose change is the reason, or NULL. */
static const struct notification_alert *changed(const struct writer *w,
						const struct notification_alert *all)
{
	bool worse = w->n->reason == NOTIFICATION_ESCALATED;

	if (!worse && w->n->reason != NOTIFICATION_EASED)
		return NULL;
	for (size_t i = 0; i < w->n->n_alerts; i++) {
		if (all[i].has_before && fires(&all[i]) &&
		    (all[i].condition < all[i].before) == worse)
			return &all[i];
	}
	return NULL;
}

static const char *who_acknowledged(const struct writer *w, const struct notification_alert *all)
{
	for (size_t i = 0; i < w->n->n_alerts; i++) {
		if (*all[i].acknowledged_by)
			return clean(w, all[i].acknowledged_by);
	}
	return "";
}

/* What the server is now: "clear" of "clear: adapter E100B2 is disabled"; "resolved" where nobody says. */
static const char *word_now(const struct writer *w, const struct notification_alert *alert)
{
	size_t n = strcspn(alert->now_text, ":");

	if (!*alert->server)
		return "over";
	if (alert->condition == CONDITION_SILENT)
		return "heard of again";
	if (alert->now_text[n] != ':')
		return "resolved";
	return clean(w, arena_strndup(w->arena, alert->now_text, n));
}

/* "clear after 42 minutes" */
static const char *how_it_ended(const struct writer *w, const struct notification_alert *alert)
{
	if (alert->fired_ms == TIMESTAMP_NONE || fires(alert))
		return "resolved";
	return arena_printf(w->arena, "%s after %s", word_now(w, alert),
			    message_span(alert->resolved_ms - alert->fired_ms, w->arena));
}

/* What is new, as the end of a sentence. */
static const char *event_of(const struct writer *w, const struct notification_alert *all)
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
				    one == all ? "" : clean(w, one->server), one == all ? "" : " ",
				    from);
	if (one == all)
		return arena_printf(w->arena, "%s from %s", word, from);
	return arena_printf(w->arena, "%s %s from %s to %s", clean(w, one->server), word, from,
			    condition_word(one->condition));
}

static size_t count_firing(const struct writer *w)
{
	size_t n = 0;

	for (size_t i = 0; i < CONDITION_COUNT; i++)
		n += w->n->firing[i];
	for (size_t i = 0; n == 0 && i < w->n->n_alerts; i++) /* a version before wrote it */
		n += fires(&w->n->alerts[i]);
	return n;
}

/* "1 failing, 2 exposed" of all that fire, worst first; "" where that is one. */
static const char *counts_of(const struct writer *w)
{
	const char *text = "";

	for (size_t i = 0; i < CONDITION_COUNT; i++) {
		size_t n = w->n->firing[i];
		if (n > 0)
			text = arena_printf(w->arena, "%s%s%zu %s", text, *text ? ", " : "", n,
					    condition_word((enum condition)i));
	}
	return text;
}

static const char *subject_of(const struct writer *w, const struct message *m, size_t more)
{
	const struct message_alert *first = &m->alerts[0];
	const char *what = *first->name ? arena_printf(w->arena, "%s: %s", capital(w, first->state),
						       first->name)
					: first->sentence;
	if (more > 0)
		what = arena_printf(w->arena, "%s and %zu more", what, more);
	if (*m->place)
		what = arena_printf(w->arena, "%s (%s)", what, m->place);
	return m->is_test ? arena_printf(w->arena, "Test: %s", what)
			  : arena_printf(w->arena, "%s, %s", what, m->event);
}

/* "All at ACME/HQ: 1 failing, 2 exposed." */
static const char *others_of(const struct writer *w, const struct message *m, size_t more)
{
	const char *counts = counts_of(w);
	const char *at = *m->place ? " at " : "";

	if (more == 0)
		return "";
	if (*counts)
		return arena_printf(w->arena, "All%s%s: %s.", at, m->place, counts);
	return arena_printf(w->arena, "And %zu more%s%s.", more, at, m->place);
}

static const char *lead_of(const struct writer *w, const struct message *m)
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

struct message message_of(const struct notification *n, const struct time_zone *zone,
			  struct arena *arena)
{
	struct notification kept = *n;
	const struct notification_alert nothing = notification_alert_empty();
	struct writer w = { &kept, zone, arena };

	if (kept.n_alerts == 0) {
		kept.alerts = &nothing;
		kept.n_alerts = 1;
	}
	kept = hook_shorten(&kept, kept.n_alerts, arena);
	const struct notification_alert *all = kept.alerts;
	struct message_alert *alerts = arena_alloc_array(arena, kept.n_alerts, sizeof *alerts);
	for (size_t i = 0; i < kept.n_alerts; i++)
		alerts[i] = tell(&w, &all[i]);
	size_t total = fires(all) ? count_firing(&w) : kept.n_alerts + kept.truncated;
	struct message m = {
		.tone = alerts[0].tone,
		.place = place_of(&w, kept.organization, kept.site),
		.event = event_of(&w, all),
		.url = list_url(&w),
		.alerts = alerts,
		.n = kept.n_alerts,
		.more = kept.truncated,
		.is_test = kept.is_test,
	};
	m.others = others_of(&w, &m, total > 1 ? total - 1 : 0);
	m.subject = subject_of(&w, &m, total > 1 ? total - 1 : 0);
	m.lead = lead_of(&w, &m);
	return m;
}

size_t message_facts(const struct message_alert *alert, struct message_fact out[MESSAGE_MAX_FACTS])
{
	const struct message_fact all[MESSAGE_MAX_FACTS] = {
		{ "Server", alert->server },   { "Since", alert->since },
		{ "Noticed", alert->noticed }, { "Opened", alert->opened },
		{ "Over", alert->over },       { "Looked after", alert->caretaker },
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
