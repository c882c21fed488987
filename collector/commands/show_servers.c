/* The commands `servers` and `server`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "collector/http/query_string.h"
#include "collector/model/condition.h"
#include "collector/model/findings.h"
#include "proto/base/count.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"
#include "proto/report/log_words.h"

const char servers_help[] =
	"mtawatch-collector servers: show the servers that a running collector watches.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector servers\n"
	"  mtawatch-collector servers --verdict exposed --verdict failing --site HQ exch\n"
	"  mtawatch-collector servers --json | jq '.servers[].server'\n"
	"\n"
	"Worst first. Words that follow have to be in a server's names, or in those of its site.\n"
	"\n"
	"Options:\n"
	"  --verdict VERDICT  only these: failing, exposed, at_risk, unknown, not_monitored, "
	"clear,\n"
	"                     protected, not_applicable; may come again\n"
	"  --site SITE        only of this site; may come again\n"
	"  --owner NAME       only what this person or team owns, by itself or by its site; may\n"
	"                     come again\n"
	"  --no-owner         only what nobody owns\n"
	"  --silent           only those that have stopped reporting\n"
	"  --drift            only those of which something changed that often announces trouble\n"
	"  --sort KEY         verdict, server, site, since, reported_at, build; -KEY: the reverse\n"
	"  --limit N          at most so many; default all\n" SHOW_AT_HELP SHOW_HELP;

const char server_help[] =
	"mtawatch-collector server: show one server: why, what to do, its adapters and paths.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector server EXCH1\n"
	"  mtawatch-collector server EXCH1 --at 2026-11-22T10:45:23Z\n"
	"\n"
	"Options:\n" SHOW_AT_HELP SHOW_HELP;

#define MAX_VALUES 8

static enum tint tint_server(struct show *show, struct json_reading *in,
			     const struct json_place *at)
{
	bool silent;
	const char *verdict = show_get_verdict(in, at, &silent);

	return show_note(show, verdict, silent);
}

static void skip_mark(struct json_reading *in, const struct json_place *at, void *user)
{
	(void)in, (void)at, (void)user;
}

/* "clear", or "clear (drift)". */
static const char *make_verdict(struct show *show, struct json_reading *in,
				const struct json_place *at)
{
	const char *verdict = show_server_verdict(show, in, at);

	if (json_each(in, at, "drift", SHOW_MAX_ITEMS, skip_mark, NULL, NULL) == 0)
		return verdict;
	return arena_printf(&show->arena, "%s (%s)", verdict, condition_word(CONDITION_DRIFT));
}

static const struct show_column server_columns[] = {
	{ "VERDICT", .make = make_verdict },      { "SERVER", "server", .kind = SHOW_NAME },
	{ "SITE", "site", .kind = SHOW_TEXT },    { "SINCE", "since", .kind = SHOW_SINCE },
	{ "REPORT", "age_s", .kind = SHOW_AGE },  { "MTA", "mta", .kind = SHOW_TEXT },
	{ "REASON", .make = show_server_reason },
};
static const struct show_table servers_table = { server_columns, COUNT(server_columns),
						 tint_server };

/* A number of rows; 0: it is none. */
static size_t get_limit(const char *text)
{
	int64_t n = 0;

	(void)number_parse(text, 1, 999999999, &n);
	return (size_t)n;
}

/* What the command line of `servers` says. */
struct servers_options {
	struct show_options show;
	struct arguments words;
	const char *verdicts[MAX_VALUES];
	size_t n_verdicts;
	const char *sites[MAX_VALUES];
	size_t n_sites;
	const char *owners[MAX_VALUES];
	size_t n_owners;
	const char *no_owner;
	const char *silent;
	const char *drift;
	const char *sort;
	const char *limit;
	const char *at;
};

