/* The command `what-if`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/report_files.h"
#include "collector/commands/show.h"
#include "collector/model/server_key.h"
#include "collector/plans/answer.h"
#include "proto/base/count.h"
#include "proto/json/write.h"

const char what_if_help[] =
	"mtawatch-collector what-if: tell what changes of a site would bring.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector what-if --disable EXCH1/El90x2\n"
	"  mtawatch-collector what-if --install-fix EXCH1 --install-fix EXCH2\n"
	"  mtawatch-collector what-if --add EXCH1/C=10.0.3.5/24 --remove OLD1\n"
	"  mtawatch-collector what-if --connect EXCH1/B=EXCH2,EXCH3 reports/*.json\n"
	"\n"
	"Nothing is changed or stored: the rule is asked about the facts as they would be. Shown "
	"is\n"
	"every server whose verdict or adapters would look different, why, and what it would cost\n"
	"others. With report files, as `assess` reads them, no collector is asked.\n"
	"\n"
	"Changes, which are made in this order; each may come again:\n"
	"  --add SERVER/ADAPTER=ADDRESS/LENGTH[,...]  a new adapter that reaches everybody\n"
	"  --connect SERVER/ADAPTER[=PEER,...]        an adapter gets a way to these; all of them\n"
	"  --disable SERVER/ADAPTER                   an adapter\n"
	"  --install-sp4 SERVER                       Service Pack 4, which the fix needs\n"
	"  --install-fix SERVER                       Emsmta.exe at 5.5.2654.54\n"
	"  --start SERVER                             its MTA\n"
	"  --remove SERVER                            take it out, as `decommission`\n"
	"  --changes FILE                             instead: JSON, as the API takes it; - for\n"
	"                                             standard input\n"
	"\n"
	"Options:\n"
	"  --at TIME          of report files: judge as of this moment (RFC 3339); default: now\n"
	"  --json             print the answer, for programs\n"
	"  --no-color         no colours (as with the variable NO_COLOR)\n" API_CLIENT_HELP "\n"
	"The token's role is viewer or more. Exit status by the worst of the site after the "
	"changes:\n"
	"0 all is well, 3 at risk or cannot tell, 4 exposed, 5 failing; 1 the question could not "
	"be\n"
	"answered, 2 wrong usage.\n";

#define MAX_BODY  ((size_t)128 * 1024)
#define MAX_EACH  CHANGE_MAX_CHANGES
#define N_ACTIONS CHANGE_ACTIONS

struct question {
	struct show_options show;
	struct arguments files;
	int64_t at_ms;
	const char *body; /* JSON */
	struct change *changes;
	size_t n;
	struct arena arena;
};

/* Options, in the order in which their changes are made. */
static const struct {
	const char *name;
	const char *value;
	enum change_action action;
} change_options[N_ACTIONS] = {
	{ "add", "SERVER/ADAPTER=ADDRESSES", CHANGE_ADD_ADAPTER },
	{ "connect", "SERVER/ADAPTER", CHANGE_CONNECT_ADAPTER },
	{ "disable", "SERVER/ADAPTER", CHANGE_DISABLE_ADAPTER },
	{ "install-sp4", "SERVER", CHANGE_INSTALL_SERVICE_PACK },
	{ "install-fix", "SERVER", CHANGE_INSTALL_FIX },
	{ "start", "SERVER", CHANGE_START_MTA },
	{ "remove", "SERVER", CHANGE_REMOVE_SERVER },
};

/* "a,b" as an array. */
static void put_list(struct buffer *out, const char *name, const char *text, struct arena *arena)
{
	json_open_array(out, name);
	while (*text) {
		size_t n = strcspn(text, ",");
		json_put_text(out, NULL, arena_strndup(arena, text, n));
		text += n + (text[n] == ',');
	}
	json_close_array(out);
}

/* False: the value is not of the form. */
static bool put_change(struct buffer *out, enum change_action action, const char *value,
		       struct arena *arena)
{
	bool of_adapter = action == CHANGE_ADD_ADAPTER || action == CHANGE_CONNECT_ADAPTER ||
			  action == CHANGE_DISABLE_ADAPTER;
	const char *slash = strchr(value, '/');
	const char *equals = slash ? strchr(slash, '=') : NULL;

