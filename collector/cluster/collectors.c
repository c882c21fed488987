#include "collector/cluster/collectors.h"

#include <string.h>

#include "proto/base/buffer.h"

const struct record_collector *collectors_find(const struct store_look *look, const char *node)
{
	for (size_t i = 0; i < look->n; i++) {
		if (strcmp(look->collectors[i].node, node) == 0)
			return &look->collectors[i];
	}
	return NULL;
}

bool collectors_runs(const struct store_look *look, const struct record_collector *collector)
{
	return collector->state != RECORD_COLLECTOR_ENDED &&
	       look->now_ms - collector->seen_ms < COLLECTORS_SILENT_MS;
}

bool collectors_stands_by(const struct store_look *look, const struct record_collector *collector)
{
	return collector->state == RECORD_COLLECTOR_STANDBY && collectors_runs(look, collector);
}

const struct record_collector *collectors_judge(const struct store_look *look)
{
	const struct record_collector *holder =
		look->lease.token[0] ? collectors_find(look, look->lease.node) : NULL;

	return holder && collectors_runs(look, holder) ? holder : NULL;
}

const char *collectors_away(const struct store_look *look, struct arena *arena)
{
	const char *names = NULL;

	for (size_t i = 0; i < look->n; i++) {
		const struct record_collector *c = &look->collectors[i];
		if (c->state != RECORD_COLLECTOR_ENDED && !collectors_runs(look, c))
			names = names ? arena_printf(arena, "%s, %s", names, c->node) : c->node;
	}
	return names ? arena_strdup(arena, names) : NULL;
}

int64_t collectors_clock_ahead_ms(const struct record_collector *collector)
{
	return collector->clock_ms - collector->seen_ms;
}

const char *collectors_clocks_apart(const struct store_look *look, struct arena *arena)
{
	int64_t least_ms = INT64_MAX;
	int64_t most_ms = INT64_MIN;
	const char *clocks = "";

	for (size_t i = 0; i < look->n; i++) {
		const struct record_collector *c = &look->collectors[i];
		int64_t ahead_ms = collectors_clock_ahead_ms(c);
		int64_t tenths = ahead_ms / 100; /* of a second; so nothing is shown as -0.0 */
		if (!collectors_runs(look, c))
			continue;
		least_ms = ahead_ms < least_ms ? ahead_ms : least_ms;
		most_ms = ahead_ms > most_ms ? ahead_ms : most_ms;
		clocks = arena_printf(arena, "%s%s%s %.1f s", clocks, *clocks ? ", " : "", c->node,
				      (double)tenths / 10);
	}
	/* Where nobody runs the least is the greater one. */
	return least_ms < most_ms && most_ms - least_ms > COLLECTORS_CLOCKS_APART_MS ? clocks
										     : NULL;
}

/* Is the line, of `n` bytes, one of the text? */
static bool has_line(const char *text, const char *line, size_t n)
{
	for (; *text; text += strcspn(text, "\n") + 1) {
		if (strcspn(text, "\n") == n && memcmp(text, line, n) == 0)
			return true;
	}
	return false;
}

/* Its name ends at its last blank. */
static size_t name_of(const char *line, size_t n)
{
	while (n > 0 && line[n - 1] != ' ')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* Is there a line of that name? */
static bool has_name(const char *text, const char *name, size_t n)
{
	for (; *text; text += strcspn(text, "\n") + 1) {
		if (name_of(text, strcspn(text, "\n")) == n && memcmp(text, name, n) == 0)
			return true;
	}
	return false;
}

/* The names of the lines of `text` that `other` has not; unless `only_new` is set, or it lacks the name. */
static void add_missing(struct buffer *out, const char *text, const char *other, bool only_new)
{
	for (; *text; text += strcspn(text, "\n") + 1) {
		size_t n = strcspn(text, "\n");
		size_t name = name_of(text, n);
		if (has_line(other, text, n) || (only_new && has_name(other, text, name)))
			continue;
		buffer_printf(out, "%s%.*s", out->size > 0 ? ", " : "", (int)name, text);
	}
}

const char *collectors_differ(const struct record_collector *a, const struct record_collector *b,
			      struct arena *arena)
{
	struct buffer names;

	buffer_init(&names);
	add_missing(&names, a->settings, b->settings, false);
	add_missing(&names, b->settings, a->settings, true);
	const char *text = arena_strdup(arena, names.size > 0 ? names.bytes : "");
	buffer_deinit(&names);
	return text;
}

enum status collectors_may_judge(const struct store_look *look, const char *node)
{
	const struct record_collector *collector = collectors_find(look, node);

	if (!collector)
		return STATUS_NOT_FOUND;
	return collectors_stands_by(look, collector) ? STATUS_OK : STATUS_CONFLICT;
}

enum status collectors_may_be_forgotten(const struct store_look *look, const char *node)
{
	const struct record_collector *collector = collectors_find(look, node);

	if (!collector)
		return STATUS_NOT_FOUND;
	return collectors_runs(look, collector) ? STATUS_CONFLICT : STATUS_OK;
}
