#include "collector/hooks/alertmanager_state.h"

#include <stdbool.h>
#include <stdlib.h>

#include "collector/base/json_add.h"
#include "collector/base/text_map.h"
#include "collector/hooks/labels.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

struct known {
	char *labels;   /* JSON; the key */
	char *rest;     /* further members of the JSON, which may change */
	int64_t end_ms; /* TIMESTAMP_NONE: it fires */
	bool seen;
	struct known *next;
};

struct alert_mirror {
	struct text_map by_labels;
	struct known *first;
};

struct alert_mirror *alert_mirror_new(void)
{
	return mem_alloc(sizeof(struct alert_mirror));
}

static void forget(struct known *known)
{
	free(known->labels);
	free(known->rest);
	free(known);
}

void alert_mirror_free(struct alert_mirror *mirror)
{
	while (mirror->first) {
		struct known *next = mirror->first->next;
		forget(mirror->first);
		mirror->first = next;
	}
	text_map_deinit(&mirror->by_labels);
	free(mirror);
}

void alert_mirror_begin(struct alert_mirror *mirror)
{
	for (struct known *k = mirror->first; k; k = k->next)
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
	buffer_add_text(&out, ",\"annotations\":");
	hook_labels_write(&annotations, &out);
	buffer_add_text(&out, ",\"startsAt\":");
	json_add_time(&out, alert->fired_ms);
	if (*alert->url) {
		buffer_add_text(&out, ",\"generatorURL\":");
		json_add_string(&out, alert->url);
	}
	arena_deinit(&arena);
	return buffer_take(&out, &size);
}

static struct known *add(struct alert_mirror *mirror, char *labels)
{
	struct known *known = mem_alloc(sizeof *known);

	known->labels = labels;
	known->next = mirror->first;
	mirror->first = known;
	text_map_add(&mirror->by_labels, labels, known);
	return known;
}

void alert_mirror_see(struct alert_mirror *mirror, const struct notification_alert *alert)
{
	char *labels = labels_of(alert);
	struct known *known = text_map_get(&mirror->by_labels, labels);

	if (known)
		free(labels);
	else
		known = add(mirror, labels);
	free(known->rest);
	known->rest = rest_of(alert);
	known->end_ms = TIMESTAMP_NONE;
	known->seen = true;
}

void alert_mirror_end(struct alert_mirror *mirror, int64_t now_ms)
{
	struct known **at = &mirror->first;

	while (*at) {
		struct known *known = *at;
		if (!known->seen && known->end_ms == TIMESTAMP_NONE)
			known->end_ms = now_ms;
		if (known->seen || known->end_ms + ALERT_MIRROR_OVER_MS > now_ms) {
			at = &known->next;
			continue;
		}
		*at = known->next;
		text_map_remove(&mirror->by_labels, known->labels);
		forget(known);
	}
}

static void write_parts(const char *labels, const char *rest, int64_t end_ms, struct buffer *out)
{
	buffer_printf(out, "{\"labels\":%s%s,\"endsAt\":", labels, rest);
	json_add_time(out, end_ms);
	buffer_add_char(out, '}');
}

void alert_mirror_each(const struct alert_mirror *mirror, int64_t open_end_ms,
		       void (*visit)(void *user, const struct buffer *json), void *user)
{
	struct buffer json;

	for (const struct known *k = mirror->first; k; k = k->next) {
		buffer_init(&json);
		write_parts(k->labels, k->rest,
			    k->end_ms == TIMESTAMP_NONE ? open_end_ms : k->end_ms, &json);
		visit(user, &json);
		buffer_deinit(&json);
	}
}

void alert_mirror_write(const struct notification_alert *alert, int64_t end_ms, struct buffer *out)
{
	char *labels = labels_of(alert);
	char *rest = rest_of(alert);

	write_parts(labels, rest, end_ms, out);
	free(labels);
	free(rest);
}
