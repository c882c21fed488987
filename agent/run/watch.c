#include "agent/run/watch.h"

#include <string.h>

#include "agent/collect/mta_starts.h"
#include "proto/base/fnv.h"
#include "proto/exposure/advisory.h"

void watch_init(struct watch *watch, struct host *host)
{
	*watch = (struct watch){ .host = host };
}

static bool service_changed(struct watch *w)
{
	struct host_service service;
	struct os_error error;
	if (host_query_service(w->host, ADVISORY_MTA_SOURCE, &service, &error) != STATUS_OK)
		return false;
	bool changed = w->known && service.state != w->service;
	w->known = true;
	w->service = service.state;
	return changed;
}

static uint64_t mix_adapter(uint64_t hash, const struct host_adapter *adapter)
{
	hash = fnv_add(hash, adapter->id, strlen(adapter->id) + 1);
	hash = fnv_add(hash, &adapter->enabled, sizeof adapter->enabled);
	hash = fnv_add(hash, &adapter->link, sizeof adapter->link);
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		const struct ipv4_prefix *own = &adapter->addresses[i];
		hash = fnv_add(hash, &own->address, sizeof own->address);
		hash = fnv_add(hash, &own->length, sizeof own->length);
	}
	return hash;
}

static bool adapters_changed(struct watch *w)
{
	struct host_adapter *adapters = NULL;
	struct host_gaps gaps;
	struct os_error error;
	struct arena scratch;
	uint64_t hash = FNV_BASIS;
	size_t n = 0;

	arena_init(&scratch);
	enum status status = host_list_adapters(w->host, &scratch, &adapters, &n, &gaps, &error);
	for (size_t i = 0; status == STATUS_OK && i < n; i++)
		hash = mix_adapter(hash, &adapters[i]);
	arena_deinit(&scratch);
	if (status != STATUS_OK || gaps.states)
		return false;
	bool changed = w->adapters_known && hash != w->adapters;
	w->adapters_known = true;
	w->adapters = hash;
	return changed;
}

const char *watch_find_change(struct watch *watch)
{
	const struct host_question question = { .source = ADVISORY_MTA_SOURCE,
						.ids = mta_starts_event_ids,
						.n_ids = mta_starts_n_event_ids };
	struct host_news news = { 0 };
	struct os_error error;
	bool service = service_changed(watch);
	bool adapters = adapters_changed(watch);
	/* A failure leaves the news as they are; the report says why. */
	(void)host_look_for_news(watch->host, &question, &news, &error);
	if (service)
		return "the state of the service " ADVISORY_MTA_SOURCE " changed";
	if (news.events)
		return "the MTA wrote an event";
	if (adapters)
		return "an adapter, its link or its address changed";
	return news.registry ? "an export of the registry changed" : NULL;
}
