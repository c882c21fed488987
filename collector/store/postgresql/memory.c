#include "collector/store/postgresql/memory.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

static void free_host(struct pg_host *host)
{
	for (struct pg_stream *stream = host->streams, *next; stream; stream = next) {
		next = stream->next;
		free(stream->agent_id);
		free(stream->epoch);
		free(stream);
	}
	pg_body_unref(host->base);
	free(host->key);
	free(host);
}

void pg_memory_forget(struct pg_memory *memory)
{
	for (size_t i = 0; i < memory->n; i++)
		free_host(memory->all[i]);
	text_map_deinit(&memory->hosts);
	free(memory->all);
	free(memory->days);
	free(memory->hosts_to_write);
	free(memory->streams_to_write);
	*memory = (struct pg_memory){ 0 };
}

struct pg_host *pg_memory_add_host(struct pg_memory *memory, int64_t id, const char *key)
{
	struct pg_host *host = mem_alloc(sizeof *host);

	host->key = mem_strdup(key);
	host->id = id;
	if (memory->last_host_id < id)
		memory->last_host_id = id;
	memory->all =
		mem_make_room(memory->all, memory->n, &memory->room, sizeof(struct pg_host *));
	memory->all[memory->n++] = host;
	text_map_add(&memory->hosts, host->key, host);
	return host;
}

struct pg_stream *pg_memory_add_stream(struct pg_memory *memory, struct pg_host *host, int64_t id,
				       const char *agent_id, const char *epoch)
{
	struct pg_stream *stream = mem_alloc(sizeof *stream);

	stream->next = host->streams;
	host->streams = stream;
	stream->host = host;
	stream->agent_id = mem_strdup(agent_id);
	stream->epoch = mem_strdup(epoch);
	stream->id = id;
	stream->last_sequence = -1;
	if (memory->last_stream_id < id)
		memory->last_stream_id = id;
	return stream;
}

void pg_memory_add_day(struct pg_memory *memory, int64_t day)
{
	memory->days = mem_make_room(memory->days, memory->n_days, &memory->days_room,
				     sizeof *memory->days);
	memory->days[memory->n_days++] = day;
}

bool pg_memory_has_day(const struct pg_memory *memory, int64_t day)
{
	for (size_t i = memory->n_days; i-- > 0;) { /* mostly it is today, the last one */
		if (memory->days[i] == day)
			return true;
	}
	return false;
}

static void write_host(struct pg_memory *memory, struct pg_host *host)
{
	if (host->is_changed)
		return;
	host->is_changed = true;
	memory->hosts_to_write =
		mem_make_room(memory->hosts_to_write, memory->n_hosts_to_write,
			      &memory->hosts_to_write_room, sizeof(struct pg_host *));
	memory->hosts_to_write[memory->n_hosts_to_write++] = host;
}

static void write_stream(struct pg_memory *memory, struct pg_stream *stream)
{
	if (stream->is_changed)
		return;
	stream->is_changed = true;
	memory->streams_to_write =
		mem_make_room(memory->streams_to_write, memory->n_streams_to_write,
			      &memory->streams_to_write_room, sizeof(struct pg_stream *));
	memory->streams_to_write[memory->n_streams_to_write++] = stream;
}

struct pg_host *pg_memory_find_host(const struct pg_memory *memory, const char *key)
{
	return text_map_get(&memory->hosts, key);
}

struct pg_host *pg_memory_host(struct pg_memory *memory, const char *key)
{
	struct pg_host *host = pg_memory_find_host(memory, key);

	if (host)
		return host;
	host = pg_memory_add_host(memory, memory->last_host_id + 1, key);
	host->is_new = true;
	write_host(memory, host);
	return host;
}

struct pg_stream *pg_memory_stream(struct pg_memory *memory, struct pg_host *host,
				   const struct record_report *report)
{
	struct pg_stream *stream = host->streams;

	while (stream && (strcmp(stream->epoch, report->epoch) != 0 ||
			  strcmp(stream->agent_id, report->agent_id) != 0))
		stream = stream->next;
	if (stream)
		return stream;
	stream = pg_memory_add_stream(memory, host, memory->last_stream_id + 1, report->agent_id,
				      report->epoch);
	stream->is_new = true;
	write_stream(memory, stream);
	return stream;
}

void pg_memory_set_base(struct pg_stream *stream, struct pg_body *base)
{
	struct pg_host *host = stream->host;

	pg_body_ref(base);
	pg_body_unref(host->base);
	host->base_of = stream;
	host->base = base;
}

/* `moves`: the stream's base_day is another one now. */
static void note_latest(struct pg_memory *memory, struct pg_stream *stream,
			const struct record_report *report, int64_t day, bool is_last, bool moves)
{
	struct pg_latest before = stream->host->latest;
	struct pg_latest *latest = &stream->host->latest;

	if (report->is_latest)
		*latest = (struct pg_latest){ stream, day, report->sequence, is_last };
	else if (latest->stream == stream && (is_last || moves))
		latest->follows = false;
	if (latest->stream != before.stream || latest->follows != before.follows ||
	    (!latest->follows && report->is_latest))
		write_host(memory, stream->host);
}

void pg_memory_note(struct pg_memory *memory, struct pg_stream *stream,
		    const struct record_report *report, int64_t day, struct pg_body *base)
{
	bool is_last = report->sequence > stream->last_sequence;
	bool moves = base && (stream->is_new || stream->base_day != day);

	if (is_last)
		stream->last_sequence = report->sequence;
	if (base) {
		stream->base_day = day;
		stream->base_sequence = report->sequence;
		write_stream(memory, stream);
		pg_memory_set_base(stream, base);
	}
	note_latest(memory, stream, report, day, is_last, moves);
}

void pg_memory_remove(struct pg_host *host)
{
	host->latest = (struct pg_latest){ .stream = NULL };
}

void pg_memory_written(struct pg_memory *memory)
{
	for (size_t i = 0; i < memory->n_hosts_to_write; i++)
		memory->hosts_to_write[i]->is_new = memory->hosts_to_write[i]->is_changed = false;
	for (size_t i = 0; i < memory->n_streams_to_write; i++)
		memory->streams_to_write[i]->is_new = memory->streams_to_write[i]->is_changed =
			false;
	memory->n_hosts_to_write = memory->n_streams_to_write = 0;
}
