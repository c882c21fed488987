#include "proto/exposure/internal.h"

#include <string.h>

#include "proto/base/ipv4.h"

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

bool exposure_lacks_route(const struct site_adapter *adapter)
{
	for (size_t i = 0; i < adapter->n_paths; i++) {
		const struct site_path *path = &adapter->paths[i];
		if (path->grade == GRADE_NONE && path->error == PROBE_NET_UNREACHABLE)
			return true;
	}
	return false;
}

const char *exposure_without_dhcp(struct exposure_context *x, const struct report_adapter *adapter)
{
	const char *found = NULL;

	for (size_t i = 0; i < adapter->n_addresses; i++) {
		struct ipv4_prefix own;
		if (!ipv4_prefix_parse(adapter->addresses[i], &own))
			continue;
		if (own.address != 0 && !ipv4_is_self_assigned(own.address))
			return NULL;
		char *text = arena_alloc(x->arena, IPV4_TEXT_SIZE);
		found = ipv4_format(own.address, text);
	}
	return found;
}

const char *exposure_short_label(struct exposure_context *x, const struct report_adapter *adapter)
{
	const char *bare = exposure_without_dhcp(x, adapter);
	bool guid = adapter->id[0] == '{' && adapter->description;
	const char *name = guid ? adapter->description : adapter->id;

	if (bare)
		return arena_printf(x->arena, "%s (%s: " NO_DHCP_ANSWER ")", name, bare);
	if (adapter->n_addresses == 0)
		return name;
	return arena_printf(x->arena, "%s (%.*s)", name, (int)strcspn(adapter->addresses[0], "/"),
			    adapter->addresses[0]);
}

struct reason *reason_add(struct exposure_context *x, struct reason_list *list, const char *code,
			  const char *format, ...)
{
	list->items =
		arena_make_room(x->arena, list->items, list->n, &list->room, sizeof *list->items);
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

size_t exposure_count_adapters(const struct site_server *server, enum adapter_state state)
{
	size_t n = 0;
	for (size_t i = 0; i < server->n_adapters; i++)
		n += server->adapters[i].state == state;
	return n;
}
