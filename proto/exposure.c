#include "proto/exposure.h"

#include <string.h>

#include "proto/exposure_parts.h"

static const char *const verdict_names[] = { "failing", "exposed",   "at_risk",       "unknown",
					     "clear",   "protected", "not_applicable" };

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

bool verdict_from_name(const char *name, enum verdict *out)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		if (strcmp(name, verdict_names[i]) == 0) {
			*out = (enum verdict)i;
			return true;
		}
	}
	return false;
}

const char *remedy_action_name(enum remedy_action action)
{
	static const char *const names[] = { "disable_adapter", "install_service_pack",
					     "install_fix", "start_mta" };
	return names[action];
}

bool exposure_fact_is(unsigned set, unsigned value)
{
	return set == FACT_IS(value);
}

const char *exposure_adapter_label(struct exposure_context *x, const struct report_adapter *adapter)
{
	const char *address = adapter->n_addresses > 0 ? adapter->addresses[0] : NULL;
	const char *description = adapter->description;

	if (description && strcmp(description, adapter->id) == 0)
		description = NULL;
	if (description && address)
		return arena_printf(x->arena, "%s (%s, %s)", adapter->id, description, address);
	if (description || address)
		return arena_printf(x->arena, "%s (%s)", adapter->id,
				    description ? description : address);
	return adapter->id;
}

struct reason *reason_add(struct exposure_context *x, struct reason_list *list, const char *code,
			  const char *format, ...)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		struct reason *items = arena_alloc_array(x->arena, room, sizeof *items);
		if (list->n > 0)
			memcpy(items, list->items, list->n * sizeof *items);
		list->items = items;
		list->room = room;
	}
	struct reason *reason = &list->items[list->n++];
	va_list args;

	va_start(args, format);
	*reason = (struct reason){ .code = code, .text = arena_vprintf(x->arena, format, args) };
	va_end(args);
	return reason;
}

static struct evidence *evidence_add(struct reason *reason, const char *key)
{
	struct evidence *evidence = &reason->evidence[reason->n_evidence++];
	*evidence = (struct evidence){ .key = key };
	return evidence;
}

void reason_text(struct reason *reason, const char *key, const char *text)
{
	if (text)
		evidence_add(reason, key)->text = text;
}

void reason_number(struct reason *reason, const char *key, int64_t number)
{
	evidence_add(reason, key)->number = number;
}

void reason_list_of(struct reason *reason, const char *key, const char **list, size_t n)
{
	struct evidence *evidence;

	if (n == 0)
		return;
	evidence = evidence_add(reason, key);
	evidence->list = list;
	evidence->n_list = n;
}

void exposure_assess(const struct site *site, size_t server, struct assessment *out,
		     struct arena *arena)
{
	struct exposure_context x = {
		.site = site,
		.number = server,
		.server = &site->servers[server],
		.report = site->servers[server].report,
		.arena = arena,
	};
	struct reason_list reasons = { 0 };

	exposure_facts_of(x.server, &x.facts);
	x.verdict = exposure_judge(&x.facts, &x.missing);
	exposure_add_reasons(&x, &reasons);
	exposure_add_notes(&x, &reasons);

	*out = (struct assessment){
		.verdict = x.verdict,
		.reasons = reasons.items,
		.n_reasons = reasons.n,
	};
	exposure_make_remedy(&x, &out->remedy);
}
