#include "collector/api.h"

#include <stdbool.h>
#include <string.h>

#include "collector/ingest.h"
#include "collector/problem.h"
#include "proto/text.h"

#define AGE_FIELD "Mtawatch-Report-Age"

/* "application/json", with or without parameters. */
static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	if (!text_has_prefix(content_type, json))
		return false;
	const char *rest = content_type + sizeof json - 1;
	rest += strspn(rest, " \t");
	return *rest == '\0' || *rest == ';';
}

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

void api_report_post(struct call *call)
{
	static const struct problem no_json = { .status = 415,
						.code = "unsupported_media_type",
						.detail = "A report is sent as application/json." };
	static const struct problem bad_age = {
		.status = 400,
		.code = "malformed_age",
		.detail =
			AGE_FIELD " is the age of the facts in whole seconds, from 0 to ten years."
	};
	const struct api *api = call->context;
	int64_t age_s;

	if (!is_json(http_field(call->request, "Content-Type")))
		problem_answer(call, &no_json);
	else if (!get_age(http_field(call->request, AGE_FIELD), &age_s))
		problem_answer(call, &bad_age);
	else
		ingest_report(api->pipeline, call, age_s);
}
