#include "collector/hooks/shorten.h"

#include <stdbool.h>

#include "proto/base/timestamp.h"

/* Conditions stand worst first in their table. */
static bool is_worse(const struct notification_alert *a, const struct notification_alert *b)
{
	bool a_fires = a->resolved_ms == TIMESTAMP_NONE;
	bool b_fires = b->resolved_ms == TIMESTAMP_NONE;

	return a_fires != b_fires ? a_fires : a->condition < b->condition;
}

struct notification hook_shorten(const struct notification *notification, size_t max,
				 struct arena *arena)
{
	struct notification out = *notification;
	struct notification_alert *all = arena_alloc_array(arena, out.n_alerts + 1, sizeof *all);

	for (size_t i = 0; i < out.n_alerts; i++) {
		size_t at = i; /* equal ones stay in their order */
		for (; at > 0 && is_worse(&notification->alerts[i], &all[at - 1]); at--)
			all[at] = all[at - 1];
		all[at] = notification->alerts[i];
	}
	out.alerts = all;
	if (out.n_alerts > max) {
		out.truncated += out.n_alerts - max;
		out.n_alerts = max;
	}
	return out;
}
