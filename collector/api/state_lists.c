/* Lists of alerts and deliveries: state by state, page by page. */
#include <inttypes.h>
#include <string.h>

#include "collector/api/alerts.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "proto/json/write.h"

bool api_state_list_has(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

enum status api_state_list_add(struct api_state_list *l, int64_t id)
{
	if (l->n == l->selection.page.limit) {
		l->more = true;
		return STATUS_LIMIT; /* enough */
	}
	l->n++;
	json_put_line(&l->out);
	l->last = id;
	l->last_state = l->at_state;
	return STATUS_OK;
}

static bool read_query(struct api_state_list *l)
{
	const struct problem invalid = { .status = 400,
					 .code = "invalid_query",
					 .detail = l->kind->detail };

	if (!api_read_selection(l->call, l->kind->allows, l->kind->detail, &l->selection))
		return false;
	if (api_read_place(l->selection.page.cursor, l->kind->n, &l->at_state, &l->before))
		return true;
	call_answer_problem(l->call, &invalid);
	return false;
}

static void answer(struct api_state_list *l)
{
	const char *next = NULL;

	json_close_array(&l->out);
	json_finish(&l->out);
	if (l->more)
		next = api_selection_next(
			l->call, l->kind->path, &l->selection,
			arena_printf(&l->call->arena, "%zu.%" PRId64, l->last_state, l->last));
	api_answer_json(l->call, 200, &l->out, next);
}

void api_state_list_answer(struct call *call, const struct api_state_list_kind *kind)
{
	const struct api *api = call->context;
	struct api_state_list l = { .call = call,
				    .kind = kind,
				    .now_ms = pipeline_now_ms(api->pipeline) };
	char error[STORE_ERROR_SIZE];
	enum status status = STATUS_OK;

	if (!read_query(&l))
		return;
	buffer_init(&l.out);
	json_open_object(&l.out, NULL);
	json_open_array(&l.out, kind->member);
	json_put_line(&l.out);
	for (; status == STATUS_OK && l.at_state < kind->n; l.at_state++, l.before = INT64_MAX) {
		if (api_selects(&l.selection, "state", kind->names[l.at_state]))
			status = kind->read(&l, l.at_state, l.before, error);
	}
	if (status == STATUS_OK || status == STATUS_LIMIT) {
		answer(&l);
		return;
	}
	buffer_deinit(&l.out);
	api_answer_unreadable(call, error);
}
