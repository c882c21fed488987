#include "collector/store/sqlite/writer_cache.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"

static struct store_known *place_of(struct store_memory *memory, const char *key)
{
	return &memory->places[text_hash(key) % STORE_KNOWN_SERVERS];
}

struct store_known *store_memory_place(struct store_memory *memory,
				       const struct record_report *report)
{
	if (!memory->places)
		memory->places = mem_alloc_array(STORE_KNOWN_SERVERS, sizeof *memory->places);
	return place_of(memory, report->key);
}

bool store_known_is(const struct store_known *known, const struct record_report *report)
{
	return known->key && strcmp(known->key, report->key) == 0 &&
	       strcmp(known->agent_id, report->agent_id) == 0 &&
	       strcmp(known->epoch, report->epoch) == 0;
}

static void leave(struct store_known *known)
{
	free(known->key);
	free(known->agent_id);
	free(known->epoch);
	buffer_deinit(&known->text);
	*known = (struct store_known){ 0 };
}

void store_known_take(struct store_known *known, const struct record_report *report)
{
	leave(known);
	known->key = mem_strdup(report->key);
	known->agent_id = mem_strdup(report->agent_id);
	known->epoch = mem_strdup(report->epoch);
}

void store_known_set_text(struct store_known *known, int64_t report_id, const char *text,
			  size_t size)
{
	if (size > STORE_KNOWN_MAX_TEXT) {
		buffer_deinit(&known->text);
		known->text_id = 0;
		return;
	}
	known->text.size = 0;
	buffer_add(&known->text, text, size);
	known->text_id = report_id;
}

void store_memory_forget_server(struct store_memory *memory, const char *key)
{
	struct store_known *known = memory->places ? place_of(memory, key) : NULL;

	if (known && known->key && strcmp(known->key, key) == 0)
		leave(known);
}

void store_memory_forget_stream(struct store_memory *memory, int64_t stream_id)
{
	for (size_t i = 0; memory->places && i < STORE_KNOWN_SERVERS; i++) {
		if (memory->places[i].stream_id == stream_id)
			leave(&memory->places[i]);
	}
}

void store_memory_forget(struct store_memory *memory)
{
	for (size_t i = 0; memory->places && i < STORE_KNOWN_SERVERS; i++)
		leave(&memory->places[i]);
	free(memory->places);
	memory->places = NULL;
}
