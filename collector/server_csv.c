#include "collector/server_csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/advisory.h"
#include "proto/json_fields.h"
#include "proto/printable.h"
#include "proto/timestamp.h"

/* Longer texts of our own findings there are none. */
#define MAX_TEXT  65536
#define MAX_ITEMS 4096

struct reason_text {
	const char *code;
	const char *text;
};

struct step_text {
	const char *text;
	const char *verdict_after;
};

struct option_texts {
	struct step_text *steps;
	size_t n;
};

struct findings {
	struct reason_text *reasons;
	size_t n_reasons;
	struct option_texts *options;
	size_t n_options;
	const char *remedy; /* why there is no option, or NULL */
};

static void read_reason(struct json_reading *in, const struct json_place *at, void *item)
{
	struct reason_text *reason = item;

	json_get_text(in, at, "code", &reason->code);
	json_get_text(in, at, "text", &reason->text);
}

static void read_step(struct json_reading *in, const struct json_place *at, void *item)
{
	struct step_text *step = item;

	json_get_text(in, at, "text", &step->text);
	json_get_text(in, at, "verdict_after", &step->verdict_after);
}

static void read_option(struct json_reading *in, const struct json_place *at, void *item)
{
	struct option_texts *option = item;

	option->steps = json_get_list(in, at, "steps", MAX_ITEMS, sizeof *option->steps, read_step,
				      &option->n, NULL);
}

/* They are our own text, so they can be read; if not, they are left out. */
static void read_findings(const struct view *view, struct findings *out, struct arena *arena)
{
	const char *text = arena_printf(arena, "{%s}", view->findings_json);
	struct json_reading in;
	struct json_place root;
	struct json_place remedy;

	*out = (struct findings){ .n_reasons = 0 };
	json_begin(&in, text, strlen(text), MAX_TEXT, arena, &root);
	out->reasons = json_get_list(&in, &root, "reasons", MAX_ITEMS, sizeof *out->reasons,
				     read_reason, &out->n_reasons, NULL);
	if (json_get_object(&in, &root, "remedy", &remedy)) {
		json_get_text(&in, &remedy, "text", &out->remedy);
		out->options =
			json_get_list(&in, &remedy, "options", MAX_ITEMS, sizeof *out->options,
				      read_option, &out->n_options, NULL);
	}
	json_end(&in);
	if (in.status != STATUS_OK)
		*out = (struct findings){ .n_reasons = 0 };
}

void server_csv_add_cell(struct buffer *out, const char *text)
{
	struct arena arena;

	if (!text || *text == '\0')
		return;
	arena_init(&arena);
	size_t room = strlen(text) + 2;
	char *cell = arena_alloc(&arena, room);
	size_t at = 0;
	if (strchr("=+-@\t\r", *text))
		cell[at++] = '\'';
	printable(cell + at, room - at, text);
	buffer_add_char(out, '"');
	for (const char *c = cell; *c; c++) {
		if (*c == '"')
			buffer_add_char(out, '"');
		buffer_add_char(out, *c);
	}
	buffer_add_char(out, '"');
	arena_deinit(&arena);
}

/* A cell that is not the first of its line brings the comma. */
static void add(struct buffer *out, const char *text)
{
	if (out->size > 0 && out->bytes[out->size - 1] != '\n')
		buffer_add_char(out, ',');
	server_csv_add_cell(out, text);
}

static void add_time(struct buffer *out, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	buffer_printf(out, ",%s", ms == TIMESTAMP_NONE ? "" : timestamp_format(ms, text));
}

static void add_age(struct buffer *out, const struct view *view, int64_t now_ms)
{
	if (view->not_monitored)
		buffer_add_text(out, ",,");
	else
		buffer_printf(out, ",%" PRId64 ",%" PRId64, (now_ms - view->reported_at_ms) / 1000,
			      view->interval_s);
}

void server_csv_add_header(struct buffer *out)
{
	buffer_add_text(out,
			"server,organization,site,verdict,silent,since,reason_code,reason,"
			"all_reasons,remedy,verdict_after,advisory,reported_at,age_s,interval_s,"
			"mta,build,os,exchange_server\r\n");
}

/* The ways to mend it, smallest first: "do this; then that / or: do something else". */
static const char *join_options(const struct findings *f, struct arena *arena)
{
	const char *text = f->n_options ? "" : f->remedy;

	for (size_t i = 0; i < f->n_options; i++) {
		const struct option_texts *option = &f->options[i];
		for (size_t k = 0; k < option->n; k++) {
			const char *between = k ? "; " : i ? " / or: " : "";
			text = arena_printf(arena, "%s%s%s", text, between, option->steps[k].text);
		}
	}
	return text;
}

static const char *join_reasons(const struct findings *f, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < f->n_reasons; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? "; " : "", f->reasons[i].code);
	return text;
}

/* The verdict after the last step of the first option. */
static const char *verdict_after(const struct findings *f)
{
	const struct option_texts *first = f->n_options ? &f->options[0] : NULL;
	return first && first->n ? first->steps[first->n - 1].verdict_after : NULL;
}

static void add_findings(struct buffer *out, const struct view *view)
{
	struct findings f;
	struct arena arena;

	arena_init(&arena);
	read_findings(view, &f, &arena);
	add(out, f.n_reasons ? f.reasons[0].code : NULL);
	add(out, f.n_reasons ? f.reasons[0].text : NULL);
	add(out, join_reasons(&f, &arena));
	add(out, join_options(&f, &arena));
	add(out, verdict_after(&f));
	arena_deinit(&arena);
}

void server_csv_add(struct buffer *out, const struct view *view, int64_t now_ms)
{
	add(out, view->server);
	add(out, view->organization);
	add(out, view->site);
	add(out, view->not_monitored ? "not_monitored" : verdict_name(view->verdict));
	buffer_add_text(out, view->silent ? ",true" : ",false");
	add_time(out, view->since_ms);
	add_findings(out, view);
	add(out, advisory_q285350.id);
	add_time(out, view->reported_at_ms);
	add_age(out, view, now_ms);
	add(out, view->mta);
	add(out, view->build);
	add(out, view->os);
	add(out, view->exchange_server);
	buffer_add_text(out, "\r\n");
}
