/* GET /v1/sites */
#include "collector/api/handler.h"

#include "collector/api/past.h"
#include "collector/api/servers.h"
#include "collector/base/hash.h"
#include "collector/query/site_tally.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

void api_site_list(struct call *call)
{
	const struct api *api = call->context;
	struct site_tally *sites;
	int64_t at_ms = TIMESTAMP_NONE;
	size_t n;
	struct buffer out;

	if (!api_read_time(call, "at", &at_ms))
		return;
	if (at_ms != TIMESTAMP_NONE) {
		api_past_list_sites(call, at_ms);
		return;
	}
	if (!api_tally_sites(call, &sites, &n))
		return;
	buffer_init(&out);
	json_open_array(&out, NULL);
	for (size_t i = 0; i < n; i++) {
		json_put_line(&out);
		site_tally_write(&sites[i], alerting_remarks(api->alerting), &out);
	}
	json_close_array(&out);
	buffer_add_char(&out, '\n');
	const char *etag = api_make_etag(api, hash_bytes(out.bytes, out.size), &call->arena);
	if (call_answer_not_modified(call, etag))
		buffer_deinit(&out);
	else
		api_answer_tagged(call, &out, etag, NULL);
}
