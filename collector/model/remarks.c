#include "collector/model/remarks.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/text_map.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* In one block with its texts. */
struct entry {
	struct record_remark remark;
	struct entry *next;
	struct entry *previous;
};

struct remarks {
	struct text_map by_subject;
	struct entry all; /* the head of a ring */
	uint64_t revision;
};

static void begin_ring(struct remarks *remarks)
{
	remarks->all.next = remarks->all.previous = &remarks->all;
}

struct remarks *remarks_new(void)
{
	struct remarks *remarks = mem_alloc(sizeof *remarks);

	begin_ring(remarks);
	return remarks;
}

void remarks_clear(struct remarks *remarks)
{
	struct entry *next;

	for (struct entry *entry = remarks->all.next; entry != &remarks->all; entry = next) {
		next = entry->next;
		free(entry);
	}
	begin_ring(remarks);
	text_map_deinit(&remarks->by_subject);
	remarks->by_subject = (struct text_map){ .n = 0 };
	remarks->revision++;
}

void remarks_free(struct remarks *remarks)
{
	if (!remarks)
		return;
	remarks_clear(remarks);
	free(remarks);
}

static const char *copy_text(char **at, const char *text)
{
	char *copy = *at;
	size_t size = strlen(text) + 1;

	memcpy(copy, text, size);
	*at += size;
	return copy;
}

static struct entry *make_entry(const struct record_remark *from)
{
	size_t size = strlen(from->subject) + strlen(from->owner) + strlen(from->owner_by) +
		      strlen(from->note) + strlen(from->note_by) + 5;
	struct entry *entry = mem_alloc(sizeof *entry + size);
	char *at = (char *)(entry + 1);

	entry->remark = *from;
	entry->remark.subject = copy_text(&at, from->subject);
	entry->remark.owner = copy_text(&at, from->owner);
	entry->remark.owner_by = copy_text(&at, from->owner_by);
	entry->remark.note = copy_text(&at, from->note);
	entry->remark.note_by = copy_text(&at, from->note_by);
	return entry;
}

void remarks_put(struct remarks *remarks, const struct record_remark *remark)
{
	struct entry *entry = make_entry(remark); /* before the one that it may be made of goes */
	struct entry *old = text_map_get(&remarks->by_subject, remark->subject);

	if (old) {
		text_map_remove(&remarks->by_subject, old->remark.subject);
		old->previous->next = old->next;
		old->next->previous = old->previous;
		free(old);
	}
	entry->next = &remarks->all;
	entry->previous = remarks->all.previous;
	entry->previous->next = entry->next->previous = entry;
	text_map_add(&remarks->by_subject, entry->remark.subject, entry);
	remarks->revision++;
}

const struct record_remark *remarks_find(const struct remarks *remarks, const char *subject)
{
	const struct entry *entry = text_map_get(&remarks->by_subject, subject);

	return entry ? &entry->remark : NULL;
}

uint64_t remarks_revision(const struct remarks *remarks)
{
	return remarks->revision;
}

static struct remark_pair pair_of(const struct record_remark *remark, bool is_of_site)
{
	struct remark_pair pair = { .owner = { .text = NULL } };

	if (remark && *remark->owner)
		pair.owner = (struct remark){ remark->owner, remark->owner_by, remark->owner_ms,
					      is_of_site };
	if (remark && *remark->note)
		pair.note = (struct remark){ remark->note, remark->note_by, remark->note_ms,
					     is_of_site };
	return pair;
}

struct remark_pair remarks_of_site(const struct remarks *remarks, const char *organization,
				   const char *site)
{
	const struct record_remark *remark = NULL;
	struct arena arena;

	if (!remarks || remarks->by_subject.n == 0)
		return pair_of(NULL, true);
	arena_init(&arena);
	remark = remarks_find(remarks, record_remark_site(organization, site, &arena));
	arena_deinit(&arena);
	return pair_of(remark, true);
}

struct remark_pair remarks_of_server(const struct remarks *remarks, const char *key,
				     const char *organization, const char *site)
{
	struct remark_pair of_site = remarks_of_site(remarks, organization, site);
	struct remark_pair pair = pair_of(remarks ? remarks_find(remarks, key) : NULL, false);

	if (!pair.owner.text)
		pair.owner = of_site.owner;
	if (!pair.note.text)
		pair.note = of_site.note;
	return pair;
}

struct remark_pair remark_pair_none(void)
{
	return pair_of(NULL, false);
}

const char *remark_line(const struct remark *remark, struct arena *arena)
{
	const char *rest = remark->text ? remark->text : "";
	const char *line = "";

	for (size_t n = strcspn(rest, "\n"); rest[n]; n = strcspn(rest, "\n")) {
		line = arena_printf(arena, "%s%.*s / ", line, (int)n, rest);
		rest += n + 1;
	}
	return arena_printf(arena, "%s%s", line, rest);
}

static void write_one(const char *name, const char *member, const struct remark *remark,
		      struct buffer *out)
{
	if (!remark->text) {
		json_put_null(out, name);
		return;
	}
	json_open_object(out, name);
	json_put_text(out, member, remark->text);
	json_put_text(out, "by", remark->by);
	json_put_time(out, "at", remark->at_ms);
	json_put_text(out, "of", remark->is_of_site ? "site" : "server");
	json_close_object(out);
}

void remark_pair_write(const struct remark_pair *pair, struct buffer *out)
{
	write_one("owner", "name", &pair->owner, out);
	write_one("note", "text", &pair->note, out);
}

static struct remark read_one(struct json_reading *in, const struct json_place *at,
			      const char *name, const char *member)
{
	struct remark remark = { .by = "", .at_ms = TIMESTAMP_NONE };
	struct json_place object;
	const char *of = NULL;

	if (!json_get_object(in, at, name, &object))
		return remark;
	json_require(in, &object, member);
	json_get_text(in, &object, member, &remark.text);
	json_get_text(in, &object, "by", &remark.by);
	json_get_time(in, &object, "at", &remark.at_ms);
	json_get_text(in, &object, "of", &of);
	remark.is_of_site = of && strcmp(of, "site") == 0;
	return remark;
}

struct remark_pair remark_pair_read(struct json_reading *in, const struct json_place *at)
{
	return (struct remark_pair){ read_one(in, at, "owner", "name"),
				     read_one(in, at, "note", "text") };
}
