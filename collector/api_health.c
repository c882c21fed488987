#include "collector/api.h"

#include <string.h>

#include "collector/buffer.h"

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
	const char *why_not = pipeline_why_not(api->pipeline);
	struct answer answer = { .status = 503, .content_type = "text/plain; charset=utf-8" };
	struct buffer text;

	if (!why_not) {
		answer_text(call, 200, "[+]store ok\n");
		return;
	}
	buffer_init(&text);
	buffer_printf(&text, "[-]store failed: reports cannot be stored: %s\n", why_not);
	answer.body = buffer_take(&text, &answer.size);
	call_answer(call, &answer);
}
