#include "collector/auth/identities.h"

#include <stdlib.h>
#include <string.h>

#include "collector/auth/identities_internal.h"
#include "collector/base/log.h"
#include "proto/base/mem.h"

/* Lines of the audit log read at a time; after more than that everything is read anew. */
#define MAX_LINES 1024

struct identity_list *identities_list(struct identities *ids, enum record_kind kind)
{
	switch (kind) {
	case RECORD_KIND_TOKEN:
		return &ids->tokens;
	case RECORD_KIND_SECRET:
		return &ids->secrets;
	case RECORD_KIND_SESSION:
		return &ids->sessions;
	case RECORD_KIND_NONE:
	case RECORD_KIND_AGENT:
	case RECORD_KIND_SERVER:
	case RECORD_KIND_ALERT:
		break;
	}
	return NULL;
}

static void list_init(struct identity_list *list)
{
	*list = (struct identity_list){ 0 };
	arena_init(&list->arena);
}

static void list_deinit(struct identity_list *list)
{
	free(list->rows);
	arena_deinit(&list->arena);
}

static enum status add_to_list(void *user, const struct record_identity *identity)
{
	struct identity_list *list = user;

	list->rows = mem_make_room(list->rows, list->n, &list->room, sizeof *list->rows);
	struct record_identity *row = &list->rows[list->n++];
	*row = *identity;
	row->name = arena_strdup(&list->arena, identity->name);
	row->id = NULL;
	row->made_by = arena_strdup(&list->arena, identity->made_by);
	return STATUS_OK;
}

static enum status load_list(struct identities *ids, enum record_kind kind,
			     char error[STORE_ERROR_SIZE])
{
	struct identity_list *list = identities_list(ids, kind);
	struct identity_list fresh;

	list_init(&fresh);
	enum status status = store_read_identities(store_reader(ids->options.store), kind, "",
						   SIZE_MAX / 2, add_to_list, &fresh, error);
	if (status != STATUS_OK) {
		list_deinit(&fresh);
		return status;
	}
	list_deinit(list);
	*list = fresh;
	return STATUS_OK;
}

static enum status add_agent(void *user, const struct record_identity *identity)
{
	struct agent_map *agents = user;
	struct uuid id;

	if (identity->id && uuid_parse(identity->id, &id) == STATUS_OK)
		agent_map_put(agents, &id, identity->hash, identity->name, identity->made_at_ms);
	return STATUS_OK;
}

static enum status load_agents(struct identities *ids, char error[STORE_ERROR_SIZE])
{
	struct agent_map fresh = { 0 };
	enum status status =
		store_read_identities(store_reader(ids->options.store), RECORD_KIND_AGENT, "",
				      SIZE_MAX / 2, add_agent, &fresh, error);
	if (status != STATUS_OK) {
		agent_map_deinit(&fresh);
		return status;
	}
	agent_map_deinit(&ids->agents);
	ids->agents = fresh;
	return STATUS_OK;
}

static enum status load_lists(struct identities *ids, char error[STORE_ERROR_SIZE])
{
	enum status status = load_list(ids, RECORD_KIND_TOKEN, error);
	if (status == STATUS_OK)
		status = load_list(ids, RECORD_KIND_SECRET, error);
	if (status == STATUS_OK)
		status = load_list(ids, RECORD_KIND_SESSION, error);
	return status;
}

/* Changes that happen while this reads are in lines behind the first one that it reads. */
static enum status load_all(struct identities *ids, char error[STORE_ERROR_SIZE])
{
	int64_t last = 0;
	enum status status = store_read_last_audit(store_reader(ids->options.store), &last, error);
	if (status == STATUS_OK)
		status = load_agents(ids, error);
	if (status == STATUS_OK)
		status = load_lists(ids, error);
	if (status == STATUS_OK)
		ids->seen = last;
	return status;
}

/* New lines of the audit log, and whether they concern identities. */
struct news {
	int64_t first;
	int64_t last;
	size_t n;
	bool lists;
	struct arena arena;
	struct {
		const char *host;
		const char *id;
	} agents[MAX_LINES];
	size_t n_agents;
};

static enum status note_line(void *user, const struct record_audit *line)
{
	struct news *news = user;

	if (news->n++ == 0)
		news->first = line->id;
	news->last = line->id;
	if (line->kind == RECORD_KIND_AGENT && line->object_id) {
		news->agents[news->n_agents].host = arena_strdup(&news->arena, line->object);
		news->agents[news->n_agents++].id = arena_strdup(&news->arena, line->object_id);
	} else if (line->kind >= RECORD_KIND_TOKEN && line->kind <= RECORD_KIND_SESSION) {
		news->lists = true;
	}
	return STATUS_OK;
}

