#include "proto/exposure/verdict_json.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/json/text.h"

static void put_text_or_null(struct json_text *t, const char *name, const char *value)
{
	if (value)
		json_text_string(t, name, value);
	else
		json_text_null(t, name);
}

static void put_evidence(struct json_text *t, const struct evidence *evidence)
{
	if (evidence->text) {
		json_text_string(t, evidence->key, evidence->text);
		return;
	}
	if (!evidence->list) {
		json_text_integer(t, evidence->key, evidence->number);
		return;
	}
	json_text_open(t, evidence->key, '[');
	for (size_t i = 0; i < evidence->n_list; i++)
		json_text_string(t, NULL, evidence->list[i]);
	json_text_close(t, ']');
}

static void put_reasons(struct json_text *t, const struct assessment *assessment)
{
	json_text_open(t, "reasons", '[');
	for (size_t i = 0; i < assessment->n_reasons; i++) {
		const struct reason *reason = &assessment->reasons[i];
		json_text_open(t, NULL, '{');
		json_text_string(t, "code", reason->code);
		json_text_string(t, "text", reason->text);
		json_text_open(t, "evidence", '{');
		for (size_t j = 0; j < reason->n_evidence; j++)
			put_evidence(t, &reason->evidence[j]);
		json_text_close(t, '}');
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

static void put_step(struct json_text *t, const struct remedy_step *step)
{
	json_text_open(t, NULL, '{');
	json_text_string(t, "action", remedy_action_name(step->action));
	if (step->adapter)
		json_text_string(t, "adapter", step->adapter);
	json_text_string(t, "verdict_after", verdict_name(step->verdict_after));
	json_text_string(t, "text", step->text);
	json_text_close(t, '}');
}

static void put_options(struct json_text *t, const struct remedy *remedy)
{
	json_text_open(t, "options", '[');
	for (size_t i = 0; i < remedy->n_options; i++) {
		const struct remedy_option *option = &remedy->options[i];
		json_text_open(t, NULL, '{');
		json_text_open(t, "steps", '[');
		for (size_t j = 0; j < option->n_steps; j++)
			put_step(t, &option->steps[j]);
		json_text_close(t, ']');
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

static void put_missing_paths(struct json_text *t, const struct remedy *remedy)
{
	if (remedy->n_missing_paths == 0)
		return;
	json_text_open(t, "missing_paths", '[');
	for (size_t i = 0; i < remedy->n_missing_paths; i++) {
		const struct missing_path *path = &remedy->missing_paths[i];
		json_text_open(t, NULL, '{');
		json_text_string(t, "adapter", path->adapter);
		json_text_string(t, "peer", path->peer);
		put_text_or_null(t, "grade", grade_name(path->grade)); /* null: not probed */
		put_text_or_null(t, "error", probe_error_name(path->error));
		put_text_or_null(t, "proven", grade_name(path->proven));
		json_text_close(t, '}');
	}
	json_text_close(t, ']');
}

static void put_remedy(struct json_text *t, const struct remedy *remedy)
{
	json_text_open(t, "remedy", '{');
	put_options(t, remedy);
	if (remedy->text)
		json_text_string(t, "text", remedy->text);
	put_missing_paths(t, remedy);
	json_text_close(t, '}');
}

char *verdict_json_write(const struct report *report, bool silent,
			 const struct assessment *assessment)
{
	struct json_text t = { 0 };
	const char *host = report->host.name;
	char *server = mem_strndup(host, text_short_name_length(host));

	json_text_open(&t, NULL, '{');
	json_text_string(&t, "server", server);
	put_text_or_null(&t, "organization", report->exchange.organization);
	put_text_or_null(&t, "site", report->exchange.site);
	json_text_string(&t, "verdict", verdict_name(assessment->verdict));
	json_text_bool(&t, "silent", silent);
	put_reasons(&t, assessment);
	put_remedy(&t, &assessment->remedy);
	json_text_close(&t, '}');
	free(server);
	return json_text_take(&t);
}

char *verdict_json_write_findings(const struct assessment *assessment)
{
	struct json_text t = { 0 };

	json_text_open(&t, NULL, '{');
	put_reasons(&t, assessment);
	put_remedy(&t, &assessment->remedy);
	json_text_close(&t, '}');
	char *object = json_text_take(&t);
	char *findings = mem_strndup(object + 1, strlen(object) - 2);
	free(object);
	return findings;
}
