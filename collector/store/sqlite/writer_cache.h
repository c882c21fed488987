/*
 * What the writer remembers of the servers that reported since it began, so that the next report of
 * one needs no look into the database before it is stored: the numbers of their rows, 250 bytes a
 * server, for to look names up is a fifth of storing a report; how many reports each has, for to
 * count a thousand of them takes longer than to store one; and of those that reported last the text
 * that the next delta is based on. For texts there is a fixed number of places; who comes
 * later takes one over.
 *
 * The cache is right as long as every change to those rows was committed. After one that was not,
 * forget.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "collector/base/text_map.h"
#include "collector/model/record_report.h"
#include "proto/base/buffer.h"

/* Some MB: a fleet of as many servers has all its texts here, a larger one unpacks most anew. */
#define WRITER_CACHE_TEXTS 2048

/* Bytes of a text that is remembered at most. */
#define WRITER_CACHE_MAX_TEXT ((size_t)16 * 1024)

/* Numbers of rows are 0 where there is none. */
struct writer_cache_entry {
	LIST_ENTRY(writer_cache_entry) link;
	int64_t host_id;
	int64_t stream_id;     /* of the server, agent_id and epoch */
	int64_t last_sequence; /* of that stream, or a higher one that is gone; -1: it has none */
	int64_t latest_id;     /* the report on which the server stands */
	int64_t base_id;       /* the report that the next delta is based on */
	bool follows;          /* that is the last one of the stream, and of the next one, too */
	const char *agent_id;
	const char *epoch;
	char key[]; /* of the server; the other two texts lie behind it */
};

struct writer_cache_text {
	int64_t report_id; /* 0: the place is free */
	struct buffer text;
};

/* A zeroed one is empty. */
struct writer_cache {
	struct text_map by_key;
	LIST_HEAD(, writer_cache_entry) entries;
	struct writer_cache_text *texts; /* NULL: none was remembered yet */
	uint32_t *counts; /* by number of a server: 1 and how many reports it has; 0: not known */
	size_t n_counts;
};

/* What is known of a report's server and stream, or NULL. */
struct writer_cache_entry *writer_cache_find(const struct writer_cache *cache,
					     const struct record_report *report);

/* What is known of a server, whatever its stream, or NULL. */
const struct writer_cache_entry *writer_cache_find_server(const struct writer_cache *cache,
							  const char *key);

/* Remembers a report's server and stream, of which nothing but the names is known then. */
struct writer_cache_entry *writer_cache_add(struct writer_cache *cache,
					    const struct record_report *report);

/* The text of the base; NULL where another server's took its place. */
const struct buffer *writer_cache_base(const struct writer_cache *cache,
				       const struct writer_cache_entry *entry);

/* Remembers the text of the base, unless it is too long. */
void writer_cache_set_base(struct writer_cache *cache, const struct writer_cache_entry *entry,
			   const char *text, size_t size);

/* How many reports a server has; false: that is not known. */
bool writer_cache_count(const struct writer_cache *cache, int64_t host_id, size_t *out);
void writer_cache_set_count(struct writer_cache *cache, int64_t host_id, size_t n);

/* One more, or one less, where it is known how many there are. */
void writer_cache_count_on(struct writer_cache *cache, int64_t host_id, int by);

void writer_cache_forget_server(struct writer_cache *cache, const char *key);

/* Forgets everything. */
void writer_cache_forget(struct writer_cache *cache);