	if (of_adapter != (slash != NULL) || (equals != NULL && action == CHANGE_DISABLE_ADAPTER) ||
	    (equals == NULL && action == CHANGE_ADD_ADAPTER))
		return false;
	json_open_object(out, NULL);
	json_put_text(out, "action", change_action_name(action));
	if (!slash) {
		json_put_text(out, "server", value);
	} else {
		const char *adapter = slash + 1;
		size_t n = equals ? (size_t)(equals - adapter) : strlen(adapter);
		json_put_text(out, "server", arena_strndup(arena, value, (size_t)(slash - value)));
		json_put_text(out, "adapter", arena_strndup(arena, adapter, n));
		if (equals)
			put_list(out, action == CHANGE_ADD_ADAPTER ? "addresses" : "peers",
				 equals + 1, arena);
	}
	json_close_object(out);
	return true;
}

static int make_body(struct question *q, const struct arguments_option *options)
{
	struct buffer out;
	size_t n = 0;
	int rc = TERMINAL_EXIT_OK;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_open_array(&out, "changes");
	for (size_t i = 0; i < N_ACTIONS; i++) {
		for (size_t k = 0; rc == TERMINAL_EXIT_OK && k < options[i].n; k++, n++) {
			if (!put_change(&out, change_options[i].action, options[i].values[k],
					&q->arena))
				rc = terminal_refuse("--%s: expected %s, not '%s'", options[i].name,
						     options[i].value, options[i].values[k]);
		}
	}
	json_close_array(&out);
	json_finish(&out);
	q->body = arena_strndup(&q->arena, out.bytes, out.size);
	buffer_deinit(&out);
	if (rc == TERMINAL_EXIT_OK && n == 0)
		rc = terminal_refuse(
			"what-if needs a change; see mtawatch-collector what-if --help");
	return rc;
}

