#include "collector/store/postgresql/mirror.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "collector/base/text_map.h"
#include "collector/store/store.h"
#include "proto/base/mem.h"

struct pg_picture {
	struct text_map servers; /* by key */
	struct pg_shown **all;
	size_t n;
	size_t room;
	struct text_map agents; /* the first lineage of each, by agent_id */
	char **agent_ids;
	size_t n_agents;
	size_t agents_room;
};

struct pg_answer {
	SLIST_ENTRY(pg_answer) link;
	size_t n_users; /* the mirror is one while it keeps it */
	struct buffer question;
	PGresult *rows;
	bool lasts;
};

SLIST_HEAD(pg_answer_list, pg_answer);

struct pg_mirror {
	uv_mutex_t mutex;
	struct pg_picture *picture;
	bool has_servers; /* it was shown one */
	struct pg_answer_list answers;
	int64_t expected_version;
	bool has_committed;
	int64_t n_lost;
	struct store_loss last_loss;
	bool is_asynchronous;
	int64_t last_commit;
};

struct pg_body *pg_body_new(enum store_encoding encoding, struct store_bytes packed)
{
	struct pg_body *body = mem_realloc(NULL, sizeof *body + packed.size);

	body->n_users = 1;
	body->encoding = encoding;
	body->size = packed.size;
	memcpy(body->bytes, packed.at, packed.size);
	return body;
}

struct pg_body *pg_body_ref(struct pg_body *body)
{
	if (body)
		body->n_users++;
	return body;
}

void pg_body_unref(struct pg_body *body)
{
	if (!body)
		return;
	assert(body->n_users > 0);
	if (--body->n_users == 0)
		free(body);
}

struct pg_picture *pg_picture_new(void)
{
	return mem_alloc(sizeof(struct pg_picture));
}

static void drop_state(struct pg_shown *shown)
{
	free(shown->verdict);
	free(shown->adapters_json);
	shown->verdict = shown->adapters_json = NULL;
	shown->has_state = false;
}

static void drop_report(struct pg_shown *shown)
{
	free(shown->imported_by);
	pg_body_unref(shown->body);
	pg_body_unref(shown->base);
	shown->imported_by = NULL;
	shown->body = shown->base = NULL;
	shown->lineage = NULL;
}

static void free_agent(const struct pg_picture *picture, char *agent_id)
{
	struct pg_lineage *lineage = text_map_get(&picture->agents, agent_id);

	while (lineage) {
		struct pg_lineage *next = lineage->next;
		free(lineage->epoch);
		free(lineage);
		lineage = next;
	}
	free(agent_id);
}

void pg_picture_free(struct pg_picture *picture)
{
	if (!picture)
		return;
	for (size_t i = 0; i < picture->n; i++) {
		drop_state(picture->all[i]);
		drop_report(picture->all[i]);
		free(picture->all[i]->key);
		free(picture->all[i]);
	}
	for (size_t i = 0; i < picture->n_agents; i++)
		free_agent(picture, picture->agent_ids[i]);
	text_map_deinit(&picture->servers);
	text_map_deinit(&picture->agents);
	free(picture->all);
	free(picture->agent_ids);
	free(picture);
}

static struct pg_lineage *find_lineage(const struct pg_picture *picture, const char *agent_id,
				       const char *epoch)
{
	struct pg_lineage *lineage = text_map_get(&picture->agents, agent_id);

	while (lineage && strcmp(lineage->epoch, epoch) != 0)
		lineage = lineage->next;
	return lineage;
}

/* Behind the first one of its agent, which the map knows. */
static struct pg_lineage *add_lineage(struct pg_picture *picture, const char *agent_id,
				      const char *epoch)
{
	struct pg_lineage *first = text_map_get(&picture->agents, agent_id);
	struct pg_lineage *lineage = mem_alloc(sizeof *lineage);

	lineage->epoch = mem_strdup(epoch);
	if (first) {
		lineage->agent_id = first->agent_id;
		lineage->next = first->next;
		first->next = lineage;
		return lineage;
	}
	char *id = mem_strdup(agent_id);
	picture->agent_ids = mem_make_room(picture->agent_ids, picture->n_agents,
					   &picture->agents_room, sizeof(char *));
	picture->agent_ids[picture->n_agents++] = id;
	lineage->agent_id = id;
	text_map_add(&picture->agents, id, lineage);
	return lineage;
}

const struct pg_lineage *pg_picture_note(struct pg_picture *picture, const char *agent_id,
					 const char *epoch, int64_t sequence)
{
	struct pg_lineage *lineage = find_lineage(picture, agent_id, epoch);

	if (!lineage) {
		lineage = add_lineage(picture, agent_id, epoch);
		lineage->last_sequence = sequence;
	}
	if (lineage->last_sequence < sequence)
		lineage->last_sequence = sequence;
	return lineage;
}

