#include "collector/cli/api_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "collector/base/percent.h"
#include "collector/cli/client_config.h"
#include "collector/cli/collector_urls.h"
#include "collector/cli/console.h"
#include "collector/cli/terminal.h"
#include "collector/transfer/transfer.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/json/fields.h"

/* Bytes of a text in a problem, and of the places that it names. */
#define MAX_PROBLEM_TEXT   4096
#define MAX_PROBLEM_PLACES 16

/* Bytes of an answer that is no problem, of which its first line is shown. */
#define MAX_SHOWN ((size_t)160)

struct api_client {
	uv_loop_t loop;
	struct transfers *transfers;
	struct collector_urls urls;
	size_t at; /* the one that is asked; who takes the call goes on to be */
	const char *authorization;
	const char *ca_file;
	struct arena arena;  /* the above */
	struct arena answer; /* of the last call */
	struct transfer_result result;
};

/* One place of a body that a problem names. */
struct problem_place {
	const char *pointer;
	const char *detail;
};

/* May it stand in a header field? */
static bool is_token(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text >= '\x7f')
			return false;
	}
	return true;
}

static int take_token(struct api_client *r, const char *token, const char *origin)
{
	if (!is_token(token))
		return terminal_fail(
			"%s holds no token: there are characters in it that no token has", origin);
	r->authorization = arena_printf(&r->arena, "Authorization: Bearer %s", token);
	return TERMINAL_EXIT_OK;
}

static int read_token(struct api_client *r, const char *file)
{
	const char *token = NULL;

	int rc = terminal_read_word(file, API_CLIENT_MAX_TOKEN, "token", &r->arena, &token);
	return rc == TERMINAL_EXIT_OK ? take_token(r, token, arena_printf(&r->arena, "'%s'", file))
				      : rc;
}

const char *api_client_url(const struct api_client *r)
{
	return r->urls.list[r->at];
}

static int set_token(struct api_client *r, const struct client_config *config)
{
	if (config->token_file)
		return read_token(r, config->token_file);
	if (config->token)
		return take_token(r, config->token, "what is given as one");
	return terminal_refuse(
		"the collector has to know who asks: `mtawatch-collector login` keeps a "
		"token, --token-file names a file with one, and `mtawatch-collector "
		"token add` on the collector's machine makes one");
}

/* Who is asked, with what: as the options say, the environment, the client configuration. */
static int find_collector(struct api_client *r, const struct api_client_options *options)
{
	struct client_config config = { options->url, options->ca_file, options->token_file,
					options->token };

	int rc = client_config_complete(&config, &r->arena);
	if (rc == TERMINAL_EXIT_OK)
		rc = collector_urls_read(&r->urls, config.url ? config.url : API_CLIENT_DEFAULT_URL,
					 &r->arena);
	if (rc == TERMINAL_EXIT_OK)
		rc = set_token(r, &config);
	r->ca_file = config.ca_file;
	return rc;
}

int api_client_open(struct api_client **out, const struct api_client_options *options)
{
	struct api_client *r = mem_alloc(sizeof *r);

	*out = NULL;
	arena_init(&r->arena);
	arena_init(&r->answer);
	int rc = find_collector(r, options);
	if (rc == TERMINAL_EXIT_OK && uv_loop_init(&r->loop) != 0)
		rc = terminal_fail("the system has no resources for an event loop");
	if (rc != TERMINAL_EXIT_OK) {
		arena_deinit(&r->answer);
		arena_deinit(&r->arena);
		free(r);
		return rc;
	}
	r->transfers = transfers_new(&r->loop);
	if (!r->transfers)
		abort(); /* only for lack of memory */
	*out = r;
	return TERMINAL_EXIT_OK;
}

void api_client_close(struct api_client *r)
{
	if (!r)
		return;
	transfers_close(r->transfers);
	uv_run(&r->loop, UV_RUN_DEFAULT); /* the handles close */
	int rc = uv_loop_close(&r->loop);
	assert(rc == 0);
	(void)rc;
	arena_deinit(&r->answer);
	arena_deinit(&r->arena);
	free(r);
}

void api_client_forget(struct api_client *r)
{
	arena_deinit(&r->answer);
	arena_init(&r->answer);
}

const char *api_client_escape(struct api_client *r, const char *text)
{
	struct buffer out;

	buffer_init(&out);
	percent_encode(&out, text);
	const char *kept = arena_strndup(&r->answer, out.bytes ? out.bytes : "", out.size);
	buffer_deinit(&out);
	return kept;
}

static void on_done(void *user, const struct transfer_result *result)
{
	struct api_client *r = user;

	r->result = *result;
	r->result.body = arena_strndup(&r->answer, result->body, result->size);
	r->result.error = arena_strdup(&r->answer, result->error);
	r->result.link = arena_strdup(&r->answer, result->link);
	uv_stop(&r->loop);
}

static void read_place(struct json_reading *in, const struct json_place *at, void *item)
{
	struct problem_place *place = item;
	json_get_text(in, at, "pointer", &place->pointer);
	json_get_text(in, at, "detail", &place->detail);
}