/* The path in `arena`. */
static const char *path_of(const struct servers_options *parsed, struct arena *arena)
{
	struct buffer query;

	buffer_init(&query);
	for (size_t i = 0; i < parsed->n_verdicts; i++)
		query_string_add(&query, "verdict", parsed->verdicts[i]);
	for (size_t i = 0; i < parsed->n_sites; i++)
		query_string_add(&query, "site", parsed->sites[i]);
	for (size_t i = 0; i < parsed->n_owners; i++)
		query_string_add(&query, "owner", parsed->owners[i]);
	if (parsed->no_owner)
		query_string_add(&query, "owner", "");
	for (size_t i = 0; i < parsed->words.n_words; i++)
		query_string_add(&query, "q", parsed->words.words[i]);
	if (parsed->silent)
		query_string_add(&query, "silent", "true");
	if (parsed->drift)
		query_string_add(&query, "drift", "true");
	if (parsed->sort)
		query_string_add(&query, "sort", parsed->sort);
	if (parsed->at)
		query_string_add(&query, "at", parsed->at);
	const char *path = arena_printf(arena, "/v1/servers?%s", query.size ? query.bytes : "");
	buffer_deinit(&query);
	return path;
}

/* What to do where there is no server at all; NULL where only some were asked for. */
static const char *if_none(const struct servers_options *parsed)
{
	if (parsed->n_verdicts > 0 || parsed->n_sites > 0 || parsed->n_owners > 0 ||
	    parsed->no_owner || parsed->silent || parsed->drift || parsed->words.n_words > 0)
		return NULL;
	return "no server has reported yet: install the agent on each Exchange server, with this "
	       "collector's URL and the files ca.crt and agent-secret of its data directory (on "
	       "the server, mtawatch-agent install --help)";
}

