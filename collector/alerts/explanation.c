#include "collector/alerts/explanation.h"

#include <string.h>

#include "collector/model/drift_marks.h"
#include "collector/model/findings.h"
#include "collector/model/notification.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"
#include "proto/json/fields.h"
#include "proto/json/write.h"
#include "proto/site/site.h"

/* The text, cut at the end of a character. */
static const char *take_text(struct buffer *text, struct arena *arena)
{
	size_t n =
		text->size < ALERT_EXPLANATION_MAX_TEXT ? text->size : ALERT_EXPLANATION_MAX_TEXT;

	while (n < text->size && n > 0 && ((unsigned char)text->bytes[n] & 0xc0) == 0x80)
		n--;
	const char *kept = n > 0 ? arena_strndup(arena, text->bytes, n) : "";
	buffer_deinit(text);
	return kept;
}

static const char *join_reasons(const struct findings_reason *reasons, size_t n,
				struct arena *arena)
{
	struct buffer text;

	buffer_init(&text);
	for (size_t i = 0; i < n; i++) {
		if (!reasons[i].text)
			continue;
		buffer_add_text(&text, text.size > 0 ? " " : "");
		buffer_add_text(&text, reasons[i].text);
	}
	return take_text(&text, arena);
}

/* "Either: ... (then clear). Or: ... Then ... (then clear)." */
static void add_option(const struct findings_option *option, struct buffer *text)
{
	for (size_t i = 0; i < option->n; i++) {
		const struct findings_step *step = &option->steps[i];
		buffer_printf(text, "%s%s", i ? " Then: " : "", step->text ? step->text : "");
		if (step->verdict_after)
			buffer_printf(text, " (verdict then: %s)",
				      verdict_word_of(step->verdict_after));
	}
}

static const char *join_remedy(const struct findings_option *options, size_t n, const char *why,
			       struct arena *arena)
{
	struct buffer text;

	buffer_init(&text);
	for (size_t i = 0; i < n; i++) {
		buffer_add_text(&text, i ? " Or: " : "");
		add_option(&options[i], &text);
	}
	if (why)
		buffer_printf(&text, "%s%s", text.size > 0 ? " " : "", why);
	return take_text(&text, arena);
}

/* As many steps as a notification may have. */
static struct notification_option shown_option(const struct findings_option *option,
					       struct arena *arena)
{
	size_t n = option->n < NOTIFICATION_MAX_STEPS ? option->n : NOTIFICATION_MAX_STEPS;
	struct notification_step *steps = arena_alloc_array(arena, n + 1, sizeof *steps);

	for (size_t i = 0; i < n; i++) {
		const struct findings_step *step = &option->steps[i];
		steps[i].text = step->text ? step->text : "";
		steps[i].verdict_after = step->verdict_after ? step->verdict_after : "";
	}
	return (struct notification_option){ steps, n };
}

/* "" where they are too many for a row of the store, or there are none: the text tells them. */
static const char *options_json(const struct findings_option *options, size_t n,
				struct arena *arena)
{
	struct notification_option shown[NOTIFICATION_MAX_OPTIONS];
	const char *json = "";
	struct buffer out;

	n = n < NOTIFICATION_MAX_OPTIONS ? n : NOTIFICATION_MAX_OPTIONS;
	for (size_t i = 0; i < n; i++)
		shown[i] = shown_option(&options[i], arena);
	buffer_init(&out);
	json_open_object(&out, NULL);
	notification_write_options(shown, n, &out);
	json_close_object(&out);
	if (n > 0 && out.size <= ALERT_EXPLANATION_MAX_TEXT)
		json = arena_strndup(arena, out.bytes, out.size);
	buffer_deinit(&out);
	return json;
}

static void write_findings(const struct view *view, struct alert_explanation *out,
			   struct arena *arena)
{
	struct findings f;

