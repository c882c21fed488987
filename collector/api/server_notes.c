/* What is told of a server beside what it reports: a removal, refusals, other names it has had. */
#include "collector/api/servers.h"

#include <stdio.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "proto/json/write.h"

/* {"at", "by", "reason"} of the removal from which it has come back, else null. */
static void add_removal(const struct record_removal *removal, struct buffer *out)
{
	if (!removal) {
		json_put_null(out, "removed");
		return;
	}
	json_open_object(out, "removed");
	json_put_time(out, "at", removal->at_ms);
	json_put_text(out, "by", removal->by);
	json_put_text(out, "reason", removal->reason);
	json_close_object(out);
}

static void add_refusal(const struct refusal *refusal, struct buffer *out)
{
	if (!refusal) {
		json_put_null(out, "refused");
		return;
	}
	json_open_object(out, "refused");
	json_put_integer(out, "count", refusal->n);
	json_put_time(out, "since", refusal->first_ms);
	json_put_time(out, "last_at", refusal->last_ms);
	json_put_text(out, "from", refusal->origin);
	json_put_text(out, "code", refusal->code);
	json_close_object(out);
}

/* Other names as they are found, each once. */
struct names {
	struct buffer *out;
	char keys[2 * API_MAX_NAMES + 1][SERVER_KEY_SIZE];
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
	json_open_object(out, NULL);
	json_put_text(out, "server", key);
	json_put_time(out, "reported_at", at_ms);
	json_put_text(out, "because", because);
	json_close_object(out);
}

static enum status keep_name(void *user, const char *key, int64_t at_ms)
{
	struct api_server_names *names = user;

	if (names->n == API_MAX_NAMES)
		return STATUS_OK;
	snprintf(names->of_agent[names->n].key, SERVER_KEY_SIZE, "%s", key);
	names->of_agent[names->n++].at_ms = at_ms;
	return STATUS_OK;
}

enum status api_server_names_read(const struct store_connection *reader, void *user,
				  char error[STORE_ERROR_SIZE])
{
	const struct api_server_names *names = user;
	return store_read_other_names(reader, names->key, API_MAX_NAMES, keep_name, user, error);
}

/* What it is called now, if it is silent, and what it was called before. */
static void add_names_of_machine(const struct fleet *fleet, const char *key, struct names *names)
{
	const struct view *former[API_MAX_NAMES];
	const struct view *view = fleet_find(fleet, key);
	const struct view *now =
		view && view->renamed_to ? fleet_find(fleet, view->renamed_to) : NULL;
	size_t n = fleet_former_names(fleet, key, former, API_MAX_NAMES);

	if (now)
		add_name(names, now->key, now->reported_at_ms, "network_card");
	for (size_t i = 0; i < n; i++)
		add_name(names, former[i]->key, former[i]->reported_at_ms, "network_card");
}

void api_server_notes_add(const struct api *api, const struct api_server_names *of_agent,
			  struct buffer *out)
{
	const struct fleet *fleet = pipeline_fleet(api->pipeline);
	struct names names = { .out = out };

	add_removal(fleet_find_removal(fleet, of_agent->key), out);
	add_refusal(refusals_find(&api->refusals, of_agent->key), out);
	json_open_array(out, "other_names");
	for (size_t i = 0; i < of_agent->n; i++)
		add_name(&names, of_agent->of_agent[i].key, of_agent->of_agent[i].at_ms, "agent");
	add_names_of_machine(fleet, of_agent->key, &names);
	json_close_array(out);
}

uint64_t api_server_notes_tag(const struct api *api, const char *key)
{
	const struct refusal *refusal = refusals_find(&api->refusals, key);
	const struct view *former[API_MAX_NAMES];
	size_t n = fleet_former_names(pipeline_fleet(api->pipeline), key, former, API_MAX_NAMES);
	uint64_t tag = refusal ? (uint64_t)refusal->n * 31 + (uint64_t)refusal->last_ms : 0;

	for (size_t i = 0; i < n; i++)
		tag = tag * 31 + view_tag(former[i]);
	return tag;
}
