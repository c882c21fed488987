#include "collector/model/drift.h"

#include <string.h>

#include "collector/model/drift_internal.h"
#include "proto/base/text.h"
#include "proto/base/version.h"
#include "proto/exposure/advisory.h"

/* Are two states of a fact alike, as far as it matters here? Neither is empty. */
typedef bool is_alike(const struct drift_comparison *c, const struct drift_texts *was,
		      const struct drift_texts *is);

/* A fact that is `was` in the report before and `is` in this one; empty: it is not told. */
static void follow_fact(const struct drift_comparison *c, enum drift_kind kind, const char *of,
			const struct drift_texts *was, const struct drift_texts *is,
			is_alike *alike)
{
	struct drift_entry *entry = drift_find_entry(c->drift, kind, of);
	struct drift_texts usual = entry ? entry->before : *was;

	if (usual.n == 0 || (entry && is->n == 0))
		return;
	if (is->n > 0 && alike(c, &usual, is)) {
		if (entry)
			drift_remove_entry(c->drift, entry);
	} else if (!entry) {
		drift_add_entry(c->drift, kind, of, was, is, c->at_ms);
	} else if (entry->after.n == 0 || !alike(c, &entry->after, is) ||
		   !alike(c, is, &entry->after)) {
		entry->after = drift_copy_texts(is, c->drift->arena);
		entry->at_ms = c->at_ms;
	}
}

/* ---- binding order ---- */

static size_t place_of(const struct drift_texts *texts, const char *text)
{
	size_t i = 0;

	while (i < texts->n && !text_identical(texts->at[i], text))
		i++;
	return i;
}

/* Do those that are in both stand in the same order? What is bound newly, or no more, is no order. */
static bool is_same_order(const struct drift_comparison *c, const struct drift_texts *was,
			  const struct drift_texts *is)
{
	size_t last = 0;
	(void)c;

	for (size_t i = 0; i < is->n; i++) {
		size_t place = place_of(was, is->at[i]);
		if (place == was->n)
			continue;
		if (place < last)
			return false;
		last = place;
	}
	return true;
}

static void follow_bindings(const struct drift_comparison *c)
{
	const struct report *a = c->before;
	const struct report *b = c->after;
	struct drift_texts was = drift_lend_texts(a->tcpip_bindings, a->n_tcpip_bindings);
	struct drift_texts is = drift_lend_texts(b->tcpip_bindings, b->n_tcpip_bindings);

	follow_fact(c, DRIFT_BINDING_ORDER, "tcpip", &was, &is, is_same_order);
	was = drift_lend_texts(a->rpc_bindings, a->n_rpc_bindings);
	is = drift_lend_texts(b->rpc_bindings, b->n_rpc_bindings);
	follow_fact(c, DRIFT_BINDING_ORDER, "rpc", &was, &is, is_same_order);
}

/* ---- the own name ---- */

/* Are all of `some` in `others` too, but for addresses that `here` has on an adapter, `there` not? */
static bool is_within(const struct drift_texts *some, const struct drift_texts *others,
		      const struct report *here, const struct report *there)
{
	for (size_t i = 0; i < some->n; i++) {
		if (!drift_has_text(others, some->at[i]) &&
		    (!drift_has_address(here, some->at[i]) ||
		     drift_has_address(there, some->at[i])))
			return false;
	}
	return true;
}

/* The same addresses in any order, but for what came and went with the adapters'. */
static bool is_same_answer(const struct drift_comparison *c, const struct drift_texts *was,
			   const struct drift_texts *is)
{
	return is_within(was, is, c->before, c->after) && is_within(is, was, c->after, c->before);
}

static void follow_own_name(const struct drift_comparison *c)
{
	struct drift_texts was = drift_lend_texts(c->before->host.name_resolves_to,
						  c->before->host.n_name_resolves_to);
	struct drift_texts is = drift_lend_texts(c->after->host.name_resolves_to,
						 c->after->host.n_name_resolves_to);

	/* Without the adapters' addresses nobody can tell what an answer follows. */
	bool can_tell = c->before->adapters_known && c->after->adapters_known;
	if (is.n == 0 || can_tell)
		follow_fact(c, DRIFT_OWN_NAME, "", &was, &is, is_same_answer);
}

/* ---- files ---- */

/* Its version as the rule compares it; false: none is told. */
static bool read_version(const char *text, struct version *out)
{
	if (!text || !version_parse(text, out))
		return false;
	*out = advisory_normalize(*out);
	return advisory_is_exchange55(out);
}

static bool holds_fix(const char *version)
{
	struct version parsed;

	return read_version(version, &parsed) &&
	       version_compare(&parsed, &advisory_q285350.fixed_in) >= 0;
}

static bool is_no_older(const struct drift_comparison *c, const struct drift_texts *was,
			const struct drift_texts *is)
{
	struct version then;
	struct version now;
	(void)c;

	return read_version(was->at[0], &then) && read_version(is->at[0], &now) &&
	       version_compare(&now, &then) >= 0;
}

/* The version of a file, as a list of one; empty where none is told. */
static struct drift_texts version_of(const struct report_file *file, struct arena *arena)
{
	struct drift_texts text = { arena_alloc_array(arena, 1, sizeof *text.at), 1 };
	struct version parsed;

	if (!file || file->state != FILE_STATE_VERSIONED || !read_version(file->version, &parsed))
		return drift_no_texts;
	text.at[0] = file->version;
	return text;
}

static void follow_file(const struct drift_comparison *c, const char *name)
{
	struct arena *arena = c->drift->arena;
	struct drift_texts was = version_of(report_find_file(c->before, name), arena);
	struct drift_texts is = version_of(report_find_file(c->after, name), arena);

	if (was.n > 0 && !holds_fix(was.at[0]))
		was = drift_no_texts;
	follow_fact(c, DRIFT_OLDER_FILE, name, &was, &is, is_no_older);
}

static void follow_files(const struct drift_comparison *c)
{
	for (size_t i = 0; i < advisory_q285350.n_files; i++)
		follow_file(c, advisory_q285350.files[i].name);
}

void drift_follow_report(struct drift *drift, const struct report *before,
			 const struct report *after, int64_t at_ms)
{
	struct drift_comparison c = { drift, before, after, at_ms };

	drift_follow_adapters(&c);
	follow_bindings(&c);
	follow_own_name(&c);
	follow_files(&c);
}