	if (!findings_of_view(view, arena, &f))
		return; /* the verdict stands for itself */
	const struct findings_reason *lead = findings_lead(&f);
	if (lead->code)
		out->reason = out->cause = lead->code;
	if (lead->adapter)
		out->adapter = lead->adapter;
	out->event = lead->event;
	out->event_ms = lead->event ? lead->event_ms : TIMESTAMP_NONE;
	out->text = join_reasons(f.reasons, f.n_reasons, arena);
	out->remedy = join_remedy(f.options, f.n_options, f.remedy, arena);
	out->options = options_json(f.options, f.n_options, arena);
}

static void add_new_name(const struct view *view, struct alert_explanation *out,
			 struct arena *arena)
{
	out->text = arena_printf(arena,
				 "%s It was probably renamed to %s, which reports from the same "
				 "network card.",
				 out->text, view->renamed_to);
	out->remedy = arena_printf(arena,
				   "%s If it was renamed, this removes the old name: "
				   "mtawatch-collector decommission %s --reason \"renamed to %s\"",
				   out->remedy, view->server, view->renamed_to);
}

static void write_silence(const struct view *view, struct alert_explanation *out,
			  struct arena *arena)
{
	char at[TIMESTAMP_TEXT_SIZE];

	out->text = arena_printf(
		arena,
		"No report has come since %s, although one is due every %lld seconds. The verdict "
		"is that of the last reports: %s.",
		timestamp_format(view->reported_at_ms, at), (long long)view->interval_s,
		verdict_word(view->verdict));
	out->remedy = "Look whether the server runs, whether its service mtawatch-agent runs, and "
		      "whether it reaches the collector: mtawatch-agent doctor says.";
	if (view->renamed_to)
		add_new_name(view, out, arena);
}

/* A member of a mark that is a text, as it was before it became JSON; in `arena`. */
static const char *mark_text(const struct drift_mark *mark, const char *name, struct arena *arena)
{
	const char *text = NULL;
	struct json_reading in;
	struct json_place root;

	json_begin(&in, mark->json, mark->size, mark->size, arena, &root);
	json_get_text(&in, &root, name, &text);
	json_end(&in);
	return text ? text : "";
}

static void write_drift(const struct view *view, struct alert_explanation *out, struct arena *arena)
{
	const char *marks = view->drift;
	struct buffer text = { 0 };
	struct drift_mark mark;

	while (marks && drift_next_mark(&marks, &mark)) {
		if (text.size == 0)
			out->reason = mark_text(&mark, "kind", arena);
		buffer_printf(&text, "%s%s", text.size > 0 ? " " : "",
			      mark_text(&mark, "text", arena));
	}
	out->text = take_text(&text, arena);
	out->remedy = "Look whether that was meant. If it was, nothing is to be done: it counts as "
		      "usual after seven days. If not, undo it: the next report ends this.";
}

void alert_explanation_write(const struct view *view, enum condition condition,
			     struct alert_explanation *out, struct arena *arena)
{
	const char *name = condition_name(condition);

	*out = (struct alert_explanation){ .cause = name,
					   .reason = name,
					   .text = "",
					   .remedy = "",
					   .options = "",
					   .adapter = "",
					   .event_ms = TIMESTAMP_NONE };
	if (condition == CONDITION_SILENT)
		write_silence(view, out, arena);
	else if (condition == CONDITION_DRIFT)
		write_drift(view, out, arena);
	else
		write_findings(view, out, arena);
}

const char *alert_explanation_of_now(const struct view *view, enum condition kind,
				     struct arena *arena)
{
	const char *begin = kind == CONDITION_SILENT          ? "it reports again; "
			    : kind == CONDITION_NOT_MONITORED ? "it reports now; "
			    : kind == CONDITION_DRIFT ? "it was undone, or counts as usual now; "
						      : "";
	const char *word = view->verdict == VERDICT_UNKNOWN ? condition_word(CONDITION_UNKNOWN)
							    : verdict_word(view->verdict);
	const char *why = "";
	struct findings f;

	if (findings_of_view(view, arena, &f) && findings_lead(&f)->text)
		why = arena_printf(arena, ": %s", findings_lead(&f)->text);
	struct buffer text;
	buffer_init(&text);
	buffer_printf(&text, "%s%s%s", begin, word, why);
	return take_text(&text, arena);
}
