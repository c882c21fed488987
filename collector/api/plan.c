/*
 * GET /v1/sites/{org}/{site}/plan: the smallest set of changes that makes the site safe. The
 * reports of its servers are read a few in a turn of the loop; the search runs on the store's other
 * thread, with facts of its own, and gives way there to whoever has a question to the store.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/plans.h"
#include "collector/base/turns.h"
#include "collector/http/problem.h"
#include "collector/http/query_string.h"
#include "collector/plans/plan_answer.h"
#include "collector/store/give_way.h"
#include "proto/base/mem.h"
#include "proto/json/write.h"

/* Servers that one turn of the loop reads. */
#define TURN_SERVERS 8

/* One under way. */
struct making {
	struct call *call;
	struct api *api;
	struct turn *turn;
	struct fleet_site_facts *facts;
	size_t at; /* the next server to read */
	enum plan_preference preference;
	struct what_if *w;
	const struct store_connection *reader; /* while the search runs */
	struct buffer out;
	bool made;
};

static void free_making(void *user)
{
	struct making *m = user;

	m->api->n_plans--;
	turn_free(m->turn);
	what_if_free(m->w);
	fleet_site_facts_free(m->facts);
	buffer_deinit(&m->out);
	free(m);
}

static void let_others_read(void *user)
{
	const struct making *m = user;
	store_give_way(m->reader);
}

/* Everything is read already, so nothing can fail. */
static enum status search(const struct store_connection *reader, void *user,
			  char error[STORE_ERROR_SIZE])
{
	struct making *m = *(struct making **)user;

	*error = '\0';
	m->reader = reader;
	what_if_on_pause(m->w, let_others_read, m);
	m->made = plan_answer(m->w, fleet_site_facts_get(m->facts), m->preference, &m->out);
	return STATUS_OK;
}

static void answer(struct call *call, void *user, enum status status)
{
	struct making *m = *(struct making **)user;
	(void)status; /* the search reads nothing */

	json_finish(&m->out);
	if (m->made)
		api_answer_json(call, 200, &m->out, NULL);
	else
		api_answer_unreadable(call, fleet_site_facts_error(m->facts));
	free_making(m);
}

static void drop(void *user)
{
	free_making(*(struct making **)user);
}

static void begin_search(struct making *m)
{
	struct call *call = m->call;
	struct making **kept = arena_alloc(&call->arena, sizeof(struct making *));

	*kept = m;
	m->w = what_if_new(fleet_site_facts_get(m->facts));
	fleet_site_facts_seal(m->facts);
	json_open_object(&m->out, NULL);
	json_put_time(&m->out, "as_of", pipeline_now_ms(m->api->pipeline));
	api_ask(call, &(struct api_question){ search, answer, drop, kept, STORE_PAGE });
}

static void on_turn(void *user)
{
	struct making *m = user;
	const struct site_facts *facts = fleet_site_facts_get(m->facts);
	char error[FLEET_ERROR_SIZE];

	if (!m->call->request) { /* nobody waits for it, and the store may be closed soon */
		call_answer_problem(m->call, &api_unreadable);
		free_making(m);
		return;
	}
	for (size_t i = 0; i < TURN_SERVERS && m->at < facts->n; i++) {
		if (fleet_site_facts_read(m->facts, m->at++, error) != STATUS_OK) {
			api_answer_unreadable(m->call, error);
			free_making(m);
			return;
		}
	}
	if (m->at < facts->n)
		turn_wait(m->turn);
	else
		begin_search(m);
}

/* False: the call is answered. */
static bool read_preference(struct call *call, enum plan_preference *out)
{
	static const struct problem invalid = {
		.status = 400,
		.code = "invalid_query",
		.detail = "prefer is fix or adapters; there is no other key.",
	};
	struct query_string query;
	bool ok = query_string_read(call->request->query, &call->arena, &query) == STATUS_OK;

	*out = PLAN_FIX_FIRST;
	for (size_t i = 0; ok && i < query.n; i++)
		ok = i == 0 && strcmp(query.pairs[i].key, "prefer") == 0 &&
		     plan_preference_from_name(query.pairs[i].value, out);
	if (!ok)
		call_answer_problem(call, &invalid);
	return ok;
}

void api_plan_get(struct call *call)
{
	static const struct problem too_many = {
		.status = 429,
		.code = "too_many_plans",
		.detail = "Four plans are being made. Try again later.",
		.fields = "Retry-After: 2\r\n",
	};
	struct api *api = call->context;
	enum plan_preference preference;

	if (!read_preference(call, &preference))
		return;
	if (api->n_plans == API_MAX_PLANS) {
		call_answer_problem(call, &too_many);
		return;
	}
	struct fleet_site_facts *facts = api_site_facts(call);
	if (!facts)
		return;
	struct making *m = mem_alloc(sizeof *m);
	*m = (struct making){ .call = call, .api = api, .facts = facts, .preference = preference };
	buffer_init(&m->out);
	api->n_plans++;
	m->turn = turn_new(&api->turns, api->loop, on_turn, m);
	turn_wait(m->turn);
}
