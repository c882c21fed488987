#include "collector/model/drift.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/buffer.h"
#include "proto/base/casefold.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/base/version.h"
#include "proto/exposure/advisory.h"
#include "proto/json/fields.h"
#include "proto/json/slice.h"
#include "proto/json/write.h"

/* Texts of a list that a sentence has; the others are counted. */
#define SPOKEN_TEXTS 6

static const char *const kind_names[] = {
	[DRIFT_NEW_ADAPTER] = "new_adapter",     [DRIFT_RESTING_ADAPTER] = "resting_adapter",
	[DRIFT_BINDING_ORDER] = "binding_order", [DRIFT_OWN_NAME] = "own_name",
	[DRIFT_LOST_PEERS] = "lost_peers",       [DRIFT_OLDER_FILE] = "older_file",
};

#define N_KINDS (sizeof kind_names / sizeof *kind_names)

/* ---- texts ---- */

static const struct drift_texts no_texts = { NULL, 0 };

static bool has_text(const struct drift_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (text_identical(texts->at[i], text))
			return true;
	}
	return false;
}

static bool has_name(const struct drift_texts *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (casefold_equal(names->at[i], name))
			return true;
	}
	return false;
}

/* Lists that are too long count as not told. */
static struct drift_texts lend_texts(const char **texts, size_t n)
{
	return n <= DRIFT_MAX_TEXTS ? (struct drift_texts){ texts, n } : no_texts;
}

static struct drift_texts copy_texts(const struct drift_texts *texts, struct arena *arena)
{
	struct drift_texts copy = { arena_alloc_array(arena, texts->n + 1, sizeof *copy.at),
				    texts->n };

	for (size_t i = 0; i < texts->n; i++)
		copy.at[i] = arena_strdup(arena, texts->at[i]);
	return copy;
}

/* A binding names the device of an adapter, of which people know the rest. */
static const char *without_device(const char *text)
{
	return text_has_prefix(text, "\\Device\\") ? text + strlen("\\Device\\") : text;
}

static void speak_texts(struct buffer *out, const struct drift_texts *texts)
{
	size_t n = texts->n <= SPOKEN_TEXTS + 1 ? texts->n : SPOKEN_TEXTS;

	for (size_t i = 0; i < n; i++)
		buffer_printf(out, "%s%s", i ? ", " : "", without_device(texts->at[i]));
	if (n < texts->n)
		buffer_printf(out, " and %zu more", texts->n - n);
}

/* ---- entries ---- */

static struct drift_entry *find_entry(struct drift *drift, enum drift_kind kind, const char *of)
{
	for (size_t i = 0; i < drift->n; i++) {
		if (drift->entries[i].kind == kind && strcmp(drift->entries[i].of, of) == 0)
			return &drift->entries[i];
	}
	return NULL;
}

static void remove_entry(struct drift *drift, struct drift_entry *entry)
{
	size_t at = (size_t)(entry - drift->entries);

	drift->n--;
	memmove(entry, entry + 1, (drift->n - at) * sizeof *entry);
}

/* Where there is no room for more, what comes is not marked. */
static void add_entry(struct drift *drift, enum drift_kind kind, const char *of,
		      const struct drift_texts *before, const struct drift_texts *after,
		      int64_t at_ms)
{
	if (drift->n == DRIFT_MAX_ENTRIES)
		return;
	drift->entries[drift->n++] = (struct drift_entry){
		.kind = kind,
		.of = arena_strdup(drift->arena, of),
		.before = copy_texts(before, drift->arena),
		.after = copy_texts(after, drift->arena),
		.at_ms = at_ms,
	};
}

void drift_age(struct drift *drift, int64_t now_ms)
{
	for (size_t i = drift->n; i-- > 0;) {
		if (now_ms - drift->entries[i].at_ms >= DRIFT_KEPT_MS)
			remove_entry(drift, &drift->entries[i]);
	}
}

