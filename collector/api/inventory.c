/*
 * GET, PUT /v1/inventory, POST /v1/inventory/former/restore, DELETE /v1/inventory/{name}: the
 * servers that there should be.
 */
#include "collector/api/list.h"

#include <string.h>

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "collector/query/inventory_change.h"
#include "collector/query/inventory_text.h"
#include "proto/base/mem.h"
#include "proto/json/write.h"

static enum status add_server(void *user, const struct record_expected *row)
{
	struct api_list *list = user;
	struct buffer *out = &list->out;

	enum status status = api_list_add(list, "%s", row->key);
	if (status != STATUS_OK)
		return status;
	json_open_object(out, NULL);
	json_put_text(out, "server", row->server);
	json_put_text(out, "organization", row->organization);
	json_put_text(out, "site", row->site);
	json_put_time(out, "since", row->since_ms);
	json_close_object(out);
	return STATUS_OK;
}

static enum status read_servers(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	return store_read_expected(list->reader, add_server, list, error);
}

void api_inventory_get(struct call *call)
{
	static const struct api_list_kind kind = { .member = "servers", .read = read_servers };
	api_list_answer(call, &kind, NULL);
}

/* A change on its way to the store; in the call's arena. */
struct pending_change {
	struct call *call;
	struct store_change change;
	struct record_audit audit;
};

static void answer_expected(struct call *call, size_t n)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_integer(&out, "expected", (int64_t)n);
	json_finish(&out);
	api_answer_json(call, 200, &out, NULL);
}

static void on_stored(void *user, enum status status, const char *error)
{
	struct pending_change *pending = user;
	struct call *call = pending->call;
	const struct api *api = call->context;

	if (status != STATUS_OK) {
		api_fail_change(call, error);
		return;
	}
	if (api->feed && pipeline_is_ready(api->pipeline))
		feed_reset(api->feed, pipeline_fleet(api->pipeline));
	if (pending->change.expect == STORE_EXPECT_DROP)
		api_answer_nothing(call, NULL);
	else
		answer_expected(call, pending->change.n_expected);
}

/* Stores the change with its line of the audit log, and answers. */
static void submit_change(struct call *call, const struct store_change *change, const char *action,
			  const char *object)
{
	const struct api *api = call->context;
	struct pending_change *pending = arena_alloc(&call->arena, sizeof *pending);

	*pending = (struct pending_change){ .call = call, .change = *change };
	pending->audit =
		api_audit(call, action, *object ? RECORD_KIND_SERVER : RECORD_KIND_NONE, object);
	pending->change.audit = &pending->audit;
	pending->change.done = on_stored;
	pending->change.user = pending;
	if (!pipeline_is_ready(api->pipeline) ||
	    store_submit(api->store, &pending->change) != STATUS_OK)
		call_answer_not_stored(call);
}

/* What the query of a call that replaces the list says. */
struct replacing {
	bool is_dry_run;
	bool is_meant; /* also where most of the list goes */
};

static bool read_switch(const struct query_string_pair *pair, const char *name, bool *out)
{
	if (strcmp(pair->key, name) != 0)
		return false;
	*out = strcmp(pair->value, "true") == 0;
	return *out || strcmp(pair->value, "false") == 0;
}

/* Otherwise the call is answered, 400. */
static bool read_replacing(struct call *call, struct replacing *out)
{
	static const struct problem invalid = {
		.status = 400,
		.code = "invalid_query",
		.detail = "This call takes dry_run and yes, each true or false.",
	};
	struct query_string query;

	*out = (struct replacing){ false, false };
	bool ok = query_string_read(call->request->query, &call->arena, &query) == STATUS_OK;
	for (size_t i = 0; ok && i < query.n; i++)
		ok = read_switch(&query.pairs[i], "dry_run", &out->is_dry_run) ||
		     read_switch(&query.pairs[i], "yes", &out->is_meant);
	if (!ok)
		call_answer_problem(call, &invalid);
	return ok;
}

static void add_names(struct buffer *out, const char *member,
		      const struct record_expected *const *rows, size_t n)
{
	json_open_array(out, member);
	for (size_t i = 0; i < n; i++) {
		json_put_text(out, NULL, rows[i]->server);
	}
	json_close_array(out);
}

static void answer_dry_run(struct call *call, const struct inventory_change *change)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_integer(&out, "expected", (int64_t)change->n_after);
	add_names(&out, "added", change->added, change->n_added);
	add_names(&out, "dropped", change->dropped, change->n_dropped);
	json_put_integer(&out, "changed", (int64_t)change->n_altered);
	json_finish(&out);
	api_answer_json(call, 200, &out, NULL);
}

static void refuse_without_consent(struct call *call, const struct inventory_change *change)
{
	struct problem problem = {
		.status = 409,
		.code = "inventory_drops_most",
		.detail = arena_printf(&call->arena,
				       "Nothing was changed. The list %s: it %s. With yes=true it "
				       "takes the place of the one of now.",
				       change->n_after == 0 ? "is empty"
							    : "drops more than half of the servers",
				       inventory_change_text(change, &call->arena)),
	};
	call_answer_problem(call, &problem);
}

