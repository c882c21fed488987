#include "collector/api/api.h"

#include <inttypes.h>
#include <string.h>

#include "collector/base/clock.h"
#include "collector/crypto/tls_context.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"

#define CLOCK_TOLD_MS (INT64_C(86400) * 1000)

static void answer_text(struct call *call, int status, const char *text)
{
	call_answer(call, &(struct answer){ .status = status,
					    .content_type = "text/plain; charset=utf-8",
					    .static_body = text,
					    .size = strlen(text) });
}

/* A collector that answers is alive. */
void api_live_get(struct call *call)
{
	answer_text(call, 200, "ok\n");
}

/*
 * A certificate that ends is told of, but decides nothing: agents with a pin go on whatever its time, and a collector
 * that nobody is sent to any more can be told nothing.
 */
static void add_certificate(const struct api *api, struct buffer *text)
{
	const struct tls_context *tls = server_tls(api->server);
	char concern[CERTIFICATE_ERROR_SIZE];

	if (!tls)
		return;
	if (certificate_check(tls_context_info(tls), clock_now_ms(), concern) ==
	    CERTIFICATE_CONCERN_NONE)
		buffer_add_text(text, "[+]certificate ok\n");
	else
		buffer_printf(text, "[!]certificate: %s\n", concern);
}

/* Told of for a day; reports go on in the order in which they come (collector/base/clock.h). */
static void add_clock(struct buffer *text)
{
	struct clock_step step = clock_last_step();
	char at[TIMESTAMP_TEXT_SIZE];

	if (step.by_ms == 0 || clock_now_ms() - step.at_ms > CLOCK_TOLD_MS)
		return;
	buffer_printf(text, "[!]clock: the system's clock was set %s by %" PRId64 " s at %s\n",
		      step.by_ms > 0 ? "forward" : "back",
		      (step.by_ms > 0 ? step.by_ms : -step.by_ms) / 1000,
		      timestamp_format(step.at_ms, at));
}

void api_ready_get(struct call *call)
{
	const struct api *api = call->context;
	const char *why_not =
		api->waits_for_store ? api->waits_for_store : pipeline_why_not(api->pipeline);
	struct answer answer = { .status = why_not ? 503 : 200,
				 .content_type = "text/plain; charset=utf-8" };
	struct buffer text;

	buffer_init(&text);
	if (why_not)
		buffer_printf(&text, "[-]store failed: reports cannot be stored: %s\n", why_not);
	else
		buffer_add_text(&text, "[+]store ok\n");
	add_certificate(api, &text);
	add_clock(&text);
	answer.body = buffer_take(&text, &answer.size);
	call_answer(call, &answer);
}
