#include "collector/hooks/http.h"

#include <stdio.h>

#include "collector/base/log.h"
#include "proto/base/printable.h"

struct transfer_request hook_http_request(const struct hook_line *line,
					  const struct hook_settings *settings, const char *url,
					  struct arena *arena)
{
	struct transfer_request request = {
		.url = url,
		.limit_ms = (uint64_t)settings->limit_ms,
		.user = settings->user,
		.password = settings->password,
		.ca_file = settings->ca_file,
		.client_cert = settings->client_cert,
		.client_key = settings->client_key,
		.proxy = settings->proxy,
		.proxy_user = settings->proxy_user,
		.proxy_password = settings->proxy_password,
		.hides_url = true,
		.body = "",
		.show = line->show,
		.show_user = line->show_user,
	};

	request.fields[request.n_fields++] = "Expect:"; /* no round trip before a large body */
	if (settings->token)
		request.fields[request.n_fields++] =
			arena_printf(arena, "Authorization: Bearer %s", settings->token);
	return request;
}

static enum hook_outcome outcome_of(const struct transfer_result *result)
{
	if (!result->completed)
		return HOOK_RETRY;
	if (result->status >= 200 && result->status < 300)
		return HOOK_DELIVERED;
	if (result->status == 410)
		return HOOK_GONE;
	if (result->status == 408 || result->status == 429 || result->status >= 500)
		return HOOK_RETRY;
	return HOOK_REFUSED;
}

void hook_http_judge(const struct transfer_result *result, char text[HOOK_TEXT_SIZE],
		     struct hook_result *out)
{
	char answer[HOOK_TEXT_SIZE - 64];

	*out = (struct hook_result){ .outcome = outcome_of(result),
				     .retry_s = result->retry_s,
				     .text = text };
	printable(answer, sizeof answer, result->completed ? result->body : result->error);
	if (!result->completed)
		snprintf(text, HOOK_TEXT_SIZE, "no answer: %s", answer);
	else if (result->status >= 300 && result->status < 400)
		snprintf(text, HOOK_TEXT_SIZE,
			 "HTTP status %ld, which leads elsewhere; say the right URL",
			 result->status);
	else
		snprintf(text, HOOK_TEXT_SIZE, "HTTP status %ld%s%s", result->status,
			 *answer ? ": " : "", answer);
}

void hook_http_log(bool *failed, const char *name, const struct hook_result *result)
{
	bool fails = result->outcome != HOOK_DELIVERED;

	if (fails && !*failed)
		log_error("the hook '%s' fails: %s", name, result->text);
	else if (!fails && *failed)
		log_info("the hook '%s' works again", name);
	*failed = fails;
}
