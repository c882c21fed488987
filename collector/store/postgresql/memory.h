/*
 * What the writer knows of servers and streams, so that a commit asks the database nothing: the
 * numbers of their rows, on which report a server stands, and, packed, the text that its next
 * report is told apart from.
 *
 * It is right as long as every change was committed. After one that was not, forget and load again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/base/text_map.h"
#include "collector/model/record_report.h"
#include "collector/store/postgresql/mirror.h"

struct pg_host;

/* The reports of one agent's life under one name. */
struct pg_stream {
	struct pg_stream *next; /* of the same server */
	struct pg_host *host;
	char *agent_id;
	char *epoch;
	int64_t id;
	int64_t last_sequence; /* -1: it has no report */
	int64_t base_day;      /* where its newest report stored whole is */
	int64_t base_sequence;
	bool is_new;     /* not in the database yet */
	bool is_changed; /* its row has to be written */
};

/* The report on which a server stands. */
struct pg_latest {
	struct pg_stream *stream; /* NULL: none */
	int64_t day;
	int64_t sequence;
	bool follows; /* it is the last one of the stream's base_day: its row says no more */
};

struct pg_host {
	char *key;
	int64_t id;
	struct pg_stream *streams;
	struct pg_latest latest;
	struct pg_stream *base_of; /* whose base `base` is; NULL: there is none */
	struct pg_body *base;
	size_t row; /* of its state among those to be written, from 1 on; 0: none */
	bool is_new;
	bool is_changed;
};

/* A zeroed one is empty. */
struct pg_memory {
	struct text_map hosts; /* by key */
	struct pg_host **all;
	size_t n;
	size_t room;
	int64_t last_host_id;
	int64_t last_stream_id;
	int64_t *days; /* that have a table */
	size_t n_days;
	size_t days_room;
	/* Those that are new or changed. */
	struct pg_host **hosts_to_write;
	size_t n_hosts_to_write;
	size_t hosts_to_write_room;
	struct pg_stream **streams_to_write;
	size_t n_streams_to_write;
	size_t streams_to_write_room;
};

void pg_memory_forget(struct pg_memory *memory);

/* As read from the database. */
struct pg_host *pg_memory_add_host(struct pg_memory *memory, int64_t id, const char *key);
struct pg_stream *pg_memory_add_stream(struct pg_memory *memory, struct pg_host *host, int64_t id,
				       const char *agent_id, const char *epoch);
void pg_memory_add_day(struct pg_memory *memory, int64_t day);

bool pg_memory_has_day(const struct pg_memory *memory, int64_t day);

/* The server of that key, NULL where there is none; a new one where it has to be. */
struct pg_host *pg_memory_find_host(const struct pg_memory *memory, const char *key);
struct pg_host *pg_memory_host(struct pg_memory *memory, const char *key);

/* The stream of a report of that server, likewise. */
struct pg_stream *pg_memory_stream(struct pg_memory *memory, struct pg_host *host,
				   const struct record_report *report);

/*
 * Takes note of a report that is stored in the table of `day`; `base` is what it is packed to where
 * it is stored whole, and so the base of the next ones, or NULL.
 */
void pg_memory_note(struct pg_memory *memory, struct pg_stream *stream,
		    const struct record_report *report, int64_t day, struct pg_body *base);

/* The text that the next reports of the stream are told apart from, as it is stored. */
void pg_memory_set_base(struct pg_stream *stream, struct pg_body *base);

/* The server stands on no report any more. */
void pg_memory_remove(struct pg_host *host);

/* Nothing is to be written any more: it is in the statements that go out. */
void pg_memory_written(struct pg_memory *memory);
