#include "collector/plans/answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/exposure/verdict_json.h"
#include "proto/json/write.h"

/* A server before or after. */
struct side {
	bool is_there;
	struct site_server seen;
	struct assessment assessment;
};

struct row {
	size_t number; /* in the facts */
	bool named;
	struct side before;
	struct side after;
};

struct answer {
	struct what_if *w;
	const struct site_facts *facts;
	struct row *rows;
	size_t n;
	size_t after[VERDICT_COUNT]; /* how many servers there would be of each */
	bool *removed;               /* by the changes */
	enum grade *proven_before;
	enum grade *proven_after;
	struct arena arena;
};

static bool look(struct answer *a, size_t number, struct side *out)
{
	*out = (struct side){ .is_there = !what_if_is_removed(a->w, number) };
	if (!out->is_there)
		return true;
	if (!a->facts->servers[number].fresh) {
		out->assessment.verdict = what_if_verdict(a->w, number);
		return true;
	}
	if (!what_if_view(a->w, number, &out->seen, &a->arena))
		return false;
	exposure_assess(&out->seen, &out->assessment, &a->arena);
	return true;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

static enum grade *list_proven(struct answer *a)
{
	enum grade *grades = arena_alloc_array(&a->arena, a->facts->n, sizeof *grades);

	for (size_t i = 0; i < a->facts->n; i++)
		grades[i] = what_if_is_removed(a->w, i) ? GRADE_UNKNOWN : what_if_proven(a->w, i);
	return grades;
}

static bool *list_removed(struct answer *a)
{
	bool *removed = arena_alloc_array(&a->arena, a->facts->n, sizeof *removed);

	for (size_t i = 0; i < a->facts->n; i++)
		removed[i] = what_if_is_removed(a->w, i);
	return removed;
}

/* Which servers the changes name. */
static bool *list_named(struct answer *a, const struct change *changes, size_t n)
{
	bool *named = arena_alloc_array(&a->arena, a->facts->n, sizeof *named);

	for (size_t i = 0; i < n; i++)
		named[what_if_find(a->w, changes[i].server)] = true;
	return named;
}

/* The servers that the changes touch. */
static void list_rows(struct answer *a, const struct change *changes, size_t n)
{
	const bool *named = list_named(a, changes, n);

	a->n = what_if_count_touched(a->w);
	a->rows = arena_alloc_array(&a->arena, a->n, sizeof *a->rows);
	for (size_t i = 0; i < a->n; i++) {
		a->rows[i].number = what_if_touched(a->w, i);
		a->rows[i].named = named[a->rows[i].number];
	}
	if (a->n > 1)
		qsort(a->rows, a->n, sizeof *a->rows, compare_rows);
}

static bool look_before(struct answer *a)
{
	bool ok = true;

	for (size_t i = 0; i < a->n; i++)
		ok &= look(a, a->rows[i].number, &a->rows[i].before);
	return ok;
}

static bool look_after(struct answer *a)
{
	bool ok = true;

	for (size_t i = 0; i < a->n; i++)
		ok &= look(a, a->rows[i].number, &a->rows[i].after);
	return ok;
}

static bool has_changed(const struct row *row)
{
	const struct site_server *x = &row->before.seen;
	const struct site_server *y = &row->after.seen;

	if (row->named || row->before.assessment.verdict != row->after.assessment.verdict)
		return true;
	for (size_t i = 0; i < x->n_adapters && i < y->n_adapters; i++) {
		if (x->adapters[i].state != y->adapters[i].state)
			return true;
	}
	return x->n_adapters != y->n_adapters;
}

static void add_side(const char *name, const struct side *side, struct buffer *out)
{
	if (!side->is_there) {
		json_put_null(out, name);
		return;
	}
	json_open_object(out, name);
	json_put_text(out, "verdict", verdict_name(side->assessment.verdict));
	json_open_array(out, "adapters");
	for (size_t i = 0; i < side->seen.n_adapters; i++) {
		json_open_object(out, NULL);
		json_put_text(out, "adapter", side->seen.adapters[i].id);
		json_put_text(out, "state", adapter_state_name(side->seen.adapters[i].state));
		json_close_object(out);
	}
	json_close_array(out);
	char *findings = verdict_json_write_findings(&side->assessment);
	json_put_json(out, NULL, findings);
	free(findings);
	json_close_object(out);
}

static void add_row(const struct answer *a, const struct row *row, struct buffer *out)
{
	const struct site_facts_server *server = &a->facts->servers[row->number];

	json_put_line(out);
	json_open_object(out, NULL);
	json_put_text(out, "server", server->name);
	json_put_text(out, "exchange_server", site_member_name(server->member));
	json_put_bool(out, "named", row->named);
	add_side("before", &row->before, out);
	add_side("after", &row->after, out);
	json_close_object(out);
}

/* What it costs. */

static const struct site_path *find_path(const struct site_adapter *adapter, const char *peer)
{
	for (size_t i = 0; i < adapter->n_paths; i++) {
		if (casefold_equal(adapter->paths[i].peer, peer))
			return &adapter->paths[i];
	}
	return NULL;
}

static bool is_lost(const struct site_path *path, const struct site_adapter *after)
{
	const struct site_path *then = find_path(after, path->peer);

	return path->conclusive && !(then && then->conclusive);
}

static bool falls_short_now(const struct site_path *path, const struct site_adapter *after)
{
	const struct site_path *then = find_path(after, path->peer);

	return !path->falls_short && then && then->falls_short;
}

/* The peers of an adapter of which that is so, as a list; NULL: none. */
static const char *list_peers(const struct site_adapter *before, const struct site_adapter *after,
			      bool is_so(const struct site_path *, const struct site_adapter *),
			      struct arena *arena)
{
	const char *text = NULL;

	for (size_t i = 0; i < before->n_paths; i++) {
		if (is_so(&before->paths[i], after))
			text = text ? arena_printf(arena, "%s, %s", text, before->paths[i].peer)
				    : before->paths[i].peer;
	}
	return text;
}

static void add_cost(const char *server, const char *adapter, const char *text, struct buffer *out)
{
	json_put_line(out);
	json_open_object(out, NULL);
	json_put_text(out, "server", server);
	json_put_text(out, "adapter", adapter);
	json_put_text(out, "text", text);
	json_close_object(out);
}

static void add_adapter_cost(struct answer *a, const struct row *row,
			     const struct site_adapter *before, const struct site_adapter *after,
			     struct buffer *out)
{
	struct arena *arena = &a->arena;
	const char *lost = list_peers(before, after, is_lost, arena);
	const char *fell = list_peers(before, after, falls_short_now, arena);
	const char *text = arena_printf(
		arena, "Adapter %s would be %s instead of %s%s%s%s%s.", before->id,
		adapter_state_name(after->state), adapter_state_name(before->state),
		lost ? ": nothing would be known any more of its way to " : "", lost ? lost : "",
		fell ? "; it would fall short on its way to " : "", fell ? fell : "");

	add_cost(a->facts->servers[row->number].name, before->id, text, out);
}

/* Adapters of servers that no change names, and that are worse then. */
static void add_adapter_costs(struct answer *a, struct buffer *out)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct row *row = &a->rows[i];
		if (row->named || !row->before.is_there || !row->after.is_there)
			continue;
		for (size_t k = 0; k < row->before.seen.n_adapters; k++) {
			const struct site_adapter *before = &row->before.seen.adapters[k];
			const struct site_adapter *after = &row->after.seen.adapters[k];
			if (after->state > before->state)
				add_adapter_cost(a, row, before, after, out);
		}
	}
}

