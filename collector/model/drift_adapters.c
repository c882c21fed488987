#include "collector/model/drift_internal.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/site/member.h"

static bool is_active(const struct report_adapter *adapter)
{
	return adapter && site_adapter_is_active(adapter);
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
		if (!drift_has_text(a, b->at[i]))
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
	struct drift_entry *entry = drift_find_entry(drift, DRIFT_RESTING_ADAPTER, id);

	for (size_t i = 0; !entry && i < drift->n; i++) {
		if (drift->entries[i].kind == DRIFT_RESTING_ADAPTER &&
		    has_same_texts(&drift->entries[i].before, addresses))
			entry = &drift->entries[i];
	}
	return entry;
}

/* `then` or `now` is NULL where that report has no such adapter. */
static void follow_adapter(const struct drift_comparison *c, const struct report_adapter *then,
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
	struct drift_texts addresses = drift_lend_texts(active->addresses, active->n_addresses);
	struct drift_entry *undone = is ? find_resting(c->drift, id, &addresses)
					: drift_find_entry(c->drift, DRIFT_NEW_ADAPTER, id);
	if (undone)
		drift_remove_entry(c->drift, undone);
	else if (is)
		drift_add_entry(c->drift, DRIFT_NEW_ADAPTER, id, &drift_no_texts, &addresses,
				c->at_ms);
	else
		drift_add_entry(c->drift, DRIFT_RESTING_ADAPTER, id, &addresses, &drift_no_texts,
				c->at_ms);
}

/* What the report itself undoes, whatever stood in the one before. */
static void settle_adapters(const struct drift_comparison *c)
{
	for (size_t i = c->drift->n; i-- > 0;) {
		struct drift_entry *entry = &c->drift->entries[i];
		bool is = is_active(find_adapter(c->after, entry->of));
		if ((entry->kind == DRIFT_NEW_ADAPTER && !is) ||
		    (entry->kind == DRIFT_RESTING_ADAPTER && is))
			drift_remove_entry(c->drift, entry);
	}
}

/* Another version of the agent may list adapters that this one did not look for. */
static bool is_by_same_agent(const struct drift_comparison *c)
{
	return text_identical(c->before->agent.version, c->after->agent.version);
}

static void compare_adapters(const struct drift_comparison *c)
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

void drift_follow_adapters(const struct drift_comparison *c)
{
	if (c->after->adapters_known && c->before->adapters_known)
		compare_adapters(c);
	if (c->after->adapters_known)
		settle_adapters(c);
}

bool drift_has_address(const struct report *report, const char *text)
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
