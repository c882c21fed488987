#include "collector/alert_story.h"

#include <string.h>

#include "collector/buffer.h"
#include "proto/json_fields.h"
#include "proto/site.h"
#include "proto/timestamp.h"

#define MAX_REASONS 64
#define MAX_OPTIONS 16
#define MAX_STEPS   64

struct reason_part {
	const char *code;
	const char *text;
	const char *adapter;
};

struct step_part {
	const char *text;
	const char *verdict_after;
};

struct option_part {
	struct step_part *steps;
	size_t n_steps;
};

static void read_reason(struct json_reading *in, const struct json_place *at, void *item)
{
	struct reason_part *reason = item;
	struct json_place evidence;

	json_get_text(in, at, "code", &reason->code);
	json_get_text(in, at, "text", &reason->text);
	if (json_get_object(in, at, "evidence", &evidence))
		json_get_text(in, &evidence, "adapter", &reason->adapter);
}

static void read_step(struct json_reading *in, const struct json_place *at, void *item)
{
	struct step_part *step = item;
	json_get_text(in, at, "text", &step->text);
	json_get_text(in, at, "verdict_after", &step->verdict_after);
}

static void read_option(struct json_reading *in, const struct json_place *at, void *item)
{
	struct option_part *option = item;
	option->steps = json_get_list(in, at, "steps", MAX_STEPS, sizeof *option->steps, read_step,
				      &option->n_steps, NULL);
}

/* The text, cut at the end of a character. */
static const char *keep(struct buffer *text, struct arena *arena)
{
	size_t n = text->size < ALERT_STORY_MAX_TEXT ? text->size : ALERT_STORY_MAX_TEXT;

	while (n < text->size && n > 0 && ((unsigned char)text->bytes[n] & 0xc0) == 0x80)
		n--;
	const char *kept = n > 0 ? arena_strndup(arena, text->bytes, n) : "";
	buffer_deinit(text);
	return kept;
}

static const char *tell_reasons(const struct reason_part *reasons, size_t n, struct arena *arena)
{
	struct buffer text;

	buffer_init(&text);
	for (size_t i = 0; i < n; i++) {
		if (!reasons[i].text)
			continue;
		buffer_add_text(&text, text.size > 0 ? " " : "");
		buffer_add_text(&text, reasons[i].text);
	}
	return keep(&text, arena);
}

/* "Either: ... (then clear). Or: ... Then ... (then clear)." */
static void tell_option(const struct option_part *option, struct buffer *text)
{
	for (size_t i = 0; i < option->n_steps; i++) {
		const struct step_part *step = &option->steps[i];
		buffer_printf(text, "%s%s", i ? " Then: " : "", step->text ? step->text : "");
		if (step->verdict_after)
			buffer_printf(text, " (verdict then: %s)", step->verdict_after);
	}
}

static const char *tell_remedy(const struct option_part *options, size_t n, const char *why,
			       struct arena *arena)
{
	struct buffer text;

	buffer_init(&text);
	for (size_t i = 0; i < n; i++) {
		buffer_add_text(&text, i ? " Or: " : "");
		tell_option(&options[i], &text);
	}
	if (why)
		buffer_printf(&text, "%s%s", text.size > 0 ? " " : "", why);
	return keep(&text, arena);
}

static void tell_findings(const struct view *view, struct alert_story *out, struct arena *arena)
{
	const char *object = arena_printf(arena, "{%s}", view->findings_json);
	struct json_reading in;
	struct json_place root;
	struct json_place remedy;
	struct reason_part *reasons = NULL;
	struct option_part *options = NULL;
	const char *why = NULL;
	size_t n_reasons = 0;
	size_t n_options = 0;

	json_begin(&in, object, strlen(object), strlen(object), arena, &root);
	reasons = json_get_list(&in, &root, "reasons", MAX_REASONS, sizeof *reasons, read_reason,
				&n_reasons, NULL);
	if (json_get_object(&in, &root, "remedy", &remedy)) {
		options = json_get_list(&in, &remedy, "options", MAX_OPTIONS, sizeof *options,
					read_option, &n_options, NULL);
		json_get_text(&in, &remedy, "text", &why);
	}
	json_end(&in);
	if (in.status != STATUS_OK)
		return; /* it was written by an older version; the verdict stands for itself */
	if (n_reasons > 0 && reasons[0].code)
		out->reason = out->cause = reasons[0].code;
	if (n_reasons > 0 && reasons[0].adapter)
		out->adapter = reasons[0].adapter;
	out->text = tell_reasons(reasons, n_reasons, arena);
	out->remedy = tell_remedy(options, n_options, why, arena);
}

static void tell_renamed(const struct view *view, struct alert_story *out, struct arena *arena)
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

static void tell_silence(const struct view *view, struct alert_story *out, struct arena *arena)
{
	char at[TIMESTAMP_TEXT_SIZE];

	out->text = arena_printf(
		arena,
		"No report has come since %s, although one is due every %lld seconds. The verdict "
		"is that of the last reports: %s.",
		timestamp_format(view->reported_at_ms, at), (long long)view->interval_s,
		verdict_name(view->verdict));
	out->remedy = "Look whether the server runs, whether its service mtawatch-agent runs, and "
		      "whether it reaches the collector: mtawatch-agent doctor says.";
	if (view->renamed_to)
		tell_renamed(view, out, arena);
}

void alert_story_tell(const struct view *view, enum condition condition, struct alert_story *out,
		      struct arena *arena)
{
	const char *name = condition_name(condition);

	*out = (struct alert_story){ name, name, "", "", "" };
	if (condition == CONDITION_SILENT)
		tell_silence(view, out, arena);
	else
		tell_findings(view, out, arena);
}
