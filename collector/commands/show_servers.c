/* The commands `servers` and `server`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "collector/http/query_string.h"
#include "collector/model/findings.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"
#include "proto/report/log_words.h"

const char servers_help[] =
	"mtawatch-collector servers: show the servers that a running collector watches.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector servers --token-file viewer.token\n"
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
	"  --silent           only those that have stopped reporting\n"
	"  --sort KEY         verdict, server, site, since, reported_at, build; -KEY: the reverse\n"
	"  --limit N          at most so many; default all\n" SHOW_HELP;

const char server_help[] =
	"mtawatch-collector server: show one server: why, what to do, its adapters and paths.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector server EXCH1 --token-file viewer.token\n"
	"\n"
	"Options:\n" SHOW_HELP;

#define MAX_VALUES 8

struct server_shown {
	const char *server;
	const char *site;
	const char *organization;
	const char *verdict;
	const char *build;
	const char *os;
	const char *mta;
	bool silent;
	int64_t since_ms;
	int64_t age_s;
	struct findings findings;
};

static void read_server(struct json_reading *in, const struct json_place *at, void *item)
{
	struct server_shown *server = item;

	*server = (struct server_shown){ .server = "", .verdict = "", .age_s = -1 };
	server->since_ms = TIMESTAMP_NONE;
	json_get_text(in, at, "server", &server->server);
	json_get_text(in, at, "site", &server->site);
	json_get_text(in, at, "organization", &server->organization);
	json_get_text(in, at, "verdict", &server->verdict);
	json_get_text(in, at, "build", &server->build);
	json_get_text(in, at, "os", &server->os);
	json_get_text(in, at, "mta", &server->mta);
	json_get_bool(in, at, "silent", &server->silent);
	json_get_time(in, at, "since", &server->since_ms);
	json_get_integer(in, at, "age_s", -JSON_MAX_INTEGER, JSON_MAX_INTEGER, &server->age_s);
	findings_read(in, at, &server->findings);
}

static void add_server(struct show *show, const void *row, struct table *table)
{
	const struct server_shown *s = row;
	const char *cells[] = {
		show_verdict(show, s->verdict, s->silent),
		s->server,
		s->site,
		show_age(show, show_since(s->since_ms)),
		show_age(show, s->age_s),
		s->mta,
		findings_lead(&s->findings)->text,
	};

	table_add(table, cells, show_note(show, s->verdict, s->silent));
}

static int print_servers(const struct show_options *said, const char *path, size_t most)
{
	static const char *const names[] = { "VERDICT", "SERVER", "SITE",  "SINCE",
					     "REPORT",  "MTA",    "REASON" };
	const struct show_list list = {
		.path = path,
		.member = "servers",
		.most = most,
		.columns = names,
		.n_columns = sizeof names / sizeof *names,
		.read = read_server,
		.size = sizeof(struct server_shown),
		.add = add_server,
	};

	return show_pages(said, &list);
}

/* A number of rows; 0: it is none. */
static size_t get_limit(const char *text)
{
	int64_t n = 0;

	(void)number_parse(text, 1, 999999999, &n);
	return (size_t)n;
}

/* What the command line of `servers` says. */
struct servers_said {
	struct show_options show;
	struct arguments words;
	const char *verdicts[MAX_VALUES];
	size_t n_verdicts;
	const char *sites[MAX_VALUES];
	size_t n_sites;
	const char *silent;
	const char *sort;
	const char *limit;
};

/* The path in `arena`. */
static const char *path_of(const struct servers_said *said, struct arena *arena)
{
	struct buffer query;

	buffer_init(&query);
	for (size_t i = 0; i < said->n_verdicts; i++)
		query_string_add(&query, "verdict", said->verdicts[i]);
	for (size_t i = 0; i < said->n_sites; i++)
		query_string_add(&query, "site", said->sites[i]);
	for (size_t i = 0; i < said->words.n_words; i++)
		query_string_add(&query, "q", said->words.words[i]);
	if (said->silent)
		query_string_add(&query, "silent", "true");
	if (said->sort)
		query_string_add(&query, "sort", said->sort);
	const char *path = arena_printf(arena, "/v1/servers?%s", query.size ? query.bytes : "");
	buffer_deinit(&query);
	return path;
}

int servers_main(int argc, char **argv)
{
	struct servers_said said = { .silent = NULL };
	struct arguments_option options[] = {
		{ "verdict", "VERDICT", said.verdicts, MAX_VALUES, 0 },
		{ "site", "SITE", said.sites, MAX_VALUES, 0 },
		{ "silent", NULL, &said.silent, 1, 0 },
		{ "sort", "KEY", &said.sort, 1, 0 },
		{ "limit", "N", &said.limit, 1, 0 },
		SHOW_OPTIONS(&said.show),
	};
	char error[ARGUMENTS_ERROR_SIZE];
	struct arena arena;

	if (arguments_read(&said.words, argc, argv, options, sizeof options / sizeof *options,
			   error) != STATUS_OK)
		return terminal_refuse("%s; see mtawatch-collector servers --help", error);
	if (said.limit && get_limit(said.limit) == 0)
		return terminal_refuse("--limit: '%s' is not a number of servers; see "
				       "mtawatch-collector servers --help",
				       said.limit);
	said.n_verdicts = options[0].n;
	said.n_sites = options[1].n;
	arena_init(&arena);
	int rc = print_servers(&said.show, path_of(&said, &arena),
			       said.limit ? get_limit(said.limit) : 0);
	arena_deinit(&arena);
	return rc;
}

