#include "agent/collect/collect.h"

#include <stdlib.h>
#include <string.h>

#include "agent/collect/internal.h"
#include "proto/base/mem.h"

#define TCPIP_LINKAGE "SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Linkage"
#define RPC_LINKAGE   "SYSTEM\\CurrentControlSet\\Services\\Rpc\\Linkage"

struct collect *collect_new(struct host *host)
{
	struct collect *collect = mem_alloc(sizeof *collect);
	collect->host = host;
	collect->names = name_lookup_new(host);
	return collect;
}

void collect_free(struct collect *collect)
{
	if (!collect)
		return;
	name_lookup_free(collect->names);
	collect_forget_files(collect);
	free(collect);
}

/* NOLINTNEXTLINE(misc-redundant-expression): each is a name of its own. */
_Static_assert(OS_NO_CODE == REPORT_ABSENT, "a problem's code is an error's");

void collect_problem(struct collecting *c, const char *fact, const struct os_error *error)
{
	report_add_problem(c->report, c->arena, fact, error->code, error->text);
}

void collect_misfit(struct collecting *c, const char *fact, const char *key, const char *name,
		    const char *wanted)
{
	report_add_problem(c->report, c->arena, fact, REPORT_ABSENT,
			   arena_printf(c->arena, "registry HKLM\\%s, value \"%s\": it is not %s",
					key, name, wanted));
}

const char *collect_text(struct collecting *c, const char *fact, const char *key, const char *name)
{
	struct host_value value;
	struct os_error error;
	enum status status = host_read_value(c->host, key, name, c->arena, &value, &error);
	if (status == STATUS_OK && value.kind == HOST_VALUE_STRING)
		return value.text[0] ? report_text(value.text, c->arena) : NULL;
	if (status == STATUS_OK)
		collect_misfit(c, fact, key, name, "text");
	else if (status != STATUS_NOT_FOUND)
		collect_problem(c, fact, &error);
	return NULL;
}

bool collect_number(struct collecting *c, const char *fact, const char *key, const char *name,
		    uint32_t *out)
{
	struct host_value value;
	struct os_error error;
	enum status status = host_read_value(c->host, key, name, c->arena, &value, &error);
	if (status == STATUS_OK && value.kind == HOST_VALUE_NUMBER) {
		*out = value.number;
		return true;
	}
	if (status == STATUS_OK)
		collect_misfit(c, fact, key, name, "a number");
	else if (status != STATUS_NOT_FOUND)
		collect_problem(c, fact, &error);
	return false;
}

static void get_host(struct collecting *c)
{
	struct host_identity identity;
	struct os_error error;
	if (host_identify(c->host, c->arena, &identity, &error) != STATUS_OK) {
		collect_problem(c, "host.name", &error);
		return;
	}
	c->report->host.name = report_text(identity.name, c->arena);
	c->report->host.os = report_text(identity.os, c->arena);
	c->report->host.booted_at_ms = identity.booted_at_ms;
	if (identity.no_boot_time)
		collect_problem(c, "host.booted_at", identity.no_boot_time);
	if (host_has_network(c->host))
		name_lookup_ask_name(c->kept->names, c->report->host.name);
}

static const char *prefix_text(const struct ipv4_prefix *prefix, struct arena *arena)
{
	char address[IPV4_TEXT_SIZE];
	return arena_printf(arena, "%s/%u", ipv4_format(prefix->address, address),
			    (unsigned)prefix->length);
}

static void fill_adapter(struct collecting *c, const struct host_adapter *from,
			 struct report_adapter *to)
{
	*to = (struct report_adapter){
		.id = report_text(from->id, c->arena),
		.description = report_text(from->description, c->arena),
		.mac = from->mac,
		.enabled = from->enabled ? TRISTATE_YES : TRISTATE_NO,
		.link = from->link,
		.addresses = arena_alloc_array(c->arena, from->n_addresses, sizeof *to->addresses),
		.n_addresses = from->n_addresses,
		.gateways = arena_alloc_array(c->arena, from->n_gateways, sizeof *to->gateways),
		.n_gateways = from->n_gateways,
	};
	for (size_t i = 0; i < from->n_addresses; i++) {
		to->addresses[i] = prefix_text(&from->addresses[i], c->arena);
		if (from->addresses[i].address != 0)
			name_lookup_ask_address(c->kept->names, from->addresses[i].address);
	}
	for (size_t i = 0; i < from->n_gateways; i++)
		to->gateways[i] = ipv4_text(from->gateways[i], c->arena);
}

static void get_adapters(struct collecting *c)
{
	struct host_adapter *adapters = NULL;
	struct host_gaps gaps;
	struct os_error error;
	size_t n = 0;
	if (host_list_adapters(c->host, c->arena, &adapters, &n, &gaps, &error) != STATUS_OK) {
		collect_problem(c, "adapters", &error);
		return;
	}
	if (gaps.states)
		collect_problem(c, "adapters.link", gaps.states);
	if (gaps.gateways)
		collect_problem(c, "adapters.gateways", gaps.gateways);
	struct report *report = c->report;
	report->adapters_known = true;
	report->adapters = arena_alloc_array(c->arena, n, sizeof *report->adapters);
	report->n_adapters = n;
	for (size_t i = 0; i < n; i++) {
		fill_adapter(c, &adapters[i], &report->adapters[i]);
		if (gaps.states)
			report->adapters[i].enabled = TRISTATE_UNKNOWN;
	}
}