/* What a problem says, "DETAIL (/host/name: expected a string)", and its code; NULL: it is none. */
static const char *words_of(struct api_client *r, const char **code)
{
	struct json_reading in;
	struct json_place root;
	const struct problem_place *places = NULL;
	const char *detail = NULL;
	size_t n = 0;

	if (json_begin(&in, r->result.body, r->result.size, MAX_PROBLEM_TEXT, &r->answer, &root) ==
	    STATUS_OK) {
		json_get_text(&in, &root, "detail", &detail);
		json_get_text(&in, &root, "code", code);
		places = json_get_list(&in, &root, "errors", MAX_PROBLEM_PLACES,
				       sizeof(struct problem_place), read_place, &n, NULL);
	}
	bool valid = in.status == STATUS_OK && detail;
	json_end(&in);
	for (size_t i = 0; valid && i < n; i++)
		detail = arena_printf(&r->answer, "%s (%s: %s)", detail,
				      places[i].pointer && *places[i].pointer ? places[i].pointer
									      : "/",
				      places[i].detail ? places[i].detail : "");
	return valid ? detail : NULL;
}

/* What was answered by something that is no collector, or by one that was called wrongly. */
static const char *tell_stranger(struct api_client *r)
{
	const char *body = r->result.body;
	size_t n = strcspn(body, "\r\n");
	const char *line = arena_strndup(&r->answer, body, n < MAX_SHOWN ? n : MAX_SHOWN);

	return arena_printf(&r->answer, "%s answers with status %ld, as no collector does%s%s",
			    api_client_url(r), r->result.status, *line ? ": " : "",
			    console_text(line, &r->answer));
}

/* Sets `*takes_nothing` where the call had no effect, so that another collector may be asked. */
static enum api_client_result judge_answer(struct api_client *r, const char **error,
					   bool *takes_nothing)
{
	long status = r->result.status;
	const char *code = NULL;

	if (!r->result.completed) {
		*takes_nothing = r->result.unsent;
		*error = arena_printf(&r->answer, "could not reach the collector at %s: %s",
				      api_client_url(r), r->result.error);
		return API_CLIENT_FAILED;
	}
	if (r->result.is_cut) {
		*error = "the answer of the collector is too long";
		return API_CLIENT_FAILED;
	}
	if (status >= 200 && status < 300)
		return API_CLIENT_OK;
	const char *words = words_of(r, &code);
	*error = words ? words : tell_stranger(r);
	if (status == 503 && words && code && strcmp(code, "not_the_judge") == 0) {
		*takes_nothing = true;
		*error = arena_printf(&r->answer, "the collector at %s stands by: %s",
				      api_client_url(r), words);
	}
	return words && status != 401 && status != 403 && status < 500 ? API_CLIENT_REFUSED
								       : API_CLIENT_FAILED;
}

/* Of '<PATH>; rel="next"'. */
static const char *next_of(struct api_client *r)
{
	const char *link = r->result.link;
	size_t n = link && link[0] == '<' && link[1] == '/' ? strcspn(link + 1, ">") : 0;

	if (n == 0 || !strstr(link + 1 + n, "rel=\"next\""))
		return NULL;
	return arena_strndup(&r->answer, link + 1, n);
}

static void send_call(struct api_client *r, const struct api_client_call *call)
{
	struct transfer_request request = {
		.limit_ms = API_CLIENT_LIMIT_MS,
		.method = call->method,
		.body = call->body ? call->body : "",
		.size = call->size,
		.max_answer = API_CLIENT_MAX_ANSWER,
		.ca_file = r->ca_file,
	};

	request.url = arena_printf(&r->answer, "%s%s", api_client_url(r), call->path);
	request.fields[request.n_fields++] = r->authorization;
	request.fields[request.n_fields++] = arena_printf(
		&r->answer, "Accept: %s", call->accept ? call->accept : "application/json");
	request.fields[request.n_fields++] = "Expect:"; /* nobody waits for a 100 */
	if (call->type)
		request.fields[request.n_fields++] =
			arena_printf(&r->answer, "Content-Type: %s", call->type);
	transfer_start(r->transfers, &request, on_done, r);
	uv_run(&r->loop, UV_RUN_DEFAULT);
}

enum api_client_result api_client_call(struct api_client *r, const struct api_client_call *call,
				       struct api_client_answer *answer, const char **error)
{
	enum api_client_result result = API_CLIENT_FAILED;
	const char *before = NULL; /* of those that took nothing */

	for (size_t i = 0; i < r->urls.n; i++) {
		bool takes_nothing = false;
		send_call(r, call);
		result = judge_answer(r, error, &takes_nothing);
		if (!takes_nothing)
			break;
		before = before ? arena_printf(&r->answer, "%s; %s", before, *error) : *error;
		*error = before;
		r->at = (r->at + 1) % r->urls.n;
	}
	*answer = (struct api_client_answer){ r->result.body, r->result.size, next_of(r) };
	return result;
}
