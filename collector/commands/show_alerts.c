/* The command `alerts`. */
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "proto/base/timestamp.h"

const char alerts_help[] =
	"mtawatch-collector alerts: show the alerts that fire or are about to, worst first.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector alerts --token-file viewer.token\n"
	"\n"
	"Those that fire count for the exit status, acknowledged or silenced or not.\n"
	"\n"
	"Options:\n"
	"  --all              also those that are resolved\n"
	"  --sort ORDER       worst, newest, server or site\n" SHOW_HELP;

struct alert_shown {
	const char *state;
	const char *condition;
	const char *server;
	const char *site;
	const char *text;
	int64_t since_ms;
	const char *by; /* who has acknowledged it, or NULL */
	const char *comment;
	int64_t until_ms;
	bool is_silenced;
	const char *inside; /* the alert that tells of it among others, or NULL */
};

static void read_alert(struct json_reading *in, const struct json_place *at, void *item)
{
	struct alert_shown *alert = item;
	struct json_place acknowledged;
	const char **silences;
	size_t n = 0;

	*alert = (struct alert_shown){ .state = "?", .condition = "?", .comment = "" };
	alert->since_ms = alert->until_ms = TIMESTAMP_NONE;
	json_get_text(in, at, "state", &alert->state);
	json_get_text(in, at, "condition", &alert->condition);
	json_get_text(in, at, "server", &alert->server);
	json_get_text(in, at, "site", &alert->site);
	json_get_text(in, at, "text", &alert->text);
	json_get_time(in, at, "since", &alert->since_ms);
	json_get_texts(in, at, "silenced_by", &silences, &n);
	alert->is_silenced = n > 0;
	json_get_text(in, at, "inside", &alert->inside);
	if (!json_get_object(in, at, "acknowledged", &acknowledged))
		return;
	json_get_text(in, &acknowledged, "by", &alert->by);
	json_get_text(in, &acknowledged, "comment", &alert->comment);
	json_get_time(in, &acknowledged, "until", &alert->until_ms);
}

/* "token ops until 2026-11-22T10:45:23Z: on it"; NULL: nobody has. */
static const char *acknowledgement(struct show *show, const struct alert_shown *a)
{
	char until[TIMESTAMP_TEXT_SIZE];

	if (!a->by)
		return NULL;
	return arena_printf(
		&show->arena, "%s%s%s%s%s", a->by, a->until_ms != TIMESTAMP_NONE ? " until " : "",
		a->until_ms != TIMESTAMP_NONE ? timestamp_format(a->until_ms, until) : "",
		*a->comment ? ": " : "", a->comment);
}

/* What is known to somebody or silenced still counts: the server is no better for it. */
static void add_alert(struct show *show, const void *row, struct table *table)
{
	const struct alert_shown *a = row;
	enum tint tint = TINT_DIM;

	if (strcmp(a->state, "firing") == 0)
		tint = show_note(show, a->condition, false);
	const char *cells[] = {
		arena_printf(&show->arena, "%s%s%s", a->state, a->is_silenced ? ", silenced" : "",
			     a->inside ? ", one of many" : ""),
		show_verdict(show, a->condition, false),
		a->server,
		a->site,
		show_age(show, show_since(a->since_ms)),
		acknowledgement(show, a),
		a->text,
	};
	table_add(table, cells, tint);
}

int alerts_main(int argc, char **argv)
{
	static const char *const names[] = { "STATE", "CONDITION",    "SERVER", "SITE",
					     "SINCE", "ACKNOWLEDGED", "TEXT" };
	struct show_options said = { .json = NULL };
	const char *all = NULL;
	const char *sort = "worst";
	struct arguments_option options[] = { { "all", NULL, &all, 1, 0 },
					      { "sort", "ORDER", &sort, 1, 0 },
					      SHOW_OPTIONS(&said) };
	struct arguments words;
	struct arena arena;
	char error[ARGUMENTS_ERROR_SIZE];

	if (arguments_read(&words, argc, argv, options, sizeof options / sizeof *options, error) !=
	    STATUS_OK)
		return terminal_refuse("%s; see mtawatch-collector alerts --help", error);
	if (words.n_words > 0)
		return terminal_refuse("alerts takes no '%s'; see mtawatch-collector alerts --help",
				       words.words[0]);
	arena_init(&arena);
	const struct show_list list = {
		.path = arena_printf(&arena, "/v1/alerts?sort=%s%s", show_escape(sort, &arena),
				     all ? "" : "&state=firing&state=pending"),
		.member = "alerts",
		.columns = names,
		.n_columns = sizeof names / sizeof *names,
		.read = read_alert,
		.size = sizeof(struct alert_shown),
		.add = add_alert,
	};
	int rc = show_pages(&said, &list);
	arena_deinit(&arena);
	return rc;
}