/* A binding order; one that is not there binds everything and is no problem. */
static void get_bindings(struct collecting *c, const char *fact, const char *key, const char ***out,
			 size_t *n)
{
	struct host_value value;
	struct os_error error;
	enum status status = host_read_value(c->host, key, "Bind", c->arena, &value, &error);
	if (status == STATUS_OK && value.kind != HOST_VALUE_LIST)
		collect_misfit(c, fact, key, "Bind", "a list");
	else if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		collect_problem(c, fact, &error);
	if (status != STATUS_OK || value.kind != HOST_VALUE_LIST)
		return;
	*out = arena_alloc_array(c->arena, value.n_list, sizeof **out);
	*n = value.n_list;
	for (size_t i = 0; i < value.n_list; i++)
		(*out)[i] = report_text(value.list[i], c->arena);
}

void collect_facts(struct collect *collect, struct arena *arena, struct report *out)
{
	struct collecting c = {
		.kept = collect,
		.host = collect->host,
		.arena = arena,
		.report = out,
	};
	report_init(out);
	out->collected_at_ms = host_wall_ms(collect->host);
	name_lookup_begin(collect->names);
	get_host(&c);
	get_adapters(&c);
	get_bindings(&c, "bindings.tcpip", TCPIP_LINKAGE, &out->tcpip_bindings,
		     &out->n_tcpip_bindings);
	get_bindings(&c, "bindings.rpc", RPC_LINKAGE, &out->rpc_bindings, &out->n_rpc_bindings);
	collect_exchange(&c);
	if (out->exchange.installed != TRISTATE_NO) {
		collect_mta(&c);
		collect_files(&c);
		collect_version(&c);
	}
}

static void fill_lookup(const struct name_lookup_answer *answer, const char *address,
			struct arena *arena, struct report_lookup *out)
{
	bool found = answer->reverse_error == HOST_LOOKUP_OK;
	*out = (struct report_lookup){
		.address = address,
		.name = found ? report_text(answer->name, arena) : NULL,
		.reverse_error = answer->reverse_error,
		.forward_error = found ? answer->forward_error : REPORT_ABSENT,
	};
}

static void name_adapter(struct collect *collect, struct arena *arena, struct report *report,
			 struct report_adapter *adapter)
{
	adapter->lookups = arena_alloc_array(arena, adapter->n_addresses, sizeof *adapter->lookups);
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		struct ipv4_prefix prefix;
		if (!ipv4_prefix_parse(adapter->addresses[i], &prefix) || prefix.address == 0)
			continue;
		const char *address = ipv4_text(prefix.address, arena);
		const struct name_lookup_answer *answer =
			name_lookup_of_address(collect->names, prefix.address);
		if (answer)
			fill_lookup(answer, address, arena,
				    &adapter->lookups[adapter->n_lookups++]);
		else
			report_add_problem(
				report, arena,
				arena_printf(arena, "adapters/%s/lookups", adapter->id),
				REPORT_ABSENT,
				arena_printf(arena, "gethostbyaddr %s: no answer yet", address));
	}
}

static void name_host(struct collect *collect, struct arena *arena, struct report *report)
{
	if (!report->host.name)
		return;
	const struct name_lookup_answer *answer =
		name_lookup_of_name(collect->names, report->host.name);
	if (!answer) {
		report_add_problem(
			report, arena, "host.name_resolves_to", REPORT_ABSENT,
			arena_printf(arena, "gethostbyname %s: no answer yet", report->host.name));
		return;
	}
	if (answer->forward_error != HOST_LOOKUP_OK) {
		report_add_problem(report, arena, "host.name_resolves_to", answer->forward_error,
				   arena_printf(arena, "gethostbyname %s: %s", report->host.name,
						host_lookup_text((int)answer->forward_error)));
		return;
	}
	report->host.name_resolves_to = arena_alloc_array(arena, answer->n_addresses,
							  sizeof *report->host.name_resolves_to);
	report->host.n_name_resolves_to = answer->n_addresses;
	for (size_t i = 0; i < answer->n_addresses; i++)
		report->host.name_resolves_to[i] = ipv4_text(answer->addresses[i], arena);
}

void collect_names(struct collect *collect, struct arena *arena, struct report *report,
		   bool (*stopped)(void))
{
	if (!host_has_network(collect->host))
		return;
	name_lookup_wait(collect->names, COLLECT_NAMES_WAIT_MS, stopped);
	for (size_t i = 0; i < report->n_adapters; i++)
		name_adapter(collect, arena, report, &report->adapters[i]);
	name_host(collect, arena, report);
}