static struct pg_shown *place_of(struct pg_picture *picture, const char *key)
{
	struct pg_shown *shown = text_map_get(&picture->servers, key);

	if (shown)
		return shown;
	shown = mem_alloc(sizeof *shown);
	shown->key = mem_strdup(key);
	picture->all =
		mem_make_room(picture->all, picture->n, &picture->room, sizeof(struct pg_shown *));
	picture->all[picture->n++] = shown;
	text_map_add(&picture->servers, shown->key, shown);
	return shown;
}

static char *copy_or_null(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

void pg_picture_put_report(struct pg_picture *picture, const struct record_report *report,
			   struct pg_body *body, struct pg_body *base)
{
	struct pg_shown *shown = place_of(picture, report->key);

	pg_body_ref(body);
	pg_body_ref(base);
	drop_report(shown);
	shown->lineage =
		pg_picture_note(picture, report->agent_id, report->epoch, report->sequence);
	shown->sequence = report->sequence;
	shown->at_ms = report->at_ms;
	shown->received_at_ms = report->received_at_ms;
	shown->age_s = report->age_s;
	shown->body_hash = report->body_hash;
	shown->imported_by = copy_or_null(report->imported_by);
	shown->body = body;
	shown->base = base;
}

/* As the rows of the table `server` take them. */
static void set_text(char **text, const char *value)
{
	if (!value || (*text && strcmp(*text, value) == 0))
		return;
	free(*text);
	*text = mem_strdup(value);
}

void pg_picture_put_server(struct pg_picture *picture, const struct record_server *server)
{
	struct pg_shown *shown = place_of(picture, server->key);

	shown->has_state = true;
	shown->silent = server->silent;
	shown->since_ms = server->since_ms;
	set_text(&shown->verdict, server->verdict);
	set_text(&shown->adapters_json, server->adapters_json);
}

void pg_picture_remove(struct pg_picture *picture, const char *key)
{
	struct pg_shown *shown = text_map_get(&picture->servers, key);

	if (!shown)
		return;
	drop_state(shown);
	drop_report(shown);
}

const struct pg_shown *pg_picture_find(const struct pg_picture *picture, const char *key)
{
	const struct pg_shown *shown = text_map_get(&picture->servers, key);

	return shown && shown->has_state && shown->lineage ? shown : NULL;
}

enum status pg_picture_last_sequence(const struct pg_picture *picture, const char *agent_id,
				     const char *epoch, int64_t *out)
{
	const struct pg_lineage *lineage = find_lineage(picture, agent_id, epoch);

	if (!lineage)
		return STATUS_NOT_FOUND;
	*out = lineage->last_sequence;
	return STATUS_OK;
}

static int compare_keys(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;
	return strcmp(*x, *y);
}

const char **pg_picture_keys(const struct pg_picture *picture, size_t *n, struct arena *arena)
{
	const char **keys = arena_alloc(arena, (picture->n + 1) * sizeof *keys);

	for (size_t i = 0; i < picture->n; i++)
		keys[i] = arena_strdup(arena, picture->all[i]->key);
	qsort(keys, picture->n, sizeof *keys, compare_keys);
	*n = picture->n;
	return keys;
}

struct pg_mirror *pg_mirror_new(void)
{
	struct pg_mirror *mirror = mem_alloc(sizeof *mirror);

	if (uv_mutex_init(&mirror->mutex) != 0)
		abort(); /* only for lack of memory */
	mirror->picture = pg_picture_new();
	mirror->expected_version = -1;
	SLIST_INIT(&mirror->answers);
	return mirror;
}

static void leave_answer(struct pg_answer *answer)
{
	assert(answer->n_users > 0);
	if (--answer->n_users > 0)
		return;
	PQclear(answer->rows);
	buffer_deinit(&answer->question);
	free(answer);
}

/* Under the lock, as all that follows with this name. */
static void drop_answers(struct pg_mirror *mirror, bool lasting)
{
	struct pg_answer_list kept = SLIST_HEAD_INITIALIZER(kept);
	struct pg_answer *answer;

	while ((answer = SLIST_FIRST(&mirror->answers)) != NULL) {
		SLIST_REMOVE_HEAD(&mirror->answers, link);
		if (answer->lasts && !lasting)
			SLIST_INSERT_HEAD(&kept, answer, link);
		else
			leave_answer(answer);
	}
	mirror->answers = kept;
}

void pg_mirror_free(struct pg_mirror *mirror)
{
	if (!mirror)
		return;
	drop_answers(mirror, true);
	pg_picture_free(mirror->picture);
	uv_mutex_destroy(&mirror->mutex);
	free(mirror);
}

struct pg_picture *pg_mirror_lock(struct pg_mirror *mirror)
{
	uv_mutex_lock(&mirror->mutex);
	return mirror->picture;
}

void pg_mirror_unlock(struct pg_mirror *mirror)
{
	uv_mutex_unlock(&mirror->mutex);
}

bool pg_mirror_has_servers(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	bool has_servers = mirror->has_servers;
	pg_mirror_unlock(mirror);
	return has_servers;
}

void pg_mirror_show(struct pg_mirror *mirror, struct pg_picture *picture)
{
	struct pg_picture *before = pg_mirror_lock(mirror);

	mirror->picture = picture;
	mirror->has_servers = true;
	pg_mirror_unlock(mirror);
	pg_picture_free(before); /* nobody has anything of it any more */
}

static struct pg_answer *find_answer(const struct pg_mirror *mirror, const struct buffer *question)
{
	struct pg_answer *answer;

	SLIST_FOREACH(answer, &mirror->answers, link)
	{
		if (answer->question.size == question->size &&
		    memcmp(answer->question.bytes, question->bytes, question->size) == 0)
			return answer;
	}
	return NULL;
}

void pg_mirror_keep(struct pg_mirror *mirror, const struct buffer *question, PGresult *rows,
		    bool lasts)
{
	struct pg_answer *answer = mem_alloc(sizeof *answer);

	answer->n_users = 1;
	buffer_add(&answer->question, question->bytes, question->size);
	answer->rows = rows;
	answer->lasts = lasts;
	pg_mirror_lock(mirror);
	struct pg_answer *before = find_answer(mirror, question);
	if (before) {
		SLIST_REMOVE(&mirror->answers, before, pg_answer, link);
		leave_answer(before);
	}
	SLIST_INSERT_HEAD(&mirror->answers, answer, link);
	pg_mirror_unlock(mirror);
}

void pg_mirror_note_commit(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	mirror->has_committed = true;
	drop_answers(mirror, false);
	pg_mirror_unlock(mirror);
}

bool pg_mirror_has_committed(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	bool has_committed = mirror->has_committed;
	pg_mirror_unlock(mirror);
	return has_committed;
}

void pg_mirror_show_commit(struct pg_mirror *mirror, int64_t id)
{
	pg_mirror_lock(mirror);
	mirror->last_commit = id;
	pg_mirror_unlock(mirror);
}

int64_t pg_mirror_last_commit(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	int64_t id = mirror->last_commit;
	pg_mirror_unlock(mirror);
	return id;
}

void pg_mirror_note_lost(struct pg_mirror *mirror, int64_t n)
{
	pg_mirror_lock(mirror);
	mirror->n_lost += n;
	pg_mirror_unlock(mirror);
}

void pg_mirror_show_loss(struct pg_mirror *mirror, struct store_loss loss)
{
	pg_mirror_lock(mirror);
	mirror->last_loss = loss;
	pg_mirror_unlock(mirror);
}

struct store_loss pg_mirror_last_loss(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	struct store_loss loss = mirror->last_loss;
	pg_mirror_unlock(mirror);
	return loss;
}

int64_t pg_mirror_n_lost(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	int64_t n = mirror->n_lost;
	pg_mirror_unlock(mirror);
	return n;
}

void pg_mirror_show_asynchronous(struct pg_mirror *mirror, bool is_asynchronous)
{
	pg_mirror_lock(mirror);
	mirror->is_asynchronous = is_asynchronous;
	pg_mirror_unlock(mirror);
}

bool pg_mirror_is_asynchronous(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	bool is_asynchronous = mirror->is_asynchronous;
	pg_mirror_unlock(mirror);
	return is_asynchronous;
}

struct pg_answer *pg_mirror_borrow(struct pg_mirror *mirror, const struct buffer *question)
{
	pg_mirror_lock(mirror);
	struct pg_answer *answer = find_answer(mirror, question);
	if (answer)
		answer->n_users++;
	pg_mirror_unlock(mirror);
	return answer;
}

const PGresult *pg_answer_rows(const struct pg_answer *answer)
{
	return answer->rows;
}

void pg_mirror_give_back(struct pg_mirror *mirror, struct pg_answer *answer)
{
	pg_mirror_lock(mirror);
	leave_answer(answer);
	pg_mirror_unlock(mirror);
}

void pg_mirror_set_expected_version(struct pg_mirror *mirror, int64_t version)
{
	pg_mirror_lock(mirror);
	mirror->expected_version = version;
	pg_mirror_unlock(mirror);
}

int64_t pg_mirror_expected_version(struct pg_mirror *mirror)
{
	pg_mirror_lock(mirror);
	int64_t version = mirror->expected_version;
	pg_mirror_unlock(mirror);
	return version;
}
