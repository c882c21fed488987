/* GET /v1/servers/{name} and /v1/sites/{org}/{site}/matrix, with at=. */
#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/matrix_text.h"
#include "collector/api/past.h"
#include "collector/api/servers.h"
#include "collector/fleet/past_site.h"
#include "collector/http/call.h"
#include "collector/model/remarks.h"
#include "collector/model/server_key.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/verdict_json.h"
#include "proto/json/write.h"

/* Reports that one question reads: other pages wait for so long. */
#define REPORTS 50

/* A site of then whose reports are read. */
struct past_reading {
	struct api_past *past;
	const struct past_subject **subjects; /* of its members, in the order of keys */
	struct past_site_member *members;
	size_t n;
	struct past_site *site;
	bool more;
	struct api_past_changes changes;
	const struct past_subject *server; /* whose page is asked for; NULL: a matrix is */
	void (*write)(struct past_reading *reading, struct buffer *out);
	struct buffer out;
};

static void drop_reading(void *user)
{
	struct past_reading *reading = user;

	past_site_free(reading->site);
	buffer_deinit(&reading->out);
}

/* On the reading thread, writing included: a large site takes a while. */
static enum status read_some(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct past_reading *reading = user;
	enum status status = past_site_read(reading->site, reader, REPORTS, &reading->more, error);

	if (status == STATUS_OK && !reading->more) {
		past_site_judge(reading->site);
		reading->write(reading, &reading->out);
	}
	return status;
}

static void ask(struct past_reading *reading);

static void on_read(struct call *call, void *user, enum status status)
{
	struct past_reading *reading = user;
	(void)status; /* reports that are not kept are said to be so */

	if (reading->more) {
		ask(reading);
		return;
	}
	past_site_free(reading->site);
	api_past_answer(call, &reading->out, NULL);
}

static void ask(struct past_reading *reading)
{
	api_ask(reading->past->call,
		&(struct api_question){ read_some, on_read, drop_reading, reading, STORE_PAGE });
}

/* The servers that were in a site; of those that come or have gone the changes count, too. */
static void find_members(struct past_reading *reading, const char *organization, const char *site)
{
	const struct api_past *past = reading->past;
	struct arena *arena = &past->call->arena;

	reading->members = arena_alloc_array(arena, past->n, sizeof *reading->members);
	reading->subjects = arena_alloc_array(arena, past->n, sizeof(const struct past_subject *));
	for (size_t i = 0; i < past->n; i++) {
		const struct past_subject *subject = &past->subjects[i];
		if (!reading->server && api_past_touches(subject, organization, site))
			api_past_count_change(&reading->changes, subject);
		if (!subject->then.is_known || !api_past_is_of(subject, organization, site))
			continue;
		reading->subjects[reading->n] = subject;
		reading->members[reading->n++] =
			(struct past_site_member){ .key = subject->key, .then = &subject->then };
	}
}

static struct past_reading *new_reading(struct api_past *past, const struct past_subject *server)
{
	struct past_reading *reading = arena_alloc(&past->call->arena, sizeof *reading);

	*reading = (struct past_reading){ .past = past,
					  .server = server,
					  .changes = api_past_no_changes };
	buffer_init(&reading->out);
	return reading;
}

/* False: its matrix would be too large, and the call is answered. */
static bool begin_reading(struct past_reading *reading)
{
	if (reading->n > API_MATRIX_MAX_SERVERS) {
		buffer_deinit(&reading->out);
		call_answer_problem(reading->past->call, &api_site_too_large);
		return false;
	}
	reading->site = past_site_new(reading->past->at_ms, reading->members, reading->n);
	ask(reading);
	return true;
}

static size_t count_not_kept(const struct past_reading *reading, const char **names)
{
	struct arena *arena = &reading->past->call->arena;
	size_t n = 0;

	*names = "";
	for (size_t i = 0; i < reading->n; i++) {
		if (reading->members[i].snapshot)
			continue;
		if (n++ < 10)
			*names = arena_printf(arena, "%s%s%s", *names, n > 1 ? ", " : "",
					      reading->subjects[i]->server);
	}
	return n;
}

static size_t count_not_judged(const struct past_reading *reading)
{
	size_t n = 0;

	for (size_t i = 0; i < reading->n; i++)
		n += reading->members[i].snapshot && !reading->members[i].judgement;
	return n;
}

/* What is missing of the site, in sentences; `out` has room for two. */
static size_t tell_not_kept(const struct past_reading *reading, const char **out)
{
	struct arena *arena = &reading->past->call->arena;
	size_t n_not_judged = count_not_judged(reading);
	const char *names;
	size_t n_not_kept = count_not_kept(reading, &names);
	size_t n = 0;

	if (n_not_kept > 0)
		out[n++] =
			arena_printf(arena,
				     "The reports of then are not kept any more for %zu of %zu "
				     "servers of this site (%s%s): %s.",
				     n_not_kept, reading->n, names, n_not_kept > 10 ? " ..." : "",
				     api_past_kept_reports(reading->past));
	if (n_not_judged > 0)
		out[n++] = arena_printf(arena,
					"The adapters of %zu servers that had been silent for long "
					"are left out: the site is too large to look back so far.",
					n_not_judged);
	return n;
}

