/* The command `remark`: whose a server or a site is, and a note about it. */
#include <stdio.h>
#include <string.h>

#include "collector/cli/api_client.h"
#include "collector/cli/arguments.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "proto/base/arena.h"
#include "proto/json/write.h"

const char remark_help[] =
	"mtawatch-collector remark: say whose a server or a site is, and write a note about it.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector remark EXCH1 --owner \"Mail team\" --note \"rack 3, Mr. Ito\"\n"
	"  mtawatch-collector remark --site ACME/HQ --owner Headquarters\n"
	"  mtawatch-collector remark EXCH1 --no-note\n"
	"\n"
	"The page, alerts and exports show both, with who wrote them. What a site has holds for\n"
	"each of its servers that has none of its own; a server keeps its own when it is removed.\n"
	"What is not named stays. `server` shows both, `sites` the owners of sites, and `servers\n"
	"--owner` lists what somebody owns. A collector has to run.\n"
	"\n"
	"Options:\n"
	"  --site ORGANIZATION/SITE  of this site\n"
	"  --owner NAME              a person or a team: up to 100 characters\n"
	"  --no-owner                nobody owns it by itself any more\n"
	"  --note TEXT               up to 1000 characters, also of several lines\n"
	"  --no-note                 take the note away\n" API_CLIENT_HELP "\n"
	"The token's role is operator or admin. Exit status: 0 done, 1 not done, 2 wrong usage.\n";

struct remark_options {
	struct api_client_options client;
	const char *server;
	const char *site;
	const char *owner;
	const char *note;
	const char *no_owner;
	const char *no_note;
};

static const char *write_body(const struct remark_options *o, struct arena *arena)
{
	struct buffer body;

	buffer_init(&body);
	json_open_object(&body, NULL);
	if (o->owner)
		json_put_text(&body, "owner", o->owner);
	if (o->note)
		json_put_text(&body, "note", o->note);
	json_close_object(&body);
	const char *text = arena_strdup(arena, body.bytes);
	buffer_deinit(&body);
	return text;
}

/* An empty name is "-", as everywhere in routes. */
static const char *escape_name(struct api_client *client, const char *name)
{
	return api_client_escape(client, *name ? name : "-");
}

static const char *path_of(struct api_client *client, const struct remark_options *o,
			   struct arena *arena)
{
	if (o->server)
		return arena_printf(arena, "/v1/servers/%s/remark",
				    api_client_escape(client, o->server));
	const char *slash = strchr(o->site, '/');
	const char *organization = arena_strndup(arena, o->site, (size_t)(slash - o->site));
	return arena_printf(arena, "/v1/sites/%s/%s/remark", escape_name(client, organization),
			    escape_name(client, slash + 1));
}

static int put_remark(struct api_client *client, const struct remark_options *o)
{
	struct api_client_answer answer;
	const char *error = NULL;
	const char *subject = o->server ? o->server : o->site;
	struct arena arena;

	arena_init(&arena);
	const char *body = write_body(o, &arena);
	struct api_client_call call = { .method = "PUT",
					.path = path_of(client, o, &arena),
					.type = "application/json",
					.body = body,
					.size = strlen(body) };
	enum api_client_result result = api_client_call(client, &call, &answer, &error);
	arena_deinit(&arena);
	if (result != API_CLIENT_OK)
		return terminal_fail("could not write that of '%s': %s", subject, error);
	terminal_print("written of %s: %s%s%s\n", subject, o->owner ? "the owner" : "",
		       o->owner && o->note ? " and " : "", o->note ? "the note" : "");
	return fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

/* "" takes it away. Returns an exit status. */
static int take_away(const char **text, const char *taken, const char *name)
{
	if (*text && taken)
		return terminal_refuse("remark: --%s and --no-%s together", name, name);
	if (taken)
		*text = "";
	return TERMINAL_EXIT_OK;
}

/* Returns an exit status. */
static int check_options(struct remark_options *o)
{
	int rc = take_away(&o->owner, o->no_owner, "owner");

	if (rc == TERMINAL_EXIT_OK)
		rc = take_away(&o->note, o->no_note, "note");
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if ((o->server != NULL) == (o->site != NULL))
		return terminal_refuse("remark: expected a server, or --site; see "
				       "mtawatch-collector remark --help");
	if (o->site && !strchr(o->site, '/'))
		return terminal_refuse("--site \"%s\": expected ORGANIZATION/SITE", o->site);
	if (!o->owner && !o->note)
		return terminal_refuse("remark: expected --owner or --note; see "
				       "mtawatch-collector remark --help");
	return TERMINAL_EXIT_OK;
}

int remark_main(int argc, char **argv)
{
	static const char *const forms[] = { "remark [SERVER]" };
	struct remark_options o = { .server = NULL };
	struct arguments_option options[] = {
		{ "site", "ORGANIZATION/SITE", &o.site, 1, 0 }, { "owner", "NAME", &o.owner, 1, 0 },
		{ "no-owner", NULL, &o.no_owner, 1, 0 },        { "note", "TEXT", &o.note, 1, 0 },
		{ "no-note", NULL, &o.no_note, 1, 0 },          API_CLIENT_OPTIONS(&o.client)
	};
	struct api_client *client = NULL;
	struct arguments words;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	o.server = words.words[0];
	rc = check_options(&o);
	if (rc == TERMINAL_EXIT_OK)
		rc = api_client_open(&client, &o.client);
	if (rc == TERMINAL_EXIT_OK)
		rc = put_remark(client, &o);
	api_client_close(client);
	return rc;
}