static int read_body(struct question *q, const char *name)
{
	struct buffer text;

	buffer_init(&text);
	bool read = terminal_read_file(name, MAX_BODY, &text);
	if (read)
		q->body = arena_strndup(&q->arena, text.bytes ? text.bytes : "", text.size);
	buffer_deinit(&text);
	return read ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

/* The changes of the body, as a collector would read them. */
static int read_changes(struct question *q)
{
	struct json_reading in;
	struct json_place root;

	json_begin(&in, q->body, strlen(q->body), REPORT_MAX_STRING, &q->arena, &root);
	q->changes = change_read_list(&in, &root, &q->n);
	json_end(&in);
	if (in.status == STATUS_OK)
		return TERMINAL_EXIT_OK;
	return terminal_fail("these are no changes: %s%s%s", in.error.pointer,
			     *in.error.pointer ? ": " : "", in.error.detail);
}

/* What is shown. */

static void note_verdicts(struct show *show, struct json_reading *in, const struct json_place *at)
{
	for (int v = 0; v < VERDICT_COUNT; v++) {
		int64_t n = 0;
		json_get_integer(in, at, verdict_name((enum verdict)v), 0, JSON_MAX_INTEGER, &n);
		if (n > 0)
			(void)show_note(show, verdict_name((enum verdict)v), false);
	}
}

/* "2 exposed, 3 clear" */
static const char *tally_text(struct show *show, struct json_reading *in,
			      const struct json_place *root, const char *name)
{
	const char *text = NULL;
	struct json_place at;

	if (!json_get_object(in, root, name, &at))
		return "nobody";
	for (int v = 0; v < VERDICT_COUNT; v++) {
		int64_t n = 0;
		json_get_integer(in, &at, verdict_name((enum verdict)v), 0, JSON_MAX_INTEGER, &n);
		if (n > 0)
			text = arena_printf(&show->arena, "%s%s%lld %s", text ? text : "",
					    text ? ", " : "", (long long)n,
					    verdict_word((enum verdict)v));
	}
	return text ? text : "nobody";
}

static const char *side_verdict(struct show *show, struct json_reading *in,
				const struct json_place *at, const char *side)
{
	const char *verdict = "";
	struct json_place place;

	if (!json_get_object(in, at, side, &place))
		return "taken out";
	json_get_text(in, &place, "verdict", &verdict);
	return show_verdict(show, verdict, false);
}

static const char *make_before(struct show *show, struct json_reading *in,
			       const struct json_place *at)
{
	return side_verdict(show, in, at, "before");
}

static const char *make_after(struct show *show, struct json_reading *in,
			      const struct json_place *at)
{
	return side_verdict(show, in, at, "after");
}

static const char *make_reason(struct show *show, struct json_reading *in,
			       const struct json_place *at)
{
	struct json_place after;

	return json_get_object(in, at, "after", &after) ? show_server_reason(show, in, &after)
							: NULL;
}

static enum tint tint_server(struct show *show, struct json_reading *in,
			     const struct json_place *at)
{
	struct json_place after;
	const char *verdict = "";

	if (!json_get_object(in, at, "after", &after))
		return TINT_DIM;
	json_get_text(in, &after, "verdict", &verdict);
	return show_note(show, verdict, false);
}

static const struct show_column server_columns[] = {
	{ "SERVER", "server", .kind = SHOW_TEXT },
	{ "BEFORE", .make = make_before },
	{ "AFTER", .make = make_after },
	{ "WHY", .make = make_reason },
};
static const struct show_column cost_columns[] = {
	{ "COSTS", "server", .kind = SHOW_TEXT },
	{ "WHAT", "text", .kind = SHOW_TEXT },
};

static void print_site(struct show *show, struct json_reading *in, const struct json_place *root,
		       void *user)
{
	static const struct show_table servers = { server_columns, COUNT(server_columns),
						   tint_server };
	static const struct show_table costs = { cost_columns, COUNT(cost_columns), NULL };
	const char *organization = "";
	const char *site = "";
	struct json_place after;
	struct table table;
	(void)user;

	json_get_text(in, root, "organization", &organization);
	json_get_text(in, root, "site", &site);
	if (json_get_object(in, root, "after", &after))
		note_verdicts(show, in, &after);
	const char *was = tally_text(show, in, root, "before");
	const char *is = tally_text(show, in, root, "after");
	if (show->json)
		return;
	terminal_print("%s/%s: now %s; then %s.\n", organization, site, was, is);
	show_headings(show, &servers, &table);
	show_rows(show, in, root, "servers", &servers, &table, NULL);
	table_print(&table, show->width, show->color, stdout);
	show_headings(show, &costs, &table);
	if (show_rows(show, in, root, "costs", &costs, &table, NULL) > 0)
		table_print(&table, show->width, show->color, stdout);
}

struct each_site {
	struct show *show;
	size_t n;
};

static void print_each(struct json_reading *in, const struct json_place *at, void *user)
{
	struct each_site *each = user;

	if (each->n++ > 0 && !each->show->json)
		terminal_print("\n");
	print_site(each->show, in, at, NULL);
}

static void print_sites(struct show *show, struct json_reading *in, const struct json_place *root,
			void *user)
{
	struct each_site each = { .show = show };
	(void)user;

	json_each(in, root, "items", SHOW_MAX_ITEMS, print_each, &each, NULL);
}

/* Of a running collector. */

static void read_place(struct show *show, struct json_reading *in, const struct json_place *root,
		       void *user)
{
	const char **names = user;
	(void)show;

	json_get_text(in, root, "organization", &names[0]);
	json_get_text(in, root, "site", &names[1]);
}

/* A name as a part of a path; one that is empty has a sign of its own. */
static const char *path_part(const char *name, struct arena *arena)
{
	return name && *name ? show_escape(name, arena) : "-";
}

/* The path of the site that the first change's server is of. */
static int find_site(struct show *show, const struct question *q, const char **path)
{
	struct api_client_answer answer;
	const char *names[2] = { "", "" };
	bool json = show->json;

	*path = arena_printf(&show->arena, "/v1/servers/%s",
			     show_escape(q->changes[0].server, &show->arena));
	int rc = show_ask(show, *path, &answer);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	show->json = false; /* this answer is not the one that was asked for */
	rc = show_text(show, answer.body, answer.size, read_place, names);
	show->json = json;
	*path = arena_printf(&show->arena, "/v1/sites/%s/%s/what-if",
			     path_part(names[0], &show->arena), path_part(names[1], &show->arena));
	return rc;
}

static int ask_collector(const struct question *q)
{
	struct api_client_call call = { .method = "POST",
					.type = "application/json",
					.body = q->body,
					.size = strlen(q->body) };
	struct api_client_answer answer;
	struct show show;

	int rc = show_open(&show, &q->show);
	if (rc == TERMINAL_EXIT_OK)
		rc = find_site(&show, q, &call.path);
	if (rc == TERMINAL_EXIT_OK)
		rc = show_call(&show, &call, &answer);
	if (rc == TERMINAL_EXIT_OK)
		rc = show_text(&show, answer.body, answer.size, print_site, NULL);
	show_close(&show);
	return rc;
}

/* Of report files. */

static bool is_of_site(const struct site_facts *site, const char *server)
{
	char key[SERVER_KEY_SIZE];

	(void)server_key(server, key);
	for (size_t i = 0; i < site->n; i++) {
		if (strcmp(site->servers[i].key, key) == 0)
			return true;
	}
	return false;
}

/* The changes of servers of this site; sets `*n`. */
static struct change *changes_of(const struct question *q, const struct site_facts *site, size_t *n,
				 struct arena *arena)
{
	struct change *list = arena_alloc_array(arena, q->n, sizeof *list);

	*n = 0;
	for (size_t i = 0; i < q->n; i++) {
		if (is_of_site(site, q->changes[i].server))
			list[(*n)++] = q->changes[i];
	}
	return list;
}

static bool add_site(struct site_facts *site, const struct change *changes, size_t n,
		     struct buffer *out, struct arena *arena)
{
	struct what_if *w = what_if_new(site);
	struct what_if_error error;

	json_put_line(out);
	json_open_object(out, NULL);
	enum status status = what_if_answer(w, site, changes, n, out, &error);
	json_close_object(out);
	what_if_free(w);
	if (status == STATUS_OK)
		return true;
	terminal_warn("%s %s", change_text(&changes[error.change], arena), error.detail);
	return false;
}

/* The answers of the sites that changes are of; false: a change is of none, or is refused. */
static bool answer_sites(struct question *q, const struct report_set *set, struct buffer *out)
{
	struct site_facts *sites;
	size_t n_sites;
	size_t found = 0;
	bool ok = true;

	report_set_facts(set, q->at_ms, &q->arena, &sites, &n_sites);
	json_open_array(out, NULL);
	for (size_t i = 0; ok && i < n_sites; i++) {
		size_t n;
		const struct change *changes = changes_of(q, &sites[i], &n, &q->arena);
		if (n > 0)
			ok = add_site(&sites[i], changes, n, out, &q->arena);
		found += n;
	}
	json_close_array(out);
	buffer_add_text(out, "\n");
	for (size_t i = 0; ok && found < q->n && i < q->n; i++) {
		bool known = false;
		for (size_t k = 0; k < n_sites && !known; k++)
			known = is_of_site(&sites[k], q->changes[i].server);
		if (!known) {
			terminal_warn("there is no report of '%s'", q->changes[i].server);
			ok = false;
		}
	}
	return ok;
}

static int ask_files(struct question *q)
{
	struct report_set *set = report_set_new();
	int rc = TERMINAL_EXIT_FAILED;
	struct buffer out;

	buffer_init(&out);
	if (report_files_add(set, q->files.words, q->files.n_words, q->at_ms) &&
	    answer_sites(q, set, &out)) {
		struct show show;
		show_open_local(&show, &q->show);
		rc = show_text(&show, out.bytes, out.size, print_sites, NULL);
		show_close(&show);
	}
	buffer_deinit(&out);
	report_set_free(set);
	return rc;
}

static int run(struct question *q, const struct arguments_option *options, const char *file,
	       const char *at)
{
	int rc = arguments_time("at", at, &q->at_ms);

	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (at && q->files.n_words == 0)
		return terminal_refuse("--at is for report files; a collector tells of now");
	rc = file ? read_body(q, file) : make_body(q, options);
	if (rc == TERMINAL_EXIT_OK)
		rc = read_changes(q);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	return q->files.n_words > 0 ? ask_files(q) : ask_collector(q);
}

int what_if_main(int argc, char **argv)
{
	static const char *const forms[] = { "what-if [FILE...]" };
	struct question q = { .at_ms = loop_wall_ms() };
	const char *values[N_ACTIONS][MAX_EACH];
	const char *file = NULL;
	const char *at = NULL;
	struct arguments_option options[] = {
		{ "add", change_options[0].value, values[0], MAX_EACH, 0 },
		{ "connect", change_options[1].value, values[1], MAX_EACH, 0 },
		{ "disable", change_options[2].value, values[2], MAX_EACH, 0 },
		{ "install-sp4", change_options[3].value, values[3], MAX_EACH, 0 },
		{ "install-fix", change_options[4].value, values[4], MAX_EACH, 0 },
		{ "start", change_options[5].value, values[5], MAX_EACH, 0 },
		{ "remove", change_options[6].value, values[6], MAX_EACH, 0 },
		{ "changes", "FILE", &file, 1, 0 },
		{ "at", "TIME", &at, 1, 0 },
		SHOW_OPTIONS(&q.show),
	};

	int rc = ARGUMENTS_READ(&q.files, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	for (size_t i = 0; file && i < N_ACTIONS; i++) {
		if (options[i].n > 0)
			return terminal_refuse("--changes goes without --%s", options[i].name);
	}
	arena_init(&q.arena);
	rc = run(&q, options, file, at);
	arena_deinit(&q.arena);
	return rc;
}