static void write_matrix(struct past_reading *reading, struct buffer *out)
{
	const struct api_past *past = reading->past;
	const char *not_kept[2];
	struct matrix_text text;

	matrix_text_init(&text);
	for (size_t i = 0; i < reading->n; i++) {
		const struct report_set_verdict *judged = reading->members[i].judgement;
		if (!judged)
			continue;
		const struct view_verdict verdict = api_past_verdict(past, reading->subjects[i]);
		struct view *view = view_make(judged->snapshot, &verdict);
		matrix_text_add(&text, view, judged->seen, judged->snapshot);
		view_unref(view);
	}
	json_open_object(out, NULL);
	json_put_time(out, "as_of", past->at_ms);
	api_past_write(past, &reading->changes, not_kept, tell_not_kept(reading, not_kept), out);
	json_put_text(out, "organization", api_path_name(past->call, 0));
	json_put_text(out, "site", api_path_name(past->call, 1));
	matrix_text_write(&text, out);
	json_finish(out);
	matrix_text_deinit(&text);
}

static void on_matrix(struct api_past *past, void *user)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_site",
						.detail = "No server of this site had reported "
							  "then." };
	struct past_reading *reading = new_reading(past, NULL);
	(void)user;

	reading->write = write_matrix;
	find_members(reading, api_path_name(past->call, 0), api_path_name(past->call, 1));
	if (reading->n > 0) {
		begin_reading(reading);
		return;
	}
	buffer_deinit(&reading->out);
	call_answer_problem(past->call, &unknown);
}

void api_past_get_matrix(struct call *call, int64_t at_ms)
{
	api_past_gather(call, at_ms, on_matrix, NULL);
}

/*
 * The findings as they were told where the facts of then still lead to the same verdict; else what
 * the history tells of them. Never another verdict.
 */
static struct view *make_view(const struct past_reading *reading,
			      const struct report_set_verdict *judged)
{
	struct view_verdict verdict = api_past_verdict(reading->past, reading->server);
	char *findings = NULL;

	verdict.adapters = view_adapter_states(judged->seen);
	if (judged->assessment.verdict == verdict.verdict)
		verdict.findings_json = findings = verdict_json_write_findings(&judged->assessment);
	struct view *view = view_make(judged->snapshot, &verdict);
	free(findings);
	return view;
}

static void add_without_report(const struct past_reading *reading, struct buffer *out)
{
	struct view *view = api_past_view(reading->past, reading->server);

	view_add_open(view, reading->past->at_ms, out);
	json_put_texts(out, "adapters", NULL, 0);
	json_put_texts(out, "facts", NULL, 0);
	json_put_texts(out, "files", NULL, 0);
	json_put_null(out, "imported");
	json_put_null(out, "report");
	view_unref(view);
}

static const struct past_site_member *member_of(const struct past_reading *reading)
{
	size_t i = 0;

	while (i < reading->n && reading->subjects[i] != reading->server)
		i++;
	return &reading->members[i]; /* a server that is known is in its site */
}

static size_t tell_of_server(const struct past_reading *reading,
			     const struct past_site_member *member, const char **out)
{
	if (member->snapshot)
		return tell_not_kept(reading, out);
	out[0] = arena_printf(&reading->past->call->arena,
			      "The report of then, with adapters, facts and files, is not kept any "
			      "more: %s.",
			      api_past_kept_reports(reading->past));
	return 1;
}

static void write_server(struct past_reading *reading, struct buffer *out)
{
	const struct past_site_member *member = member_of(reading);
	const char *not_kept[2];

	if (member->judgement) {
		struct view *view = make_view(reading, member->judgement);
		past_site_add_detail(view, member->judgement->snapshot, member->judgement->seen,
				     reading->past->at_ms, out);
		out->size--; /* the closing brace */
		view_unref(view);
	} else {
		add_without_report(reading, out);
	}
	const struct remark_pair none = remark_pair_none();

	remark_pair_write(&none, out);
	json_put_null(out, "removed");
	json_put_null(out, "refused");
	json_put_texts(out, "other_names", NULL, 0);
	api_past_write(reading->past, &reading->changes, not_kept,
		       tell_of_server(reading, member, not_kept), out);
	json_finish(out);
}

static void answer_not_known(struct api_past *past, const struct past_subject *subject)
{
	struct arena *arena = &past->call->arena;
	int64_t after_ms = subject->then.after_ms;
	char text[TIMESTAMP_TEXT_SIZE];
	struct problem problem = { .status = 404, .code = "not_known_then" };

	problem.detail = subject->then.before_ms != TIMESTAMP_NONE
				 ? "This server had been removed then."
				 : arena_printf(arena,
						"This server was not known then: it first reported "
						"at %s.",
						after_ms == TIMESTAMP_NONE
							? "a later time"
							: timestamp_format(after_ms, text));
	call_answer_problem(past->call, &problem);
}

static void on_server(struct api_past *past, void *user)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name has reported." };
	char key[SERVER_KEY_SIZE];
	const struct past_subject *subject =
		api_past_find(past, server_key(past->call->params[0], key));
	(void)user;

	if (!subject) {
		call_answer_problem(past->call, &unknown);
		return;
	}
	if (!subject->then.is_known) {
		answer_not_known(past, subject);
		return;
	}
	struct past_reading *reading = new_reading(past, subject);
	reading->write = write_server;
	api_past_count_change(&reading->changes, subject);
	find_members(reading, subject->then.organization ? subject->then.organization : "",
		     subject->then.site ? subject->then.site : "");
	begin_reading(reading);
}

void api_past_get_server(struct call *call, int64_t at_ms)
{
	api_past_gather(call, at_ms, on_server, NULL);
}
