/*
 * POST /v1/alerts/acknowledge and POST /v1/alerts/silence: what people do about many alerts at
 * once. A few are changed, and when these are stored the next few: meanwhile the loop does other
 * things.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api/alerts.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "proto/base/number.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* Alerts that one call may name, or that its filter may select. */
#define MAX_ALERTS 10000

/* How many are changed before control returns to the loop. */
#define AT_ONCE 16

/* Calls under way: more of them would keep everybody else's changes waiting behind theirs. */
#define MAX_CALLS 4

/* An alert that is not over, and what has come of it; in the call's arena. */
struct one {
	struct many *many;
	int64_t id; /* -1: what was given is none */
	const char *text;
	const char *server;
	enum condition condition;
	const char *failure; /* the code of a problem; NULL: none */
	struct one *next;
};

/* What an alert has to be; "": anything. */
struct filter {
	const char *condition;
	const char *organization;
	const char *site;
	const char *server;
	const char *cause;
};

typedef enum status act_on(struct many *many, struct one *one);

struct many {
	struct call *call;
	act_on *act;
	const char *action; /* of the audit log */
	struct filter filter;
	const char *comment;
	int64_t until_ms;
	struct one *first;
	struct one **last;
	size_t n;
	struct one *next; /* that is to be changed */
	size_t waiting;   /* for the store */
};

static struct one *add_one(struct many *many, int64_t id, const char *text)
{
	struct one *one = arena_alloc(&many->call->arena, sizeof *one);

	*one = (struct one){ .many = many, .id = id, .text = text };
	*many->last = one;
	many->last = &one->next;
	many->n++;
	return one;
}

static void learn(struct one *one, const struct record_alert *alert)
{
	one->server = arena_strdup(&one->many->call->arena, alert->server);
	one->condition = alert->condition;
}

static void add_ones(struct buffer *out, const struct many *many)
{
	json_open_array(out, "done");
	for (const struct one *one = many->first; one; one = one->next) {
		if (!one->failure)
			json_put_text(out, NULL, one->text);
	}
	json_close_array(out);
	json_open_array(out, "failed");
	for (const struct one *one = many->first; one; one = one->next) {
		if (!one->failure)
			continue;
		json_open_object(out, NULL);
		json_put_text(out, "id", one->text);
		json_put_text(out, "code", one->failure);
		json_close_object(out);
	}
	json_close_array(out);
}

static void answer(const struct many *many)
{
	struct api *api = many->call->context;
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_integer(&out, "matched", (int64_t)many->n);
	add_ones(&out, many);
	json_finish(&out);
	api->n_changing_many--;
	api_answer_json(many->call, 200, &out, NULL);
}

static const char *code_of(enum status status)
{
	return status == STATUS_NOT_FOUND ? "unknown_alert"
	       : status == STATUS_LIMIT   ? "too_many"
					  : "not_stored";
}

static void change_alert(struct many *many, struct one *one)
{
	if (one->failure)
		return;
	enum status status = many->act(many, one);
	if (status == STATUS_OK)
		many->waiting++;
	else
		one->failure = code_of(status);
}

/*
 * The next few; those that cannot be changed cost next to nothing. The rest stays as it is once
 * nobody waits for the answer: the client has gone, or the collector ends.
 */
static void change_next(struct many *many)
{
	bool is_waited_for = many->call->request != NULL;

	for (; is_waited_for && many->next && many->waiting < AT_ONCE;
	     many->next = many->next->next)
		change_alert(many, many->next);
	if (many->waiting == 0)
		answer(many);
}

static void on_one(void *user, enum status status, const char *error)
{
	struct one *one = user;
	(void)error; /* the pipeline was told */

	if (status != STATUS_OK)
		one->failure = "not_stored";
	if (--one->many->waiting == 0)
		change_next(one->many);
}

static enum status acknowledge(struct many *many, struct one *one)
{
	const struct api *api = many->call->context;
	struct record_audit audit =
		api_audit(many->call, many->action, RECORD_KIND_ALERT, one->text);

	return alerting_acknowledge(api->alerting, one->id, audit.who, many->comment,
				    many->until_ms, &audit, on_one, one);
}

/* The silence is for that server and condition alone: what gets worse is told. */
static enum status silence(struct many *many, struct one *one)
{
	const struct api *api = many->call->context;
	struct record_audit audit = api_audit(many->call, many->action, RECORD_KIND_ALERT, "");
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	struct record_silence silence = {
		0,
		one->server,
		"",
		"",
		condition_name(one->condition),
		many->comment,
		audit.who,
		now_ms,
		many->until_ms,
	};

	return alerting_add_silence(api->alerting, &silence, &audit, on_one, one);
}

/* What is asked for. */

static bool is_so(const char *wanted, const char *text)
{
	return *wanted == '\0' || text_equal(wanted, text);
}

static enum status select_one(void *user, const struct record_alert *alert)
{
	struct many *many = user;
	const struct filter *f = &many->filter;
	char text[24];

	if (!is_so(f->condition, condition_name(alert->condition)) ||
	    !is_so(f->organization, alert->organization) || !is_so(f->site, alert->site) ||
	    !is_so(f->server, alert->server) || !is_so(f->cause, alert->cause))
		return STATUS_OK;
	if (many->n == MAX_ALERTS)
		return STATUS_LIMIT;
	snprintf(text, sizeof text, "%" PRId64, alert->id);
	learn(add_one(many, alert->id, arena_strdup(&many->call->arena, text)), alert);
	return STATUS_OK;
}

/* Everything that fires or may, and that the filter takes: the worst first. */
static enum status select_open(const struct store_connection *reader, void *user,
			       char error[STORE_ERROR_SIZE])
{
	enum status status = api_each_open_alert(reader, select_one, user, error);

	return status == STATUS_LIMIT ? STATUS_OK : status;
}

