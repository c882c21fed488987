#include "collector/api.h"

#include <string.h>

static void answer_text(struct call *call, int status, const char *text)
{
	call_answer(call, &(struct answer){ .status = status,
					    .content_type = "text/plain; charset=utf-8",
					    .static_body = text,
					    .size = strlen(text) });
}

/* It answers, so it lives. */
void api_live_get(struct call *call)
{
	answer_text(call, 200, "ok\n");
}

void api_ready_get(struct call *call)
{
	const struct api *api = call->context;
	if (pipeline_is_ready(api->pipeline))
		answer_text(call, 200, "[+]store ok\n");
	else
		answer_text(call, 503, "[-]store failed: reports cannot be stored\n");
}
