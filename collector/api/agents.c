/* GET /v1/agents, DELETE /v1/agents/{id}. */
#include <stdio.h>
#include <string.h>

#include "collector/api/list.h"
#include "collector/api/servers.h"
#include "collector/base/lower_bound.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "collector/model/server_key.h"
#include "collector/model/view.h"
#include "collector/query/server_table.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

static const char *const state_names[] = { "silent", "outdated", "not_monitored" };
#define N_STATES (sizeof state_names / sizeof *state_names)

/* Rows that are shown before control returns to the loop. */
#define AT_ONCE 250

/* A server in one of the states that are asked for. */
struct wanted {
	const char *key;
	bool is_missing; /* it has no agent, or one that never reported */
};

/* A row of the page, until it is shown; in the call's arena. */
struct kept {
	struct record_identity agent; /* without an id: the host has none */
	bool is_missing;
	struct kept *next;
};

struct listing {
	const struct server_list *servers; /* while the list begins */
	bool is_filtered;
	struct wanted *wanted; /* by their keys */
	size_t n_wanted;
	size_t at;                   /* the first of them behind the rows that are read */
	char after[SERVER_KEY_SIZE]; /* the last agent that is read */
	size_t n_read;
	struct kept *first;
	struct kept **last;
};

static bool allows(const struct api_list *list, const struct query_string_pair *pair)
{
	(void)list;
	for (size_t i = 0; strcmp(pair->key, "state") == 0 && i < N_STATES; i++) {
		if (strcmp(pair->value, state_names[i]) == 0)
			return true;
	}
	return false;
}

static void want(struct listing *listing, const char *key, bool is_missing, struct arena *arena)
{
	listing->wanted[listing->n_wanted++] =
		(struct wanted){ arena_strdup(arena, key), is_missing };
}

/* In the order of keys, as both tables are. */
static void gather(struct listing *listing, const struct api_list *list)
{
	const struct server_list *servers = listing->servers;
	const struct server_table *known = &servers->known;
	bool silent = api_list_selects(list, "state", "silent");
	bool outdated = api_list_selects(list, "state", "outdated");
	bool missing = api_list_selects(list, "state", "not_monitored");
	size_t n_missing = missing ? servers->missing.n : 0;
	size_t next = 0;

	listing->wanted =
		arena_alloc_array(list->arena, known->n + n_missing, sizeof *listing->wanted);
	for (size_t i = 0; i <= known->n; i++) {
		for (; next < n_missing && servers->behind[next] == i; next++)
			want(listing, servers->missing.rows[next].key, true, list->arena);
		if (i < known->n &&
		    ((silent && known->rows[i].silent) || (outdated && known->rows[i].outdated)))
			want(listing, known->rows[i].key, false, list->arena);
	}
}

static int compare_key(const void *wanted, const void *key)
{
	return strcmp(((const struct wanted *)wanted)->key, key);
}

static const struct problem *begin_agents(struct api_list *list)
{
	const struct api *api = list->call->context;
	struct listing *listing = list->user;
	size_t n = identities_count(api->identities, RECORD_KIND_AGENT);

	json_put_integer(&list->out, "enrolled", (int64_t)n);
	listing->is_filtered = query_string_count(&list->query, "state") > 0;
	if (listing->is_filtered)
		gather(listing, list);
	return NULL;
}

static void go_on_behind(struct listing *listing, const char *host)
{
	snprintf(listing->after, sizeof listing->after, "%s", host);
}

static enum status keep_row(struct api_list *list, const struct record_identity *agent,
			    bool is_missing)
{
	struct listing *listing = list->user;

	enum status status = api_list_add(list, "%s", agent->name);
	if (status != STATUS_OK)
		return status;
	struct kept *kept = arena_alloc(list->arena, sizeof *kept);
	*kept = (struct kept){ .agent = *agent, .is_missing = is_missing };
	kept->agent.name = arena_strdup(list->arena, agent->name);
	if (agent->id) {
		kept->agent.id = arena_strdup(list->arena, agent->id);
		kept->agent.made_by = arena_strdup(list->arena, agent->made_by);
	}
	*listing->last = kept;
	listing->last = &kept->next;
	return STATUS_OK;
}

/* Lists the servers that lack an agent, up to the host `end`; NULL: all that are left. */
static enum status keep_missing(struct api_list *list, const char *end)
{
	struct listing *listing = list->user;
	enum status status = STATUS_OK;