static enum status learn_one(void *user, const struct record_alert *alert)
{
	struct one *one = user;

	learn(one, alert);
	one->failure = alert->state == RECORD_ALERT_RESOLVED ? "unknown_alert" : NULL;
	return STATUS_OK;
}

static enum status look_up(const struct store_connection *reader, void *user,
			   char error[STORE_ERROR_SIZE])
{
	const struct many *many = user;
	enum status status = STATUS_OK;

	for (struct one *one = many->first; status == STATUS_OK && one; one = one->next) {
		one->failure = "unknown_alert";
		if (one->id >= 0)
			status = store_read_alert(reader, one->id, learn_one, one, error);
		if (status == STATUS_NOT_FOUND)
			status = STATUS_OK;
	}
	return status;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Each is changed, and has a line of the audit log, once. */
static bool names_one_twice(const struct many *many)
{
	int64_t *ids = arena_alloc_array(&many->call->arena, many->n, sizeof *ids);
	size_t n = 0;

	for (const struct one *one = many->first; one; one = one->next) {
		if (one->id >= 0)
			ids[n++] = one->id;
	}
	if (n > 1)
		qsort(ids, n, sizeof *ids, compare_ids);
	for (size_t i = 1; i < n; i++) {
		if (ids[i] == ids[i - 1])
			return true;
	}
	return false;
}

static void read_ids(struct many *many, struct json_reading *in, const struct json_place *root)
{
	const char **ids = NULL;
	size_t n = 0;

	json_get_texts(in, root, "ids", &ids, &n);
	if (n > MAX_ALERTS)
		json_refuse(in, root, "ids", STATUS_LIMIT, "expected at most 10000");
	for (size_t i = 0; in->status == STATUS_OK && i < n; i++) {
		int64_t id = -1;
		(void)number_parse(ids[i], 0, INT64_MAX, &id);
		add_one(many, id, ids[i]);
	}
	if (in->status == STATUS_OK && many->n > 1 && names_one_twice(many))
		json_refuse(in, root, "ids", STATUS_INVALID, "expected each alert once");
}

/* True: there is a filter. */
static bool read_filter(struct many *many, struct json_reading *in, const struct json_place *root)
{
	struct filter *f = &many->filter;
	enum condition condition;
	struct json_place at;

	*f = (struct filter){ "", "", "", "", "" };
	if (!json_get_object(in, root, "filter", &at))
		return false;
	json_get_name(in, &at, "condition", &f->condition);
	json_get_name(in, &at, "organization", &f->organization);
	json_get_name(in, &at, "site", &f->site);
	json_get_name(in, &at, "server", &f->server);
	json_get_name(in, &at, "cause", &f->cause);
	if (*f->condition && !condition_from_name(f->condition, &condition))
		json_refuse_choice(in, &at, "condition");
	if (!*f->condition && !*f->organization && !*f->site && !*f->server && !*f->cause)
		json_refuse(in, root, "filter", STATUS_INVALID,
			    "expected condition, organization, site, server or cause");
	return true;
}

/* What finds the alerts that the body names. NULL: the call is answered. */
static store_asked *read_body(struct many *many, const char *until)
{
	const struct api *api = many->call->context;
	struct json_reading in;
	struct json_place root;

	api_begin_body(many->call, &in, &root);
	read_ids(many, &in, &root);
	bool filters = read_filter(many, &in, &root);
	if (filters == (many->n > 0))
		json_refuse(&in, &root, "ids", STATUS_INVALID, "expected either ids or a filter");
	json_get_text(&in, &root, "comment", &many->comment);
	json_get_time(&in, &root, until, &many->until_ms);
	if (in.status == STATUS_OK && many->until_ms != TIMESTAMP_NONE &&
	    many->until_ms <= pipeline_now_ms(api->pipeline))
		json_refuse(&in, &root, until, STATUS_INVALID, "expected a time to come");
	if (many->act == silence)
		json_require(&in, &root, until);
	if (!api_end_body(many->call, &in))
		return NULL;
	return filters ? select_open : look_up;
}

static void on_found(struct call *call, void *user, enum status status)
{
	struct many *many = user;
	(void)call;
	(void)status; /* alerts that are not there say so themselves */

	many->next = many->first;
	change_next(many);
}

static void give_up(void *user)
{
	const struct many *many = user;
	struct api *api = many->call->context;
	api->n_changing_many--;
}

static bool is_one_too_many(struct call *call)
{
	static const struct problem too_many = {
		.status = 429,
		.code = "too_many_changes",
		.detail = "Four calls that change many alerts are under way. Try again later.",
		.fields = "Retry-After: 2\r\n",
	};
	const struct api *api = call->context;

	if (api->n_changing_many < MAX_CALLS)
		return false;
	call_answer_problem(call, &too_many);
	return true;
}

static void begin_many(struct call *call, act_on *act, const char *action, const char *until)
{
	struct api *api = call->context;
	struct many *many = arena_alloc(&call->arena, sizeof *many);

	*many = (struct many){ .call = call,
			       .act = act,
			       .action = action,
			       .comment = "",
			       .until_ms = TIMESTAMP_NONE };
	many->last = &many->first;
	if (is_one_too_many(call) || !api_is_json(call))
		return;
	store_asked *find = read_body(many, until);
	if (!find)
		return;
	api->n_changing_many++;
	api_ask(call, &(struct api_question){ find, on_found, give_up, many, STORE_PAGE });
}

void api_acknowledge_many(struct call *call)
{
	begin_many(call, acknowledge, "alert.acknowledge", "until");
}

void api_silence_many(struct call *call)
{
	begin_many(call, silence, "silence.add", "ends_at");
}
