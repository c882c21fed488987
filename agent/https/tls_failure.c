#include "agent/https/tls_failure.h"

#include "agent/https/tls_look.h"

const char *tls_failure_explain(const char *url, const struct send_options *options,
				const struct send_result *result, int64_t now_ms,
				struct arena *arena)
{
	if (!result->tls_trouble)
		return NULL;
	struct tls_view *view = arena_alloc(arena, sizeof *view);
	tls_look(url, options, arena, view);
	const char *why = tls_explain(view, options, now_ms, arena);
	return why ? arena_printf(arena, "%s (%s)", why, result->error)
		   : arena_strdup(arena, result->error);
}
