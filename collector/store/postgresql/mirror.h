/*
 * What the collector has in memory of what is committed, so that the loop's thread waits for no
 * network: of each server its state and its latest report, packed, with the one that it is told
 * apart from; how far each agent has come in each of its lives; and answers that were read ahead.
 *
 * Whoever changes it, and counts users of bodies, holds the writer's `use`. Whoever else looks into
 * it holds its lock, and copies.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "collector/model/record_report.h"
#include "collector/store/pack.h"
#include "collector/store/store.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"

/* A report's text as it is packed; shared. */
struct pg_body {
	size_t n_users;
	enum store_encoding encoding;
	size_t size;
	char bytes[];
};

struct pg_body *pg_body_new(enum store_encoding encoding, struct store_bytes packed);
/* NULL is allowed. */
struct pg_body *pg_body_ref(struct pg_body *body);
void pg_body_unref(struct pg_body *body);

/* An agent's life, under whatever names. */
struct pg_lineage {
	struct pg_lineage *next; /* of the same agent */
	const char *agent_id;
	char *epoch;
	int64_t last_sequence;
};

/* One server, as it is committed. */
struct pg_shown {
	char *key;
	/* Its state. */
	bool has_state;
	bool silent;
	int64_t since_ms;
	char *verdict;
	char *adapters_json;
	/* The report on which it stands. */
	const struct pg_lineage *lineage; /* NULL: there is none */
	int64_t sequence;
	int64_t at_ms;
	int64_t received_at_ms;
	int64_t age_s;
	uint64_t body_hash;
	char *imported_by;
	struct pg_body *body;
	struct pg_body *base; /* NULL: it is whole */
};

/* All of them at one moment. */
struct pg_picture;
struct pg_picture *pg_picture_new(void);
void pg_picture_free(struct pg_picture *picture);

/* There is a report of that sequence; the lineage. */
const struct pg_lineage *pg_picture_note(struct pg_picture *picture, const char *agent_id,
					 const char *epoch, int64_t sequence);
/* The server stands on that report from now on. */
void pg_picture_put_report(struct pg_picture *picture, const struct record_report *report,
			   struct pg_body *body, struct pg_body *base);
/* Texts that are NULL stay as they are; the verdict's is long, and not kept. */
void pg_picture_put_server(struct pg_picture *picture, const struct record_server *server);
/* The server is in the fleet no more. */
void pg_picture_remove(struct pg_picture *picture, const char *key);

/* A server with both, or NULL. */
const struct pg_shown *pg_picture_find(const struct pg_picture *picture, const char *key);
/* STATUS_NOT_FOUND: there is no report of them. */
enum status pg_picture_last_sequence(const struct pg_picture *picture, const char *agent_id,
				     const char *epoch, int64_t *out);
/* The keys of all, sorted; in `arena`. */
const char **pg_picture_keys(const struct pg_picture *picture, size_t *n, struct arena *arena);

struct pg_mirror;
struct pg_mirror *pg_mirror_new(void);
void pg_mirror_free(struct pg_mirror *mirror);

/* The picture, until it is unlocked. */
struct pg_picture *pg_mirror_lock(struct pg_mirror *mirror);
void pg_mirror_unlock(struct pg_mirror *mirror);

/* Another one takes its place, which belongs to the mirror then; until the first it is empty. */
bool pg_mirror_has_servers(struct pg_mirror *mirror);
void pg_mirror_show(struct pg_mirror *mirror, struct pg_picture *picture);

/*
 * An answer that was read ahead, by what was asked: until something is committed, or, where it
 * `lasts`, until there is a newer one. Takes the rows.
 */
void pg_mirror_keep(struct pg_mirror *mirror, const struct buffer *question, PGresult *rows,
		    bool lasts);
/* Something is committed: what was read ahead may be true no more. */
void pg_mirror_note_commit(struct pg_mirror *mirror);
bool pg_mirror_has_committed(struct pg_mirror *mirror);

/* The number of the last commit that was confirmed; 0: there is none. */
void pg_mirror_show_commit(struct pg_mirror *mirror, int64_t id);
int64_t pg_mirror_last_commit(struct pg_mirror *mirror);

/* So many commits that were confirmed are gone; how many have been, in all. */
void pg_mirror_note_lost(struct pg_mirror *mirror, int64_t n);
void pg_mirror_show_loss(struct pg_mirror *mirror, struct store_loss loss);
struct store_loss pg_mirror_last_loss(struct pg_mirror *mirror);
int64_t pg_mirror_n_lost(struct pg_mirror *mirror);

/* The last commit may be on one server only. */
void pg_mirror_show_asynchronous(struct pg_mirror *mirror, bool is_asynchronous);
bool pg_mirror_is_asynchronous(struct pg_mirror *mirror);

struct pg_answer;
/* The answer, to be given back; NULL: it was not read ahead. */
struct pg_answer *pg_mirror_borrow(struct pg_mirror *mirror, const struct buffer *question);
const PGresult *pg_answer_rows(const struct pg_answer *answer);
void pg_mirror_give_back(struct pg_mirror *mirror, struct pg_answer *answer);

/* The version of the expected servers; -1: it was not read yet. */
void pg_mirror_set_expected_version(struct pg_mirror *mirror, int64_t version);
int64_t pg_mirror_expected_version(struct pg_mirror *mirror);
