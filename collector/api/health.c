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
 * A certificate that ends is told of, but decides nothing: agents with a pin go on whatever its
 * time, and a collector that nobody is sent to any more can be told nothing.
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

/* Why the store cannot be used; NULL: it can. */
static const char *why_no_store(const struct api *api)
{
	if (api->waits_for_store)
		return api->waits_for_store;
	if (api->pipeline)
		return pipeline_why_not(api->pipeline);
	return api->member ? member_error(api->member) : NULL;
}

/* Of one that others could judge in the place of. Returns whether it is the judge. */
static bool add_role(const struct api *api, struct buffer *text)
{
	const char *node = member_node(api->member);
	const struct record_collector *judge = member_judge(api->member);

	if (api->pipeline)
		buffer_printf(text, "[+]judge: this collector, %s, judges\n", node);
	else if (!api_stands_by(api))
		buffer_printf(text, "[-]judge: this collector, %s, reads the store to judge\n",
			      node);
	else
		buffer_printf(text, "[+]standby: this collector, %s, stands by; %s%s judges%s%s\n",
			      node, judge ? "the collector " : "nobody", judge ? judge->node : "",
			      judge && judge->url[0] ? ", at " : "", judge ? judge->url : "");
	return api->pipeline != NULL;
}

/* "?judge": a balancer asks whether the calls of others are to go here. */
static bool asks_for_judge(const struct call *call)
{
	const char *query = call->request->query;
	return query && strcmp(query, "judge") == 0;
}

void api_ready_get(struct call *call)
{
	const struct api *api = call->context;
	const char *why_not = why_no_store(api);
	bool is_ready = !why_not && !api->is_starting;
	struct answer answer = { .content_type = "text/plain; charset=utf-8" };
	struct buffer text;

	buffer_init(&text);
	if (why_not)
		buffer_printf(&text, "[-]store failed: reports cannot be stored: %s\n", why_not);
	else if (api->is_starting)
		buffer_add_text(&text, "[-]judge: it is being looked who judges\n");
	else
		buffer_add_text(&text, "[+]store ok\n");
	if (api->member && !add_role(api, &text))
		is_ready &= api_stands_by(api) && !asks_for_judge(call);
	answer.status = is_ready ? 200 : 503;
	add_certificate(api, &text);
	add_clock(&text);
	answer.body = buffer_take(&text, &answer.size);
	call_answer(call, &answer);
}
