#include "collector/api/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/http/call.h"
#include "tests/unit/collector/http/server_play.h"
#include "tests/unit/rows.h"

/* Six rows 5 .. 0, of which each second is "odd". */
static enum status read_rows(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	(void)error;
	for (int64_t id = 5; id >= 0; id--) {
		if (id >= list->place || !api_list_selects(list, "kind", id % 2 ? "odd" : "even"))
			continue;
		if (api_list_add(list, "%d", (int)id) != STATUS_OK)
			return STATUS_LIMIT;
		json_put_integer(&list->out, NULL, id);
	}
	return STATUS_OK;
}

static bool allows_kind(const struct api_list *list, const struct query_string_pair *pair)
{
	(void)list;
	return strcmp(pair->key, "kind") == 0;
}

static void answer_rows(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "rows",
		.query = "a hint",
		.allows = allows_kind,
		.begin = api_list_begin_highest,
		.read = read_rows,
	};
	api_list_answer(call, &kind, NULL);
}

/* Of state "new" rows 2, 1, 0; of state "old" row 7. */
static enum status read_state(struct api_list *list, size_t state, char error[STORE_ERROR_SIZE])
{
	static const int64_t ids[2][3] = { { 2, 1, 0 }, { 7, -1, -1 } };
	(void)error;

	for (size_t i = 0; i < 3; i++) {
		if (ids[state][i] < 0 || ids[state][i] >= list->place)
			continue;
		if (api_list_add(list, "%d.%d", (int)list->state, (int)ids[state][i]) != STATUS_OK)
			return STATUS_LIMIT;
		json_put_integer(&list->out, NULL, ids[state][i]);
	}
	return STATUS_OK;
}

static void answer_states(struct call *call)
{
	static const char *const states[] = { "new", "old" };
	static const struct api_list_kind kind = {
		.member = "rows",
		.query = "a hint",
		.allows = api_list_allows_state,
		.begin = api_list_begin_states,
		.read = api_list_read_states,
		.states = states,
		.n_states = 2,
		.read_state = read_state,
		.begins_line = true,
	};
	api_list_answer(call, &kind, NULL);
}

static void answer_all(struct call *call)
{
	static const struct api_list_kind kind = { .member = "rows", .read = read_rows };
	api_list_answer(call, &kind, NULL);
}

static const char *asked; /* of the client, before it begins */

static void ask(struct server_play *play)
{
	char request[256];
	int fd = server_play_dial(play);

	snprintf(request, sizeof request,
		 "GET /other%s HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n", asked);
	server_play_say(fd, request);
	server_play_hear(play, fd);
}

/* Every row: what is asked of which list, and what stands in the answer. */
static const struct {
	void (*answer)(struct call *call);
	const char *query;
	const char *want[2];
} cases[] = {
	{ answer_rows, "", { "{\"rows\":[\n5,\n4,\n3,\n2,\n1,\n0]}\n" } },
	{ answer_rows,
	  "?limit=2",
	  { "{\"rows\":[\n5,\n4]}\n", "Link: </other?limit=2&cursor=4>; rel=\"next\"\r\n" } },
	{ answer_rows, "?limit=2&cursor=2", { "{\"rows\":[\n1,\n0]}\n" } },
	{ answer_rows,
	  "?kind=odd&limit=1",
	  { "{\"rows\":[\n5]}\n", "Link: </other?kind=odd&limit=1&cursor=5>; rel=\"next\"\r\n" } },
	{ answer_rows, "?cursor=0", { "{\"rows\":[]}\n" } },
	{ answer_rows, "?cursor=x", { " 400 ", "a hint" } },
	{ answer_rows, "?limit=0", { " 400 ", "a hint" } },
	{ answer_rows, "?limit=1001", { " 400 ", "a hint" } },
	{ answer_rows, "?limit=1&limit=1", { " 400 ", "a hint" } },
	{ answer_rows, "?other=1", { " 400 ", "a hint" } },
	{ answer_states, "", { "{\"rows\":[\n2,\n1,\n0,\n7]}\n" } },
	{ answer_states, "?state=old", { "{\"rows\":[\n7]}\n" } },
	{ answer_states, "?state=odd", { " 400 ", "a hint" } },
	{ answer_states, "?limit=3&cursor=0.2", { "{\"rows\":[\n1,\n0,\n7]}\n" } },
	{ answer_states,
	  "?limit=1&cursor=0.1",
	  { "{\"rows\":[\n0]}\n", "Link: </other?limit=1&cursor=0.0>; rel=\"next\"\r\n" } },
	{ answer_states, "?cursor=1.7", { "{\"rows\":[\n]}\n" } },
	{ answer_states, "?cursor=2.0", { " 400 ", "a hint" } },
	{ answer_states, "?cursor=00", { " 400 ", "a hint" } },
	{ answer_all, "?limit=1", { " 400 ", "This call takes no query." } },
};

static void a_list_answers_page_by_page(void **state)
{
	(void)state;

	for_each_row(i, cases) {
		struct server_play play = server_play_new();
		play.other = cases[i].answer;
		asked = cases[i].query;
		server_play_through(&play, ask);
		for (size_t k = 0; k < 2 && cases[i].want[k]; k++) {
			if (!strstr(play.got[0], cases[i].want[k]))
				fail_msg("%s: expected %s in %s", asked, cases[i].want[k],
					 play.got[0]);
		}
		if (!cases[i].want[1])
			assert_null(strstr(play.got[0], "Link:"));
		server_play_free(&play);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_answers_page_by_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
