/* The command `restart-check`. */
#include <stdio.h>
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"
#include "collector/http/query_string.h"
#include "proto/base/count.h"

const char restart_check_help[] =
	"mtawatch-collector restart-check: tell whether servers may be restarted.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector restart-check EXCH1 EXCH2\n"
	"  mtawatch-collector restart-check --site HQ\n"
	"\n"
	"The fault of article Q285350 strikes when the MTA starts: a server that has it in place\n"
	"runs well until it is restarted. One line a server: yes; no, its MTA would not start\n"
	"again; or cannot tell; and why. Restart one server of a site at a time: what is\n"
	"known of the ways between servers was seen while the others were there.\n"
	"\n"
	"Options:\n"
	"  --site SITE        all servers of this site; may come again\n"
	"  --json             print the collector's answer, for programs\n"
	"  --no-color         no colours (as with the variable NO_COLOR)\n" API_CLIENT_HELP "\n"
	"The token's role is viewer or more. Exit status by the worst answer: 0 yes, 3 cannot\n"
	"tell, 4 no; 1 the collector could not be asked, 2 wrong usage.\n";

#define MAX_SITES 8

/* Notes an answer; its tint. */
static enum tint note_answer(struct show *show, const char *restart)
{
	if (restart && strcmp(restart, "yes") == 0)
		return TINT_GOOD;
	return show_note(show, restart && strcmp(restart, "no") == 0 ? "exposed" : "unknown",
			 false);
}

static const char *make_answer(struct show *show, struct json_reading *in,
			       const struct json_place *at)
{
	const char *restart = json_borrow_text(in, at, "restart");
	(void)show;

	return restart && strcmp(restart, "cannot_tell") == 0 ? "cannot tell" : restart;
}

static enum tint tint_server(struct show *show, struct json_reading *in,
			     const struct json_place *at)
{
	return note_answer(show, json_borrow_text(in, at, "restart"));
}

static const struct show_column columns[] = {
	{ "RESTART", .make = make_answer },      { "SERVER", "server", .kind = SHOW_NAME },
	{ "SITE", "site", .kind = SHOW_TEXT },   { "VERDICT", .make = show_server_verdict },
	{ "REPORT", "age_s", .kind = SHOW_AGE }, { "REASON", .make = show_server_reason },
};
static const struct show_table servers = { columns, COUNT(columns), tint_server };

struct restart_options {
	struct show_options show;
	struct arguments words;
	const char *sites[MAX_SITES];
	size_t n_sites;
};

static int check_sites(const struct restart_options *parsed)
{
	struct show_list list = { .member = "servers", .table = &servers };
	struct buffer path;

	buffer_init(&path);
	buffer_add_text(&path, "/v1/servers?");
	for (size_t i = 0; i < parsed->n_sites; i++)
		query_string_add(&path, "site", parsed->sites[i]);
	list.path = path.bytes;
	int rc = show_pages(&parsed->show, &list);
	buffer_deinit(&path);
	return rc;
}

static void print_server(struct show *show, struct json_reading *in, const struct json_place *root,
			 void *user)
{
	const char *server = json_borrow_text(in, root, "server");
	const char *text = json_borrow_text(in, root, "text");
	enum tint tint = note_answer(show, json_borrow_text(in, root, "restart"));
	(void)user;

	if (show->json || in->status != STATUS_OK)
		return;
	printf("%s: %s%s%s\n", console_text(server ? server : "", &show->arena),
	       console_tint(tint, show->color), console_text(text ? text : "", &show->arena),
	       console_end(tint, show->color));
}

/* The worse of two exit statuses: that it could not be asked is worse than any answer. */
static int worse(int a, int b)
{
	if (a == TERMINAL_EXIT_FAILED || b == TERMINAL_EXIT_FAILED)
		return TERMINAL_EXIT_FAILED;
	return a > b ? a : b;
}

static int check_servers(const struct restart_options *parsed)
{
	int rc = TERMINAL_EXIT_OK;
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < parsed->words.n_words; i++) {
		const char *path = arena_printf(&arena, "/v1/servers/%s/restart",
						show_escape(parsed->words.words[i], &arena));
		rc = worse(rc, show_run(&parsed->show, path, print_server, NULL));
	}
	arena_deinit(&arena);
	return rc;
}

int restart_check_main(int argc, char **argv)
{
	static const char *const forms[] = { "restart-check [NAME...]" };
	struct restart_options parsed = { .n_sites = 0 };
	struct arguments_option options[] = {
		{ "site", "SITE", parsed.sites, MAX_SITES, 0 },
		SHOW_OPTIONS(&parsed.show),
	};

	int rc = ARGUMENTS_READ(&parsed.words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	parsed.n_sites = options[0].n;
	if ((parsed.words.n_words > 0) == (parsed.n_sites > 0))
		return terminal_refuse("restart-check: expected names of servers, or --site SITE; "
				       "see mtawatch-collector restart-check --help");
	return parsed.n_sites > 0 ? check_sites(&parsed) : check_servers(&parsed);
}
