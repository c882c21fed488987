#include "collector/query/server_csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/model/findings.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/advisory.h"

static bool is_formula(const char *text)
{
	/* ASCII; the full-width forms, which a Japanese Excel takes for them; the small forms. */
	static const char *const signs[] = {
		"=",      "+",      "-",      "@",      "\t",     "\r",     "\n",     "\uff1d",
		"\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62", "\ufe63", "\ufe6b",
	};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		if (strncmp(text, signs[i], strlen(signs[i])) == 0)
			return true;
	}
	return false;
}

bool server_csv_needs_apostrophe(const char *text)
{
	return is_formula(text + strspn(text, "'"));
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
	if (server_csv_needs_apostrophe(text))
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
static void add_cell(struct buffer *out, const char *text)
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
			"mta,build,os,exchange_server,owner,owner_of,note,note_of\r\n");
}

/* The ways to mend it, smallest first: "do this; then that / or: do something else". */
static const char *join_options(const struct findings *f, struct arena *arena)
{
	const char *text = f->n_options ? "" : f->remedy;

	for (size_t i = 0; i < f->n_options; i++) {
		const struct findings_option *option = &f->options[i];
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
	const struct findings_option *first = f->n_options ? &f->options[0] : NULL;
	return first && first->n ? first->steps[first->n - 1].verdict_after : NULL;
}

static void add_findings(struct buffer *out, const struct view *view)
{
	struct findings f;
	struct arena arena;

	arena_init(&arena);
	findings_of_view(view, &arena, &f);
	const struct findings_reason *lead = findings_lead(&f);
	add_cell(out, lead->code);
	add_cell(out, lead->text);
	add_cell(out, join_reasons(&f, &arena));
	add_cell(out, join_options(&f, &arena));
	add_cell(out, verdict_after(&f));
	arena_deinit(&arena);
}

/* The text, and whose it is. */
static void add_remark(struct buffer *out, const struct remark *remark)
{
	struct arena arena;

	arena_init(&arena);
	add_cell(out, remark_line(remark, &arena));
	add_cell(out, !remark->text ? "" : remark->is_of_site ? "site" : "server");
	arena_deinit(&arena);
}

void server_csv_add(struct buffer *out, const struct view *view, const struct remark_pair *pair,
		    int64_t now_ms)
{
	add_cell(out, view->server);
	add_cell(out, view->organization);
	add_cell(out, view->site);
	add_cell(out, view->not_monitored ? "not_monitored" : verdict_name(view->verdict));
	buffer_add_text(out, view->silent ? ",true" : ",false");
	add_time(out, view->since_ms);
	add_findings(out, view);
	add_cell(out, advisory_q285350.id);
	add_time(out, view->reported_at_ms);
	add_age(out, view, now_ms);
	add_cell(out, view->mta);
	add_cell(out, view->build);
	add_cell(out, view->os);
	add_cell(out, view->exchange_server);
	add_remark(out, &pair->owner);
	add_remark(out, &pair->note);
	buffer_add_text(out, "\r\n");
}
