/* The command `acknowledge`: somebody looks after alerts, one or many. */
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

const char acknowledge_help[] =
	"mtawatch-collector acknowledge: say that somebody looks after alerts.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector acknowledge 1795970688444000 --comment \"Kim, tonight\"\n"
	"  mtawatch-collector acknowledge --organization ACME --site HQ --for 8h\n"
	"  mtawatch-collector acknowledge --cause adapter_isolated --condition exposed\n"
	"\n"
	"Either the ids of alerts (`alerts --json` has them), or what all that are meant have in\n"
	"common. They are not told again meanwhile; what gets worse is. A collector has to run.\n"
	"\n"
	"Options:\n"
	"  --condition NAME     failing, exposed, at_risk, silent, unknown ...\n"
	"  --organization NAME\n"
	"  --site NAME\n"
	"  --server NAME\n"
	"  --cause CODE         what groups have in common, such as adapter_isolated\n"
	"  --comment TEXT       who does what about it\n"
	"  --for TIME           such as 8h; default: until it is resolved\n" API_CLIENT_HELP "\n"
	"The token's role is operator or admin. Exit status: 0 all are acknowledged, 1 some are\n"
	"not, 2 wrong usage.\n";

/* What all alerts that are meant have in common, in the order of the options. */
static const char *const members[] = { "condition", "organization", "site", "server", "cause" };
#define N_MEMBERS (sizeof members / sizeof *members)

struct acknowledge {
	struct api_client_options client;
	const char *common[N_MEMBERS]; /* NULL: anything */
	const char *comment;
	const char *lasts;
	struct arguments ids;
	int64_t until_ms;
};

static bool has_filter(const struct acknowledge *a)
{
	bool has = false;

	for (size_t i = 0; i < N_MEMBERS; i++)
		has |= a->common[i] != NULL;
	return has;
}

static void write_body(const struct acknowledge *a, struct buffer *out)
{
	json_open_object(out, NULL);
	if (a->ids.n_words > 0)
		json_put_texts(out, "ids", (const char *const *)a->ids.words, a->ids.n_words);
	if (has_filter(a)) {
		json_open_object(out, "filter");
		for (size_t i = 0; i < N_MEMBERS; i++) {
			if (a->common[i])
				json_put_text(out, members[i], a->common[i]);
		}
		json_close_object(out);
	}
	if (a->comment)
		json_put_text(out, "comment", a->comment);
	if (a->until_ms != TIMESTAMP_NONE)
		json_put_time(out, "until", a->until_ms);
	json_close_object(out);
}

struct failure {
	const char *id;
	const char *code;
};

static void read_failure(struct json_reading *in, const struct json_place *at, void *item)
{
	struct failure *failure = item;

	*failure = (struct failure){ "?", "?" };
	json_get_text(in, at, "id", &failure->id);
	json_get_text(in, at, "code", &failure->code);
}

static int print_result(struct api_client_answer *answer)
{
	struct arena arena;
	struct json_reading in;
	struct json_place root;
	const char **done = NULL;
	size_t n = 0;
	size_t n_failed = 0;

	arena_init(&arena);
	json_begin(&in, answer->body, answer->size, SHOW_MAX_TEXT, &arena, &root);
	json_get_texts(&in, &root, "done", &done, &n);
	const struct failure *failed = json_get_list(&in, &root, "failed", SHOW_MAX_ITEMS,
						     sizeof *failed, read_failure, &n_failed, NULL);
	bool valid = in.status == STATUS_OK;
	json_end(&in);
	if (valid) {
		terminal_print("%zu alert%s acknowledged\n", n, n == 1 ? "" : "s");
		for (size_t i = 0; i < n_failed; i++)
			terminal_warn("alert %s was not acknowledged: %s", failed[i].id,
				      failed[i].code);
	}
	arena_deinit(&arena);
	if (!valid)
		return terminal_fail("the collector's answer cannot be read");
	return n_failed == 0 && fflush(stdout) == 0 ? TERMINAL_EXIT_OK : TERMINAL_EXIT_FAILED;
}

static int acknowledge(const struct acknowledge *a)
{
	struct api_client *client = NULL;
	struct api_client_answer answer;
	const char *error = NULL;
	struct buffer body;

	buffer_init(&body);
	write_body(a, &body);
	struct api_client_call call = { .method = "POST",
					.path = "/v1/alerts/acknowledge",
					.type = "application/json",
					.body = body.bytes,
					.size = body.size };
	int rc = api_client_open(&client, &a->client);
	if (rc == TERMINAL_EXIT_OK &&
	    api_client_call(client, &call, &answer, &error) != API_CLIENT_OK)
		rc = terminal_fail("could not acknowledge: %s", error);
	else if (rc == TERMINAL_EXIT_OK)
		rc = print_result(&answer);
	api_client_close(client);
	buffer_deinit(&body);
	return rc;
}

int acknowledge_main(int argc, char **argv)
{
	struct acknowledge a = { .until_ms = TIMESTAMP_NONE };
	struct arguments_option options[] = { { members[0], "NAME", &a.common[0], 1, 0 },
					      { members[1], "NAME", &a.common[1], 1, 0 },
					      { members[2], "NAME", &a.common[2], 1, 0 },
					      { members[3], "NAME", &a.common[3], 1, 0 },
					      { members[4], "CODE", &a.common[4], 1, 0 },
					      { "comment", "TEXT", &a.comment, 1, 0 },
					      { "for", "TIME", &a.lasts, 1, 0 },
					      API_CLIENT_OPTIONS(&a.client) };
	static const char *const forms[] = { "acknowledge [ID...]" };
	int64_t lasts_ms = 0;

	int rc = ARGUMENTS_READ(&a.ids, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (has_filter(&a) == (a.ids.n_words > 0))
		return terminal_refuse("expected either ids of alerts, or what they have in common "
				       "(--site ...); see mtawatch-collector acknowledge --help");
	if (a.lasts && !duration_parse(a.lasts, &lasts_ms))
		return terminal_refuse("--for \"%s\": expected " DURATION_EXPECTED, a.lasts);
	if (a.lasts)
		a.until_ms = loop_wall_ms() + lasts_ms;
	return acknowledge(&a);
}
