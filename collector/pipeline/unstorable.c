#include "collector/pipeline/unstorable.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void unstorable_deinit(struct unstorable *unstorable)
{
	for (size_t i = 0; i < UNSTORABLE_MAX; i++) {
		free(unstorable->reports[i].agent_id);
		free(unstorable->reports[i].epoch);
	}
	*unstorable = (struct unstorable){ .n = 0 };
}

void unstorable_note(struct unstorable *unstorable, const struct report *report)
{
	struct unstorable_report *place = &unstorable->reports[unstorable->n++ % UNSTORABLE_MAX];

	free(place->agent_id);
	free(place->epoch);
	place->agent_id = mem_strdup(or_empty(report->agent.id));
	place->epoch = mem_strdup(or_empty(report->agent.epoch));
	place->sequence = report->sequence;
}

bool unstorable_is(const struct unstorable *unstorable, const struct report *report)
{
	for (size_t i = 0; i < UNSTORABLE_MAX && i < unstorable->n; i++) {
		const struct unstorable_report *known = &unstorable->reports[i];
		if (known->sequence == report->sequence &&
		    strcmp(known->agent_id, or_empty(report->agent.id)) == 0 &&
		    strcmp(known->epoch, or_empty(report->agent.epoch)) == 0)
			return true;
	}
	return false;
}
