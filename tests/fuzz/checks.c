#include "tests/fuzz/checks.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/utf8.h"

void check_utf8(const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		size_t n = utf8_length(text, left);
		if (n == 0)
			abort();
		text += n;
		left -= n;
	}
}

static void same(int64_t a, int64_t b)
{
	if (a != b)
		abort();
}

static void same_size(size_t a, size_t b)
{
	if (a != b)
		abort();
}

static void same_text(const char *a, const char *b)
{
	if (!a != !b)
		abort();
	if (!a)
		return;
	check_utf8(a);
	if (strcmp(a, b) != 0)
		abort();
}

static void same_texts(const char *const *a, size_t n_a, const char *const *b, size_t n_b)
{
	same_size(n_a, n_b);
	for (size_t i = 0; i < n_a; i++)
		same_text(a[i], b[i]);
}

static void same_head(const struct report *a, const struct report *b)
{
	same_text(a->agent.id, b->agent.id);
	same_text(a->agent.epoch, b->agent.epoch);
	same_text(a->agent.version, b->agent.version);
	same_text(a->agent.platform, b->agent.platform);
	same(a->sequence, b->sequence);
	same(a->collected_at_ms, b->collected_at_ms);
	same(a->interval_s, b->interval_s);
	same(a->duration_ms, b->duration_ms);
	same(a->received_at_ms, b->received_at_ms);
	same(a->age_s, b->age_s);
	same_text(a->host.name, b->host.name);
	same_text(a->host.os, b->host.os);
	same(a->host.booted_at_ms, b->host.booted_at_ms);
	same_texts(a->host.name_resolves_to, a->host.n_name_resolves_to, b->host.name_resolves_to,
		   b->host.n_name_resolves_to);
}

static void same_exchange(const struct report *a, const struct report *b)
{
	same(a->exchange.installed, b->exchange.installed);
	same_text(a->exchange.version, b->exchange.version);
	same(a->exchange.service_pack, b->exchange.service_pack);
	same_text(a->exchange.build, b->exchange.build);
	same_text(a->exchange.organization, b->exchange.organization);
	same_text(a->exchange.site, b->exchange.site);
	same_text(a->exchange.server, b->exchange.server);
	same_text(a->exchange.directory, b->exchange.directory);
	same(a->exchange.clustered, b->exchange.clustered);
}

static void same_adapter(const struct report_adapter *a, const struct report_adapter *b)
{
	same_text(a->id, b->id);
	same_text(a->description, b->description);
	same_text(a->mac, b->mac);
	same(a->enabled, b->enabled);
	same(a->link, b->link);
	same_texts(a->addresses, a->n_addresses, b->addresses, b->n_addresses);
	same_texts(a->gateways, a->n_gateways, b->gateways, b->n_gateways);
	same_size(a->n_lookups, b->n_lookups);
	for (size_t i = 0; i < a->n_lookups; i++) {
		same_text(a->lookups[i].address, b->lookups[i].address);
		same_text(a->lookups[i].name, b->lookups[i].name);
		same(a->lookups[i].reverse_error, b->lookups[i].reverse_error);
		same(a->lookups[i].forward_error, b->lookups[i].forward_error);
	}
}

static void same_network(const struct report *a, const struct report *b)
{
	same(a->adapters_known, b->adapters_known);
	same_size(a->n_adapters, b->n_adapters);
	for (size_t i = 0; i < a->n_adapters; i++)
		same_adapter(&a->adapters[i], &b->adapters[i]);
	same_texts(a->tcpip_bindings, a->n_tcpip_bindings, b->tcpip_bindings, b->n_tcpip_bindings);
	same_texts(a->rpc_bindings, a->n_rpc_bindings, b->rpc_bindings, b->n_rpc_bindings);
}

static void same_probes(const struct report_probe *a, size_t n_a, const struct report_probe *b,
			size_t n_b)
{
	same_size(n_a, n_b);
	for (size_t i = 0; i < n_a; i++) {
		same_text(a[i].adapter, b[i].adapter);
		same_text(a[i].peer, b[i].peer);
		same_text(a[i].from, b[i].from);
		same_text(a[i].to, b[i].to);
		same_text(a[i].via, b[i].via);
		same(a[i].grade, b[i].grade);
		same(a[i].error, b[i].error);
		same(a[i].for_s, b[i].for_s);
		same(a[i].ms, b[i].ms);
		same(a[i].attempts, b[i].attempts);
	}
}

static void same_start(const struct report_start *a, const struct report_start *b)
{
	same(a->present, b->present);
	same(a->at_ms, b->at_ms);
	same(a->outcome, b->outcome);
	same_size(a->n_events, b->n_events);
	for (size_t i = 0; i < a->n_events; i++) {
		same(a->events[i].id, b->events[i].id);
		same(a->events[i].at_ms, b->events[i].at_ms);
		same(a->events[i].nt_error, b->events[i].nt_error);
		same_text(a->events[i].text, b->events[i].text);
	}
}

static void same_mta(const struct report *a, const struct report *b)
{
	same(a->mta.known, b->mta.known);
	same(a->mta.service, b->mta.service);
	same(a->mta.start_type, b->mta.start_type);
	same(a->mta.exit_code, b->mta.exit_code);
	same(a->mta.rpc_port, b->mta.rpc_port);
	same_start(&a->mta.last_start, &b->mta.last_start);
	same_start(&a->mta.last_failure, &b->mta.last_failure);
	same(a->mta.log.known, b->mta.log.known);
	same_text(a->mta.log.path, b->mta.log.path);
	same(a->mta.log.records, b->mta.log.records);
	same(a->mta.log.lost, b->mta.log.lost);
	same(a->mta.log.foreign, b->mta.log.foreign);
	same(a->mta.log.oldest_at_ms, b->mta.log.oldest_at_ms);
	same(a->mta.log.newest_at_ms, b->mta.log.newest_at_ms);
}

static void same_file(const struct report_file *a, const struct report_file *b)
{
	same_text(a->name, b->name);
	same_text(a->path, b->path);
	same(a->state, b->state);
	same_text(a->version, b->version);
	same(a->size, b->size);
	same(a->modified_ms, b->modified_ms);
	same_text(a->sha256, b->sha256);
}

static void same_lists(const struct report *a, const struct report *b)
{
	same_size(a->n_files, b->n_files);
	for (size_t i = 0; i < a->n_files; i++)
		same_file(&a->files[i], &b->files[i]);
	same_size(a->n_problems, b->n_problems);
	for (size_t i = 0; i < a->n_problems; i++) {
		same_text(a->problems[i].fact, b->problems[i].fact);
		same(a->problems[i].code, b->problems[i].code);
		same_text(a->problems[i].message, b->problems[i].message);
	}
}

void check_same_report(const struct report *a, const struct report *b)
{
	same_head(a, b);
	same_exchange(a, b);
	same_network(a, b);
	same_probes(a->probes, a->n_probes, b->probes, b->n_probes);
	same_probes(a->self_probes, a->n_self_probes, b->self_probes, b->n_self_probes);
	same_mta(a, b);
	same_lists(a, b);
}