/* Peers that nobody else is proven to reach any more. */
static void add_proof_costs(const struct answer *a, struct buffer *out)
{
	for (size_t i = 0; i < a->facts->n; i++) {
		if (a->removed[i] || a->proven_before[i] < GRADE_EPM ||
		    a->proven_after[i] >= GRADE_EPM)
			continue;
		add_cost(a->facts->servers[i].name, NULL,
			 "No other server would be proven to reach it any more: the changes take "
			 "away the only proof that it answers.",
			 out);
	}
}

static void count(const struct what_if *w, const struct site_facts *facts,
		  size_t counts[VERDICT_COUNT])
{
	for (size_t i = 0; i < facts->n; i++) {
		if (!what_if_is_removed(w, i))
			counts[what_if_verdict(w, i)]++;
	}
}

static void add_counts(const size_t counts[VERDICT_COUNT], const char *name, struct buffer *out)
{
	json_open_object(out, name);
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (counts[v] > 0)
			json_put_integer(out, verdict_name((enum verdict)v), (int64_t)counts[v]);
	}
	json_close_object(out);
}

void what_if_add_tally(const struct what_if *w, const struct site_facts *facts, const char *name,
		       struct buffer *out)
{
	size_t counts[VERDICT_COUNT] = { 0 };

	count(w, facts, counts);
	add_counts(counts, name, out);
}

static void add_changes(struct answer *a, const struct change *changes, size_t n,
			struct buffer *out)
{
	json_open_array(out, "changes");
	for (size_t i = 0; i < n; i++) {
		json_open_object(out, NULL);
		json_put_text(out, "action", change_action_name(changes[i].action));
		json_put_text(out, "server", changes[i].server);
		json_put_text(out, "text", change_text(&changes[i], &a->arena));
		json_close_object(out);
	}
	json_close_array(out);
}

static void add_answer(struct answer *a, const struct change *changes, size_t n, struct buffer *out)
{
	json_put_text(out, "organization", a->facts->organization);
	json_put_text(out, "site", a->facts->site);
	add_changes(a, changes, n, out);
	what_if_add_tally(a->w, a->facts, "before", out);
	add_counts(a->after, "after", out);
	json_open_array(out, "servers");
	for (size_t i = 0; i < a->n; i++) {
		if (has_changed(&a->rows[i]))
			add_row(a, &a->rows[i], out);
	}
	json_close_array(out);
	json_open_array(out, "costs");
	add_adapter_costs(a, out);
	add_proof_costs(a, out);
	json_close_array(out);
}

/* With the changes put: what they make is looked at now, and told when they are taken away. */
static bool look_at_changes(struct answer *a, const struct change *changes, size_t n)
{
	list_rows(a, changes, n);
	count(a->w, a->facts, a->after);
	a->removed = list_removed(a);
	a->proven_after = list_proven(a);
	return look_after(a);
}

enum status what_if_answer(struct what_if *w, const struct site_facts *facts,
			   const struct change *changes, size_t n, struct buffer *out,
			   struct what_if_error *error)
{
	struct answer a = { .w = w, .facts = facts };

	enum status status = what_if_push(w, changes, n, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&a.arena);
	bool seen = look_at_changes(&a, changes, n);
	what_if_pop_kept(w);
	a.proven_before = list_proven(&a);
	seen = seen && look_before(&a);
	if (seen)
		add_answer(&a, changes, n, out);
	arena_deinit(&a.arena);
	return seen ? STATUS_OK : STATUS_SYSTEM;
}
