#include <stdlib.h>
#include <string.h>

#include "collector/auth/identities_internal.h"
#include "proto/base/mem.h"

/* Lines of the audit log read at a time; after more than that everything is read anew. */
#define MAX_LINES 1024

/* An agent of which a line tells: what the store says of it now. */
struct agent_news {
	struct uuid id;
	const char *host;
	const char *id_text;
	bool is_enrolled;
	struct record_identity row;
};

static void list_init(struct identity_list *list)
{
	*list = (struct identity_list){ 0 };
	arena_init(&list->arena);
}

void identity_list_deinit(struct identity_list *list)
{
	free(list->rows);
	arena_deinit(&list->arena);
}

void identity_news_init(struct identity_news *news, int64_t seen)
{
	*news = (struct identity_news){ .seen = seen };
	list_init(&news->tokens);
	list_init(&news->secrets);
	list_init(&news->sessions);
	arena_init(&news->arena);
}

void identity_news_deinit(struct identity_news *news)
{
	agent_map_deinit(&news->agents);
	identity_list_deinit(&news->tokens);
	identity_list_deinit(&news->secrets);
	identity_list_deinit(&news->sessions);
	free(news->changed);
	arena_deinit(&news->arena);
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

static enum status add_agent(void *user, const struct record_identity *identity)
{
	struct agent_map *agents = user;
	struct uuid id;

	if (identity->id && uuid_parse(identity->id, &id) == STATUS_OK)
		agent_map_put(agents, &id, identity->hash, identity->name, identity->made_at_ms);
	return STATUS_OK;
}

static enum status read_lists(const struct store_connection *reader, struct identity_news *news,
			      char error[STORE_ERROR_SIZE])
{
	struct {
		enum record_kind kind;
		struct identity_list *list;
	} lists[] = { { RECORD_KIND_TOKEN, &news->tokens },
		      { RECORD_KIND_SECRET, &news->secrets },
		      { RECORD_KIND_SESSION, &news->sessions } };
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < sizeof lists / sizeof *lists; i++)
		status = store_read_identities(reader, lists[i].kind, "", SIZE_MAX / 2, add_to_list,
					       lists[i].list, error);
	news->has_lists = status == STATUS_OK;
	return status;
}

/* Changes that happen while this reads are in lines behind the first one that it reads. */
static enum status read_everything(const struct store_connection *reader,
				   struct identity_news *news, char error[STORE_ERROR_SIZE])
{
	enum status status = store_read_last_audit(reader, &news->seen, error);
	if (status == STATUS_OK)
		status = store_read_identities(reader, RECORD_KIND_AGENT, "", SIZE_MAX / 2,
					       add_agent, &news->agents, error);
	if (status == STATUS_OK)
		status = read_lists(reader, news, error);
	news->has_agents = status == STATUS_OK;
	return status;
}

/* New lines of the audit log, and whether they concern identities. */
struct lines {
	struct identity_news *news;
	int64_t first;
	int64_t last;
	bool concern_lists;
};

static void note_agent(struct identity_news *news, const struct record_audit *line)
{
	struct agent_news agent = { .is_enrolled = false };

	if (!line->object_id || uuid_parse(line->object_id, &agent.id) != STATUS_OK)
		return;
	agent.host = arena_strdup(&news->arena, line->object);
	agent.id_text = arena_strdup(&news->arena, line->object_id);
	news->changed = mem_make_room(news->changed, news->n_changed, &news->room_changed,
				      sizeof *news->changed);
	news->changed[news->n_changed++] = agent;
}

static enum status note_line(void *user, const struct record_audit *line)
{
	struct lines *lines = user;

	if (lines->news->n_lines++ == 0)
		lines->first = line->id;
	lines->last = line->id;
	if (line->kind == RECORD_KIND_AGENT)
		note_agent(lines->news, line);
	else if (line->kind >= RECORD_KIND_TOKEN && line->kind <= RECORD_KIND_SESSION)
		lines->concern_lists = true;
	return STATUS_OK;
}

/* The agent of that id is what the store says under the host's name, or no more. */
static enum status read_agent(const struct store_connection *reader, struct agent_news *agent,
			      struct arena *arena, char error[STORE_ERROR_SIZE])
{
	enum status status = store_read_identity(reader, RECORD_KIND_AGENT, agent->host, arena,
						 &agent->row, error);
	agent->is_enrolled =
		status == STATUS_OK && agent->row.id && strcmp(agent->row.id, agent->id_text) == 0;
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status identity_news_read(const struct store_connection *reader, struct identity_news *news,
			       char error[STORE_ERROR_SIZE])
{
	struct lines lines = { .news = news };

	if (news->seen == IDENTITIES_SEEN_NOTHING)
		return read_everything(reader, news, error);
	enum status status =
		store_read_audit_after(reader, news->seen, MAX_LINES, note_line, &lines, error);
	if (status != STATUS_OK || news->n_lines == 0)
		return status;
	if (lines.first != news->seen + 1 || news->n_lines == MAX_LINES)
		return read_everything(reader, news, error); /* lines are lost, or too many */
	for (size_t i = 0; status == STATUS_OK && i < news->n_changed; i++)
		status = read_agent(reader, &news->changed[i], &news->arena, error);
	if (status == STATUS_OK && lines.concern_lists)
		status = read_lists(reader, news, error);
	news->seen = lines.last;
	return status;
}

static void take_list(struct identity_list *from, struct identity_list *into)
{
	struct identity_list former = *into;

	*into = *from;
	*from = former;
}

static void take_agents(struct identity_news *news, struct identities *ids)
{
	struct agent_map former = ids->agents;

	if (news->has_agents) {
		ids->agents = news->agents;
		news->agents = former;
		return;
	}
	for (size_t i = 0; i < news->n_changed; i++) {
		if (news->changed[i].is_enrolled)
			(void)add_agent(&ids->agents, &news->changed[i].row); /* cannot fail */
		else
			agent_map_remove(&ids->agents, &news->changed[i].id);
	}
}

void identity_news_take(struct identity_news *news, struct identities *ids)
{
	take_agents(news, ids);
	if (news->has_lists) {
		take_list(&news->tokens, &ids->tokens);
		take_list(&news->secrets, &ids->secrets);
		take_list(&news->sessions, &ids->sessions);
	}
	ids->seen = news->seen;
}
