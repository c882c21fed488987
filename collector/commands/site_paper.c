/* The command `report`. */
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "collector/commands/site_paper.h"
#include "proto/base/count.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"

const char report_help[] =
	"mtawatch-collector report: write a site as a page to print, for people without a login.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector report --site ACME/HQ > hq.html\n"
	"  mtawatch-collector report --site ACME/HQ --since 2026-11-01T00:00:00Z > november.html\n"
	"\n"
	"One HTML file on standard output, with all that it shows inside: every server with its\n"
	"verdict, why, and what to do; which verdicts have changed; how many servers were in\n"
	"trouble. Where all is well it is a certificate, and says what that rests on and until\n"
	"when it holds. Any browser shows it, prints it, and makes a PDF of it.\n"
	"\n"
	"Options:\n"
	"  --site ORGANIZATION/SITE  this one\n"
	"  --format FORMAT    html, the only one\n"
	"  --since TIME       what has changed since then; else of the last 30 "
	"days\n" API_CLIENT_HELP "\n"
	"The token's role is viewer or more. Exit status: 0 the page is written, whatever it "
	"says;\n"
	"1 it is not, 2 wrong usage.\n";

struct asking {
	struct show show;
	struct site_paper report;
	const char *organization; /* as it was asked for */
	const char *site;
	const char *since; /* or NULL */
};

/* Which servers there are. */

static void read_server(struct json_reading *in, const struct json_place *at, void *user)
{
	struct asking *asking = user;
	struct site_paper *report = &asking->report;

	report->servers = arena_make_room(&asking->show.arena, report->servers, report->n,
					  &report->room, sizeof *report->servers);
	struct site_paper_server *server = &report->servers[report->n++];
	*server = (struct site_paper_server){ .name = "?", .organization = "", .site = "" };
	server->since_ms = server->reported_ms = server->changed_ms = TIMESTAMP_NONE;
	json_get_text(in, at, "server", &server->name);
	json_get_text(in, at, "organization", &server->organization);
	json_get_text(in, at, "site", &server->site);
	server->verdict = show_get_verdict(in, at, &server->silent);
	json_get_time(in, at, "since", &server->since_ms);
	json_get_time(in, at, "reported_at", &server->reported_ms);
	json_get_integer(in, at, "interval_s", 0, INT32_MAX, &server->interval_s);
	json_get_text(in, at, "build", &server->build);
	json_get_text(in, at, "mta", &server->mta);
	json_get_text(in, at, "os", &server->os);
	findings_read(in, at, &server->findings);
}

static void read_servers(struct show *show, struct json_reading *in, const struct json_place *root,
			 void *user)
{
	struct asking *asking = user;
	(void)show;

	if (asking->report.n == 0) {
		json_require(in, root, "as_of");
		json_get_time(in, root, "as_of", &asking->report.at_ms);
	}
	json_each(in, root, "servers", SHOW_MAX_ITEMS, read_server, asking, NULL);
}

/* How many were in trouble. */

/* The numbers of the array that `node` is are added to those of the rows. */
static void add_counts(struct site_paper *report, const struct json_node *node)
{
	const struct json_node *end = node + node->span;
	struct site_paper_count *row = report->trend;

	if (node->kind != JSON_ARRAY)
		return;
	for (const struct json_node *at = node + 1;
	     at < end && row < report->trend + report->n_trend; at += at->span, row++) {
		const char *digits = at->text.text;
		int64_t n = 0;
		if (at->kind == JSON_NUMBER && number_take(&digits, &n))
			row->n += n;
	}
}

static void read_counts(struct site_paper *report, const struct json_place *counts)
{
	static const char *const trouble[] = { "failing", "exposed", "at_risk" };
	const struct json_node *end = counts->value + counts->value->span;

	for (const struct json_node *at = counts->value + 1; at < end; at += at->span) {
		for (size_t i = 0; i < COUNT(trouble); i++) {
			if (json_quoted_is(&at->name, trouble[i]))
				add_counts(report, at);
		}
	}
}

