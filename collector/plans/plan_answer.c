#include "collector/plans/plan_answer.h"

#include <assert.h>

#include "collector/plans/answer.h"
#include "proto/json/write.h"

static void add_others(const struct site_facts *facts, const struct plan_step *step,
		       struct buffer *out)
{
	json_open_array(out, "others");
	for (size_t i = 0; i < step->n_others; i++) {
		json_open_object(out, NULL);
		json_put_text(out, "server", facts->servers[step->others[i].server].name);
		json_put_text(out, "before", verdict_name(step->others[i].before));
		json_put_text(out, "after", verdict_name(step->others[i].after));
		json_close_object(out);
	}
	json_close_array(out);
}

static void add_step(const struct site_facts *facts, const struct plan *plan, size_t i,
		     struct arena *arena, struct buffer *out)
{
	const struct plan_step *step = &plan->steps[i];

	json_put_line(out);
	json_open_object(out, NULL);
	json_put_integer(out, "step", (int64_t)i + 1);
	json_put_text(out, "action", change_action_name(step->change.action));
	json_put_text(out, "server", facts->servers[step->server].name);
	json_put_text(out, "adapter", step->change.adapter);
	json_put_text(out, "text", change_text(&step->change, arena));
	json_put_text(out, "before", verdict_name(step->before));
	json_put_text(out, "after", verdict_name(step->after));
	add_others(facts, step, out);
	json_close_object(out);
}

static void add_left(const struct site_facts *facts, const struct plan_left *left,
		     struct buffer *out)
{
	const struct site_facts_server *server = &facts->servers[left->server];

	json_put_line(out);
	json_open_object(out, NULL);
	json_put_text(out, "server", server->name);
	json_put_text(out, "verdict", verdict_name(left->verdict));
	json_put_bool(out, "silent", !server->fresh);
	json_put_text(out, "text", left->why);
	json_close_object(out);
}

/* How many servers would have which verdict after the steps. */
static void add_tally_after(struct what_if *w, const struct site_facts *facts,
			    const struct plan *plan, struct arena *arena, struct buffer *out)
{
	struct change *all = arena_alloc_array(arena, plan->n_steps, sizeof *all);
	struct what_if_error error;

	for (size_t i = 0; i < plan->n_steps; i++)
		all[i] = plan->steps[i].change;
	enum status status = what_if_push(w, all, plan->n_steps, &error);
	assert(status == STATUS_OK); /* the plan has put them */
	what_if_add_tally(w, facts, "after", out);
	what_if_pop(w);
}

bool plan_answer(struct what_if *w, const struct site_facts *facts, enum plan_preference preference,
		 struct buffer *out)
{
	struct arena arena;
	struct plan plan;

	arena_init(&arena);
	bool made = plan_make(w, facts, preference, &arena, &plan);
	if (made) {
		json_put_text(out, "organization", facts->organization);
		json_put_text(out, "site", facts->site);
		json_put_text(out, "prefer", plan_preference_name(preference));
		json_put_bool(out, "exact", plan.exact);
		json_put_integer(out, "changes", (int64_t)plan.n_changes);
		what_if_add_tally(w, facts, "before", out);
		add_tally_after(w, facts, &plan, &arena, out);
		json_open_array(out, "steps");
		for (size_t i = 0; i < plan.n_steps; i++)
			add_step(facts, &plan, i, &arena, out);
		json_close_array(out);
		json_open_array(out, "left");
		for (size_t i = 0; i < plan.n_left; i++)
			add_left(facts, &plan.left[i], out);
		json_close_array(out);
	}
	arena_deinit(&arena);
	return made;
}
