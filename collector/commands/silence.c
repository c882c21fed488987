/* The command `silence`: nobody is told of some alerts for a while. */
#include <inttypes.h>
#include <stdio.h>

#include "collector/base/loop.h"
#include "collector/cli/api_client.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "collector/config/duration.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

const char silence_help[] =
	"mtawatch-collector silence: tell nobody of some alerts for a while.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector silence \"ACME/B*\" --for 8h --comment \"moving\"\n"
	"  mtawatch-collector silence --server \"LAB*\" --condition silent --for 7d\n"
	"  mtawatch-collector silence --list\n"
	"  mtawatch-collector silence --end 1795970688444000\n"
	"\n"
	"A place is written as routes are, ORGANIZATION/SITE; '*' stands for any characters, '?'\n"
	"for one. All that is said has to hold. It says which servers and open alerts it matches,\n"
	"and what matches none that is known is refused without --yes. A collector has to run.\n"
	"\n"
	"Options:\n"
	"  --server PATTERN     names of servers\n"
	"  --condition PATTERN  failing, exposed, at_risk, silent, unknown ...\n"
	"  --for TIME           such as 8h or 7d\n"
	"  --comment TEXT       why\n"
	"  --dry-run            only say what it would match\n"
	"  --yes                also where it matches nothing that is known\n"
	"  --list               show the silences that there are\n"
	"  --end ID             end one\n"
	"  --json               with --list: print the collector's answer\n"
	"  --no-color           no colours\n" API_CLIENT_HELP "\n"
	"The token's role is operator or admin; for --list viewer. Exit status: 0 done, 1 not "
	"done,\n"
	"2 wrong usage.\n";

struct silence {
	struct show_options parsed;
	const char *place;
	const char *server;
	const char *condition;
	const char *lasts;
	const char *comment;
	const char *dry_run;
	const char *yes;
	const char *list;
	const char *end;
	int64_t ends_ms;
};

/* --list */

/* "ACME/B*"; NULL: any. */
static const char *make_place(struct show *show, struct json_reading *in,
			      const struct json_place *at)
{
	struct json_place matchers;

	if (!json_get_object(in, at, "matchers", &matchers))
		return NULL;
	const char *sites = json_borrow_text(in, &matchers, "sites");
	const char *organization = json_borrow_text(in, &matchers, "organization");
	const char *site = json_borrow_text(in, &matchers, "site");
	if (sites || (!organization && !site))
		return sites;
	return arena_printf(&show->arena, "%s/%s", organization ? organization : "*",
			    site ? site : "*");
}

static const struct show_column columns[] = {
	{ "ID", "id", .kind = SHOW_TEXT },
	{ "SITES", .make = make_place },
	{ "SERVER", "matchers.server", .kind = SHOW_NAME },
	{ "CONDITION", "matchers.condition", .kind = SHOW_TEXT },
	{ "UNTIL", "ends_at", .kind = SHOW_TIME },
	{ "BY", "by", .kind = SHOW_TEXT },
	{ "COMMENT", "comment", .kind = SHOW_TEXT },
};
static const struct show_table table = { columns, sizeof columns / sizeof *columns, NULL };

static int show_silences(const struct silence *s)
{
	const struct show_list list = {
		.path = "/v1/silences",
		.member = "silences",
		.table = &table,
	};
	return show_pages(&s->parsed, &list);
}

/* A new one. */

static void write_body(const struct silence *s, bool is_dry_run, struct buffer *out)
{
	json_open_object(out, NULL);
	json_open_object(out, "matchers");
	if (s->place)
		json_put_text(out, "sites", s->place);
	if (s->server)
		json_put_text(out, "server", s->server);
	if (s->condition)
		json_put_text(out, "condition", s->condition);
	json_close_object(out);
	json_put_text(out, "comment", s->comment ? s->comment : "");
	json_put_time(out, "ends_at", s->ends_ms);
	json_put_bool(out, "dry_run", is_dry_run);
	json_put_bool(out, "allow_empty", s->yes != NULL);
	json_close_object(out);
}

static int post(struct api_client *client, const struct silence *s, bool is_dry_run,
		struct api_client_answer *answer)
{
	const char *error = NULL;
	struct buffer body;

	buffer_init(&body);
	write_body(s, is_dry_run, &body);
	struct api_client_call call = { .method = "POST",
					.path = "/v1/silences",
					.type = "application/json",
					.body = body.bytes,
					.size = body.size };
	enum api_client_result result = api_client_call(client, &call, answer, &error);
	buffer_deinit(&body);
	return result == API_CLIENT_OK ? TERMINAL_EXIT_OK
				       : terminal_fail("could not silence that: %s", error);
}

