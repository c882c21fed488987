#include "agent/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/printable.h"
#include "proto/json/write.h"

#define MAX_TEXT 4096 /* bytes of one text for people; longer ones are cut */

/* ECMA-48 SGR sequences. */
#define COLOR_BAD  "\033[1;31m"
#define COLOR_GOOD "\033[1;32m"
#define COLOR_NONE "\033[0m"

static const char *const results[] = { "ok", "fail", "skipped" };

static void print_step(FILE *stream, const struct doctor_step *step, bool color)
{
	static const char *const colors[] = { COLOR_GOOD, COLOR_BAD, "" };
	char text[MAX_TEXT];

	printable(text, sizeof text, step->text);
	fprintf(stream, "%s[%s]%s%*s %-9s  %s%s\n", color ? colors[step->result] : "",
		results[step->result], color ? COLOR_NONE : "",
		(int)(sizeof "skipped" - 1 - strlen(results[step->result])), "", step->name,
		step->result == DOCTOR_SKIPPED ? "because " : "", text);
	if (step->todo)
		fprintf(stream, "%21s> %s\n", "", step->todo);
}

bool doctor_print_text(FILE *stream, const struct doctor_findings *findings, bool color)
{
	const char *collector = NULL;

	for (size_t i = 0; i < findings->n; i++) {
		const struct doctor_step *step = &findings->steps[i];
		if (step->collector && (!collector || strcmp(collector, step->collector) != 0))
			fprintf(stream, "\n%s\n", step->collector);
		else if (collector && !step->collector)
			fputc('\n', stream);
		collector = step->collector;
		print_step(stream, step, color);
	}
	fprintf(stream, "\n%s\n",
		doctor_is_well(findings) ? "Reports can be sent."
					 : "Begin with the first step that failed.");
	return fflush(stream) == 0 && !ferror(stream);
}

bool doctor_print_json(FILE *stream, const struct doctor_findings *findings)
{
	struct buffer out = { 0 };

	json_open_object(&out, NULL);
	json_put_bool(&out, "well", doctor_is_well(findings));
	json_open_array(&out, "steps");
	for (size_t i = 0; i < findings->n; i++) {
		const struct doctor_step *step = &findings->steps[i];
		json_open_object(&out, NULL);
		json_put_text(&out, "collector", step->collector);
		json_put_text(&out, "step", step->name);
		json_put_text(&out, "result", results[step->result]);
		json_put_text(&out, "text", step->text);
		json_put_text(&out, "todo", step->todo);
		json_close_object(&out);
	}
	json_close_array(&out);
	json_close_object(&out);
	char *json = buffer_take_text(&out);
	fprintf(stream, "%s\n", json);
	free(json);
	return fflush(stream) == 0 && !ferror(stream);
}
