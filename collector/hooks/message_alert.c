/* Writes what a message says of one alert. Declared in collector/hooks/message_words.h. */
#include "collector/hooks/message_words.h"

#include <string.h>

#include "collector/hooks/labels.h"
#include "collector/hooks/message_time.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"

/* Moments that are less apart than this are told as one. */
#define SAME_MS (INT64_C(60) * 1000)

bool message_fires(const struct notification_alert *alert)
{
	return alert->resolved_ms == TIMESTAMP_NONE;
}

/* Text from outside: one line, nothing that turns a terminal or a reading direction. */
const char *message_clean(const struct message_writer *w, const char *text)
{
	size_t size = strlen(text) + 1;
	return printable(arena_alloc(w->arena, size), size, text);
}

static const char *spoken(const struct message_writer *w, const char *text)
{
	return message_clean(w, message_spoken(w->zone, text, w->arena));
}

const char *message_capital(const struct message_writer *w, const char *text)
{
	char *copy = arena_strdup(w->arena, text);

	if (*copy >= 'a' && *copy <= 'z')
		*copy = (char)(*copy - 'a' + 'A');
	return copy;
}

/*
 * What a condition means for mail, whether the MTA runs or somebody stopped it, which an alert does
 * not tell; the compiler misses a new one here.
 */
static const char *effect_of(enum condition condition)
{
	switch (condition) {
	case CONDITION_FAILING:
		return "Mail to and from other servers has stopped.";
	case CONDITION_EXPOSED:
		return "The MTA will fail at its next start: do not restart it or the server "
		       "before this is mended.";
	case CONDITION_AT_RISK:
		return "The MTA may fail at its next start: do not restart it without need.";
	case CONDITION_UNKNOWN:
		return "Nobody can say whether the MTA will start the next time: do not restart it "
		       "without need.";
	case CONDITION_SILENT:
		return "What is known of this server is old: nobody would learn that its MTA "
		       "fails.";
	case CONDITION_NOT_MONITORED:
		return "Nobody would learn that its MTA fails.";
	case CONDITION_DRIFT:
		return "None yet: what changed is no trouble by itself, but trouble often begins "
		       "so.";
	case CONDITION_SURROUNDINGS:
		return "What is known of these servers is old: nobody would learn that an MTA "
		       "fails.";
	case CONDITION_DISK:
		return "A collector with a full disk takes no reports and tells nobody anything.";
	case CONDITION_CERTIFICATE:
		return "Once it has expired agents no longer report, and nobody learns what fails.";
	case CONDITION_STORE_LOST:
		return "What was stored in the last moments before that is gone, although it was "
		       "acknowledged.";
	case CONDITION_STORE_ASYNC:
		return "A collector that may not rely on one server takes no reports: what is "
		       "known grows old.";
	case CONDITION_DEAD_LETTERS:
		return "Somebody was not told of something.";
	case CONDITION_HOOK:
		return "Whoever is told by this hook learns nothing meanwhile.";
	case CONDITION_COLLECTOR:
		return "Reports are taken, but whoever should take over next may be unable to, or "
		       "have a wrong clock.";
	case CONDITION_COUNT:
		break;
	}
	return "";
}

enum message_tone message_tone_of(enum condition condition)
{
	const char *severity = condition_info(condition)->severity;

	if (strcmp(severity, "critical") == 0)
		return MESSAGE_CRITICAL;
	return strcmp(severity, "warning") == 0 ? MESSAGE_WARNING : MESSAGE_INFO;
}

const char *message_moment(const struct message_writer *w, int64_t ms)
{
	return message_time(w->zone, ms, w->arena);
}

static bool differ(int64_t a, int64_t b)
{
	return a != TIMESTAMP_NONE && b != TIMESTAMP_NONE && (a > b ? a - b : b - a) >= SAME_MS;
}

/* Where the agent's clock is wrong, events lie in the future: that is shown as it is. */
static void tell_times(const struct message_writer *w, const struct notification_alert *alert,
		       struct message_alert *out)
{
	bool has_event = alert->event != 0 && alert->event_ms != TIMESTAMP_NONE;
	int64_t since_ms = has_event ? alert->event_ms : alert->since_ms;

	out->since = message_moment(w, since_ms);
	if (has_event)
		out->since = arena_printf(w->arena, "%s: event %lld in its own log", out->since,
					  (long long)alert->event);
	out->noticed = has_event ? message_moment(w, alert->since_ms) : "";
	out->opened = differ(alert->fired_ms, alert->since_ms) && differ(alert->fired_ms, since_ms)
			      ? message_moment(w, alert->fired_ms)
			      : "";
	out->over = message_fires(alert) ? "" : message_moment(w, alert->resolved_ms);
	if (!message_fires(alert) && alert->fired_ms != TIMESTAMP_NONE)
		out->over =
			arena_printf(w->arena, "%s, after %s", out->over,
				     message_span(alert->resolved_ms - alert->fired_ms, w->arena));
}

static const char *caretaker_of(const struct message_writer *w,
				const struct notification_alert *alert)
{
	const char *who = message_clean(w, alert->acknowledged_by);
	const char *comment = message_clean(w, alert->comment);
	const char *since = message_moment(w, alert->acknowledged_ms);

	if (!*who)
		return message_fires(alert) && !w->n->is_test ? "nobody yet" : "";
	return arena_printf(w->arena, "%s%s%s%s%s%s", who, *since ? ", since " : "", since,
			    *comment ? " (\"" : "", comment, *comment ? "\")" : "");
}

static const char *of_site(const struct remark *remark)
{
	return remark->is_of_site ? "of the site" : "";
}

