#include "agent/uplink/report_peek.h"

#include <string.h>

/* The value behind `opening`, `*n` bytes; NULL: there is none, or it holds an escape. */
static const char *find_value(const char *report, const char *opening, size_t *n)
{
	const char *at = strstr(report, opening);

	if (!at)
		return NULL;
	at += strlen(opening);
	*n = strcspn(at, "\"\\");
	return at[*n] == '"' ? at : NULL;
}

const char *report_peek_host(const char *report, struct arena *arena)
{
	size_t n = 0;
	const char *name = find_value(report, "\"host\":{\"name\":\"", &n);

	return name && n > 0 ? arena_strndup(arena, name, n) : NULL;
}

const char *report_peek_with_id(const char *report, const char *id, struct arena *arena)
{
	size_t n = 0;
	const char *own = find_value(report, "\"agent\":{\"id\":\"", &n);

	if (!own || (strlen(id) == n && strncmp(own, id, n) == 0))
		return report;
	return arena_printf(arena, "%.*s%s%s", (int)(own - report), report, id, own + n);
}
