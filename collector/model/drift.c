#include "collector/model/drift.h"

#include <string.h>

#include "collector/model/drift_internal.h"
#include "proto/base/buffer.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/json/fields.h"
#include "proto/json/write.h"

/* Texts of a list that a sentence has; the others are counted. */
#define SPOKEN_TEXTS 6

static const char *const kind_names[] = {
	[DRIFT_NEW_ADAPTER] = "new_adapter",     [DRIFT_RESTING_ADAPTER] = "resting_adapter",
	[DRIFT_BINDING_ORDER] = "binding_order", [DRIFT_OWN_NAME] = "own_name",
	[DRIFT_LOST_PEERS] = "lost_peers",       [DRIFT_OLDER_FILE] = "older_file",
};

#define N_KINDS (sizeof kind_names / sizeof *kind_names)

const struct drift_texts drift_no_texts = { NULL, 0 };

bool drift_has_text(const struct drift_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (text_identical(texts->at[i], text))
			return true;
	}
	return false;
}

struct drift_texts drift_lend_texts(const char **texts, size_t n)
{
	return n <= DRIFT_MAX_TEXTS ? (struct drift_texts){ texts, n } : drift_no_texts;
}

struct drift_texts drift_copy_texts(const struct drift_texts *texts, struct arena *arena)
{
	struct drift_texts copy = { arena_alloc_array(arena, texts->n + 1, sizeof *copy.at),
				    texts->n };

	for (size_t i = 0; i < texts->n; i++)
		copy.at[i] = arena_strdup(arena, texts->at[i]);
	return copy;
}

struct drift_entry *drift_find_entry(struct drift *drift, enum drift_kind kind, const char *of)
{
	for (size_t i = 0; i < drift->n; i++) {
		if (drift->entries[i].kind == kind && strcmp(drift->entries[i].of, of) == 0)
			return &drift->entries[i];
	}
	return NULL;
}

void drift_remove_entry(struct drift *drift, struct drift_entry *entry)
{
	size_t at = (size_t)(entry - drift->entries);

	drift->n--;
	memmove(entry, entry + 1, (drift->n - at) * sizeof *entry);
}

void drift_add_entry(struct drift *drift, enum drift_kind kind, const char *of,
		     const struct drift_texts *before, const struct drift_texts *after,
		     int64_t at_ms)
{
	if (drift->n == DRIFT_MAX_ENTRIES)
		return;
	drift->entries[drift->n++] = (struct drift_entry){
		.kind = kind,
		.of = arena_strdup(drift->arena, of),
		.before = drift_copy_texts(before, drift->arena),
		.after = drift_copy_texts(after, drift->arena),
		.at_ms = at_ms,
	};
}

void drift_age(struct drift *drift, int64_t now_ms)
{
	for (size_t i = drift->n; i-- > 0;) {
		if (now_ms - drift->entries[i].at_ms >= DRIFT_KEPT_MS)
			drift_remove_entry(drift, &drift->entries[i]);
	}
}

/* A binding names the device of an adapter, of which people know the rest. */
static const char *without_device(const char *text)
{
	return text_has_prefix(text, "\\Device\\") ? text + strlen("\\Device\\") : text;
}

static void speak_texts(struct buffer *out, const struct drift_texts *texts)
{
	size_t n = texts->n <= SPOKEN_TEXTS + 1 ? texts->n : SPOKEN_TEXTS;

	for (size_t i = 0; i < n; i++)
		buffer_printf(out, "%s%s", i ? ", " : "", without_device(texts->at[i]));
	if (n < texts->n)
		buffer_printf(out, " and %zu more", texts->n - n);
}

static void speak_change(struct buffer *out, const char *begin, const struct drift_entry *entry)
{
	buffer_printf(out, "%s ", begin);
	speak_texts(out, &entry->after);
	buffer_add_text(out, "; before ");
	speak_texts(out, &entry->before);
	buffer_add_char(out, '.');
}

static void speak(struct buffer *out, const struct drift_entry *entry)
{
	switch (entry->kind) {
	case DRIFT_NEW_ADAPTER:
		buffer_printf(out, "Adapter %s has become active: ", entry->of);
		speak_texts(out, &entry->after);
		buffer_add_char(out, '.');
		break;
	case DRIFT_RESTING_ADAPTER:
		break; /* it is no mark */
	case DRIFT_BINDING_ORDER:
		speak_change(out,
			     strcmp(entry->of, "rpc") == 0 ? "The binding order of RPC is now"
							   : "The binding order of TCP/IP is now",
			     entry);
		break;
	case DRIFT_OWN_NAME:
		speak_change(out, "The server's own name resolves now to", entry);
		break;
	case DRIFT_LOST_PEERS:
		buffer_printf(out, "Adapter %s no longer reaches ", entry->of);
		speak_texts(out, &entry->after);
		buffer_add_text(out, ", which others still reach.");
		break;
	case DRIFT_OLDER_FILE:
		buffer_printf(out, "%s ", entry->of);
		speak_change(out, "was replaced by an older one,", entry);
		break;
	}
}

static void write_entry(struct buffer *out, const struct drift_entry *entry)
{
	struct buffer text = { 0 };

	if (entry->after.n > 0)
		speak(&text, entry);
	json_open_object(out, NULL);
	json_put_text(out, "kind", kind_names[entry->kind]);
	json_put_text(out, "of", entry->of);
	json_put_time(out, "at", entry->at_ms);
	json_put_texts(out, "before", entry->before.at, entry->before.n);
	json_put_texts(out, "after", entry->after.at, entry->after.n);
	json_put_text(out, "text", text.bytes ? text.bytes : "");
	json_close_object(out);
	buffer_deinit(&text);
}

char *drift_write(const struct drift *drift)
{
	struct buffer out = { 0 };

	if (drift->n == 0)
		return NULL;
	json_open_array(&out, NULL);
	for (size_t i = 0; i < drift->n; i++)
		write_entry(&out, &drift->entries[i]);
	json_close_array(&out);
	if (out.size <= DRIFT_MAX_TEXT)
		return buffer_take_text(&out);
	buffer_deinit(&out);
	return NULL;
}

static bool choose_kind(const char *name, enum drift_kind *out)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (text_identical(name, kind_names[i])) {
			*out = (enum drift_kind)i;
			return true;
		}
	}
	return false;
}

/* An entry of a later version is none of ours. */
static void read_entry(struct json_reading *in, const struct json_place *at, void *user)
{
	struct drift *drift = user;
	struct drift_entry entry = { .of = "", .at_ms = TIMESTAMP_NONE };

	if (drift->n == DRIFT_MAX_ENTRIES ||
	    !choose_kind(json_borrow_text(in, at, "kind"), &entry.kind))
		return;
	json_get_text(in, at, "of", &entry.of);
	json_require(in, at, "at");
	json_get_time(in, at, "at", &entry.at_ms);
	json_get_texts(in, at, "before", &entry.before.at, &entry.before.n);
	json_get_texts(in, at, "after", &entry.after.at, &entry.after.n);
	drift->entries[drift->n++] = entry;
}

void drift_read(const char *text, struct arena *arena, struct drift *out)
{
	struct json_reading in;
	struct json_place root;

	out->n = 0;
	out->arena = arena;
	if (!text)
		return;
	const char *object = arena_printf(arena, "{\"drift\":%s}", text);
	json_begin(&in, object, strlen(object), SIZE_MAX, arena, &root);
	json_each(&in, &root, "drift", DRIFT_MAX_ENTRIES, read_entry, out, NULL);
	json_end(&in);
	if (in.status != STATUS_OK)
		out->n = 0;
}
