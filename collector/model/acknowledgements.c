#include "collector/model/acknowledgements.h"

#include <string.h>

#include "proto/base/timestamp.h"
#include "proto/json/fields.h"
#include "proto/json/write.h"

/* Bytes of a history; a comment may be as long as a request. */
#define MAX_BYTES ((size_t)4 * 1024 * 1024)

struct history {
	struct acknowledgement *all;
	size_t n;
};

static void read_one(struct json_reading *in, const struct json_place *at, void *item)
{
	struct acknowledgement *one = item;
	const char *condition = NULL;

	one->by = one->comment = "";
	one->until_ms = one->ended_ms = TIMESTAMP_NONE;
	json_get_text(in, at, "by", &one->by);
	json_get_time(in, at, "at", &one->at_ms);
	json_get_text(in, at, "comment", &one->comment);
	json_get_time(in, at, "until", &one->until_ms);
	json_get_time(in, at, "ended_at", &one->ended_ms);
	condition = json_borrow_text(in, at, "condition");
	if (condition && !condition_from_name(condition, &one->condition))
		json_refuse(in, at, "condition", STATUS_INVALID, "no condition");
}

static struct history read_all(const char *text, struct arena *arena)
{
	const char *object = arena_printf(arena, "{\"all\":%s}", *text ? text : "[]");
	struct history history = { NULL, 0 };
	struct json_reading in;
	struct json_place root;

	json_begin(&in, object, strlen(object), MAX_BYTES, arena, &root);
	in.null_is_absent = true;
	history.all = json_get_list(&in, &root, "all", ACKNOWLEDGEMENTS_MAX, sizeof *history.all,
				    read_one, &history.n, NULL);
	json_end(&in);
	return in.status == STATUS_OK ? history : (struct history){ NULL, 0 };
}

static void write_one(struct buffer *out, const struct acknowledgement *one)
{
	json_open_object(out, NULL);
	json_put_text(out, "by", one->by);
	json_put_time(out, "at", one->at_ms);
	json_put_text(out, "comment", one->comment);
	json_put_time(out, "until", one->until_ms);
	json_put_text(out, "condition", condition_name(one->condition));
	json_put_time(out, "ended_at", one->ended_ms);
	json_close_object(out);
}

/* `more` may be NULL. */
static char *write_all(const struct history *history, const struct acknowledgement *more)
{
	struct buffer out;
	size_t first = more && history->n == ACKNOWLEDGEMENTS_MAX ? 1 : 0;

	buffer_init(&out);
	json_open_array(&out, NULL);
	for (size_t i = first; i < history->n; i++)
		write_one(&out, &history->all[i]);
	if (more)
		write_one(&out, more);
	json_close_array(&out);
	return buffer_take_text(&out);
}

char *acknowledgements_add(const char *history, const struct acknowledgement *acknowledgement)
{
	struct arena arena;

	arena_init(&arena);
	struct history all = read_all(history, &arena);
	char *text = write_all(&all, acknowledgement);
	arena_deinit(&arena);
	return text;
}

bool acknowledgements_last(const char *history, struct arena *arena, struct acknowledgement *out)
{
	struct history all = read_all(history, arena);

	if (all.n > 0)
		*out = all.all[all.n - 1];
	return all.n > 0;
}

void acknowledgements_write(const char *history, struct buffer *out)
{
	struct arena arena;

	arena_init(&arena);
	struct history all = read_all(history, &arena);
	json_open_array(out, "acknowledgements");
	for (size_t i = 0; i < all.n; i++)
		write_one(out, &all.all[i]);
	json_close_array(out);
	arena_deinit(&arena);
}

char *acknowledgements_end(const char *history, int64_t now_ms)
{
	struct arena arena;

	arena_init(&arena);
	struct history all = read_all(history, &arena);
	if (all.n > 0) {
		struct acknowledgement *last = &all.all[all.n - 1];
		bool was_over = last->until_ms != TIMESTAMP_NONE && last->until_ms < now_ms;
		if (last->ended_ms == TIMESTAMP_NONE)
			last->ended_ms = was_over ? last->until_ms : now_ms;
	}
	char *text = write_all(&all, NULL);
	arena_deinit(&arena);
	return text;
}
