#include "collector/api.h"

#include "collector/assets.h"
#include "collector/problem.h"

/*
 * The page may load from this server only, and no other page may frame it: what it shows comes from
 * reports, and reports are not to be trusted.
 */
#define PAGE_FIELDS                                                                                \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "       \
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "          \
	"frame-ancestors 'none'\r\n"                                                               \
	"Referrer-Policy: no-referrer\r\n"

static void answer_asset(struct call *call, const char *name)
{
	static const struct problem unknown = { .status = 404,
						.code = "not_found",
						.detail = "There is nothing at this path." };
	const struct asset *asset = assets_find(name);

	if (!asset)
		problem_answer(call, &unknown);
	else if (call_has_etag(call, asset->etag))
		call_answer_not_modified(call, asset->etag);
	else
		call_answer(call, &(struct answer){ .status = 200,
						    .content_type = asset->content_type,
						    .etag = asset->etag,
						    .fields = PAGE_FIELDS,
						    .static_body = asset->bytes,
						    .size = asset->size });
}

void api_index_get(struct call *call)
{
	answer_asset(call, "index.html");
}

void api_asset_get(struct call *call)
{
	answer_asset(call, call->params[0]);
}
