/*
 * Inside of identities.c, identities_news.c and identities_change.c.
 */
#pragma once

#include <sys/queue.h>

#include "collector/auth/agent_map.h"
#include "collector/auth/identities.h"
#include "collector/base/loop.h"
#include "proto/base/arena.h"

/* All of one kind; its rows live in the arena. */
struct identity_list {
	struct record_identity *rows;
	size_t n;
	size_t room;
	struct arena arena;
};

/* Changes that are committed and not known here yet; of identities_change.c. */
struct identity_change;
STAILQ_HEAD(identity_change_list, identity_change);

struct identities {
	struct identities_options options;
	struct agent_map agents;
	struct identity_list tokens;
	struct identity_list secrets;
	struct identity_list sessions;
	int64_t seen; /* the last line of the audit log that is taken into account */
	struct loop_timer *poll;
	struct identity_change_list committed; /* for the next refresh */
	bool is_refreshing;
	bool stopped;
	bool failing; /* said so already */
};

/* The list of that kind; NULL for agents. */
struct identity_list *identities_list(struct identities *identities, enum record_kind kind);

/*
 * Takes into account what the store has got since, and ends the changes that were committed before.
 * While one is under way another waits for it.
 */
void identities_refresh(struct identities *identities);

/* What a news has seen that begins: nothing is known yet. */
#define IDENTITIES_SEEN_NOTHING INT64_C(-1)

/* News of the store about identities: read on one thread, taken on the loop. */
struct identity_news {
	int64_t seen;    /* the last line that is known; then the last one that was read */
	size_t n_lines;  /* new ones */
	bool has_agents; /* all, in the place of those that are known */
	bool has_lists;  /* all, likewise */
	struct agent_map agents;
	struct identity_list tokens;
	struct identity_list secrets;
	struct identity_list sessions;
	struct agent_news *changed; /* agents, one by one */
	size_t n_changed;
	size_t room_changed;
	struct arena arena;
};

void identity_news_init(struct identity_news *news, int64_t seen);
void identity_news_deinit(struct identity_news *news);
enum status identity_news_read(const struct store_connection *reader, struct identity_news *news,
			       char error[STORE_ERROR_SIZE]);
void identity_news_take(struct identity_news *news, struct identities *identities);
void identity_list_deinit(struct identity_list *list);

/* identities_change.c: a change that is committed. */

struct identity_change {
	STAILQ_ENTRY(identity_change) link;
	struct identities *identities;
	struct record_identity identity;
	struct record_audit audit;
	bool adds;
	enum status outcome; /* once it is compared */
	identities_done *done;
	void *user;
	struct arena arena;
};

/* Is what the store has under that name what was to be added? On the store's thread. */
enum status identity_change_compare(const struct store_connection *reader,
				    struct identity_change *change, char error[STORE_ERROR_SIZE]);

/* Ends those of a refresh, with what came of it. */
void identity_change_end_all(struct identity_change_list *changes, enum status status,
			     const char *error);
