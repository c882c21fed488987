/*
 * What the writer remembers of the servers that reported last, so that a report of one of them
 * needs no look into the database before it is stored: the numbers of their rows, and the text that
 * the next delta is based on. There is a fixed number of places; who comes later takes one over.
 *
 * The cache is right as long as every change to those rows was committed. After one that was not,
 * forget.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_report.h"
#include "proto/base/buffer.h"

/* Some MB: a fleet of as many servers has most of them here, a larger one pays with look-ups. */
#define WRITER_CACHE_SERVERS 2048

/* Bytes of a text that is remembered at most. */
#define WRITER_CACHE_MAX_TEXT ((size_t)16 * 1024)

/* Numbers of rows are 0 where there is none. */
struct writer_cache_entry {
	char *key; /* of the server; NULL: the place is free */
	char *agent_id;
	char *epoch;
	int64_t host_id;
	int64_t stream_id;     /* of the server, agent_id and epoch */
	int64_t last_sequence; /* of that stream, or a higher one that is gone; -1: it has none */
	int64_t latest_id;     /* the report on which the server stands */
	bool follows;          /* that is the last one of the stream, and of the next one, too */
	int64_t base_id;       /* the report that the next delta is based on */
	int64_t text_id;       /* the report whose text is `text` */
	struct buffer text;
};

struct writer_cache {
	struct writer_cache_entry *places; /* NULL: nothing was remembered yet */
};

/* The place of a report's server; it is another server's, or free, where key and stream differ. */
struct writer_cache_entry *writer_cache_place(struct writer_cache *cache,
					      const struct record_report *report);

/* Is it that of this very server and stream? */
bool writer_cache_is(const struct writer_cache_entry *entry, const struct record_report *report);

/* Takes the place over for a report's server, of which nothing but the names is known then. */
void writer_cache_take(struct writer_cache_entry *entry, const struct record_report *report);

/* Remembers the text of a report, unless it is too long. */
void writer_cache_set_text(struct writer_cache_entry *entry, int64_t report_id, const char *text,
			   size_t size);

/* Leaves the place of a server, if it has one. */
void writer_cache_forget_server(struct writer_cache *cache, const char *key);

/* Leaves the place of the stream, if it has one: its row is no more. */
void writer_cache_forget_stream(struct writer_cache *cache, int64_t stream_id);

/* Legal on a zeroed cache; it is zeroed then. */
void writer_cache_forget(struct writer_cache *cache);