/* ---- reports ---- */

/* Two reports under comparison. */
struct comparison {
	struct drift *drift;
	const struct report *before;
	const struct report *after;
	int64_t at_ms;
};

/* Are two states of a fact alike, as far as it matters here? Neither is empty. */
typedef bool is_alike(const struct comparison *c, const struct drift_texts *was,
		      const struct drift_texts *is);

/* A fact that is `was` in the report before and `is` in this one; empty: it is not told. */
static void follow_fact(const struct comparison *c, enum drift_kind kind, const char *of,
			const struct drift_texts *was, const struct drift_texts *is,
			is_alike *alike)
{
	struct drift_entry *entry = find_entry(c->drift, kind, of);
	struct drift_texts usual = entry ? entry->before : *was;

	if (usual.n == 0 || (entry && is->n == 0))
		return;
	if (is->n > 0 && alike(c, &usual, is)) {
		if (entry)
			remove_entry(c->drift, entry);
	} else if (!entry) {
		add_entry(c->drift, kind, of, was, is, c->at_ms);
	} else if (entry->after.n == 0 || !alike(c, &entry->after, is) ||
		   !alike(c, is, &entry->after)) {
		entry->after = copy_texts(is, c->drift->arena);
		entry->at_ms = c->at_ms;
	}
}

/* ---- adapters ---- */

static bool has_usable_address(const struct report_adapter *adapter)
{
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		struct ipv4_prefix address;
		if (ipv4_prefix_parse(adapter->addresses[i], &address) &&
		    site_address_usable(&address))
			return true;
	}
	return false;
}

/* The exposure rule's term: what is not known to be disabled, and has a usable address. */
static bool is_active(const struct report_adapter *adapter)
{
	return adapter && adapter->enabled != TRISTATE_NO && has_usable_address(adapter);
}

static const struct report_adapter *find_adapter(const struct report *report, const char *id)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		if (text_identical(report->adapters[i].id, id))
			return &report->adapters[i];
	}
	return NULL;
}

static bool has_same_card(const struct report_adapter *a, const struct report_adapter *b)
{
	return a->mac && *a->mac && b->mac && text_equal(a->mac, b->mac);
}

static bool has_same_texts(const struct drift_texts *a, const struct drift_texts *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (!has_text(a, b->at[i]))
			return false;
	}
	return a->n == b->n && a->n > 0;
}

static bool has_same_addresses(const struct report_adapter *a, const struct report_adapter *b)
{
	struct drift_texts of_a = { a->addresses, a->n_addresses };
	struct drift_texts of_b = { b->addresses, b->n_addresses };

	return has_same_texts(&of_a, &of_b);
}

/* The adapter in `other`, of an id that this report has not, that is probably this one. */
static const struct report_adapter *find_renamed(
	const struct report_adapter *adapter, const struct report *of, const struct report *other,
	bool (*is_same)(const struct report_adapter *a, const struct report_adapter *b))
{
	for (size_t i = 0; i < other->n_adapters; i++) {
		const struct report_adapter *candidate = &other->adapters[i];
		if (!find_adapter(of, candidate->id) && is_same(adapter, candidate))
			return candidate;
	}
	return NULL;
}

/* The same adapter in the other report, or NULL. */
static const struct report_adapter *find_same(const struct report_adapter *adapter,
					      const struct report *of, const struct report *other)
{
	const struct report_adapter *same = find_adapter(other, adapter->id);

	if (!same)
		same = find_renamed(adapter, of, other, has_same_card);
	return same ? same : find_renamed(adapter, of, other, has_same_addresses);
}

/* Does one of the reports not tell whether the adapter is enabled, and the other does? */
static bool is_enabled_by_guess(const struct report_adapter *then, const struct report_adapter *now)
{
	return then && now && then->enabled != now->enabled &&
	       (then->enabled == TRISTATE_UNKNOWN || now->enabled == TRISTATE_UNKNOWN);
}

