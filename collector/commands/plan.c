/* The command `plan`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/report_files.h"
#include "collector/commands/show.h"
#include "collector/plans/plan_answer.h"
#include "collector/query/server_csv.h"
#include "proto/base/casefold.h"
#include "proto/base/count.h"
#include "proto/exposure/facts.h"
#include "proto/json/write.h"

const char plan_help[] =
	"mtawatch-collector plan: the smallest set of changes that makes a site safe, in order.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector plan --site ACME/HQ\n"
	"  mtawatch-collector plan --prefer adapters --csv > plan.csv\n"
	"  mtawatch-collector plan reports/*.json\n"
	"\n"
	"Without a site it is every site where a server is failing, exposed or at risk. Of two "
	"sets\n"
	"of as many changes it takes the one with the fix, or with adapters. No step makes "
	"another\n"
	"server worse; each is shown with the verdicts that it brings. Nothing is changed. With "
	"report\n"
	"files, as `assess` reads them, no collector is asked.\n"
	"\n"
	"Options:\n"
	"  --site ORGANIZATION/SITE  this one\n"
	"  --prefer WHAT      fix (the default) or adapters\n"
	"  --at TIME          of report files: judge as of this moment (RFC 3339); default: now\n"
	"  --csv              print a line a step, for spreadsheets\n"
	"  --json             print the plans, for programs\n"
	"  --no-color         no colours (as with the variable NO_COLOR)\n" API_CLIENT_HELP "\n"
	"The token's role is viewer or more. Exit status: 0 the plan makes everybody well, or "
	"there\n"
	"is nothing to do; 3 it leaves a server that is not; 1 no plan could be made, 2 wrong "
	"usage.\n";

struct plan_options {
	struct show_options show;
	struct arguments files;
	enum plan_preference preference;
	const char *organization;
	const char *site; /* NULL: all where there is something to mend */
	const char *csv;
	int64_t at_ms;
};

/* Printing goes on over several plans. */
struct printing {
	const struct plan_options *options;
	size_t n;
};

/* "exposed -> clear", and of whom else */
static const char *make_verdicts(struct show *show, struct json_reading *in,
				 const struct json_place *at)
{
	const char *before = "";
	const char *after = "";

	json_get_text(in, at, "before", &before);
	json_get_text(in, at, "after", &after);
	before = show_verdict(show, before, false);
	after = show_verdict(show, after, false);
	return strcmp(before, after) == 0
		       ? before
		       : arena_printf(&show->arena, "%s, then %s", before, after);
}

struct others {
	struct show *show;
	const char *text;
};

static void add_other(struct json_reading *in, const struct json_place *at, void *user)
{
	struct others *others = user;
	const char *server = "";

	json_get_text(in, at, "server", &server);
	others->text =
		arena_printf(&others->show->arena, "%s%s%s: %s", others->text ? others->text : "",
			     others->text ? "; " : "", server, make_verdicts(others->show, in, at));
}

static const char *make_others(struct show *show, struct json_reading *in,
			       const struct json_place *at)
{
	struct others others = { .show = show };

	json_each(in, at, "others", SHOW_MAX_ITEMS, add_other, &others, NULL);
	return others.text;
}

static enum tint tint_left(struct show *show, struct json_reading *in, const struct json_place *at)
{
	const char *verdict = "";

	json_get_text(in, at, "verdict", &verdict);
	show->worst = SHOW_EXIT_CONCERN;
	return strcmp(verdict, "failing") == 0 || strcmp(verdict, "exposed") == 0 ? TINT_BAD
										  : TINT_WARNING;
}

static const struct show_column step_columns[] = {
	{ "STEP", "step", .kind = SHOW_NUMBER },
	{ "WHAT", "text", .kind = SHOW_TEXT },
	{ "ITS VERDICT", .make = make_verdicts },
	{ "OTHERS", .make = make_others },
};
static const struct show_column left_columns[] = {
	{ "LEFT", "server", .kind = SHOW_TEXT },
	{ "VERDICT", "verdict", .kind = SHOW_WORD },
	{ "WHY", "text", .kind = SHOW_TEXT },
};
static const struct show_table steps = { step_columns, COUNT(step_columns), NULL };
static const struct show_table left = { left_columns, COUNT(left_columns), tint_left };