/* "Mail team (of the site)" */
static const char *owner_of(const struct message_writer *w, const struct remark *owner)
{
	const char *name = message_clean(w, remark_line(owner, w->arena));

	return owner->is_of_site ? arena_printf(w->arena, "%s (%s)", name, of_site(owner)) : name;
}

/* "rack 3 (of the site, by token ops, 2026-11-30 12:00 UTC)" */
static const char *note_of(const struct message_writer *w, const struct remark *note)
{
	if (!note->text)
		return "";
	return arena_printf(w->arena, "%s (%s%sby %s, %s)",
			    message_clean(w, remark_line(note, w->arena)), of_site(note),
			    note->is_of_site ? ", " : "", message_clean(w, note->by),
			    message_moment(w, note->at_ms));
}

static void tell_ways(const struct message_writer *w, const struct notification_alert *alert,
		      struct message_alert *out)
{
	struct message_way *ways = arena_alloc_array(w->arena, alert->n_options + 1, sizeof *ways);

	for (size_t i = 0; i < alert->n_options; i++) {
		const struct notification_option *option = &alert->options[i];
		struct message_step *steps =
			arena_alloc_array(w->arena, option->n + 1, sizeof *steps);
		for (size_t j = 0; j < option->n; j++) {
			steps[j].text = spoken(w, option->steps[j].text);
			steps[j].then =
				message_clean(w, verdict_word_of(option->steps[j].verdict_after));
		}
		ways[i] = (struct message_way){ steps, option->n };
	}
	out->ways = ways;
	out->n_ways = alert->n_options;
	out->remedy = alert->n_options > 0 ? "" : spoken(w, alert->remedy);
}

/* "EXCH1 is failing"; of the collector's own ills what is wrong. */
static const char *sentence_of(const struct message_writer *w,
			       const struct notification_alert *alert)
{
	const char *server = message_clean(w, alert->server);
	const char *flaps = alert->flapping && message_fires(alert) ? " (it comes and goes)" : "";

	if (!*server && message_fires(alert))
		return message_capital(w, hook_labels_summary(alert, w->arena));
	if (!*server)
		return arena_printf(w->arena, "Over: %s", hook_labels_summary(alert, w->arena));
	if (alert->condition == CONDITION_UNKNOWN)
		return arena_printf(w->arena,
				    message_fires(alert) ? "Cannot tell whether %s is exposed%s"
							 : "It can be told again how %s is%s",
				    server, flaps);
	return arena_printf(w->arena, "%s is %s%s%s", server,
			    message_fires(alert) ? "" : "no longer ",
			    condition_word(alert->condition), flaps);
}

/* "ACME/HQ" */
const char *message_place(const struct message_writer *w, const char *organization,
			  const char *site)
{
	if (!*site)
		return "";
	return arena_printf(w->arena, "%s/%s", message_clean(w, organization),
			    message_clean(w, site));
}

static const char *server_of(const struct message_writer *w, const struct notification_alert *alert)
{
	const char *place = message_place(w, alert->organization, alert->site);

	if (!*alert->server || !*place)
		return message_clean(w, alert->server);
	return arena_printf(w->arena, "%s (%s)", message_clean(w, alert->server), place);
}

/* The first sentence of "The MTA is not running. Adapter B reaches ...", with its stop. */
static const char *first_sentence(const struct message_writer *w, const char *text)
{
	const char *end = strstr(text, ". ");
	return end ? arena_strndup(w->arena, text, (size_t)(end - text) + 1) : text;
}

static int64_t begin_of(const struct notification_alert *alert)
{
	return alert->event != 0 && alert->event_ms != TIMESTAMP_NONE ? alert->event_ms
								      : alert->since_ms;
}

/* " for 3 days"; "" of what has only begun. */
static const char *how_long(const struct message_writer *w, const char *before, int64_t begin_ms,
			    int64_t end_ms)
{
	if (begin_ms == TIMESTAMP_NONE || end_ms - begin_ms < SAME_MS)
		return "";
	return arena_printf(w->arena, " %s %s", before, message_span(end_ms - begin_ms, w->arena));
}

/* "failing for 3 days (it comes and goes), acknowledged by kim" */
static const char *line_of(const struct message_writer *w, const struct notification_alert *alert)
{
	const char *who = message_clean(w, alert->acknowledged_by);

	if (!message_fires(alert))
		return arena_printf(w->arena, "over%s",
				    how_long(w, "after", alert->fired_ms, alert->resolved_ms));
	return arena_printf(w->arena, "%s%s%s%s%s",
			    *alert->server ? condition_word(alert->condition) : "open",
			    how_long(w, "for", begin_of(alert), w->n->at_ms),
			    alert->flapping ? " (it comes and goes)" : "",
			    *who ? ", acknowledged by " : "", who);
}

struct message_alert message_describe_alert(const struct message_writer *w,
					    const struct notification_alert *alert)
{
	struct message_alert out = {
		.tone = message_fires(alert) ? message_tone_of(alert->condition) : MESSAGE_GOOD,
		.name = message_clean(w, alert->server),
		.server = server_of(w, alert),
		.state = message_fires(alert) ? condition_word(alert->condition) : "resolved",
		.sentence = sentence_of(w, alert),
		.effect = message_fires(alert) ? effect_of(alert->condition) : "",
		.why = spoken(w, !message_fires(alert) && *alert->now_text ? alert->now_text
									   : alert->text),
		.caretaker = caretaker_of(w, alert),
		.owner = owner_of(w, &alert->remarks.owner),
		.note = note_of(w, &alert->remarks.note),
		.page_url = *alert->server ? message_clean(w, alert->url) : "",
	};

	out.reason = first_sentence(w, out.why);
	out.line = line_of(w, alert);
	tell_times(w, alert, &out);
	if (message_fires(alert))
		tell_ways(w, alert, &out);
	else
		out.remedy = "";
	return out;
}