static void rename_entries(struct drift *drift, const char *from, const char *to)
{
	if (text_identical(from, to))
		return;
	for (size_t i = 0; i < drift->n; i++) {
		struct drift_entry *entry = &drift->entries[i];
		if (entry->kind <= DRIFT_RESTING_ADAPTER && strcmp(entry->of, from) == 0)
			entry->of = arena_strdup(drift->arena, to);
	}
}

/* The adapter that is back, by its id or its addresses. */
static struct drift_entry *find_resting(struct drift *drift, const char *id,
					const struct drift_texts *addresses)
{
	struct drift_entry *entry = find_entry(drift, DRIFT_RESTING_ADAPTER, id);

	for (size_t i = 0; !entry && i < drift->n; i++) {
		if (drift->entries[i].kind == DRIFT_RESTING_ADAPTER &&
		    has_same_texts(&drift->entries[i].before, addresses))
			entry = &drift->entries[i];
	}
	return entry;
}

/* `then` or `now` is NULL where that report has no such adapter. */
static void follow_adapter(const struct comparison *c, const struct report_adapter *then,
			   const struct report_adapter *now)
{
	bool was = is_active(then);
	bool is = is_active(now);
	const struct report_adapter *active = is ? now : then;

	if (then && now)
		rename_entries(c->drift, then->id, now->id);
	if (was == is || is_enabled_by_guess(then, now))
		return;
	const char *id = now ? now->id : then->id;
	struct drift_texts addresses = lend_texts(active->addresses, active->n_addresses);
	struct drift_entry *undone = is ? find_resting(c->drift, id, &addresses)
					: find_entry(c->drift, DRIFT_NEW_ADAPTER, id);
	if (undone)
		remove_entry(c->drift, undone);
	else if (is)
		add_entry(c->drift, DRIFT_NEW_ADAPTER, id, &no_texts, &addresses, c->at_ms);
	else
		add_entry(c->drift, DRIFT_RESTING_ADAPTER, id, &addresses, &no_texts, c->at_ms);
}

/* What the report itself undoes, whatever stood in the one before. */
static void settle_adapters(const struct comparison *c)
{
	for (size_t i = c->drift->n; i-- > 0;) {
		struct drift_entry *entry = &c->drift->entries[i];
		bool is = is_active(find_adapter(c->after, entry->of));
		if ((entry->kind == DRIFT_NEW_ADAPTER && !is) ||
		    (entry->kind == DRIFT_RESTING_ADAPTER && is))
			remove_entry(c->drift, entry);
	}
}

/* Another version of the agent may list adapters that this one did not look for. */
static bool is_by_same_agent(const struct comparison *c)
{
	return text_identical(c->before->agent.version, c->after->agent.version);
}

static void compare_adapters(const struct comparison *c)
{
	for (size_t i = 0; i < c->after->n_adapters; i++) {
		const struct report_adapter *now = &c->after->adapters[i];
		const struct report_adapter *then = find_same(now, c->after, c->before);
		if (then || is_by_same_agent(c))
			follow_adapter(c, then, now);
	}
	for (size_t i = 0; i < c->before->n_adapters; i++) {
		const struct report_adapter *then = &c->before->adapters[i];
		if (!find_same(then, c->before, c->after))
			follow_adapter(c, then, NULL);
	}
}

