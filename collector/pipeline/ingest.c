#include "collector/pipeline/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "collector/model/snapshot.h"
#include "collector/pipeline/recall.h"
#include "collector/pipeline/sender.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/json/write.h"

/* Bytes of the answer to a report with as many peers as there may be. */
#define LIKELY_CONFIRMATION 2048

/* A report that waits for its commit. */
struct waiting {
	struct pipeline *pipeline;
	struct call *call;
	struct snapshot *snapshot;
	bool is_import;
	enum fleet_taken taken;
};

/* Facts about a report that somebody carries by hand. */
struct carried {
	struct record_audit *audit;
	bool exported; /* by a collector, whose additions its text has */
};

/* Not readable as a report: where and why. */
static void refuse_unreadable(struct call *call, enum status status, const struct json_error *error)
{
	struct problem problem = { .status = 422,
				   .pointer = error->pointer,
				   .pointer_note = error->detail };
	switch (status) {
	case STATUS_MALFORMED:
		problem.status = 400;
		problem.code = "malformed_json";
		problem.detail = "The body is not JSON.";
		break;
	case STATUS_UNSUPPORTED:
		problem.code = "unsupported_schema";
		problem.detail = "The report is of another schema than " REPORT_SCHEMA ".";
		break;
	case STATUS_LIMIT:
		problem.code = "limit_exceeded";
		problem.detail = "The report exceeds a limit.";
		break;
	default:
		problem.code = "invalid_report";
		problem.detail = "A member of the report is missing or not of an allowed value.";
		break;
	}
	call_answer_problem(call, &problem);
}

/* An agent reports as itself: by the id that it was given, of the host that it enrolled. */
static bool is_own(const struct principal *caller, const struct snapshot *snapshot)
{
	return caller->role == ROLE_AGENT && text_equal(snapshot->report.agent.id, caller->id) &&
	       strcmp(snapshot->key, caller->name) == 0;
}

static void answer_report(struct call *call, struct fleet *fleet, const struct snapshot *snapshot)
{
	struct answer answer = { .status = 200, .content_type = "application/json" };
	const struct view *view = fleet_find(fleet, snapshot->key);
	struct buffer out;

	buffer_init(&out);
	buffer_reserve(&out, LIKELY_CONFIRMATION);
	json_open_object(&out, NULL);
	json_put_integer(&out, "accepted", snapshot->report.sequence);
	json_put_text(&out, "verdict", view ? verdict_name(view->verdict) : NULL);
	json_open_array(&out, "peers");
	fleet_add_peers(fleet, snapshot->key, &out);
	json_close_array(&out);
	json_put_integer(&out, "interval_s", REPORT_INTERVAL);
	json_finish(&out);
	answer.body = buffer_take(&out, &answer.size);
	call_answer(call, &answer);
}

/* Answers whoever carried a report by hand: what became of it. */
static void answer_import(struct call *call, struct fleet *fleet, const struct snapshot *snapshot,
			  enum fleet_taken taken)
{
	static const char *const names[] = {
		[FLEET_TAKEN_LATEST] = "latest",
		[FLEET_TAKEN_OLDER] = "older",
		[FLEET_TAKEN_REPEATED] = "known",
	};
	struct answer answer = { .status = 200, .content_type = "application/json" };
	const struct view *view = fleet_find(fleet, snapshot->key);
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_integer(&out, "accepted", snapshot->report.sequence);
	json_put_text(&out, "server", view ? view->server : snapshot->key);
	json_put_text(&out, "taken", names[taken]);
	json_put_text(&out, "verdict", view ? verdict_name(view->verdict) : NULL);
	json_finish(&out);
	answer.body = buffer_take(&out, &answer.size);
	call_answer(call, &answer);
}