/* "NAME: value", where there is one. */
static void print_line(struct show *show, const char *name, const char *value)
{
	if (value)
		printf("%-10s %s\n", name, console_text(value, &show->arena));
}

static void print_remedy(struct show *show, const struct findings *f)
{
	for (size_t i = 0; i < f->n_options; i++) {
		printf(f->n_options > 1 ? "\nTo mend it, way %zu:\n" : "\nTo mend it:\n", i + 1);
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

struct path_shown {
	const char *peer;
	const char *grade;
	const char *proven;
	const char *error;
};

struct adapter_shown {
	const char *id;
	const char *state;
	struct path_shown *paths;
	size_t n;
};

static void read_path(struct json_reading *in, const struct json_place *at, void *item)
{
	struct path_shown *path = item;

	json_get_text(in, at, "peer", &path->peer);
	json_get_text(in, at, "grade", &path->grade);
	json_get_text(in, at, "proven", &path->proven);
	json_get_text(in, at, "error", &path->error);
}

static void read_adapter(struct json_reading *in, const struct json_place *at, void *item)
{
	struct adapter_shown *adapter = item;

	json_get_text(in, at, "id", &adapter->id);
	json_get_text(in, at, "state", &adapter->state);
	adapter->paths = json_get_list(in, at, "paths", SHOW_MAX_ITEMS, sizeof *adapter->paths,
				       read_path, &adapter->n, NULL);
}

static void print_adapters(struct show *show, const struct adapter_shown *adapters, size_t n)
{
	static const char *const names[] = { "STATE",   "ADAPTER", "PEER",
					     "REACHED", "PROVEN",  "ERROR" };
	struct table table;

	table_init(&table, names, sizeof names / sizeof *names, &show->arena);
	for (size_t i = 0; i < n; i++) {
		const struct adapter_shown *a = &adapters[i];
		int worst =
			show->worst; /* the server's verdict says what an adapter's state means */
		enum tint tint = show_note(show, a->state ? a->state : "?", false);
		show->worst = worst;
		const char *none[] = { a->state, a->id, NULL, NULL, NULL, NULL };
		if (a->n == 0)
			table_add(&table, none, tint);
		for (size_t k = 0; k < a->n; k++) {
			const struct path_shown *p = &a->paths[k];
			const char *cells[] = { a->state, a->id,     p->peer,
						p->grade, p->proven, show_error(p->error) };
			table_add(&table, cells, tint);
		}
	}
	putchar('\n');
	table_print(&table, show->width, show->color, stdout);
}

static void read_problem(struct json_reading *in, const struct json_place *at, void *item)
{
	struct report_problem *problem = item;

	json_get_text(in, at, "fact", &problem->fact);
}

/* Which event log the server's report was made from, and how far back it reaches. */
static const char *read_log(struct show *show, struct json_reading *in,
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

static void print_server(struct show *show, struct json_reading *in, const struct json_place *root,
			 void *user)
{
	struct server_shown s;
	size_t n = 0;
	(void)user;

	read_server(in, root, &s);
	const struct adapter_shown *adapters = json_get_list(
		in, root, "adapters", SHOW_MAX_ITEMS, sizeof *adapters, read_adapter, &n, NULL);
	enum tint tint = show_note(show, s.verdict, s.silent);
	const char *log = read_log(show, in, root);
	if (show->json || in->status != STATUS_OK)
		return;
	printf("%s: %s%s%s\n", console_text(s.server, &show->arena),
	       console_tint(tint, show->color), show_verdict(show, s.verdict, s.silent),
	       console_end(tint, show->color));
	print_line(show, "since", show_age(show, show_since(s.since_ms)));
	print_line(show, "report", show_age(show, s.age_s));
	print_line(show, "site", s.site);
	print_line(show, "system", s.os);
	print_line(show, "build", s.build);
	print_line(show, "MTA", s.mta);
	print_line(show, "log", log);
	print_texts(show, "Why", s.findings.reasons, s.findings.n_reasons);
	if (s.findings.n_notes > 0)
		print_texts(show, "Note", s.findings.notes, s.findings.n_notes);
	print_remedy(show, &s.findings);
	if (n > 0)
		print_adapters(show, adapters, n);
}

int server_main(int argc, char **argv)
{
	struct show_options said = { .json = NULL };
	struct arguments_option options[] = { SHOW_OPTIONS(&said) };
	struct arguments words;
	struct arena arena;
	char error[ARGUMENTS_ERROR_SIZE];

	if (arguments_read(&words, argc, argv, options, sizeof options / sizeof *options, error) !=
	    STATUS_OK)
		return terminal_refuse("%s; see mtawatch-collector server --help", error);
	if (words.n_words != 1)
		return terminal_refuse("expected \"server NAME\"; see mtawatch-collector server "
				       "--help");
	arena_init(&arena);
	const char *path =
		arena_printf(&arena, "/v1/servers/%s", show_escape(words.words[0], &arena));
	int rc = show_run(&said, path, print_server, NULL);
	arena_deinit(&arena);
	return rc;
}