static const char *headline(struct show *show, struct json_reading *in,
			    const struct json_place *root, size_t n_steps)
{
	const char *organization = "";
	const char *site = "";
	bool exact = false;

	json_get_text(in, root, "organization", &organization);
	json_get_text(in, root, "site", &site);
	json_get_bool(in, root, "exact", &exact);
	if (n_steps == 0)
		return arena_printf(&show->arena, "%s/%s: nothing to do.", organization, site);
	return arena_printf(&show->arena, "%s/%s: %s", organization, site,
			    exact ? "no smaller set of changes does it."
				  : "made server by server; a smaller set may do.");
}

static void print_plan(struct show *show, struct json_reading *in, const struct json_place *root,
		       void *user)
{
	struct printing *printing = user;
	struct table of_steps;
	struct table of_left;

	show_headings(show, &steps, &of_steps);
	show_headings(show, &left, &of_left);
	size_t n_steps = show_rows(show, in, root, "steps", &steps, &of_steps, NULL);
	size_t n_left = show_rows(show, in, root, "left", &left, &of_left, NULL);
	const char *words = headline(show, in, root, n_steps);
	if (show->json || in->status != STATUS_OK)
		return;
	if (printing->n++ > 0)
		terminal_print("\n");
	terminal_print("%s\n", words);
	if (n_steps > 0)
		table_print(&of_steps, show->width, show->color, stdout);
	if (n_left > 0)
		table_print(&of_left, show->width, show->color, stdout);
}

/* CSV */

struct csv {
	struct show *show;
	struct buffer out;
	const char *organization;
	const char *site;
};

static void add_cell(struct buffer *out, const char *text)
{
	buffer_add_text(out, ",");
	server_csv_add_cell(out, text);
}

static void add_csv_step(struct json_reading *in, const struct json_place *at, void *user)
{
	static const char *const members[] = { "server", "action", "adapter",
					       "text",   "before", "after" };
	struct csv *csv = user;
	int64_t step = 0;
	char number[24];

	json_get_integer(in, at, "step", 0, JSON_MAX_INTEGER, &step);
	snprintf(number, sizeof number, "%lld", (long long)step);
	server_csv_add_cell(&csv->out, csv->organization);
	add_cell(&csv->out, csv->site);
	add_cell(&csv->out, number);
	for (size_t i = 0; i < COUNT(members); i++) {
		const char *text = "";
		json_get_text(in, at, members[i], &text);
		add_cell(&csv->out, text);
	}
	add_cell(&csv->out, make_others(csv->show, in, at));
	buffer_add_text(&csv->out, "\r\n");
}

static void print_csv(struct show *show, struct json_reading *in, const struct json_place *root,
		      void *user)
{
	struct printing *printing = user;
	struct csv csv = { .show = show, .organization = "", .site = "" };

	buffer_init(&csv.out);
	if (printing->n++ == 0)
		buffer_add_text(&csv.out, "organization,site,step,server,action,adapter,text,"
					  "before,after,others\r\n");
	json_get_text(in, root, "organization", &csv.organization);
	json_get_text(in, root, "site", &csv.site);
	json_each(in, root, "steps", SHOW_MAX_ITEMS, add_csv_step, &csv, NULL);
	if (csv.out.size > 0)
		terminal_write(csv.out.bytes, csv.out.size);
	buffer_deinit(&csv.out);
}

static void print_one(struct show *show, struct json_reading *in, const struct json_place *root,
		      void *user)
{
	const struct printing *printing = user;

	if (printing->options->csv)
		print_csv(show, in, root, user);
	else
		print_plan(show, in, root, user);
}

struct each_plan {
	struct show *show;
	struct printing *printing;
};

static void print_each(struct json_reading *in, const struct json_place *at, void *user)
{
	const struct each_plan *each = user;

	print_one(each->show, in, at, each->printing);
}

