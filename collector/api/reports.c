#include "collector/api/handler.h"

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "collector/pipeline/ingest.h"

#define AGE_FIELD "Mtawatch-Report-Age"

/* Whole seconds in digits; absent is 0. False: malformed, or past INGEST_MAX_AGE_S. */
static bool get_age(const char *text, int64_t *out)
{
	int64_t age = 0;
	if (text && *text == '\0')
		return false;
	for (; text && *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		age = age * 10 + (*text - '0');
		if (age > INGEST_MAX_AGE_S)
			return false;
	}
	*out = age;
	return true;
}

/* Also remembered, for whoever looks at the server of that name. */
static void refuse_report(struct call *call, const char *key, enum ingest_refusal why)
{
	static const struct problem problems[] = {
		[INGEST_WRONG_AGENT] = {
			.status = 403,
			.code = "wrong_agent",
			.detail = "An agent may report only as itself: agent.id has to be the id "
				  "that it was given, host.name the host that it enrolled.",
		},
		[INGEST_CONFLICTING] = {
			.status = 409,
			.code = "conflicting_report",
			.detail = "Another report with this agent id, epoch and sequence is stored "
				  "already.",
		},
	};
	struct api *api = call->context;

	refusals_note(&api->refusals, key, problems[why].code, api_origin(call),
		      pipeline_now_ms(api->pipeline));
	call_answer_problem(call, &problems[why]);
}

void api_report_post(struct call *call)
{
	static const struct problem bad_age = {
		.status = 400,
		.code = "malformed_age",
		.detail =
			AGE_FIELD " is the age of the facts in whole seconds, from 0 to ten years."
	};
	const struct api *api = call->context;
	int64_t age_s;

	if (!api_is_json(call))
		return;
	if (!get_age(http_field(call->request, AGE_FIELD), &age_s))
		call_answer_problem(call, &bad_age);
	else
		ingest_report(api->pipeline, call, age_s, refuse_report);
}

void api_report_import(struct call *call)
{
	const struct api *api = call->context;
	struct record_audit *audit = arena_alloc(&call->arena, sizeof *audit);

	if (!api_is_json(call))
		return;
	*audit = api_audit(call, "report.import", RECORD_KIND_SERVER, NULL);
	ingest_import(api->pipeline, call, audit, refuse_report);
}
