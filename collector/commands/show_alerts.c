/* The command `alerts`. */
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"

const char alerts_help[] =
	"mtawatch-collector alerts: show the alerts that fire or are about to, worst first.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector alerts\n"
	"\n"
	"Those that fire count for the exit status, acknowledged or silenced or not.\n"
	"\n"
	"Options:\n"
	"  --all              also those that are resolved\n"
	"  --sort ORDER       worst, newest, server or site\n" SHOW_HELP;

static const char *make_state(struct show *show, struct json_reading *in,
			      const struct json_place *at)
{
	const char *state = "?";
	const char **silences;
	size_t n = 0;

	json_get_text(in, at, "state", &state);
	json_get_texts(in, at, "silenced_by", &silences, &n);
	return arena_printf(&show->arena, "%s%s%s", state, n > 0 ? ", silenced" : "",
			    json_borrow_text(in, at, "inside") ? ", one of many" : "");
}

/* "token ops until 2026-11-22T10:45:23Z: on it"; NULL: nobody has. */
static const char *make_acknowledgement(struct show *show, struct json_reading *in,
					const struct json_place *at)
{
	static const struct show_column time = { .member = "until", .kind = SHOW_TIME };
	struct json_place it;
	const char *comment = "";

	if (!json_get_object(in, at, "acknowledged", &it))
		return NULL;
	const char *until = show_cell(show, in, &it, &time);
	const char *by = json_borrow_text(in, &it, "by");
	json_get_text(in, &it, "comment", &comment);
	return arena_printf(&show->arena, "%s%s%s%s%s", by ? by : "?", until ? " until " : "",
			    until ? until : "", *comment ? ": " : "", comment);
}

/* What is known to somebody or silenced still counts: the server is no better for it. */
static enum tint tint_alert(struct show *show, struct json_reading *in, const struct json_place *at)
{
	const char *state = json_borrow_text(in, at, "state");
	const char *condition = json_borrow_text(in, at, "condition");

	return state && strcmp(state, "firing") == 0
		       ? show_note(show, condition ? condition : "?", false)
		       : TINT_DIM;
}

static const struct show_column columns[] = {
	{ "STATE", .make = make_state },           { "CONDITION", "condition", .kind = SHOW_WORD },
	{ "SERVER", "server", .kind = SHOW_NAME }, { "SITE", "site", .kind = SHOW_TEXT },
	{ "SINCE", "since", .kind = SHOW_SINCE },  { "ACKNOWLEDGED", .make = make_acknowledgement },
	{ "TEXT", "text", .kind = SHOW_TEXT },
};
static const struct show_table table = { columns, sizeof columns / sizeof *columns, tint_alert };

int alerts_main(int argc, char **argv)
{
	static const char *const forms[] = { "alerts" };
	struct show_options parsed = { .json = NULL };
	const char *all = NULL;
	const char *sort = "worst";
	struct arguments_option options[] = { { "all", NULL, &all, 1, 0 },
					      { "sort", "ORDER", &sort, 1, 0 },
					      SHOW_OPTIONS(&parsed) };
	struct arguments words;
	struct arena arena;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	const struct show_list list = {
		.path = arena_printf(&arena, "/v1/alerts?sort=%s%s", show_escape(sort, &arena),
				     all ? "" : "&state=firing&state=pending"),
		.member = "alerts",
		.table = &table,
	};
	rc = show_pages(&parsed, &list);
	arena_deinit(&arena);
	return rc;
}
