/* GET, PUT /v1/inventory, DELETE /v1/inventory/{name}: the servers that there should be. */
#include "collector/api/handler.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/json_add.h"
#include "collector/http/problem.h"
#include "collector/model/server_key.h"
#include "collector/query/inventory_text.h"
#include "proto/base/mem.h"

static enum status add_server(void *user, const struct record_expected *row)
{
	struct buffer *out = user;

	buffer_add_text(out,
			out->bytes[out->size - 1] == '[' ? "\n{\"server\":" : ",\n{\"server\":");
	json_add_string(out, row->server);
	buffer_add_text(out, ",\"organization\":");
	json_add_string(out, row->organization);
	buffer_add_text(out, ",\"site\":");
	json_add_string(out, row->site);
	buffer_add_text(out, ",\"since\":");
	json_add_time(out, row->since_ms);
	buffer_add_char(out, '}');
	return STATUS_OK;
}

void api_inventory_get(struct call *call)
{
	const struct api *api = call->context;
	char error[STORE_ERROR_SIZE];
	struct buffer out;

	if (!api_has_no_query(call))
		return;
	buffer_init(&out);
	buffer_add_text(&out, "{\"servers\":[");
	if (store_read_expected(identities_store(api->identities), add_server, &out, error) !=
	    STATUS_OK) {
		buffer_deinit(&out);
		pipeline_fail(api->pipeline, error);
		problem_answer_not_stored(call);
		return;
	}
	buffer_add_text(&out, "]}\n");
	api_answer_json(call, 200, &out, NULL);
}

/* A change on its way to the store; in the call's arena. */
struct passage {
	struct call *call;
	struct store_change change;
	struct record_audit audit;
};

static void on_stored(void *user, enum status status, const char *error)
{
	struct passage *passage = user;
	struct call *call = passage->call;
	const struct api *api = call->context;
	struct buffer out;

	if (status != STATUS_OK) {
		pipeline_fail(api->pipeline, error);
		problem_answer_not_stored(call);
		return;
	}
	if (api->feed && pipeline_is_ready(api->pipeline))
		feed_reset(api->feed, pipeline_fleet(api->pipeline));
	if (passage->change.expect == STORE_EXPECT_DROP) {
		api_answer_nothing(call, NULL);
	} else {
		buffer_init(&out);
		buffer_printf(&out, "{\"expected\":%zu}\n", passage->change.n_expected);
		api_answer_json(call, 200, &out, NULL);
	}
}

/* Stores the change with its line of the audit log, and answers. */
static void store(struct call *call, const struct store_change *change, const char *action,
		  const char *object)
{
	const struct api *api = call->context;
	struct passage *passage = arena_alloc(&call->arena, sizeof *passage);

	*passage = (struct passage){ .call = call, .change = *change };
	passage->audit = (struct record_audit){
		.at_ms = pipeline_now_ms(api->pipeline),
		.who = api_who(call),
		.origin = api_origin(call),
		.action = action,
		.kind = *object ? RECORD_KIND_SERVER : RECORD_KIND_NONE,
		.object = object,
	};
	passage->change.audit = &passage->audit;
	passage->change.done = on_stored;
	passage->change.user = passage;
	if (!pipeline_is_ready(api->pipeline) ||
	    store_submit(identities_store(api->identities), &passage->change) != STATUS_OK)
		problem_answer_not_stored(call);
}

void api_inventory_put(struct call *call)
{
	const struct api *api = call->context;
	const struct buffer *body = &call->request->body;
	struct store_change change = { .expect = STORE_EXPECT_REPLACE };
	struct record_expected *rows = NULL;
	char error[INVENTORY_ERROR_SIZE];

	if (inventory_text_read(body->size ? body->bytes : "", body->size,
				pipeline_now_ms(api->pipeline), &call->arena, &rows,
				&change.n_expected, error) != STATUS_OK) {
		struct problem problem = { .status = 422,
					   .code = "invalid_inventory",
					   .detail = error };
		problem_answer(call, &problem);
		return;
	}
	change.expected = rows;
	store(call, &change, "inventory.replace", "");
}

static enum status look_for(void *user, const struct record_expected *row)
{
	struct record_expected *wanted = user;

	if (strcmp(row->key, wanted->key) == 0)
		wanted->server = wanted->key; /* found */
	return STATUS_OK;
}

void api_inventory_delete(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name is expected." };
	const struct api *api = call->context;
	struct record_expected *row = arena_alloc(&call->arena, sizeof *row);
	struct store_change change = { .expect = STORE_EXPECT_DROP,
				       .expected = row,
				       .n_expected = 1 };
	char key[SERVER_KEY_SIZE];
	char error[STORE_ERROR_SIZE];

	row->key = arena_strdup(&call->arena, server_key(call->params[0], key));
	if (store_read_expected(identities_store(api->identities), look_for, row, error) !=
	    STATUS_OK) {
		pipeline_fail(api->pipeline, error);
		problem_answer_not_stored(call);
	} else if (!row->server) {
		problem_answer(call, &unknown);
	} else {
		store(call, &change, "inventory.remove", row->key);
	}
}
