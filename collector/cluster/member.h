/*
 * A collector among those that share a database: a thread with a connection of its own, which beats
 * once a second, looks who judges, and takes the lease when that may be (collector/cluster/lease.h).
 *
 * Every call belongs to the loop's thread, but for member_may_act(), which any may make.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/cluster/collectors.h"
#include "collector/cluster/lease.h"
#include "collector/store/seat.h"

/* How long nothing is taken after a lease was given back for want of success. */
#define MEMBER_ABSTAIN_MS 10000

struct member;

/* What is told of ourselves; copied. */
struct member_about {
	const char *url; /* NULL: not known */
	const char *settings;
};

struct member_options {
	uv_loop_t *loop;
	struct store_seat *seat; /* the member's from now on */
	const char *node;
	const char *version;
	struct member_about about;
	unsigned takeover_after;
	void (*changed)(void *user); /* something is known that was not, from the loop */
	void *user;
};

enum status member_open(struct member **out, const struct member_options *options,
			char error[STORE_ERROR_SIZE]);

/* Gives the lease back, if it is ours, beats a last time, lets the seat go and calls `closed`, from the loop. */
void member_close(struct member *member, void (*closed)(void *user), void *user);

void member_tell(struct member *member, const struct member_about *about);
void member_set_state(struct member *member, enum record_collector_state state);

enum member_role {
	MEMBER_STANDS_BY,
	MEMBER_HOLDS,   /* the lease is ours */
	MEMBER_IS_LOST, /* it was, and is another's: the process begins anew */
	/* Another process has our node's name, or another fleet the database: this one ends. */
	MEMBER_IS_DOUBLE, /* member_error() says which */
};
enum member_role member_role(struct member *member);

/* The lease that is ours; until it is given back. */
struct store_claim member_claim(struct member *member);

/* The last commit that was confirmed to this collector: others are told. */
void member_set_last_commit(struct member *member, int64_t id);

/*
 * Whether nobody else can have taken over yet: whoever acts on others, hooks or agents, asks before.
 */
bool member_may_act(struct member *member);

/* A commit was fenced. */
void member_note_fenced(struct member *member);

/* Gives the lease back, and takes nothing for MEMBER_ABSTAIN_MS. */
void member_give_back(struct member *member);

/*
 * Takes nothing any more: the process ends. The lease goes to the node `next` then; NULL: to whoever
 * comes first, or was asked for.
 */
void member_retire(struct member *member, const char *next);

/* The last look that succeeded; NULL: there is none yet. Until control returns to the loop. */
const struct store_look *member_look(const struct member *member);

/* Why the last look failed; NULL: it did not. */
const char *member_error(const struct member *member);

const char *member_node(const struct member *member);

/* Who judges, and beats; NULL: nobody that is known. Borrowed as the look. */
const struct record_collector *member_judge(const struct member *member);
