#include "collector/http/problem.h"

#include "collector/http/http.h"
#include "proto/base/buffer.h"
#include "proto/json/write.h"

char *problem_write(const struct problem *problem, size_t *size)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_text(&out, "type", "about:blank");
	json_put_text(&out, "title", http_status_phrase(problem->status));
	json_put_integer(&out, "status", problem->status);
	json_put_text(&out, "code", problem->code);
	json_put_text(&out, "detail", problem->detail);
	if (problem->judge)
		json_put_text(&out, "judge", problem->judge);
	if (problem->pointer) {
		json_open_array(&out, "errors");
		json_open_object(&out, NULL);
		json_put_text(&out, "pointer", problem->pointer);
		json_put_text(&out, "detail", problem->pointer_note);
		json_close_object(&out);
		json_close_array(&out);
	}
	json_finish(&out);
	return buffer_take(&out, size);
}