static void print_plans(struct show *show, struct json_reading *in, const struct json_place *root,
			void *user)
{
	struct each_plan each = { show, user };

	json_each(in, root, "items", SHOW_MAX_ITEMS, print_each, &each, NULL);
	if (each.printing->n == 0 && !show->json && !each.printing->options->csv)
		terminal_print("No server is failing, exposed or at risk: nothing to do.\n");
}

/* Of a running collector. */

/* Where the plans of sites come from, and their answers so far, as members of an array. */
struct asking {
	struct show *show;
	const struct plan_options *options;
	const char **paths;
	size_t n;
	size_t room;
};

static const char *path_part(const char *name, struct arena *arena)
{
	return *name ? show_escape(name, arena) : "-";
}

static void add_path(struct asking *asking, const char *organization, const char *site)
{
	struct arena *arena = &asking->show->arena;

	asking->paths = arena_make_room(arena, asking->paths, asking->n, &asking->room,
					sizeof *asking->paths);
	asking->paths[asking->n++] = arena_printf(
		arena, "/v1/sites/%s/%s/plan?prefer=%s", path_part(organization, arena),
		path_part(site, arena), plan_preference_name(asking->options->preference));
}

static void add_site_to_mend(struct json_reading *in, const struct json_place *at, void *user)
{
	static const char *const harmful[] = { "failing", "exposed", "at_risk" };
	struct asking *asking = user;
	const char *organization = "";
	const char *site = "";
	struct json_place counts;
	int64_t sum = 0;

	json_get_text(in, at, "organization", &organization);
	json_get_text(in, at, "site", &site);
	for (size_t i = 0; json_get_object(in, at, "counts", &counts) && i < COUNT(harmful); i++) {
		int64_t n = 0;
		json_get_integer(in, &counts, harmful[i], 0, JSON_MAX_INTEGER, &n);
		sum += n;
	}
	if (sum > 0 && (*organization || *site))
		add_path(asking, organization, site);
}

static void list_sites(struct show *show, struct json_reading *in, const struct json_place *root,
		       void *user)
{
	(void)show;
	json_each(in, root, "items", SHOW_MAX_ITEMS, add_site_to_mend, user, NULL);
}

/* The sites where there is something to mend. */
static int find_sites(struct asking *asking)
{
	struct show *show = asking->show;
	struct api_client_answer answer;
	bool json = show->json;

	int rc = show_ask(show, "/v1/sites", &answer);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	show->json = false; /* this answer is not the one that was asked for */
	rc = show_text(show, answer.body, answer.size, list_sites, asking);
	show->json = json;
	return rc;
}

/* The plans of all sites as one array. */
static int ask_sites(struct asking *asking, struct buffer *out)
{
	int rc = TERMINAL_EXIT_OK;

	json_open_array(out, NULL);
	for (size_t i = 0; rc == TERMINAL_EXIT_OK && i < asking->n; i++) {
		struct api_client_answer answer;
		rc = show_ask(asking->show, asking->paths[i], &answer);
		if (rc != TERMINAL_EXIT_OK)
			break;
		json_put_line(out);
		json_put_json(out, NULL, answer.body);
		api_client_forget(asking->show->client);
	}
	json_close_array(out);
	buffer_add_text(out, "\n");
	return rc;
}

static int ask_collector(const struct plan_options *o)
{
	struct show show;
	struct asking asking = { .show = &show, .options = o };
	struct printing printing = { .options = o };
	struct buffer out;

	buffer_init(&out);
	int rc = show_open(&show, &o->show);
	if (rc == TERMINAL_EXIT_OK && o->site)
		add_path(&asking, o->organization, o->site);
	else if (rc == TERMINAL_EXIT_OK)
		rc = find_sites(&asking);
	if (rc == TERMINAL_EXIT_OK)
		rc = ask_sites(&asking, &out);
	if (rc == TERMINAL_EXIT_OK)
		rc = show_text(&show, out.bytes, out.size, print_plans, &printing);
	buffer_deinit(&out);
	show_close(&show);
	return rc;
}