/* The report was not stored: it never will be, or its sender is to try again. */
static void answer_not_taken(const struct pipeline *pipeline, struct call *call,
			     const struct snapshot *snapshot)
{
	static const struct problem not_storable = {
		.status = 422,
		.code = "not_storable",
		.detail = "The store cannot take what this report says, whenever it is sent. The "
			  "collector's log tells why.",
	};

	if (pipeline_refuses(pipeline, snapshot))
		call_answer_problem(call, &not_storable);
	else
		call_answer_not_stored(call);
}

static void on_done(void *user, bool durable)
{
	struct waiting *waiting = user;
	struct fleet *fleet = pipeline_fleet(waiting->pipeline);

	if (durable && waiting->is_import)
		answer_import(waiting->call, fleet, waiting->snapshot, waiting->taken);
	else if (durable)
		answer_report(waiting->call, fleet, waiting->snapshot);
	else
		answer_not_taken(waiting->pipeline, waiting->call, waiting->snapshot);
	snapshot_unref(waiting->snapshot);
	free(waiting);
}

/* Sends the fleet's changes on their way to the store; on_done() answers. */
static void submit_changes(struct pipeline *pipeline, struct call *call, struct snapshot *snapshot,
			   struct changes *changes, enum fleet_taken taken)
{
	struct waiting *waiting = mem_alloc(sizeof *waiting);
	*waiting = (struct waiting){ .pipeline = pipeline,
				     .call = call,
				     .snapshot = snapshot_ref(snapshot),
				     .is_import = changes->audit,
				     .taken = taken };
	if (pipeline_submit(pipeline, changes, on_done, waiting) != STATUS_OK)
		on_done(waiting, false);
}

/* A report that may be taken; `carried` is NULL for an agent's own. */
struct incoming {
	struct pipeline *pipeline;
	struct call *call;
	struct snapshot *snapshot;
	const struct carried *carried;
	ingest_refuse *refuse;
};

static void take_snapshot(const struct incoming *in, const struct fleet_earlier *earlier,
			  int64_t now_ms)
{
	const struct buffer *body = &in->call->request->body;
	struct fleet *fleet = pipeline_fleet(in->pipeline);
	const struct carried *carried = in->carried;
	char error[FLEET_ERROR_SIZE];
	struct changes *changes;
	enum fleet_taken taken;

	enum status status = fleet_take(fleet, in->snapshot, earlier, body->bytes, body->size,
					now_ms, &changes, &taken, error);
	if (status == STATUS_OK) {
		changes->audit = carried ? carried->audit : NULL;
		submit_changes(in->pipeline, in->call, in->snapshot, changes, taken);
	} else if (status == STATUS_CONFLICT && carried && carried->exported) {
		/*
		 * An exported report has not the text that the agent sent, but it is that report.
		 */
		answer_import(in->call, fleet, in->snapshot, FLEET_TAKEN_REPEATED);
	} else if (status == STATUS_CONFLICT) {
		in->refuse(in->call, in->snapshot->key, INGEST_CONFLICTING);
	} else {
		pipeline_fail(in->pipeline, error);
		call_answer_not_stored(in->call);
	}
}

static struct incoming *keep_incoming(const struct incoming *in)
{
	struct incoming *kept = arena_alloc(&in->call->arena, sizeof *kept);

	*kept = *in;
	return kept;
}

/* Nothing has changed yet: whoever sent it sends it again. */
static void answer_unread(struct call *call, enum status status, const char *error)
{
	if (status != STATUS_REFUSED) /* the collector ends */
		log_error("%s", error);
	call_answer_not_stored(call);
}

/* The report came before, or not; meanwhile its sender may have gone, and with it the body. */
static void on_recalled(void *user, enum status status, const struct fleet_earlier *earlier,
			const char *error)
{
	const struct incoming *in = user;

	if (status != STATUS_OK)
		answer_unread(in->call, status, error);
	else if (in->call->request && pipeline_may_take(in->pipeline))
		take_snapshot(in, earlier, pipeline_now_ms(in->pipeline));
	else
		call_answer_not_stored(in->call);
}

