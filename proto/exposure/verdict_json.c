#include "proto/exposure/verdict_json.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/json/write.h"

static void put_evidence(struct buffer *out, const struct evidence *evidence)
{
	if (evidence->text) {
		json_put_text(out, evidence->key, evidence->text);
		return;
	}
	if (!evidence->list) {
		json_put_integer(out, evidence->key, evidence->number);
		return;
	}
	json_put_texts(out, evidence->key, evidence->list, evidence->n_list);
}

static void put_reasons(struct buffer *out, const struct assessment *assessment)
{
	json_open_array(out, "reasons");
	for (size_t i = 0; i < assessment->n_reasons; i++) {
		const struct reason *reason = &assessment->reasons[i];
		json_open_object(out, NULL);
		json_put_text(out, "code", reason->code);
		json_put_text(out, "text", reason->text);
		json_open_object(out, "evidence");
		for (size_t j = 0; j < reason->n_evidence; j++)
			put_evidence(out, &reason->evidence[j]);
		json_close_object(out);
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_step(struct buffer *out, const struct remedy_step *step)
{
	json_open_object(out, NULL);
	json_put_text(out, "action", remedy_action_name(step->action));
	if (step->adapter)
		json_put_text(out, "adapter", step->adapter);
	json_put_text(out, "verdict_after", verdict_name(step->verdict_after));
	json_put_text(out, "text", step->text);
	json_close_object(out);
}

static void put_options(struct buffer *out, const struct remedy *remedy)
{
	json_open_array(out, "options");
	for (size_t i = 0; i < remedy->n_options; i++) {
		const struct remedy_option *option = &remedy->options[i];
		json_open_object(out, NULL);
		json_open_array(out, "steps");
		for (size_t j = 0; j < option->n_steps; j++)
			put_step(out, &option->steps[j]);
		json_close_array(out);
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_missing_paths(struct buffer *out, const struct remedy *remedy)
{
	if (remedy->n_missing_paths == 0)
		return;
	json_open_array(out, "missing_paths");
	for (size_t i = 0; i < remedy->n_missing_paths; i++) {
		const struct missing_path *path = &remedy->missing_paths[i];
		json_open_object(out, NULL);
		json_put_text(out, "adapter", path->adapter);
		json_put_text(out, "peer", path->peer);
		json_put_text(out, "grade", grade_name(path->grade)); /* null: not probed */
		json_put_text(out, "error", probe_error_name(path->error));
		json_put_text(out, "proven", grade_name(path->proven));
		json_close_object(out);
	}
	json_close_array(out);
}

static void put_remedy(struct buffer *out, const struct remedy *remedy)
{
	json_open_object(out, "remedy");
	put_options(out, remedy);
	if (remedy->text)
		json_put_text(out, "text", remedy->text);
	put_missing_paths(out, remedy);
	json_close_object(out);
}

char *verdict_json_write(const struct report *report, bool silent,
			 const struct assessment *assessment)
{
	struct buffer out = { 0 };
	const char *host = report->host.name;
	char *server = mem_strndup(host, text_short_name_length(host));

	json_open_object(&out, NULL);
	json_put_text(&out, "server", server);
	json_put_text(&out, "organization", report->exchange.organization);
	json_put_text(&out, "site", report->exchange.site);
	json_put_text(&out, "verdict", verdict_name(assessment->verdict));
	json_put_bool(&out, "silent", silent);
	put_reasons(&out, assessment);
	put_remedy(&out, &assessment->remedy);
	json_close_object(&out);
	free(server);
	return buffer_take_text(&out);
}

char *verdict_json_write_findings(const struct assessment *assessment)
{
	struct buffer out = { 0 };

	put_reasons(&out, assessment);
	put_remedy(&out, &assessment->remedy);
	return buffer_take_text(&out);
}