static void read_gap(struct json_reading *in, const struct json_place *at, void *item)
{
	struct site_paper_gap *gap = item;

	json_get_time(in, at, "from", &gap->from_ms);
	json_get_time(in, at, "to", &gap->to_ms);
}

static void read_trend(struct show *show, struct json_reading *in, const struct json_place *root,
		       void *user)
{
	struct site_paper *report = &((struct asking *)user)->report;
	const char **times = NULL;
	struct json_place counts;

	json_require(in, root, "since");
	json_get_time(in, root, "since", &report->since_ms);
	json_get_texts(in, root, "at", &times, &report->n_trend);
	report->trend = arena_alloc_array(&show->arena, report->n_trend, sizeof *report->trend);
	for (size_t i = 0; i < report->n_trend; i++) {
		report->trend[i] = (struct site_paper_count){ .n = 0 };
		if (timestamp_parse(times[i], &report->trend[i].at_ms) != STATUS_OK)
			json_refuse(in, root, "at", STATUS_INVALID, "expected times");
	}
	if (json_get_object(in, root, "counts", &counts))
		read_counts(report, &counts);
	report->gaps = json_get_list(in, root, "gaps", SHOW_MAX_ITEMS, sizeof *report->gaps,
				     read_gap, &report->n_gaps, NULL);
}

/* What changed about a server: the latest change comes first. */
static void read_change(struct json_reading *in, const struct json_place *at, void *user)
{
	struct site_paper_server *server = user;
	const char *kind = json_borrow_text(in, at, "kind");
	struct json_place detail;

	if (!kind || strcmp(kind, "verdict") != 0 || !json_get_object(in, at, "detail", &detail))
		return;
	if (server->n_changes++ == 0)
		json_get_time(in, at, "at", &server->changed_ms);
	server->before = json_borrow_text(in, &detail, "before");
	server->is_new = server->before == NULL;
	if (server->is_new)
		server->before = json_borrow_text(in, &detail, "after");
}

static void read_changes(struct show *show, struct json_reading *in, const struct json_place *root,
			 void *user)
{
	(void)show;
	json_each(in, root, "changes", SHOW_MAX_ITEMS, read_change, user, NULL);
}

static int ask(struct asking *asking, const char *path, struct api_client_answer *answer)
{
	const struct api_client_call call = { .method = "GET", .path = path };
	const char *error = NULL;

	if (api_client_call(asking->show.client, &call, answer, &error) == API_CLIENT_OK)
		return TERMINAL_EXIT_OK;
	return terminal_fail("no report of %s/%s: %s", asking->organization, asking->site, error);
}

/* Asks for page after page, and lets `read` see each. */
static int ask_pages(struct asking *asking, const char *path, show_print *read, void *user)
{
	int rc = TERMINAL_EXIT_OK;

	while (path && rc == TERMINAL_EXIT_OK) {
		struct api_client_answer answer;
		rc = ask(asking, path, &answer);
		if (rc != TERMINAL_EXIT_OK)
			break;
		path = answer.next ? arena_strdup(&asking->show.arena, answer.next) : NULL;
		rc = show_text(&asking->show, answer.body, answer.size, read, user);
		api_client_forget(asking->show.client);
	}
	return rc;
}

static const char *path_part(const char *name, struct arena *arena)
{
	return *name ? show_escape(name, arena) : "-";
}

static int ask_trend(struct asking *asking)
{
	struct arena *arena = &asking->show.arena;
	const char *query =
		asking->since ? arena_printf(arena, "?since=%s", show_escape(asking->since, arena))
			      : "";

	return ask_pages(asking,
			 arena_printf(arena, "/v1/sites/%s/%s/trend%s",
				      path_part(asking->organization, arena),
				      path_part(asking->site, arena), query),
			 read_trend, asking);
}

