#include "collector/store/sqlite/writer_cache.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"

static struct writer_cache_entry *place_of(struct writer_cache *cache, const char *key)
{
	return &cache->places[text_hash(key) % WRITER_CACHE_SERVERS];
}

struct writer_cache_entry *writer_cache_place(struct writer_cache *cache,
					      const struct record_report *report)
{
	if (!cache->places)
		cache->places = mem_alloc_array(WRITER_CACHE_SERVERS, sizeof *cache->places);
	return place_of(cache, report->key);
}

bool writer_cache_is(const struct writer_cache_entry *entry, const struct record_report *report)
{
	return entry->key && strcmp(entry->key, report->key) == 0 &&
	       strcmp(entry->agent_id, report->agent_id) == 0 &&
	       strcmp(entry->epoch, report->epoch) == 0;
}

static void leave(struct writer_cache_entry *entry)
{
	free(entry->key);
	free(entry->agent_id);
	free(entry->epoch);
	buffer_deinit(&entry->text);
	*entry = (struct writer_cache_entry){ 0 };
}

void writer_cache_take(struct writer_cache_entry *entry, const struct record_report *report)
{
	leave(entry);
	entry->key = mem_strdup(report->key);
	entry->agent_id = mem_strdup(report->agent_id);
	entry->epoch = mem_strdup(report->epoch);
}

void writer_cache_set_text(struct writer_cache_entry *entry, int64_t report_id, const char *text,
			   size_t size)
{
	if (size > WRITER_CACHE_MAX_TEXT) {
		buffer_deinit(&entry->text);
		entry->text_id = 0;
		return;
	}
	entry->text.size = 0;
	buffer_add(&entry->text, text, size);
	entry->text_id = report_id;
}

void writer_cache_forget_server(struct writer_cache *cache, const char *key)
{
	struct writer_cache_entry *entry = cache->places ? place_of(cache, key) : NULL;

	if (entry && entry->key && strcmp(entry->key, key) == 0)
		leave(entry);
}

void writer_cache_forget_stream(struct writer_cache *cache, int64_t stream_id)
{
	for (size_t i = 0; cache->places && i < WRITER_CACHE_SERVERS; i++) {
		if (cache->places[i].stream_id == stream_id)
			leave(&cache->places[i]);
	}
}

void writer_cache_forget(struct writer_cache *cache)
{
	for (size_t i = 0; cache->places && i < WRITER_CACHE_SERVERS; i++)
		leave(&cache->places[i]);
	free(cache->places);
	cache->places = NULL;
}
