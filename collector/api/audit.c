#include "collector/api/handler.h"

#include <inttypes.h>

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "proto/json/write.h"

/* A page of the audit log under construction, newest first. */
struct list {
	struct buffer out;
	size_t n;
	size_t limit;
	int64_t last; /* id of the last line in it */
	bool more;
};

static enum status add_line(void *user, const struct record_audit *line)
{
	struct list *list = user;
	struct buffer *out = &list->out;

	if (list->n == list->limit) {
		list->more = true;
		return STATUS_OK;
	}
	list->n++;
	json_put_line(out);
	json_open_object(out, NULL);
	json_put_integer(out, "id", line->id);
	json_put_time(out, "at", line->at_ms);
	json_put_text(out, "who", line->who);
	json_put_text(out, "from", line->origin);
	json_put_text(out, "action", line->action);
	json_put_text(out, "object", line->object);
	json_put_text(out, "object_id", line->object_id);
	json_close_object(out);
	list->last = line->id;
	return STATUS_OK;
}

/* A cursor is the id of the line before the page. */
void api_audit_list(struct call *call)
{
	const struct api *api = call->context;
	int64_t before = INT64_MAX;
	struct api_page page;
	char error[STORE_ERROR_SIZE];

	if (!api_read_page_and_place(call, &page, &before))
		return;
	struct list list = { .limit = page.limit };
	buffer_init(&list.out);
	json_open_object(&list.out, NULL);
	json_open_array(&list.out, "lines");
	if (store_read_audit_before(identities_store(api->identities), before, page.limit + 1,
				    add_line, &list, error) != STATUS_OK) {
		buffer_deinit(&list.out);
		api_answer_unreadable(call, error);
		return;
	}
	json_close_array(&list.out);
	json_finish(&list.out);
	const char *cursor = arena_printf(&call->arena, "%" PRId64, list.last);
	api_answer_json(call, 200, &list.out,
			list.more ? api_link_next(call, "/v1/audit", "", page.limit, cursor)
				  : NULL);
}