/* Of report files. */

static bool has_something_to_mend(const struct site_facts *site)
{
	for (size_t i = 0; i < site->n; i++) {
		if (verdict_is_harmful(site->servers[i].verdict))
			return true;
	}
	return false;
}

static void plan_site(struct site_facts *site, enum plan_preference preference, struct buffer *out)
{
	struct what_if *w = what_if_new(site);

	json_put_line(out);
	json_open_object(out, NULL);
	(void)plan_answer(w, site, preference, out); /* every report is there */
	json_close_object(out);
	what_if_free(w);
}

static bool is_wanted(const struct plan_options *o, const struct site_facts *facts)
{
	return o->site ? casefold_equal(facts->organization, o->organization) &&
				 casefold_equal(facts->site, o->site)
		       : has_something_to_mend(facts);
}

static void plan_sites(const struct plan_options *o, const struct report_set *set,
		       struct buffer *out)
{
	struct site_facts *sites;
	struct arena arena;
	size_t n;

	arena_init(&arena);
	report_set_facts(set, o->at_ms, &arena, &sites, &n);
	json_open_array(out, NULL);
	for (size_t i = 0; i < n; i++) {
		if (is_wanted(o, &sites[i]))
			plan_site(&sites[i], o->preference, out);
	}
	json_close_array(out);
	buffer_add_text(out, "\n");
	arena_deinit(&arena);
}

static int ask_files(const struct plan_options *o)
{
	struct report_set *set = report_set_new();
	struct printing printing = { .options = o };
	int rc = TERMINAL_EXIT_FAILED;
	struct buffer out;

	buffer_init(&out);
	if (report_files_add(set, o->files.words, o->files.n_words, o->at_ms)) {
		struct show show;
		plan_sites(o, set, &out);
		show_open_local(&show, &o->show);
		rc = show_text(&show, out.bytes, out.size, print_plans, &printing);
		show_close(&show);
	}
	buffer_deinit(&out);
	report_set_free(set);
	return rc;
}

/* Parts "ACME/HQ"; false: there is no slash. */
static bool read_site(struct plan_options *o, const char *text, struct arena *arena)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return false;
	o->organization = arena_strndup(arena, text, (size_t)(slash - text));
	o->site = slash + 1;
	return true;
}

static int run(struct plan_options *o, const char *site, const char *prefer, const char *at)
{
	struct arena arena;

	int rc = arguments_time("at", at, &o->at_ms);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (at && o->files.n_words == 0)
		return terminal_refuse("--at is for report files; a collector tells of now");
	if (o->csv && o->show.json)
		return terminal_refuse("--csv and --json: expected one of them");
	if (prefer && !plan_preference_from_name(prefer, &o->preference))
		return terminal_refuse("--prefer: expected fix or adapters, not '%s'", prefer);
	arena_init(&arena);
	if (site && !read_site(o, site, &arena))
		rc = terminal_refuse("--site: expected ORGANIZATION/SITE, not '%s'", site);
	else
		rc = o->files.n_words > 0 ? ask_files(o) : ask_collector(o);
	arena_deinit(&arena);
	return rc;
}

int plan_main(int argc, char **argv)
{
	static const char *const forms[] = { "plan [FILE...]" };
	struct plan_options o = { .preference = PLAN_FIX_FIRST, .at_ms = loop_wall_ms() };
	const char *site = NULL;
	const char *prefer = NULL;
	const char *at = NULL;
	struct arguments_option options[] = {
		{ "site", "ORGANIZATION/SITE", &site, 1, 0 },
		{ "prefer", "WHAT", &prefer, 1, 0 },
		{ "at", "TIME", &at, 1, 0 },
		{ "csv", NULL, &o.csv, 1, 0 },
		SHOW_OPTIONS(&o.show),
	};

	int rc = ARGUMENTS_READ(&o.files, argc, argv, forms, options);
	return rc == TERMINAL_EXIT_OK ? run(&o, site, prefer, at) : rc;
}