static void follow_adapters(const struct comparison *c)
{
	if (c->after->adapters_known && c->before->adapters_known)
		compare_adapters(c);
	if (c->after->adapters_known)
		settle_adapters(c);
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
static bool is_same_order(const struct comparison *c, const struct drift_texts *was,
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

static void follow_bindings(const struct comparison *c)
{
	const struct report *a = c->before;
	const struct report *b = c->after;
	struct drift_texts was = lend_texts(a->tcpip_bindings, a->n_tcpip_bindings);
	struct drift_texts is = lend_texts(b->tcpip_bindings, b->n_tcpip_bindings);

	follow_fact(c, DRIFT_BINDING_ORDER, "tcpip", &was, &is, is_same_order);
	was = lend_texts(a->rpc_bindings, a->n_rpc_bindings);
	is = lend_texts(b->rpc_bindings, b->n_rpc_bindings);
	follow_fact(c, DRIFT_BINDING_ORDER, "rpc", &was, &is, is_same_order);
}

/* ---- the own name ---- */

/* Has the report an active adapter with that address? */
static bool has_address(const struct report *report, const char *text)
{
	struct ipv4_prefix address;
	uint32_t wanted;

	if (!ipv4_parse(text, &wanted))
		return false;
	for (size_t i = 0; i < report->n_adapters; i++) {
		const struct report_adapter *adapter = &report->adapters[i];
		for (size_t j = 0; is_active(adapter) && j < adapter->n_addresses; j++) {
			if (ipv4_prefix_parse(adapter->addresses[j], &address) &&
			    address.address == wanted)
				return true;
		}
	}
	return false;
}

/* Are all of `some` in `others` too, but for addresses that `here` has on an adapter, `there` not? */
static bool is_within(const struct drift_texts *some, const struct drift_texts *others,
		      const struct report *here, const struct report *there)
{
	for (size_t i = 0; i < some->n; i++) {
		if (!has_text(others, some->at[i]) &&
		    (!has_address(here, some->at[i]) || has_address(there, some->at[i])))
			return false;
	}
	return true;
}

/* The same addresses in any order, but for what came and went with the adapters'. */
static bool is_same_answer(const struct comparison *c, const struct drift_texts *was,
			   const struct drift_texts *is)
{
	return is_within(was, is, c->before, c->after) && is_within(is, was, c->after, c->before);
}

static void follow_own_name(const struct comparison *c)
{
	struct drift_texts was =
		lend_texts(c->before->host.name_resolves_to, c->before->host.n_name_resolves_to);
	struct drift_texts is =
		lend_texts(c->after->host.name_resolves_to, c->after->host.n_name_resolves_to);

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

static bool is_no_older(const struct comparison *c, const struct drift_texts *was,
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
		return no_texts;
	text.at[0] = file->version;
	return text;
}

static void follow_file(const struct comparison *c, const char *name)
{
	struct arena *arena = c->drift->arena;
	struct drift_texts was = version_of(report_find_file(c->before, name), arena);
	struct drift_texts is = version_of(report_find_file(c->after, name), arena);

	if (was.n > 0 && !holds_fix(was.at[0]))
		was = no_texts;
	follow_fact(c, DRIFT_OLDER_FILE, name, &was, &is, is_no_older);
}

static void follow_files(const struct comparison *c)
{
	for (size_t i = 0; i < advisory_q285350.n_files; i++)
		follow_file(c, advisory_q285350.files[i].name);
}

void drift_follow_report(struct drift *drift, const struct report *before,
			 const struct report *after, int64_t at_ms)
{
	struct comparison c = { drift, before, after, at_ms };

	follow_adapters(&c);
	follow_bindings(&c);
	follow_own_name(&c);
	follow_files(&c);
}

/* ---- peers ---- */

/* How far an adapter got with a peer; GRADE_UNKNOWN: it was not probed. */
static enum grade reached(const struct site_member *member, const struct site_peer_rows *peer,
			  size_t nic)
{
	const struct site_row *rows = site_member_rows(member) + peer->first_row;
	enum grade best = GRADE_UNKNOWN;

	for (size_t i = 0; i < peer->n_rows; i++) {
		if (rows[i].adapter == nic && (int)rows[i].grade > (int)best)
			best = (enum grade)rows[i].grade;
	}
	return best;
}

/* The number of the first active adapter of that id, or SITE_NO_ADAPTER. */
static size_t find_nic(const struct site_member *member, const char *id)
{
	const struct site_nic *nics = site_member_nics(member);

	for (size_t i = 0; i < member->n_nics; i++) {
		if (nics[i].active && strcmp(site_member_text(member, nics[i].id), id) == 0)
			return nics[i].first_of_id;
	}
	return SITE_NO_ADAPTER;
}

/* The peers that `id` reached, by the report before or in an entry, and does not reach now. */
static struct drift_texts find_lost(const struct site_member *before,
				    const struct site_member *after, const char *id,
				    const struct drift_texts *lost, struct arena *arena)
{
	const struct site_peer_rows *then = site_member_peer_rows(before);
	const struct site_peer_rows *end = then + before->n_peer_rows;
	const struct site_peer_rows *now = site_member_peer_rows(after);
	struct drift_texts out = { arena_alloc_array(arena, DRIFT_MAX_TEXTS, sizeof *out.at), 0 };
	size_t nic_then = find_nic(before, id);
	size_t nic_now = find_nic(after, id);

	for (size_t i = 0; i < after->n_peer_rows && out.n < DRIFT_MAX_TEXTS; i++, now++) {
		const char *name = site_member_text(after, now->name);
		enum grade is = reached(after, now, nic_now);
		if (is == GRADE_UNKNOWN || is >= GRADE_EPM)
			continue;
		/* Both lists are ordered by name. */
		while (then < end &&
		       casefold_compare(site_member_text(before, then->name), name) < 0)
			then++;
		bool was_there =
			then < end && casefold_equal(site_member_text(before, then->name), name);
		if (has_name(lost, name) ||
		    (was_there && reached(before, then, nic_then) >= GRADE_EPM))
			out.at[out.n++] = name;
	}
	return out;
}

bool drift_may_have_lost_peers(const struct site_member *after)
{
	const struct site_peer_rows *peers = site_member_peer_rows(after);

	for (size_t i = 0; i < after->n_peer_rows; i++) {
		if (peers[i].worst < GRADE_EPM)
			return true;
	}
	return false;
}

static void follow_nic(struct drift *drift, const struct site_member *before,
		       const struct site_member *after, const char *id)
{
	struct drift_entry *entry = find_entry(drift, DRIFT_LOST_PEERS, id);
	struct drift_texts lost =
		find_lost(before, after, id, entry ? &entry->before : &no_texts, drift->arena);

	if (lost.n == 0 && entry)
		remove_entry(drift, entry);
	else if (lost.n > 0 && entry)
		entry->before = copy_texts(&lost, drift->arena);
	else if (lost.n > 0)
		add_entry(drift, DRIFT_LOST_PEERS, id, &lost, &no_texts, after->at_ms);
}

/* Entries of adapters that are not active any more, of which nothing is expected. */
static void forget_inactive(struct drift *drift, const struct site_member *after)
{
	for (size_t i = drift->n; i-- > 0;) {
		struct drift_entry *entry = &drift->entries[i];
		if (entry->kind == DRIFT_LOST_PEERS &&
		    find_nic(after, entry->of) == SITE_NO_ADAPTER)
			remove_entry(drift, entry);
	}
}

void drift_follow_peers(struct drift *drift, const struct site_member *before,
			const struct site_member *after)
{
	const struct site_nic *nics = site_member_nics(after);

	forget_inactive(drift, after);
	for (size_t i = 0; i < after->n_nics; i++) {
		if (nics[i].active && nics[i].first_of_id == i)
			follow_nic(drift, before, after, site_member_text(after, nics[i].id));
	}
}

static const struct site_adapter *find_seen(const struct site_server *seen, const char *id)
{
	for (size_t i = 0; i < seen->n_adapters; i++) {
		if (strcmp(seen->adapters[i].id, id) == 0)
			return &seen->adapters[i];
	}
	return NULL;
}

static struct drift_texts find_reached_by_others(const struct drift_entry *entry,
						 const struct site_adapter *adapter,
						 struct arena *arena)
{
	struct drift_texts out = { arena_alloc_array(arena, entry->before.n + 1, sizeof *out.at),
				   0 };

	for (size_t i = 0; adapter && i < adapter->n_paths; i++) {
		const struct site_path *path = &adapter->paths[i];
		if (path->falls_short && has_name(&entry->before, path->peer))
			out.at[out.n++] = arena_strdup(arena, path->peer);
	}
	return out;
}

bool drift_look(struct drift *drift, const struct site_server *seen)
{
	bool changes = false;

	for (size_t i = 0; i < drift->n; i++) {
		struct drift_entry *entry = &drift->entries[i];
		if (entry->kind != DRIFT_LOST_PEERS)
			continue;
		bool lasts = seen->at_ms - entry->at_ms >= DRIFT_PEERS_MS;
		bool was_mark = entry->after.n > 0;
		entry->after = lasts ? find_reached_by_others(entry, find_seen(seen, entry->of),
							      drift->arena)
				     : no_texts;
		changes |= was_mark || entry->after.n > 0;
	}
	return changes;
}

/* ---- as text ---- */

static void speak_change(struct buffer *out, const char *begin, const struct drift_entry *entry)
{
	buffer_printf(out, "%s ", begin);
	speak_texts(out, &entry->after);
	buffer_add_text(out, "; before ");
	speak_texts(out, &entry->before);
	buffer_add_char(out, '.');
}

static void speak(struct buffer *out, const struct drift_entry *entry)
{
	switch (entry->kind) {
	case DRIFT_NEW_ADAPTER:
		buffer_printf(out, "Adapter %s has become active: ", entry->of);
		speak_texts(out, &entry->after);
		buffer_add_char(out, '.');
		break;
	case DRIFT_RESTING_ADAPTER:
		break; /* it is no mark */
	case DRIFT_BINDING_ORDER:
		speak_change(out,
			     strcmp(entry->of, "rpc") == 0 ? "The binding order of RPC is now"
							   : "The binding order of TCP/IP is now",
			     entry);
		break;
	case DRIFT_OWN_NAME:
		speak_change(out, "The server's own name resolves now to", entry);
		break;
	case DRIFT_LOST_PEERS:
		buffer_printf(out, "Adapter %s no longer reaches ", entry->of);
		speak_texts(out, &entry->after);
		buffer_add_text(out, ", which others still reach.");
		break;
	case DRIFT_OLDER_FILE:
		buffer_printf(out, "%s ", entry->of);
		speak_change(out, "was replaced by an older one,", entry);
		break;
	}
}

static void write_entry(struct buffer *out, const struct drift_entry *entry)
{
	struct buffer text = { 0 };

	if (entry->after.n > 0)
		speak(&text, entry);
	json_open_object(out, NULL);
	json_put_text(out, "kind", kind_names[entry->kind]);
	json_put_text(out, "of", entry->of);
	json_put_time(out, "at", entry->at_ms);
	json_put_texts(out, "before", entry->before.at, entry->before.n);
	json_put_texts(out, "after", entry->after.at, entry->after.n);
	json_put_text(out, "text", text.bytes ? text.bytes : "");
	json_close_object(out);
	buffer_deinit(&text);
}

char *drift_write(const struct drift *drift)
{
	struct buffer out = { 0 };

	if (drift->n == 0)
		return NULL;
	json_open_array(&out, NULL);
	for (size_t i = 0; i < drift->n; i++)
		write_entry(&out, &drift->entries[i]);
	json_close_array(&out);
	if (out.size <= DRIFT_MAX_TEXT)
		return buffer_take_text(&out);
	buffer_deinit(&out);
	return NULL;
}

static bool choose_kind(const char *name, enum drift_kind *out)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (text_identical(name, kind_names[i])) {
			*out = (enum drift_kind)i;
			return true;
		}
	}
	return false;
}

/* An entry of a later version is none of ours. */
static void read_entry(struct json_reading *in, const struct json_place *at, void *user)
{
	struct drift *drift = user;
	struct drift_entry entry = { .of = "", .at_ms = TIMESTAMP_NONE };

	if (drift->n == DRIFT_MAX_ENTRIES ||
	    !choose_kind(json_borrow_text(in, at, "kind"), &entry.kind))
		return;
	json_get_text(in, at, "of", &entry.of);
	json_require(in, at, "at");
	json_get_time(in, at, "at", &entry.at_ms);
	json_get_texts(in, at, "before", &entry.before.at, &entry.before.n);
	json_get_texts(in, at, "after", &entry.after.at, &entry.after.n);
	drift->entries[drift->n++] = entry;
}

void drift_read(const char *text, struct arena *arena, struct drift *out)
{
	struct json_reading in;
	struct json_place root;

	out->n = 0;
	out->arena = arena;
	if (!text)
		return;
	const char *object = arena_printf(arena, "{\"drift\":%s}", text);
	json_begin(&in, object, strlen(object), SIZE_MAX, arena, &root);
	json_each(&in, &root, "drift", DRIFT_MAX_ENTRIES, read_entry, out, NULL);
	json_end(&in);
	if (in.status != STATUS_OK)
		out->n = 0;
}

bool drift_next_mark(const char **at, struct drift_mark *out)
{
	struct json_slice entry;
	struct json_slice after;

	while (json_slice_next(at, &entry)) {
		if (!json_slice_member(entry.at, "after", &after) || after.size <= strlen("[]"))
			continue;
		*out = (struct drift_mark){ entry.at, entry.size };
		return true;
	}
	return false;
}

bool drift_has_mark(const char *text)
{
	struct drift_mark mark;

	return text && drift_next_mark(&text, &mark);
}

int64_t drift_since(const char *text)
{
	char at[TIMESTAMP_TEXT_SIZE];
	int64_t since_ms = TIMESTAMP_NONE;
	struct drift_mark mark;
	struct json_slice value;

	while (text && drift_next_mark(&text, &mark)) {
		int64_t at_ms;
		if (!json_slice_member(mark.json, "at", &value) || value.size < 2 ||
		    value.size - 2 >= sizeof at)
			continue;
		memcpy(at, value.at + 1, value.size - 2);
		at[value.size - 2] = '\0';
		if (timestamp_parse(at, &at_ms) == STATUS_OK &&
		    (since_ms == TIMESTAMP_NONE || at_ms < since_ms))
			since_ms = at_ms;
	}
	return since_ms;
}

static bool has_same_member(const struct drift_mark *a, const struct drift_mark *b,
			    const char *name)
{
	struct json_slice x;
	struct json_slice y;

	return json_slice_member(a->json, name, &x) && json_slice_member(b->json, name, &y) &&
	       x.size == y.size && memcmp(x.at, y.at, x.size) == 0;
}

static bool is_among(const struct drift_mark *mark, const char *text)
{
	struct drift_mark other;

	while (text && drift_next_mark(&text, &other)) {
		if (has_same_member(mark, &other, "kind") && has_same_member(mark, &other, "of") &&
		    has_same_member(mark, &other, "at"))
			return true;
	}
	return false;
}

size_t drift_add_new_marks(const char *text, const char *other, const char *name,
			   struct buffer *out)
{
	struct drift_mark mark;
	size_t n = 0;

	json_open_array(out, name);
	while (text && drift_next_mark(&text, &mark)) {
		if (is_among(&mark, other))
			continue;
		buffer_add_text(out, n++ ? "," : "");
		buffer_add(out, mark.json, mark.size);
	}
	json_close_array(out);
	return n;
}

void drift_add_marks(const char *text, const char *name, struct buffer *out)
{
	drift_add_new_marks(text, NULL, name, out);
}
