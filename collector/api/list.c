#include "collector/api/list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "collector/base/turns.h"
#include "collector/http/call.h"
#include "proto/base/number.h"
#include "proto/base/text.h"

const struct problem *api_list_invalid(const struct api_list *list)
{
	struct problem *problem = arena_alloc(&list->call->arena, sizeof *problem);

	*problem = (struct problem){ .status = 400,
				     .code = "invalid_query",
				     .detail = list->kind->query };
	return problem;
}

static bool read_pair(struct api_list *list, const struct query_string_pair *pair)
{
	int64_t limit = 0;

	if (strcmp(pair->key, "cursor") == 0) {
		list->cursor = pair->value;
		return true;
	}
	if (strcmp(pair->key, "limit") != 0)
		return list->kind->allows && list->kind->allows(list, pair);
	if (!number_parse(pair->value, 0, API_MAX_LIMIT, &limit) || limit < 1)
		return false;
	list->limit = (size_t)limit;
	return true;
}

/* A key that comes several times means "or"; limit and cursor come once. */
static bool read_query(struct api_list *list)
{
	struct query_string *query = &list->query;
	bool valid = query_string_read(list->call->request->query, &list->call->arena, query) ==
			     STATUS_OK &&
		     query_string_count(query, "limit") <= 1 &&
		     query_string_count(query, "cursor") <= 1;

	list->limit = API_DEFAULT_LIMIT;
	for (size_t i = 0; valid && i < query->n; i++)
		valid = read_pair(list, &query->pairs[i]);
	return valid;
}

bool api_list_selects(const struct api_list *list, const char *key, const char *text)
{
	bool asked = false;

	for (size_t i = 0; i < list->query.n; i++) {
		if (strcmp(list->query.pairs[i].key, key) != 0)
			continue;
		if (text_equal(list->query.pairs[i].value, text))
			return true;
		asked = true;
	}
	return !asked;
}

enum status api_list_add(struct api_list *list, const char *cursor_format, ...)
{
	va_list args;

	if (list->n == list->limit) {
		list->more = true;
		return STATUS_LIMIT;
	}
	list->n++;
	if (!list->kind->show)
		json_put_line(&list->out);
	va_start(args, cursor_format);
	vsnprintf(list->next, sizeof list->next, cursor_format, args);
	va_end(args);
	return STATUS_OK;
}

const struct problem *api_list_begin_highest(struct api_list *list)
{
	list->place = INT64_MAX;
	if (!list->cursor || number_parse(list->cursor, 0, INT64_MAX, &list->place))
		return NULL;
	return api_list_invalid(list);
}

bool api_list_allows_state(const struct api_list *list, const struct query_string_pair *pair)
{
	if (strcmp(pair->key, "state") != 0)
		return false;
	for (size_t i = 0; i < list->kind->n_states; i++) {
		if (strcmp(list->kind->states[i], pair->value) == 0)
			return true;
	}
	return false;
}

const struct problem *api_list_begin_states(struct api_list *list)
{
	const char *cursor = list->cursor;

	list->place = INT64_MAX;
	if (!cursor)
		return NULL;
	if (cursor[0] < '0' || cursor[0] > '9' || cursor[1] != '.')
		return api_list_invalid(list);
	list->state = (size_t)(cursor[0] - '0');
	if (list->state < list->kind->n_states &&
	    number_parse(cursor + 2, 0, INT64_MAX, &list->place))
		return NULL;
	return api_list_invalid(list);
}

enum status api_list_read_states(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	const struct api_list_kind *kind = list->kind;
	enum status status = STATUS_OK;

	for (; status == STATUS_OK && list->state < kind->n_states; list->state++) {
		if (api_list_selects(list, "state", kind->states[list->state]))
			status = kind->read_state(list, list->state, error);
		list->place = INT64_MAX;
	}
	return status;
}

