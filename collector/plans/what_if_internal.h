/*
 * Inside what_if.c, which puts changes and judges, and what_if_apply.c, which makes them.
 */
#pragma once

#include "collector/plans/what_if.h"
#include "proto/site/index.h"

/* A server as it is with the changes. */
struct what_if_server {
	struct site_facts_server *facts;
	const struct report *report; /* NULL: as in the facts */
	struct site_member *member;
	uint64_t signature; /* of its view */
	enum verdict verdict;
	bool removed;
	bool was_saved; /* by the last push */
};

/* A server as it was before a push. */
struct what_if_saved {
	size_t number;
	struct what_if_server server;
};

/* One push. */
struct what_if_frame {
	struct what_if_frame *below;
	struct what_if_saved *saved;
	size_t n;
	size_t room;
	struct arena arena; /* of reports, members and `saved` */
};

struct what_if {
	struct site_facts *facts;
	struct what_if_server *servers;
	enum grade *known; /* how far anybody gets to each, in the facts as they are */
	struct site_index index;
	struct what_if_frame *top;
	struct what_if_frame
		*kept;        /* taken away; what was seen of their changes points into them */
	struct arena scratch; /* of a view */
	size_t n_probed;      /* servers that the members have probed, in all */
	size_t work;
	void (*pause)(void *user); /* NULL: nobody waits */
	void *pause_user;
	size_t paused_at; /* what the work amounted to then */
};

/* Puts a member of a server into the index, in the place of `old` (NULL: it had none there). */
void what_if_put(struct what_if *w, struct what_if_server *server, struct site_member *member,
		 struct site_member *old);

/* The report of a server with its changes, or NULL: it could not be read. */
const struct report *what_if_report(struct what_if *w, struct what_if_server *server);

/* Keeps a server as it was before this push. */
void what_if_save(struct what_if *w, struct what_if_server *server);

/* Makes one change, within a push. As what_if_push(). */
enum status what_if_apply(struct what_if *w, const struct change *change,
			  struct what_if_error *error);
