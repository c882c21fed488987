/* GET /v1/audit: the audit log, newest line first. */
#include <inttypes.h>

#include "collector/api/list.h"
#include "collector/http/call.h"
#include "collector/model/record_identity.h"

static enum status add_line(void *user, const struct record_audit *line)
{
	struct api_list *list = user;
	struct buffer *out = &list->out;

	enum status status = api_list_add(list, "%" PRId64, line->id);
	if (status != STATUS_OK)
		return status;
	json_open_object(out, NULL);
	json_put_integer(out, "id", line->id);
	json_put_time(out, "at", line->at_ms);
	json_put_text(out, "who", line->who);
	json_put_text(out, "from", line->origin);
	json_put_text(out, "action", line->action);
	json_put_text(out, "object", line->object);
	json_put_text(out, "object_id", line->object_id);
	json_close_object(out);
	return STATUS_OK;
}

static enum status read_lines(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	return store_read_audit_before(list->reader, list->place, list->limit + 1, add_line, list,
				       error);
}

void api_audit_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "lines",
		.query = API_LIST_ANY_PAGE,
		.begin = api_list_begin_highest,
		.read = read_lines,
	};
	api_list_answer(call, &kind, NULL);
}