/* The header line for the next page of the selection. */
static const char *link_next(const struct api_list *list)
{
	struct buffer query = { 0 };

	for (size_t i = 0; i < list->query.n; i++) {
		const struct query_string_pair *pair = &list->query.pairs[i];
		if (strcmp(pair->key, "limit") != 0 && strcmp(pair->key, "cursor") != 0)
			query_string_add(&query, pair->key, pair->value);
	}
	const char *link = api_link_next(list->call, list->call->request->path,
					 query.bytes ? query.bytes : "", list->limit, list->next);
	buffer_deinit(&query);
	return link;
}

static enum status read_rows(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct api_list *list = user;

	list->reader = reader;
	enum status status = list->kind->read(list, error);
	return list->more ? STATUS_OK : status;
}

static void stop_showing(const struct api_list *list)
{
	struct api *api = list->call->context;

	if (!list->turn)
		return;
	turn_free(list->turn);
	api->n_showing_lists--;
}

static void drop_rows(void *user)
{
	struct api_list *list = user;

	stop_showing(list);
	buffer_deinit(&list->out);
}

static void end_rows(struct api_list *list)
{
	stop_showing(list);
	json_close_array(&list->out);
	json_finish(&list->out);
	api_answer_json(list->call, 200, &list->out, list->more ? link_next(list) : NULL);
}

static void show_rows(void *user)
{
	struct api_list *list = user;
	struct call *call = list->call;

	if (!call->request) { /* the client has gone */
		drop_rows(list);
		call_answer_problem(call, &api_unreadable);
	} else if (list->kind->show(list)) {
		turn_wait(list->turn);
	} else {
		end_rows(list);
	}
}

static void show_by_turns(struct api_list *list, struct api *api)
{
	api->n_showing_lists++;
	list->turn = turn_new(&api->turns, api->loop, show_rows, list);
	turn_wait(list->turn);
}

static void show_at_once(struct api_list *list)
{
	while (list->kind->show(list))
		;
	end_rows(list);
}

static void on_read(struct call *call, void *user, enum status status)
{
	struct api_list *list = user;
	struct api *api = call->context;
	(void)status; /* a list is always found */

	if (!list->kind->show)
		end_rows(list);
	else if (api->n_showing_lists < API_LIST_MAX_SHOWING)
		show_by_turns(list, api);
	else
		show_at_once(list);
}

/* Begins the answer. NULL: its rows may be read. */
static const struct problem *begin_list(struct api_list *list)
{
	const struct api_list_kind *kind = list->kind;

	if (kind->query && !read_query(list))
		return api_list_invalid(list);
	json_open_object(&list->out, NULL);
	const struct problem *problem = kind->begin ? kind->begin(list) : NULL;
	if (problem)
		return problem;
	json_open_array(&list->out, kind->member);
	if (kind->begins_line)
		json_put_line(&list->out);
	return NULL;
}

void api_list_answer(struct call *call, const struct api_list_kind *kind, void *user)
{
	struct api_list *list = arena_alloc(&call->arena, sizeof *list);

	*list = (struct api_list){
		.call = call, .kind = kind, .user = user, .arena = &call->arena, .limit = SIZE_MAX
	};
	if (!kind->query && !api_has_no_query(call))
		return;
	const struct problem *problem = begin_list(list);
	if (problem) {
		buffer_deinit(&list->out);
		call_answer_problem(call, problem);
		return;
	}
	if (!kind->is_in_memory) {
		api_ask(call,
			&(struct api_question){ read_rows, on_read, drop_rows, list, STORE_PAGE });
		return;
	}
	(void)kind->read(list, NULL); /* which cannot fail */
	end_rows(list);
}

const char *api_link_next(struct call *call, const char *path, const char *query, size_t limit,
			  const char *cursor)
{
	struct buffer out = { 0 };

	buffer_add_text(&out, query);
	query_string_add(&out, "limit", arena_printf(&call->arena, "%zu", limit));
	query_string_add(&out, "cursor", cursor);
	const char *field =
		arena_printf(&call->arena, "Link: <%s?%s>; rel=\"next\"\r\n", path, out.bytes);
	buffer_deinit(&out);
	return field;
}