int servers_main(int argc, char **argv)
{
	static const char *const forms[] = { "servers [WORD...]" };
	struct servers_options parsed = { .silent = NULL };
	struct arguments_option options[] = {
		{ "verdict", "VERDICT", parsed.verdicts, MAX_VALUES, 0 },
		{ "site", "SITE", parsed.sites, MAX_VALUES, 0 },
		{ "owner", "NAME", parsed.owners, MAX_VALUES, 0 },
		{ "no-owner", NULL, &parsed.no_owner, 1, 0 },
		{ "silent", NULL, &parsed.silent, 1, 0 },
		{ "drift", NULL, &parsed.drift, 1, 0 },
		{ "sort", "KEY", &parsed.sort, 1, 0 },
		{ "limit", "N", &parsed.limit, 1, 0 },
		SHOW_AT(&parsed.at),
		SHOW_OPTIONS(&parsed.show),
	};
	struct arena arena;

	struct show_list list = { .member = "servers", .table = &servers_table };

	int rc = ARGUMENTS_READ(&parsed.words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (parsed.limit && get_limit(parsed.limit) == 0)
		return terminal_refuse("--limit: '%s' is not a number of servers; see "
				       "mtawatch-collector servers --help",
				       parsed.limit);
	parsed.n_verdicts = options[0].n;
	parsed.n_sites = options[1].n;
	parsed.n_owners = options[2].n;
	arena_init(&arena);
	list.path = path_of(&parsed, &arena);
	list.none = if_none(&parsed);
	list.most = parsed.limit ? get_limit(parsed.limit) : 0;
	rc = show_pages(&parsed.show, &list);
	arena_deinit(&arena);
	return rc;
}

static void print_remedy(struct show *show, const struct findings *f)
{
	for (size_t i = 0; i < f->n_options; i++) {
		printf(f->n_options > 1 ? "\nTo mend it, option %zu:\n" : "\nTo mend it:\n", i + 1);
		for (size_t k = 0; k < f->options[i].n; k++) {
			const struct findings_step *step = &f->options[i].steps[k];
			printf("  %zu. %s  (then: %s)\n", k + 1,
			       console_text(step->text, &show->arena),
			       show_verdict(show, step->verdict_after ? step->verdict_after : "?",
					    false));
		}
	}
	if (f->remedy)
		printf("\n%s\n", console_text(f->remedy, &show->arena));
}

static void print_texts(struct show *show, const char *title, const struct findings_reason *texts,
			size_t n)
{
	printf("\n%s:\n", title);
	for (size_t i = 0; i < n; i++)
		printf("  %s\n", console_text(texts[i].text, &show->arena));
}

/* What has changed, for print_texts(). */
static void read_mark(struct json_reading *in, const struct json_place *at, void *item)
{
	struct findings_reason *mark = item;

	json_get_text(in, at, "text", &mark->text);
	json_get_time(in, at, "at", &mark->event_ms);
}

static void print_drift(struct show *show, const struct findings_reason *marks, size_t n)
{
	char at[TIMESTAMP_TEXT_SIZE];

	if (n > 0)
		puts("\nDrift:");
	for (size_t i = 0; i < n; i++)
		printf("  %s  %s\n", timestamp_format(marks[i].event_ms, at),
		       console_text(marks[i].text, &show->arena));
}

/* The state of an adapter. The server's verdict says what it means. */
static enum tint tint_adapter(struct show *show, const char *state)
{
	int worst = show->worst;
	enum tint tint = show_note(show, state ? state : "?", false);

	show->worst = worst;
	return tint;
}

/* An adapter whose paths are added to a table. */
struct adapter {
	struct show *show;
	struct table *table;
	const char *state;
	const char *id;
};

static void add_path(struct json_reading *in, const struct json_place *at, void *user)
{
	static const struct show_column error = { .member = "error", .kind = SHOW_ERROR };
	const struct adapter *a = user;
	const char *cells[] = { a->state,
				a->id,
				json_borrow_text(in, at, "peer"),
				json_borrow_text(in, at, "grade"),
				json_borrow_text(in, at, "proven"),
				show_cell(a->show, in, at, &error) };

	table_add(a->table, cells, tint_adapter(a->show, a->state));
}

static void add_adapter(struct json_reading *in, const struct json_place *at, void *user)
{
	struct adapter *a = user;

	a->state = json_borrow_text(in, at, "state");
	a->id = json_borrow_text(in, at, "id");
	const char *none[] = { a->state, a->id, NULL, NULL, NULL, NULL };
	if (json_each(in, at, "paths", SHOW_MAX_ITEMS, add_path, a, NULL) == 0)
		table_add(a->table, none, tint_adapter(a->show, a->state));
}

static void read_problem(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_problem *problem = item;

	json_get_text(in, at, "fact", &problem->fact);
}

/* Which event log the server's report was made from, and how far back it reaches. */
static const char *make_log(struct show *show, struct json_reading *in,
			    const struct json_place *root)
{
	struct json_place report;
	struct json_place mta;
	struct json_place at;
	struct json_place failure;
	struct report_log log = { .known = true, .lost = REPORT_ABSENT, .foreign = REPORT_ABSENT };
	struct report told;

	if (!json_get_object(in, root, "report", &report) ||
	    !json_get_object(in, &report, "mta", &mta) || !json_get_object(in, &mta, "log", &at))
		return NULL;
	report_init(&told);
	log.records = REPORT_ABSENT;
	log.oldest_at_ms = log.newest_at_ms = TIMESTAMP_NONE;
	json_get_text(in, &at, "path", &log.path);
	json_get_integer(in, &at, "records", 0, JSON_MAX_INTEGER, &log.records);
	json_get_integer(in, &at, "lost", 0, JSON_MAX_INTEGER, &log.lost);
	json_get_integer(in, &at, "foreign", 0, JSON_MAX_INTEGER, &log.foreign);
	json_get_time(in, &at, "oldest_at", &log.oldest_at_ms);
	json_get_time(in, &at, "newest_at", &log.newest_at_ms);
	told.mta.log = log;
	told.mta.last_failure.present = json_get_object(in, &mta, "last_failure", &failure);
	told.problems = json_get_list(in, &report, "problems", SIZE_MAX, sizeof *told.problems,
				      read_problem, &told.n_problems, NULL);
	return report_log_words(&log, report_none_failed(&told), &show->arena);
}

/* What somebody wrote of a server or of its site. */
struct remark_shown {
	const char *text; /* NULL: nothing */
	const char *by;
	const char *since;
	bool is_of_site;
};

static struct remark_shown read_remark(struct show *show, struct json_reading *in,
				       const struct json_place *root, const char *name,
				       const char *member)
{
	static const struct show_column at = { .member = "at", .kind = SHOW_SINCE };
	struct remark_shown remark = { .text = NULL };
	struct json_place place;

	if (!json_get_object(in, root, name, &place))
		return remark;
	remark.text = json_borrow_text(in, &place, member);
	remark.by = json_borrow_text(in, &place, "by");
	remark.since = show_cell(show, in, &place, &at);
	const char *of = json_borrow_text(in, &place, "of");
	remark.is_of_site = of && strcmp(of, "site") == 0;
	return remark;
}

/* "owner      Mail team (of the site)" */
static void print_owner(struct show *show, const struct remark_shown *owner)
{
	if (owner->text)
		printf("%-10s %s%s\n", "owner", console_text(owner->text, &show->arena),
		       owner->is_of_site ? " (of the site)" : "");
}

/* Line by line, for there may be several. */
static void print_note(struct show *show, const struct remark_shown *note)
{
	const char *line = note->text;

	if (!line)
		return;
	printf("\n%s, written by %s %s:\n", note->is_of_site ? "Note (of the site)" : "Note",
	       console_text(note->by ? note->by : "?", &show->arena),
	       note->since ? note->since : "");
	while (line) {
		size_t n = strcspn(line, "\n");
		const char *text = arena_strndup(&show->arena, line, n);
		printf("  %s\n", console_text(text, &show->arena));
		line = line[n] ? line + n + 1 : NULL;
	}
}

static const struct show_column server_lines[] = {
	{ "since", "since", .kind = SHOW_SINCE },
	{ "report", "age_s", .kind = SHOW_AGE },
	{ "site", "site", .kind = SHOW_TEXT },
	{ "system", "os", .kind = SHOW_TEXT },
	{ "build", "build", .kind = SHOW_TEXT },
	{ "MTA", "mta", .kind = SHOW_TEXT },
	{ "log", .make = make_log },
};

static void print_server(struct show *show, struct json_reading *in, const struct json_place *root,
			 void *user)
{
	static const char *const names[] = { "STATE",   "ADAPTER", "PEER",
					     "REACHED", "PROVEN",  "ERROR" };
	const char *server = json_borrow_text(in, root, "server");
	const char *lines[COUNT(server_lines)];
	struct table table;
	struct adapter adapter = { .show = show, .table = &table };
	struct findings findings;
	(void)user;

	show_past(show, in, root);
	for (size_t i = 0; i < COUNT(server_lines); i++)
		lines[i] = show_cell(show, in, root, &server_lines[i]);
	struct remark_shown owner = read_remark(show, in, root, "owner", "name");
	struct remark_shown note = read_remark(show, in, root, "note", "text");
	findings_read(in, root, &findings);
	size_t n_marks = 0;
	const struct findings_reason *marks = json_get_list(
		in, root, "drift", SHOW_MAX_ITEMS, sizeof *marks, read_mark, &n_marks, NULL);
	table_init(&table, names, COUNT(names), &show->arena);
	table_keep_names(&table, 2);
	size_t n = json_each(in, root, "adapters", SHOW_MAX_ITEMS, add_adapter, &adapter, NULL);
	enum tint tint = tint_server(show, in, root);
	const char *verdict = show_server_verdict(show, in, root);
	if (show->json || in->status != STATUS_OK)
		return;
	printf("%s: %s%s%s\n", console_text(server ? server : "", &show->arena),
	       console_tint(tint, show->color), verdict, console_end(tint, show->color));
	for (size_t i = 0; i < COUNT(server_lines); i++) {
		if (lines[i])
			printf("%-10s %s\n", server_lines[i].heading,
			       console_text(lines[i], &show->arena));
	}
	print_owner(show, &owner);
	print_note(show, &note);
	print_texts(show, "Why", findings.reasons, findings.n_reasons);
	print_drift(show, marks, n_marks);
	if (findings.n_notes > 0)
		print_texts(show, "Note", findings.notes, findings.n_notes);
	print_remedy(show, &findings);
	if (n > 0)
		putchar('\n');
	if (n > 0)
		table_print(&table, show->width, show->color, stdout);
}

int server_main(int argc, char **argv)
{
	static const char *const forms[] = { "server NAME" };
	struct show_options parsed = { .json = NULL };
	const char *at = NULL;
	struct arguments_option options[] = { SHOW_AT(&at), SHOW_OPTIONS(&parsed) };
	struct arguments words;
	struct arena arena;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	const char *path =
		arena_printf(&arena, "/v1/servers/%s", show_escape(words.words[0], &arena));
	rc = show_run(&parsed, show_path_at(path, at, &arena), print_server, NULL);
	arena_deinit(&arena);
	return rc;
}
