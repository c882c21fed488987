/* The command `report`. */
#include <string.h>

#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/show.h"

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

struct wanted {
	const char *organization;
	const char *site;
	const char *since; /* or NULL */
};

static const char *path_part(const char *name, struct arena *arena)
{
	return *name ? show_escape(name, arena) : "-";
}

static const char *path_of(const struct wanted *wanted, struct arena *arena)
{
	const char *query =
		wanted->since ? arena_printf(arena, "?since=%s", show_escape(wanted->since, arena))
			      : "";

	return arena_printf(arena, "/v1/sites/%s/%s/report%s",
			    path_part(wanted->organization, arena), path_part(wanted->site, arena),
			    query);
}

static int ask_and_write(const struct wanted *wanted, const struct api_client_options *options,
			 struct arena *arena)
{
	const struct api_client_call call = { .method = "GET",
					      .path = path_of(wanted, arena),
					      .accept = "text/html" };
	struct api_client *client = NULL;
	struct api_client_answer answer;
	const char *error = NULL;
	int rc = api_client_open(&client, options);

	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (api_client_call(client, &call, &answer, &error) != API_CLIENT_OK) {
		rc = terminal_fail("no report of %s/%s: %s", wanted->organization, wanted->site,
				   error);
	} else {
		terminal_write(answer.body, answer.size);
		rc = show_end(&(struct show){ .worst = TERMINAL_EXIT_OK });
	}
	api_client_close(client);
	return rc;
}

static int run(struct wanted *wanted, const struct api_client_options *options, const char *site,
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
	int rc = arguments_time("since", wanted->since, &since_ms);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	arena_init(&arena);
	wanted->organization = arena_strndup(&arena, site, (size_t)(slash - site));
	wanted->site = slash + 1;
	rc = ask_and_write(wanted, options, &arena);
	arena_deinit(&arena);
	return rc;
}

int report_main(int argc, char **argv)
{
	static const char *const forms[] = { "report" };
	struct api_client_options client = { .url = NULL };
	struct wanted wanted = { .since = NULL };
	const char *site = NULL;
	const char *format = NULL;
	struct arguments words;
	struct arguments_option options[] = {
		{ "site", "ORGANIZATION/SITE", &site, 1, 0 },
		{ "format", "FORMAT", &format, 1, 0 },
		{ "since", "TIME", &wanted.since, 1, 0 },
		API_CLIENT_OPTIONS(&client),
	};

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	return rc == TERMINAL_EXIT_OK ? run(&wanted, &client, site, format) : rc;
}