/* A list on its way into the place of what is expected now; in the call's arena. */
struct replacement {
	struct call *call;
	const char *action;
	struct replacing how;
	struct inventory_list before;
	struct inventory_list after;
	struct inventory_change difference;
};

static struct replacement *new_replacement(struct call *call, const char *action)
{
	struct replacement *r = arena_alloc(&call->arena, sizeof *r);

	*r = (struct replacement){ .call = call, .action = action };
	r->before.arena = r->after.arena = &call->arena;
	return r;
}

static enum status compare(const struct store_connection *reader, void *user,
			   char error[STORE_ERROR_SIZE])
{
	struct replacement *r = user;

	enum status status = store_read_expected(reader, inventory_list_add, &r->before, error);
	if (status == STATUS_OK)
		inventory_change_find(&r->before, r->after.rows, r->after.n, r->after.arena,
				      &r->difference);
	return status;
}

/* STATUS_NOT_FOUND: there is no former list. */
static enum status compare_former(const struct store_connection *reader, void *user,
				  char error[STORE_ERROR_SIZE])
{
	struct replacement *r = user;

	enum status status =
		store_read_former_expected(reader, inventory_list_add, &r->after, error);
	if (status == STATUS_OK && r->after.n == 0)
		return STATUS_NOT_FOUND;
	return status == STATUS_OK ? compare(reader, r, error) : status;
}

/* As far as the query wants that. */
static void on_compared(struct call *call, void *user, enum status status)
{
	static const struct problem none = { .status = 404,
					     .code = "no_former_inventory",
					     .detail = "There is no former list to bring back." };
	const struct replacement *r = user;
	struct store_change change = { .expect = STORE_EXPECT_REPLACE,
				       .expected = r->after.rows,
				       .n_expected = r->after.n };

	if (status == STATUS_NOT_FOUND)
		call_answer_problem(call, &none);
	else if (r->how.is_dry_run)
		answer_dry_run(call, &r->difference);
	else if (!r->how.is_meant && inventory_change_needs_consent(&r->difference))
		refuse_without_consent(call, &r->difference);
	else if (inventory_change_is_none(&r->difference))
		answer_expected(call, r->after.n);
	else
		submit_change(call, &change, r->action, "");
}

void api_inventory_put(struct call *call)
{
	const struct api *api = call->context;
	const struct buffer *body = &call->request->body;
	struct replacement *r = new_replacement(call, "inventory.replace");
	char error[INVENTORY_ERROR_SIZE];

	if (!read_replacing(call, &r->how))
		return;
	if (inventory_text_read(body->size ? body->bytes : "", body->size,
				pipeline_now_ms(api->pipeline), &call->arena, &r->after.rows,
				&r->after.n, error) != STATUS_OK) {
		struct problem problem = { .status = 422,
					   .code = "invalid_inventory",
					   .detail = error };
		call_answer_problem(call, &problem);
		return;
	}
	api_ask(call, &(struct api_question){ compare, on_compared, NULL, r, STORE_PAGE });
}

void api_inventory_restore(struct call *call)
{
	struct replacement *r = new_replacement(call, "inventory.restore");

	if (!read_replacing(call, &r->how))
		return;
	r->how.is_meant = true;
	api_ask(call, &(struct api_question){ compare_former, on_compared, NULL, r, STORE_PAGE });
}

/* A server that is to be expected no longer; in the call's arena. */
struct dropping {
	struct record_expected row;
	struct inventory_list list;
};

static enum status look_for_row(const struct store_connection *reader, void *user,
				char error[STORE_ERROR_SIZE])
{
	struct dropping *d = user;

	enum status status = store_read_expected(reader, inventory_list_add, &d->list, error);
	if (status == STATUS_OK && !inventory_list_find(&d->list, d->row.key))
		return STATUS_NOT_FOUND;
	return status;
}

static void drop_row(struct call *call, void *user, enum status status)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name is expected." };
	const struct dropping *d = user;
	struct store_change change = { .expect = STORE_EXPECT_DROP,
				       .expected = &d->row,
				       .n_expected = 1 };

	if (status == STATUS_NOT_FOUND)
		call_answer_problem(call, &unknown);
	else
		submit_change(call, &change, "inventory.remove", d->row.key);
}

void api_inventory_delete(struct call *call)
{
	struct dropping *d = arena_alloc(&call->arena, sizeof *d);
	char key[SERVER_KEY_SIZE];

	*d = (struct dropping){ .list.arena = &call->arena };
	d->row.key = arena_strdup(&call->arena, server_key(call->params[0], key));
	api_ask(call, &(struct api_question){ look_for_row, drop_row, NULL, d, STORE_PAGE });
}