/* Takes a report, after a look into the store where it may have come before. */
static void take_incoming(const struct incoming *in, int64_t now_ms)
{
	struct recall *recall = pipeline_recall(in->pipeline);
	struct fleet *fleet = pipeline_fleet(in->pipeline);
	struct fleet_earlier earlier;
	char error[FLEET_ERROR_SIZE];

	if (!pipeline_may_take(in->pipeline) || pipeline_refuses(in->pipeline, in->snapshot)) {
		answer_not_taken(in->pipeline, in->call, in->snapshot);
		return;
	}
	enum status status = fleet_find_earlier(fleet, in->snapshot, &earlier, error);
	if (status != STATUS_OK) {
		answer_unread(in->call, status, error);
	} else if (earlier.is != FLEET_EARLIER_UNKNOWN && !recall_is_asked(recall, in->snapshot) &&
		   !fleet_ahead_is_due(fleet, in->snapshot, now_ms)) {
		take_snapshot(in, &earlier, now_ms);
	} else {
		recall_ask(recall, in->snapshot, on_recalled, keep_incoming(in));
	}
}

void ingest_report(struct pipeline *pipeline, struct call *call, int64_t age_s,
		   ingest_refuse *refuse)
{
	const struct buffer *body = &call->request->body;
	int64_t now_ms = pipeline_now_ms(pipeline);
	struct json_error error;
	struct snapshot *snapshot;

	enum status status = snapshot_read(body->size ? body->bytes : "", body->size, now_ms, age_s,
					   &snapshot, &error);
	if (status != STATUS_OK) {
		refuse_unreadable(call, status, &error);
		return;
	}
	snapshot->is_own = is_own(&call->caller, snapshot);
	snapshot->stands = snapshot->is_own && sender_has_standing(&call->caller, &snapshot->report,
								   call_peer_ipv4(call), now_ms);
	if (call->caller.role == ROLE_AGENT && !snapshot->is_own)
		refuse(call, snapshot->key, INGEST_WRONG_AGENT);
	else
		take_incoming(&(struct incoming){ pipeline, call, snapshot, NULL, refuse }, now_ms);
	snapshot_unref(snapshot);
}

/* The age of the facts of a report in a file; false where it would be from the future. */
static bool read_file_age(const struct snapshot *snapshot, int64_t now_ms, int64_t *age_s)
{
	*age_s = (now_ms - snapshot->at_ms) / 1000;
	return snapshot->at_ms <= now_ms && *age_s <= INGEST_MAX_AGE_S;
}

void ingest_import(struct pipeline *pipeline, struct call *call, struct record_audit *audit,
		   ingest_refuse *refuse)
{
	static const struct problem not_of_then = {
		.status = 422,
		.code = "time_of_report",
		.detail = "The report was collected in the future, or more than ten years ago.",
	};
	const struct buffer *body = &call->request->body;
	const char *text = body->size ? body->bytes : "";
	int64_t now_ms = pipeline_now_ms(pipeline);
	struct json_error error;
	struct snapshot *snapshot = NULL;
	int64_t age_s = 0;

	enum status status = snapshot_read_file(text, body->size, &snapshot, &error);
	if (status == STATUS_OK && !read_file_age(snapshot, now_ms, &age_s)) {
		call_answer_problem(call, &not_of_then);
	} else if (status != STATUS_OK) {
		refuse_unreadable(call, status, &error);
	} else {
		struct carried *carried = arena_alloc(&call->arena, sizeof *carried);
		carried->audit = audit;
		carried->exported = snapshot->report.received_at_ms != TIMESTAMP_NONE;
		/* An age has whole seconds, and the time is to stay what the file says. */
		snapshot->report.received_at_ms = snapshot->at_ms + age_s * 1000;
		snapshot->report.age_s = age_s;
		snapshot_set_importer(snapshot, audit->who);
		audit->object = arena_strdup(&call->arena, snapshot->key);
		take_incoming(&(struct incoming){ pipeline, call, snapshot, carried, refuse },
			      now_ms);
	}
	snapshot_unref(snapshot);
}
