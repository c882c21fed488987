#include "collector/api/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "collector/store/sqlite/engine.h"
#include "tests/unit/collector/http/server_play.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

static struct fixture fixture; /* a directory for the store */
static struct api api;
static struct server_play *playing;
static struct loop_timer *watch; /* for the end of the play */
static struct call *slow;        /* that waits still */

static void on_watch(void *user)
{
	(void)user;
	if (!playing->is_closing || slow) { /* the store ends behind the server */
		loop_timer_start(watch, 5);
		return;
	}
	loop_timer_close(watch);
	store_close(api.store, NULL, NULL);
	api.store = NULL;
}

/* The handlers find the API here, with a store that is open until the play is over. */
static void begin_call(struct call *call)
{
	struct store_location location = { .engine = &sqlite_engine,
					   .directory = fixture.directory };
	char error[STORE_ERROR_SIZE];

	playing = call->context;
	call->context = &api;
	if (api.store)
		return;
	turns_init(&api.turns);
	api.loop = &playing->loop;
	assert_int_equal(store_open(&api.store, &location, api.loop, error), STATUS_OK);
	watch = loop_timer_new(api.loop, on_watch, NULL);
	loop_timer_start(watch, 5);
}

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
	begin_call(call);
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
	begin_call(call);
	api_list_answer(call, &kind, NULL);
}

static void answer_all(struct call *call)
{
	static const struct api_list_kind kind = { .member = "rows", .read = read_rows };
	begin_call(call);
	api_list_answer(call, &kind, NULL);
}

/* Rows 9 .. 0 that are shown three at a time, when all are read. */
static bool show_three(struct api_list *list)
{
	size_t *shown = list->user;

	for (size_t i = 0; i < 3 && *shown < list->n; i++, ++*shown) {
		json_put_line(&list->out);
		json_put_integer(&list->out, NULL, (int64_t)(9 - *shown));
	}
	return *shown < list->n;
}

static enum status count_rows(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	(void)error;
	for (int id = 9; id >= 0; id--) {
		if (api_list_add(list, "%d", id) != STATUS_OK)
			return STATUS_LIMIT;
	}
	return STATUS_OK;
}

static void answer_shown(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "rows", .query = "a hint", .read = count_rows, .show = show_three
	};
	begin_call(call);
	api_list_answer(call, &kind, arena_alloc(&call->arena, sizeof(size_t)));
}

/* As many as may be are being shown already. */
static void answer_shown_at_once(struct call *call)
{
	api.n_showing_lists = API_LIST_MAX_SHOWING;
	answer_shown(call);
}

static enum status read_in_vain(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	api_list_add(list, "1");
	json_put_integer(&list->out, NULL, 1);
	snprintf(error, STORE_ERROR_SIZE, "could not read what a test does not have");
	return STATUS_SYSTEM;
}

static void answer_in_vain(struct call *call)
{
	static const struct api_list_kind kind = { .member = "rows", .read = read_in_vain };
	begin_call(call);
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
	{ answer_shown, "", { "{\"rows\":[\n9,\n8,\n7,\n6,\n5,\n4,\n3,\n2,\n1,\n0]}\n" } },
	{ answer_shown,
	  "?limit=4",
	  { "{\"rows\":[\n9,\n8,\n7,\n6]}\n",
	    "Link: </other?limit=4&cursor=6>; rel=\"next\"\r\n" } },
	{ answer_shown_at_once,
	  "?limit=4",
	  { "{\"rows\":[\n9,\n8,\n7,\n6]}\n",
	    "Link: </other?limit=4&cursor=6>; rel=\"next\"\r\n" } },
	{ answer_in_vain, "", { " 503 ", "not_readable" } },
	{ answer_all, "?limit=1", { " 400 ", "This call takes no query." } },
};

static void a_list_answers_page_by_page(void **state)
{
	(void)state;

	for_each_row(i, cases) {
		struct server_play play = server_play_new();
		play.other = cases[i].answer;
		asked = cases[i].query;
		api.n_showing_lists = 0;
		server_play_through(&play, ask);
		assert_true(api.n_showing_lists % API_LIST_MAX_SHOWING == 0);
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

/* What is asked behind a page on the same connection waits for it. */
static void ask_two(struct server_play *play)
{
	int fd = server_play_dial(play);

	server_play_say(fd, GET("/other") GET("/other?limit=1") LAST("/things/x"));
	server_play_hear(play, fd);
}

static void answers_keep_the_order_of_their_requests(void **state)
{
	struct server_play play = server_play_new();
	(void)state;

	play.other = answer_shown;
	server_play_through(&play, ask_two);
	const char *all = strstr(play.got[0], "\n0]}\n");
	const char *one = strstr(play.got[0], "{\"rows\":[\n9]}\n");
	const char *last = strstr(play.got[0], "param");
	assert_non_null(all);
	assert_true(all < one && one < last);
	assert_int_equal(server_play_count(play.got[0], "HTTP/1.1 200"), 3);
	server_play_free(&play);
}

/* A page that is not read before its client has gone. */

static uv_sem_t gate;
static struct loop_timer *until_gone;
static bool slow_was_shown;

static enum status read_slowly(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	(void)error;
	uv_sem_wait(&gate);
	api_list_add(list, "1");
	json_put_integer(&list->out, NULL, 1);
	return STATUS_OK;
}

static bool show_slow(struct api_list *list)
{
	(void)list;
	slow_was_shown = true;
	return false;
}

static void look_whether_gone(void *user)
{
	(void)user;
	if (slow->request) {
		loop_timer_start(until_gone, 5);
		return;
	}
	loop_timer_close(until_gone);
	uv_sem_post(&gate);
	slow = NULL;
}

/*
 * The server ends meanwhile, which waits for an answer for a while, and cuts the connection then.
 */
static void answer_slowly(struct call *call)
{
	static const struct api_list_kind kind = { .member = "rows",
						   .read = read_slowly,
						   .show = show_slow };
	begin_call(call);
	slow = call;
	api_list_answer(call, &kind, NULL);
	until_gone = loop_timer_new(api.loop, look_whether_gone, NULL);
	loop_timer_start(until_gone, 5);
	server_play_close(playing);
}

static void ask_and_wait(struct server_play *play)
{
	int fd = server_play_dial(play);

	server_play_say(fd, LAST("/other"));
	server_play_hear(play, fd);
}

static void a_page_whose_client_has_gone_is_dropped(void **state)
{
	struct server_play play = server_play_new();
	(void)state;

	assert_int_equal(uv_sem_init(&gate, 0), 0);
	play.other = answer_slowly;
	server_play_through(&play, ask_and_wait);
	assert_string_equal(play.got[0], "");
	assert_false(slow_was_shown);
	server_play_free(&play);
	uv_sem_destroy(&gate);
}

static int set_up(void **state)
{
	(void)state;
	fixture_set_up(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	fixture_tear_down(&fixture);
	return fixture_sweep(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_answers_page_by_page),
		cmocka_unit_test(answers_keep_the_order_of_their_requests),
		cmocka_unit_test(a_page_whose_client_has_gone_is_dropped),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
