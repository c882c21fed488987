#include "collector/auth/refusals.h"

#include <stdio.h>
#include <string.h>

static struct refusal *find_refusal(struct refusals *refusals, const char *key)
{
	for (size_t i = 0; i < refusals->n; i++) {
		if (strcmp(refusals->names[i].key, key) == 0)
			return &refusals->names[i];
	}
	return NULL;
}

/* A free place, or that of the name which has been quiet for the longest time. */
static struct refusal *make_room(struct refusals *refusals)
{
	struct refusal *oldest = &refusals->names[0];

	if (refusals->n < REFUSALS_MAX_NAMES)
		return &refusals->names[refusals->n++];
	for (size_t i = 1; i < refusals->n; i++) {
		if (refusals->names[i].last_ms < oldest->last_ms)
			oldest = &refusals->names[i];
	}
	return oldest;
}

void refusals_note(struct refusals *refusals, const char *key, const char *code, const char *origin,
		   int64_t now_ms)
{
	struct refusal *refusal = find_refusal(refusals, key);

	if (strlen(key) > PRINCIPAL_MAX_NAME)
		return;
	if (!refusal) {
		refusal = make_room(refusals);
		*refusal = (struct refusal){ .first_ms = now_ms };
		memcpy(refusal->key, key, strlen(key) + 1);
	}
	refusal->last_ms = now_ms;
	refusal->n++;
	refusal->code = code;
	snprintf(refusal->origin, sizeof refusal->origin, "%s", origin);
}

const struct refusal *refusals_find(const struct refusals *refusals, const char *key)
{
	return find_refusal((struct refusals *)(uintptr_t)refusals, key);
}
