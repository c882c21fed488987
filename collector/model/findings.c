#include "collector/model/findings.h"

#include <string.h>

#include "proto/base/timestamp.h"

static void read_reason(struct json_reading *in, const struct json_place *at, void *item)
{
	struct findings_reason *reason = item;
	struct json_place evidence;

	json_get_text(in, at, "code", &reason->code);
	json_get_text(in, at, "text", &reason->text);
	reason->event_ms = TIMESTAMP_NONE;
	if (!json_get_object(in, at, "evidence", &evidence))
		return;
	json_get_text(in, &evidence, "adapter", &reason->adapter);
	json_get_integer(in, &evidence, "event", 0, JSON_MAX_INTEGER, &reason->event);
	json_get_time(in, &evidence, "at", &reason->event_ms);
}

static void read_step(struct json_reading *in, const struct json_place *at, void *item)
{
	struct findings_step *step = item;

	json_get_text(in, at, "action", &step->action);
	json_get_text(in, at, "text", &step->text);
	json_get_text(in, at, "verdict_after", &step->verdict_after);
}

static void read_option(struct json_reading *in, const struct json_place *at, void *item)
{
	struct findings_option *option = item;

	option->steps = json_get_list(in, at, "steps", FINDINGS_MAX_ITEMS, sizeof *option->steps,
				      read_step, &option->n, NULL);
}

void findings_read(struct json_reading *in, const struct json_place *at, struct findings *out)
{
	struct json_place remedy;

	*out = (struct findings){ .remedy = NULL };
	out->reasons = json_get_list(in, at, "reasons", FINDINGS_MAX_ITEMS, sizeof *out->reasons,
				     read_reason, &out->n_reasons, NULL);
	out->notes = json_get_list(in, at, "notes", FINDINGS_MAX_ITEMS, sizeof *out->notes,
				   read_reason, &out->n_notes, NULL);
	if (!json_get_object(in, at, "remedy", &remedy))
		return;
	json_get_text(in, &remedy, "text", &out->remedy);
	out->options = json_get_list(in, &remedy, "options", FINDINGS_MAX_ITEMS,
				     sizeof *out->options, read_option, &out->n_options, NULL);
}

const struct findings_reason *findings_lead(const struct findings *findings)
{
	static const struct findings_reason none = { .code = NULL };

	return findings->n_reasons > 0 ? &findings->reasons[0] : &none;
}

const char *findings_object(const char *findings_json, struct arena *arena)
{
	size_t size = strlen(findings_json);
	char *object = arena_alloc(arena, size + 3);

	/* Kilobytes, and often: formatting them costs more than reading them. */
	object[0] = '{';
	memcpy(object + 1, findings_json, size + 1);
	object[size + 1] = '}';
	object[size + 2] = '\0';
	return object;
}

bool findings_of_view(const struct view *view, struct arena *arena, struct findings *out)
{
	const char *object = findings_object(view->findings_json, arena);
	size_t size = strlen(object);
	struct json_reading in;
	struct json_place root;

	json_begin(&in, object, size, size, arena, &root);
	findings_read(&in, &root, out);
	json_end(&in);
	if (in.status != STATUS_OK)
		*out = (struct findings){ .remedy = NULL };
	return in.status == STATUS_OK;
}
