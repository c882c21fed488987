#include "collector/api/api.h"

#include <string.h>
#include <strings.h>

#include "collector/api/assets.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"

/*
 * The page may load from this server only, and no other page may frame it: what it shows comes from
 * reports, and reports are not to be trusted.
 */
#define PAGE_FIELDS                                                                                \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "       \
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "          \
	"frame-ancestors 'none'\r\n"                                                               \
	"Referrer-Policy: no-referrer\r\n"                                                         \
	"Vary: Accept-Encoding\r\n"
#define GZIP_FIELD "Content-Encoding: gzip\r\n"

/*
 * Does the client take gzip? Only a plain "gzip" counts: who refuses it by a weight of 0, or names
 * it in another way, gets the file as it is, which everybody takes.
 */
static bool takes_gzip(const struct call *call)
{
	const char *at = http_field(call->request, "Accept-Encoding");

	while (at && *at) {
		size_t length = strcspn(at, ",");
		size_t begin = strspn(at, " \t");
		if (begin < length && strcspn(at + begin, ",; \t") == 4 &&
		    strncasecmp(at + begin, "gzip", 4) == 0)
			return !memchr(at, ';', length);
		at += length + (at[length] == ',');
	}
	return false;
}

static void answer_asset(struct call *call, const char *name)
{
	static const struct problem unknown = { .status = 404,
						.code = "not_found",
						.detail = "There is nothing at this path." };
	const struct asset *asset = assets_find(name);
	bool gzip = takes_gzip(call);

	if (!asset) {
		call_answer_problem(call, &unknown);
		return;
	}
	const struct asset_body *body = gzip ? &asset->gzip : &asset->plain;
	if (!call_answer_not_modified(call, body->etag))
		call_answer(call,
			    &(struct answer){ .status = 200,
					      .content_type = asset->content_type,
					      .etag = body->etag,
					      .fields = gzip ? PAGE_FIELDS GZIP_FIELD : PAGE_FIELDS,
					      .static_body = body->bytes,
					      .size = body->size });
}

/* Strangers are sent to the login, with what the page was asked to show. */
void api_index_get(struct call *call)
{
	const char *query = call->request->query;

	if (call->caller.role >= ROLE_VIEWER)
		answer_asset(call, "index.html");
	else
		call_answer(call,
			    &(struct answer){
				    .status = 303,
				    .fields = arena_printf(&call->arena, "Location: login%s%s\r\n",
							   query ? "?" : "", query ? query : ""),
			    });
}

/* The login page and what it loads: all that a stranger sees. */
void api_login_get(struct call *call)
{
	const char *name = call->request->path + 1;
	answer_asset(call, strcmp(name, "login") == 0 ? "login.html" : name);
}

void api_asset_get(struct call *call)
{
	answer_asset(call, call->params[0]);
}

void api_description_get(struct call *call)
{
	answer_asset(call, "openapi.json");
}