/* "12 servers (EXCH1, EXCH2 ...), 3 open alerts" */
static bool tell_matches(const struct api_client_answer *answer, bool *is_empty)
{
	struct arena arena;
	struct json_reading in;
	struct json_place root;
	struct json_place servers;
	struct json_place alerts;
	int64_t n_servers = 0;
	int64_t n_alerts = 0;
	const char **names = NULL;
	size_t n = 0;
	bool is_of_collector = false;
	const char *text = "";

	arena_init(&arena);
	json_begin(&in, answer->body, answer->size, SHOW_MAX_TEXT, &arena, &root);
	if (json_get_object(&in, &root, "servers", &servers)) {
		json_get_integer(&in, &servers, "count", 0, JSON_MAX_INTEGER, &n_servers);
		json_get_texts(&in, &servers, "names", &names, &n);
	}
	if (json_get_object(&in, &root, "alerts", &alerts))
		json_get_integer(&in, &alerts, "count", 0, JSON_MAX_INTEGER, &n_alerts);
	json_get_bool(&in, &root, "collector", &is_of_collector);
	bool valid = in.status == STATUS_OK;
	json_end(&in);
	for (size_t i = 0; valid && i < n; i++)
		text = arena_printf(&arena, "%s%s%s", text, i ? ", " : ": ", names[i]);
	if (valid)
		terminal_print(
			"it matches %" PRId64 " server%s%s%s, and %" PRId64 " open alert%s%s\n",
			n_servers, n_servers == 1 ? "" : "s", text,
			n_servers > (int64_t)n ? " ..." : "", n_alerts, n_alerts == 1 ? "" : "s",
			is_of_collector ? "; and problems of the collector itself" : "");
	*is_empty = n_servers == 0 && n_alerts == 0 && !is_of_collector;
	arena_deinit(&arena);
	return valid;
}

static int make_silence(struct api_client *client, const struct silence *s)
{
	char until[TIMESTAMP_TEXT_SIZE];
	struct api_client_answer answer;
	bool is_empty = false;

	int rc = post(client, s, true, &answer);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (!tell_matches(&answer, &is_empty))
		return terminal_fail("the collector's answer cannot be read");
	if (s->dry_run)
		return TERMINAL_EXIT_OK;
	if (is_empty && !s->yes)
		return terminal_fail("nothing is silenced: it matches nothing that is known; "
				     "--yes makes it all the same");
	rc = post(client, s, false, &answer);
	if (rc == TERMINAL_EXIT_OK)
		terminal_print("silenced until %s\n", timestamp_format(s->ends_ms, until));
	return rc;
}

static int end_silence(struct api_client *client, const char *id)
{
	struct api_client_answer answer;
	const char *error = NULL;
	struct arena arena;

	arena_init(&arena);
	struct api_client_call call = { .method = "DELETE" };
	call.path = arena_printf(&arena, "/v1/silences/%s", api_client_escape(client, id));
	enum api_client_result result = api_client_call(client, &call, &answer, &error);
	arena_deinit(&arena);
	if (result != API_CLIENT_OK)
		return terminal_fail("could not end the silence %s: %s", id, error);
	terminal_print("the silence %s is ended\n", id);
	return TERMINAL_EXIT_OK;
}

static int change_silence(const struct silence *s)
{
	struct api_client *client = NULL;

	int rc = api_client_open(&client, &s->parsed.client);
	if (rc == TERMINAL_EXIT_OK)
		rc = s->end ? end_silence(client, s->end) : make_silence(client, s);
	api_client_close(client);
	return rc == TERMINAL_EXIT_OK && fflush(stdout) != 0 ? TERMINAL_EXIT_FAILED : rc;
}

/* Returns an exit status. */
static int check_options(struct silence *s, const struct arguments *words)
{
	int64_t lasts_ms = 0;

	s->place = words->words[0];
	if (s->list || s->end)
		return TERMINAL_EXIT_OK;
	if (!s->place && !s->server && !s->condition)
		return terminal_refuse("expected ORGANIZATION/SITE, --server or --condition; see "
				       "mtawatch-collector silence --help");
	if (!s->lasts || !duration_parse(s->lasts, &lasts_ms) || lasts_ms == 0)
		return terminal_refuse("--for \"%s\": expected " DURATION_EXPECTED,
				       s->lasts ? s->lasts : "");
	s->ends_ms = loop_wall_ms() + lasts_ms;
	return TERMINAL_EXIT_OK;
}

int silence_main(int argc, char **argv)
{
	static const char *const forms[] = { "silence [PLACE]" };
	struct silence s = { .ends_ms = TIMESTAMP_NONE };
	struct arguments_option options[] = { { "server", "PATTERN", &s.server, 1, 0 },
					      { "condition", "PATTERN", &s.condition, 1, 0 },
					      { "for", "TIME", &s.lasts, 1, 0 },
					      { "comment", "TEXT", &s.comment, 1, 0 },
					      { "dry-run", NULL, &s.dry_run, 1, 0 },
					      { "yes", NULL, &s.yes, 1, 0 },
					      { "list", NULL, &s.list, 1, 0 },
					      { "end", "ID", &s.end, 1, 0 },
					      SHOW_OPTIONS(&s.parsed) };
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc == TERMINAL_EXIT_OK)
		rc = check_options(&s, &words);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	return s.list ? show_silences(&s) : change_silence(&s);
}
