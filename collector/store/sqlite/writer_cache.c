#include "collector/store/sqlite/writer_cache.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

struct writer_cache_entry *writer_cache_find(const struct writer_cache *cache,
					     const struct record_report *report)
{
	struct writer_cache_entry *entry = text_map_get(&cache->by_key, report->key);

	return entry && strcmp(entry->agent_id, report->agent_id) == 0 &&
			       strcmp(entry->epoch, report->epoch) == 0
		       ? entry
		       : NULL;
}

const struct writer_cache_entry *writer_cache_find_server(const struct writer_cache *cache,
							  const char *key)
{
	return text_map_get(&cache->by_key, key);
}

/* Returns where the next text goes. */
static char *put_text(char *to, const char *text)
{
	size_t size = strlen(text) + 1;
	memcpy(to, text, size);
	return to + size;
}

struct writer_cache_entry *writer_cache_add(struct writer_cache *cache,
					    const struct record_report *report)
{
	struct writer_cache_entry *entry =
		mem_alloc(sizeof *entry + strlen(report->key) + strlen(report->agent_id) +
			  strlen(report->epoch) + 3);

	writer_cache_forget_server(cache, report->key);
	char *agent_id = put_text(entry->key, report->key);
	char *epoch = put_text(agent_id, report->agent_id);
	put_text(epoch, report->epoch);
	entry->agent_id = agent_id;
	entry->epoch = epoch;
	LIST_INSERT_HEAD(&cache->entries, entry, link);
	text_map_add(&cache->by_key, entry->key, entry);
	return entry;
}

static struct writer_cache_text *place_of(const struct writer_cache *cache,
					  const struct writer_cache_entry *entry)
{
	return &cache->texts[(uint64_t)entry->host_id % WRITER_CACHE_TEXTS];
}

const struct buffer *writer_cache_base(const struct writer_cache *cache,
				       const struct writer_cache_entry *entry)
{
	const struct writer_cache_text *place = cache->texts ? place_of(cache, entry) : NULL;

	return place && place->report_id == entry->base_id ? &place->text : NULL;
}

void writer_cache_set_base(struct writer_cache *cache, const struct writer_cache_entry *entry,
			   const char *text, size_t size)
{
	if (!cache->texts)
		cache->texts = mem_alloc_array(WRITER_CACHE_TEXTS, sizeof *cache->texts);
	struct writer_cache_text *place = place_of(cache, entry);
	if (size > WRITER_CACHE_MAX_TEXT) {
		buffer_deinit(&place->text);
		place->report_id = 0;
		return;
	}
	place->text.size = 0;
	buffer_add(&place->text, text, size);
	place->report_id = entry->base_id;
}

static uint32_t *count_of(const struct writer_cache *cache, int64_t host_id)
{
	return host_id > 0 && (uint64_t)host_id < cache->n_counts ? &cache->counts[host_id] : NULL;
}

bool writer_cache_count(const struct writer_cache *cache, int64_t host_id, size_t *out)
{
	const uint32_t *count = count_of(cache, host_id);

	if (!count || *count == 0)
		return false;
	*out = *count - 1;
	return true;
}

void writer_cache_set_count(struct writer_cache *cache, int64_t host_id, size_t n)
{
	size_t needed = (size_t)host_id + 1;

	if (needed > cache->n_counts) {
		size_t room = needed + needed / 2;
		uint32_t *counts = mem_alloc_array(room, sizeof *counts);
		if (cache->counts)
			memcpy(counts, cache->counts, cache->n_counts * sizeof *counts);
		free(cache->counts);
		cache->counts = counts;
		cache->n_counts = room;
	}
	cache->counts[host_id] = (uint32_t)n + 1;
}

void writer_cache_count_on(struct writer_cache *cache, int64_t host_id, int by)
{
	uint32_t *count = count_of(cache, host_id);

	if (count && *count > 0)
		*count += (uint32_t)by;
}

void writer_cache_forget_server(struct writer_cache *cache, const char *key)
{
	struct writer_cache_entry *entry = text_map_get(&cache->by_key, key);

	if (!entry)
		return;
	text_map_remove(&cache->by_key, key);
	LIST_REMOVE(entry, link);
	free(entry);
}

void writer_cache_forget(struct writer_cache *cache)
{
	struct writer_cache_entry *next;

	for (struct writer_cache_entry *entry = LIST_FIRST(&cache->entries); entry; entry = next) {
		next = LIST_NEXT(entry, link);
		free(entry);
	}
	text_map_deinit(&cache->by_key);
	for (size_t i = 0; cache->texts && i < WRITER_CACHE_TEXTS; i++)
		buffer_deinit(&cache->texts[i].text);
	free(cache->texts);
	free(cache->counts);
	*cache = (struct writer_cache){ 0 };
}