	for (; status == STATUS_OK && listing->at < listing->n_wanted; listing->at++) {
		const struct wanted *wanted = &listing->wanted[listing->at];
		if (end && strcmp(wanted->key, end) >= 0)
			return STATUS_OK;
		if (wanted->is_missing)
			status = keep_row(list, &(struct record_identity){ .name = wanted->key },
					  true);
	}
	return status;
}

static enum status take_agent(void *user, const struct record_identity *agent)
{
	struct api_list *list = user;
	struct listing *listing = list->user;
	bool is_missing = false;

	listing->n_read++;
	go_on_behind(listing, agent->name);
	if (listing->is_filtered) {
		enum status status = keep_missing(list, agent->name);
		if (status != STATUS_OK)
			return status;
		if (listing->at == listing->n_wanted ||
		    strcmp(listing->wanted[listing->at].key, agent->name) != 0)
			return STATUS_OK;
		is_missing = listing->wanted[listing->at++].is_missing;
	}
	return keep_row(list, agent, is_missing);
}

/* All agents are read for those that a filter lets through: a piece at a time. */
static enum status read_agents(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	struct listing *listing = list->user;
	size_t piece = listing->is_filtered ? API_MAX_LIMIT : list->limit + 1;
	enum status status;

	go_on_behind(listing, list->cursor ? list->cursor : "");
	listing->at = lower_bound(listing->wanted, listing->n_wanted, sizeof *listing->wanted,
				  listing->after, compare_key);
	if (listing->at < listing->n_wanted &&
	    strcmp(listing->wanted[listing->at].key, listing->after) == 0)
		listing->at++;
	do {
		listing->n_read = 0;
		status = store_read_identities(list->reader, RECORD_KIND_AGENT, listing->after,
					       piece, take_agent, list, error);
	} while (status == STATUS_OK && listing->n_read == piece);
	return status == STATUS_OK ? keep_missing(list, NULL) : status;
}

static void show_agent(struct buffer *out, const struct kept *kept, const struct view *view)
{
	const struct record_identity *agent = &kept->agent;

	json_open_object(out, NULL);
	json_put_text(out, "id", agent->id);
	json_put_text(out, "host", agent->name);
	json_put_time(out, "enrolled_at", agent->id ? agent->made_at_ms : TIMESTAMP_NONE);
	json_put_text(out, "secret", agent->made_by);
	json_put_text(out, "version", view ? view->agent_version : NULL);
	json_put_text(out, "platform", view ? view->agent_platform : NULL);
	json_put_time(out, "reported_at", view ? view->reported_at_ms : TIMESTAMP_NONE);
	json_put_bool(out, "silent", view && view->silent);
	json_put_bool(out, "outdated", view && view->outdated);
	json_put_bool(out, "not_monitored", kept->is_missing);
	json_close_object(out);
}

/* Shows the next few, by what is known of their servers now. */
static bool show_agents(struct api_list *list)
{
	const struct api *api = list->call->context;
	struct listing *listing = list->user;

	for (size_t i = 0; i < AT_ONCE && listing->first; i++) {
		const struct kept *kept = listing->first;
		json_put_line(&list->out);
		show_agent(&list->out, kept,
			   fleet_find(pipeline_fleet(api->pipeline), kept->agent.name));
		listing->first = kept->next;
	}
	return listing->first != NULL;
}

void api_agent_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "agents",
		.query = "The query may have state (silent, outdated, not_monitored), limit from 1 "
			 "to 1000, and cursor, as a Link field gives it.",
		.allows = allows,
		.begin = begin_agents,
		.read = read_agents,
		.show = show_agents,
	};
	struct listing *listing = arena_alloc(&call->arena, sizeof *listing);
	struct server_list servers;

	if (!api_list_servers(call, &servers))
		return;
	*listing = (struct listing){ .servers = &servers };
	listing->last = &listing->first;
	api_list_answer(call, &kind, listing);
}

void api_agent_delete(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_agent",
						.detail = "No agent of this id is enrolled." };
	static const struct problem not_yours = { .status = 403,
						  .code = "wrong_agent",
						  .detail = "An agent may release only itself." };
	const struct api *api = call->context;
	const char *id = call->params[0];
	const char *host = identities_agent_host(api->identities, id);
	struct record_identity agent = { .kind = RECORD_KIND_AGENT, .name = host, .id = id };
	struct identities_change change = { .drop = &agent };

	if (call->caller.role == ROLE_AGENT && strcmp(call->caller.id, id) != 0)
		call_answer_problem(call, &not_yours);
	else if (!host)
		call_answer_problem(call, &unknown);
	else
		api_change(call, &change, "agent.release", api_answer_dropped, NULL);
}
