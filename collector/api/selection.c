/* Lists of alerts and deliveries: what they are asked for. */
#include <inttypes.h>
#include <string.h>

#include "collector/api/alerts.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "proto/base/number.h"
#include "proto/base/text.h"

static bool read_pair(const struct query_string_pair *pair,
		      bool (*allows)(const struct query_string_pair *pair), struct api_page *page)
{
	int64_t limit = 0;

	if (strcmp(pair->key, "cursor") == 0) {
		page->cursor = pair->value;
		return true;
	}
	if (strcmp(pair->key, "limit") != 0)
		return allows(pair);
	if (!number_parse(pair->value, 0, API_MAX_LIMIT, &limit) || limit < 1)
		return false;
	page->limit = (size_t)limit;
	return true;
}

bool api_read_selection(struct call *call, bool (*allows)(const struct query_string_pair *pair),
			const char *detail, struct api_selection *out)
{
	const struct problem invalid = { .status = 400, .code = "invalid_query", .detail = detail };
	bool valid =
		query_string_read(call->request->query, &call->arena, &out->query) == STATUS_OK &&
		api_is_one_page(&out->query);

	out->page = (struct api_page){ .limit = API_DEFAULT_LIMIT };
	for (size_t i = 0; valid && i < out->query.n; i++)
		valid = read_pair(&out->query.pairs[i], allows, &out->page);
	if (!valid)
		call_answer_problem(call, &invalid);
	return valid;
}

bool api_selects(const struct api_selection *selection, const char *key, const char *text)
{
	bool asked = false;

	for (size_t i = 0; i < selection->query.n; i++) {
		if (strcmp(selection->query.pairs[i].key, key) != 0)
			continue;
		if (text_equal(selection->query.pairs[i].value, text))
			return true;
		asked = true;
	}
	return !asked;
}

const char *api_selection_next(struct call *call, const char *path,
			       const struct api_selection *selection, const char *cursor)
{
	struct buffer query;

	buffer_init(&query);
	for (size_t i = 0; i < selection->query.n; i++) {
		const struct query_string_pair *pair = &selection->query.pairs[i];
		if (strcmp(pair->key, "limit") != 0 && strcmp(pair->key, "cursor") != 0)
			query_string_add(&query, pair->key, pair->value);
	}
	const char *link = api_link_next(call, path, query.bytes ? query.bytes : "",
					 selection->page.limit, cursor);
	buffer_deinit(&query);
	return link;
}

bool api_read_place(const char *cursor, size_t n_states, size_t *state, int64_t *id)
{
	*state = 0;
	*id = INT64_MAX;
	if (!cursor)
		return true;
	if (cursor[0] < '0' || cursor[0] > '9' || cursor[1] != '.')
		return false;
	*state = (size_t)(cursor[0] - '0');
	return *state < n_states && number_parse(cursor + 2, 0, INT64_MAX, id);
}

int64_t api_path_id(const struct call *call)
{
	int64_t id = -1;
	return number_parse(call->params[0], 0, INT64_MAX, &id) ? id : -1;
}

struct record_audit api_alert_audit(struct call *call, const char *action, const char *object)
{
	const struct api *api = call->context;

	return (struct record_audit){
		.at_ms = pipeline_now_ms(api->pipeline),
		.who = api_who(call),
		.origin = api_origin(call),
		.action = action,
		.kind = RECORD_KIND_ALERT,
		.object = object,
	};
}
