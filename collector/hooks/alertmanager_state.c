#include "collector/hooks/alertmanager_state.h"

#include <stdbool.h>
#include <stdlib.h>

#include "collector/base/text_map.h"
#include "collector/hooks/labels.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

struct known {
	char *labels;   /* JSON; the key */
	char *rest;     /* further members of the JSON, which may change */
	int64_t end_ms; /* TIMESTAMP_NONE: it fires */
	bool seen;
	struct known *next;
};

struct alertmanager_state {
	struct text_map by_labels;
	struct known *first;
};

struct alertmanager_state *alertmanager_state_new(void)
{
	return mem_alloc(sizeof(struct alertmanager_state));
}

static void free_known(struct known *known)
{
	free(known->labels);
	free(known->rest);
	free(known);
}

void alertmanager_state_free(struct alertmanager_state *state)
{
	while (state->first) {
		struct known *next = state->first->next;
		free_known(state->first);
		state->first = next;
	}
	text_map_deinit(&state->by_labels);
	free(state);
}

void alertmanager_state_begin(struct alertmanager_state *state)
{
	for (struct known *k = state->first; k; k = k->next)
		k->seen = false;
}

static char *labels_of(const struct notification_alert *alert)
{
	struct hook_labels labels = hook_labels_of(alert);
	struct buffer out;
	size_t size = 0;

	buffer_init(&out);
	hook_labels_write(&labels, &out);
	return buffer_take(&out, &size);
}

static char *rest_of(const struct notification_alert *alert)
{
	struct arena arena;
	struct buffer out;
	size_t size = 0;

	arena_init(&arena);
	buffer_init(&out);
	struct hook_labels annotations = hook_labels_annotations(alert, &arena);
	json_put_name(&out, "annotations");
	hook_labels_write(&annotations, &out);
	json_put_time(&out, "startsAt", alert->fired_ms);
	if (*alert->url)
		json_put_text(&out, "generatorURL", alert->url);
	arena_deinit(&arena);
	return buffer_take(&out, &size);
}

static struct known *add_known(struct alertmanager_state *state, char *labels)
{
	struct known *known = mem_alloc(sizeof *known);

	known->labels = labels;
	known->next = state->first;
	state->first = known;
	text_map_add(&state->by_labels, labels, known);
	return known;
}

void alertmanager_state_put(struct alertmanager_state *state,
			    const struct notification_alert *alert)
{
	char *labels = labels_of(alert);
	struct known *known = text_map_get(&state->by_labels, labels);

	if (known)
		free(labels);
	else
		known = add_known(state, labels);
	free(known->rest);
	known->rest = rest_of(alert);
	known->end_ms = TIMESTAMP_NONE;
	known->seen = true;
}

void alertmanager_state_end(struct alertmanager_state *state, int64_t now_ms)
{
	struct known **at = &state->first;

	while (*at) {
		struct known *known = *at;
		if (!known->seen && known->end_ms == TIMESTAMP_NONE)
			known->end_ms = now_ms;
		if (known->seen || known->end_ms + ALERTMANAGER_STATE_OVER_MS > now_ms) {
			at = &known->next;
			continue;
		}
		*at = known->next;
		text_map_remove(&state->by_labels, known->labels);
		free_known(known);
	}
}

static void write_parts(const char *labels, const char *rest, int64_t end_ms, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_json(out, "labels", labels);
	json_put_json(out, NULL, rest);
	json_put_time(out, "endsAt", end_ms);
	json_close_object(out);
}

void alertmanager_state_each(const struct alertmanager_state *state, int64_t open_end_ms,
			     void (*visit)(void *user, const struct buffer *json), void *user)
{
	struct buffer json;

	for (const struct known *k = state->first; k; k = k->next) {
		buffer_init(&json);
		write_parts(k->labels, k->rest,
			    k->end_ms == TIMESTAMP_NONE ? open_end_ms : k->end_ms, &json);
		visit(user, &json);
		buffer_deinit(&json);
	}
}

void alertmanager_state_write(const struct notification_alert *alert, int64_t end_ms,
			      struct buffer *out)
{
	char *labels = labels_of(alert);
	char *rest = rest_of(alert);

	write_parts(labels, rest, end_ms, out);
	free(labels);
	free(rest);
}