/* The agent of that id is what the store says under the host's name, or no more. */
static enum status refresh_agent(struct identities *ids, const char *host, const char *id_text,
				 struct arena *arena, char error[STORE_ERROR_SIZE])
{
	struct record_identity agent;
	struct uuid id;

	if (uuid_parse(id_text, &id) != STATUS_OK)
		return STATUS_OK;
	enum status status = store_read_identity(store_reader(ids->options.store),
						 RECORD_KIND_AGENT, host, arena, &agent, error);
	if (status == STATUS_OK && agent.id && strcmp(agent.id, id_text) == 0)
		return add_agent(&ids->agents, &agent);
	if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
		agent_map_remove(&ids->agents, &id);
		return STATUS_OK;
	}
	return status;
}

static enum status take_news(struct identities *ids, struct news *news,
			     char error[STORE_ERROR_SIZE])
{
	if (news->n == 0)
		return STATUS_OK;
	if (news->first != ids->seen + 1 || news->n == MAX_LINES)
		return load_all(ids, error); /* lines are lost, or too many */
	enum status status = STATUS_OK;
	for (size_t i = 0; status == STATUS_OK && i < news->n_agents; i++)
		status = refresh_agent(ids, news->agents[i].host, news->agents[i].id, &news->arena,
				       error);
	if (status == STATUS_OK && news->lists)
		status = load_lists(ids, error);
	if (status == STATUS_OK)
		ids->seen = news->last;
	return status;
}

static void call_looked(const struct identities *ids, bool changed)
{
	if (ids->options.looked)
		ids->options.looked(ids->options.user, changed);
}

enum status identities_refresh(struct identities *ids, char error[STORE_ERROR_SIZE])
{
	struct news news = { 0 };

	arena_init(&news.arena);
	enum status status = store_read_audit_after(store_reader(ids->options.store), ids->seen,
						    MAX_LINES, note_line, &news, error);
	if (status == STATUS_OK)
		status = take_news(ids, &news, error);
	arena_deinit(&news.arena);
	if (status == STATUS_OK && news.n > 0)
		call_looked(ids, true);
	return status;
}

static void on_poll(void *user)
{
	struct identities *ids = user;
	char error[STORE_ERROR_SIZE];
	bool fails = identities_refresh(ids, error) != STATUS_OK;

	if (fails && !ids->failing)
		log_error("tokens and agents may be out of date: %s", error);
	ids->failing = fails;
	call_looked(ids, false);
	if (!ids->stopped)
		loop_timer_start(ids->poll, IDENTITIES_POLL_MS);
}

enum status identities_open(struct identities **out, const struct identities_options *options,
			    char error[STORE_ERROR_SIZE])
{
	struct identities *ids = mem_alloc(sizeof *ids);

	ids->options = *options;
	list_init(&ids->tokens);
	list_init(&ids->secrets);
	list_init(&ids->sessions);
	enum status status = load_all(ids, error);
	if (status != STATUS_OK) {
		identities_free(ids);
		return status;
	}
	ids->poll = loop_timer_new(options->loop, on_poll, ids);
	loop_timer_start(ids->poll, IDENTITIES_POLL_MS);
	*out = ids;
	return STATUS_OK;
}

void identities_stop(struct identities *ids)
{
	ids->stopped = true;
	loop_timer_close(ids->poll);
}

void identities_free(struct identities *ids)
{
	if (!ids)
		return;
	agent_map_deinit(&ids->agents);
	list_deinit(&ids->tokens);
	list_deinit(&ids->secrets);
	list_deinit(&ids->sessions);
	free(ids);
}

size_t identities_count(const struct identities *ids, enum record_kind kind)
{
	switch (kind) {
	case RECORD_KIND_AGENT:
		return ids->agents.n;
	case RECORD_KIND_TOKEN:
		return ids->tokens.n;
	case RECORD_KIND_SECRET:
		return ids->secrets.n;
	case RECORD_KIND_SESSION:
		return ids->sessions.n;
	case RECORD_KIND_NONE:
	case RECORD_KIND_SERVER:
	case RECORD_KIND_ALERT:
		break;
	}
	return 0;
}

bool identities_any(const struct identities *ids)
{
	return ids->agents.n + ids->tokens.n + ids->secrets.n > 0;
}

int64_t identities_now_ms(const struct identities *ids)
{
	return ids->options.now_ms();
}