static int ask_servers(struct asking *asking)
{
	struct arena *arena = &asking->show.arena;

	return ask_pages(asking,
			 arena_printf(arena, "/v1/servers?organization=%s&site=%s&limit=1000",
				      show_escape(asking->organization, arena),
				      show_escape(asking->site, arena)),
			 read_servers, asking);
}

static int ask_histories(struct asking *asking)
{
	struct arena *arena = &asking->show.arena;
	char since[TIMESTAMP_TEXT_SIZE];
	int rc = TERMINAL_EXIT_OK;

	timestamp_format(asking->report.since_ms, since);
	for (size_t i = 0; rc == TERMINAL_EXIT_OK && i < asking->report.n; i++) {
		struct site_paper_server *server = &asking->report.servers[i];
		if (server->reported_ms == TIMESTAMP_NONE)
			continue; /* only the inventory knows it: it has no history */
		rc = ask_pages(asking,
			       arena_printf(arena, "/v1/servers/%s/history?limit=1000&since=%s",
					    show_escape(server->name, arena),
					    show_escape(since, arena)),
			       read_changes, server);
	}
	return rc;
}

static int write_report(struct asking *asking)
{
	struct site_paper *report = &asking->report;
	struct buffer out;

	if (report->n == 0)
		return terminal_fail("no report of %s/%s: it has no server any more",
				     asking->organization, asking->site);
	if (report->since_ms >= report->at_ms)
		return terminal_refuse("--since: '%s' is not in the past", asking->since);
	report->organization = report->servers[0].organization; /* in the case that it has there */
	report->site = report->servers[0].site;
	report->collector = api_client_url(asking->show.client);
	buffer_init(&out);
	site_paper_write(report, &asking->show.arena, &out);
	terminal_write(out.bytes, out.size);
	buffer_deinit(&out);
	return show_end(&asking->show);
}

static int ask_and_write(struct asking *asking, const struct show_options *options)
{
	int rc = show_open(&asking->show, options);

	if (rc == TERMINAL_EXIT_OK)
		rc = ask_trend(asking);
	if (rc == TERMINAL_EXIT_OK)
		rc = ask_servers(asking);
	if (rc == TERMINAL_EXIT_OK)
		rc = ask_histories(asking);
	if (rc == TERMINAL_EXIT_OK)
		rc = write_report(asking);
	show_close(&asking->show);
	return rc;
}

static int run(struct asking *asking, const struct show_options *options, const char *site,
	       const char *format)
{
	const char *slash = site ? strchr(site, '/') : NULL;
	int64_t since_ms = 0;
	struct arena arena;

	if (!slash)
		return terminal_refuse("report: expected --site ORGANIZATION/SITE%s%s; see "
				       "mtawatch-collector report --help",
				       site ? ", not " : "", site ? site : "");
	if (format && strcmp(format, "html") != 0)
		return terminal_refuse("--format: expected html, not '%s'", format);
	int rc = arguments_time("since", asking->since, &since_ms);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	asking->organization = arena_strndup(&arena, site, (size_t)(slash - site));
	asking->site = slash + 1;
	rc = ask_and_write(asking, options);
	arena_deinit(&arena);
	return rc;
}

int report_main(int argc, char **argv)
{
	static const char *const forms[] = { "report" };
	struct show_options parsed = { .json = NULL };
	struct asking asking = { .since = NULL };
	const char *site = NULL;
	const char *format = NULL;
	struct arguments words;
	struct arguments_option options[] = {
		{ "site", "ORGANIZATION/SITE", &site, 1, 0 },
		{ "format", "FORMAT", &format, 1, 0 },
		{ "since", "TIME", &asking.since, 1, 0 },
		API_CLIENT_OPTIONS(&parsed.client),
	};

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	return rc == TERMINAL_EXIT_OK ? run(&asking, &parsed, site, format) : rc;
}
