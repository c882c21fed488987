#include "collector/http/problem.h"

#include "collector/base/buffer.h"
#include "collector/base/json_add.h"
#include "collector/http/http.h"

char *problem_write(const struct problem *problem, size_t *size)
{
	struct buffer out;

	buffer_init(&out);
	buffer_add_text(&out, "{\"type\":\"about:blank\",\"title\":");
	json_add_string(&out, http_status_phrase(problem->status));
	buffer_add_text(&out, ",\"status\":");
	json_add_number(&out, problem->status);
	buffer_add_text(&out, ",\"code\":");
	json_add_string(&out, problem->code);
	buffer_add_text(&out, ",\"detail\":");
	json_add_string(&out, problem->detail);
	if (problem->pointer) {
		buffer_add_text(&out, ",\"errors\":[{\"pointer\":");
		json_add_string(&out, problem->pointer);
		buffer_add_text(&out, ",\"detail\":");
		json_add_string(&out, problem->pointer_note);
		buffer_add_text(&out, "}]");
	}
	buffer_add_text(&out, "}\n");
	return buffer_take(&out, size);
}
