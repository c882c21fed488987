/* What is told of a server beside what it reports: a removal, refusals, other names it has had. */
#include "collector/api/servers.h"

#include <string.h>

#include "collector/api/handler.h"
#include "collector/base/json_add.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"

/* Other names that are shown of each kind. */
#define MAX_NAMES 8

/* {"at", "by", "reason"} of the removal from which it has come back, else null. */
static void add_removal(const struct record_removal *removal, struct buffer *out)
{
	buffer_add_text(out, ",\"removed\":");
	if (!removal) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_text(out, "{\"at\":");
	json_add_time(out, removal->at_ms);
	buffer_add_text(out, ",\"by\":");
	json_add_string(out, removal->by);
	buffer_add_text(out, ",\"reason\":");
	json_add_string(out, removal->reason);
	buffer_add_char(out, '}');
}

static void add_refusal(const struct refusal *refusal, struct buffer *out)
{
	buffer_add_text(out, ",\"refused\":");
	if (!refusal) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_text(out, "{\"count\":");
	json_add_number(out, refusal->n);
	buffer_add_text(out, ",\"since\":");
	json_add_time(out, refusal->first_ms);
	buffer_add_text(out, ",\"last_at\":");
	json_add_time(out, refusal->last_ms);
	buffer_add_text(out, ",\"from\":");
	json_add_string(out, refusal->origin);
	buffer_add_text(out, ",\"code\":");
	json_add_string(out, refusal->code);
	buffer_add_char(out, '}');
}

/* Other names as they are found, each once. */
struct names {
	struct buffer *out;
	char keys[2 * MAX_NAMES + 1][SERVER_KEY_SIZE];
	size_t n;
};

static void add_name(struct names *names, const char *key, int64_t at_ms, const char *because)
{
	struct buffer *out = names->out;

	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->keys[i], key) == 0)
			return;
	}
	server_key(key, names->keys[names->n++]);
	buffer_add_text(out, names->n > 1 ? ",{\"server\":" : "{\"server\":");
	json_add_string(out, key);
	buffer_add_text(out, ",\"reported_at\":");
	json_add_time(out, at_ms);
	buffer_add_text(out, ",\"because\":");
	json_add_string(out, because);
	buffer_add_char(out, '}');
}

static enum status add_name_of_agent(void *user, const char *key, int64_t at_ms)
{
	add_name(user, key, at_ms, "agent");
	return STATUS_OK;
}

/* What it is called now, if it is silent, and what it was called before. */
static void add_names_of_machine(const struct fleet *fleet, const char *key, struct names *names)
{
	const struct view *former[MAX_NAMES];
	const struct view *view = fleet_find(fleet, key);
	const struct view *now =
		view && view->renamed_to ? fleet_find(fleet, view->renamed_to) : NULL;
	size_t n = fleet_former_names(fleet, key, former, MAX_NAMES);

	if (now)
		add_name(names, now->key, now->reported_at_ms, "network_card");
	for (size_t i = 0; i < n; i++)
		add_name(names, former[i]->key, former[i]->reported_at_ms, "network_card");
}

enum status api_server_notes_add(const struct api *api, const char *key, struct buffer *out,
				 char error[STORE_ERROR_SIZE])
{
	struct names names = { .out = out };

	add_removal(fleet_find_removal(pipeline_fleet(api->pipeline), key), out);
	add_refusal(refusals_find(&api->refusals, key), out);
	buffer_add_text(out, ",\"other_names\":[");
	enum status status = store_read_other_names(identities_store(api->identities), key,
						    MAX_NAMES, add_name_of_agent, &names, error);
	add_names_of_machine(pipeline_fleet(api->pipeline), key, &names);
	buffer_add_char(out, ']');
	return status;
}

uint64_t api_server_notes_tag(const struct api *api, const char *key)
{
	const struct refusal *refusal = refusals_find(&api->refusals, key);
	const struct view *former[MAX_NAMES];
	size_t n = fleet_former_names(pipeline_fleet(api->pipeline), key, former, MAX_NAMES);
	uint64_t tag = refusal ? (uint64_t)refusal->n * 31 + (uint64_t)refusal->last_ms : 0;

	for (size_t i = 0; i < n; i++)
		tag = tag * 31 + view_tag(former[i]);
	return tag;
}
