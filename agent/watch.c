#include "agent/watch.h"

#include "agent/mta.h"
#include "proto/advisory.h"

void watch_init(struct watch *watch, struct host *host)
{
	*watch = (struct watch){ .host = host };
}

static bool service_changed(struct watch *w)
{
	struct host_service service;
	struct host_error error;
	if (host_query_service(w->host, ADVISORY_MTA_SOURCE, &service, &error) != STATUS_OK)
		return false;
	bool changed = w->known && service.state != w->service;
	w->known = true;
	w->service = service.state;
	return changed;
}

const char *watch_look(struct watch *watch)
{
	struct host_news news = { 0 };
	struct host_error error;
	bool service = service_changed(watch);
	/* A failure leaves the news as they are; the report says why. */
	(void)host_look_for_news(watch->host, ADVISORY_MTA_SOURCE, mta_event_ids, mta_n_event_ids,
				 &news, &error);
	if (service)
		return "the state of the service " ADVISORY_MTA_SOURCE " changed";
	if (news.events)
		return "the MTA wrote an event";
	return news.registry ? "an export of the registry changed" : NULL;
}
