/* What the handlers of alerts, silences and deliveries share. Only api_*.c include this. */
#pragma once

#include "collector/api/handler.h"
#include "collector/http/query_string.h"
#include "collector/pipeline/alerting.h"

/* Adds the alert object of GET /v1/alerts. */
void api_alert_add(struct alerting *alerting, const struct record_alert *alert, int64_t now_ms,
		   struct arena *arena, struct buffer *out);

/* What a list is asked for beside "limit" and "cursor": keys that may each come several times. */
struct api_selection {
	struct query_string query;
	struct api_page page;
};

/*
 * Reads the query; `allows` tells whether it may have that key with that value. False: the call is
 * answered, 400, with `detail`.
 */
bool api_read_selection(struct call *call, bool (*allows)(const struct query_string_pair *pair),
			const char *detail, struct api_selection *out);

/* Is there no such key, or is one of its values this text, without case? */
bool api_selects(const struct api_selection *selection, const char *key, const char *text);

/* The header line for the next page of that selection. */
const char *api_selection_next(struct call *call, const char *path,
			       const struct api_selection *selection, const char *cursor);

/*
 * A list of rows by their states, of each state the latest first (state_lists.c). `read` reads the
 * rows of a state, by its place in `names`, whose ids are below `before`: it calls with the list
 * for each. Whoever is called adds those that are selected behind api_state_list_add().
 */
struct api_state_list;
struct api_state_list_kind {
	const char *path;
	const char *member; /* of the answer */
	const char *detail; /* what the query may have */
	bool (*allows)(const struct query_string_pair *pair);
	const char *const *names;
	size_t n;
	enum status (*read)(struct api_state_list *list, size_t state, int64_t before,
			    char error[STORE_ERROR_SIZE]);
};

struct api_state_list {
	struct call *call;
	const struct api_state_list_kind *kind;
	struct api_selection selection;
	struct buffer out;
	int64_t now_ms;

	size_t at_state;
	/* private, as all that follows */
	int64_t before;
	size_t n;
	int64_t last; /* the id that was shown last, and the place of its state */
	size_t last_state;
	bool more;
};

/* STATUS_LIMIT: the page is full; else the row of that id is to be added to `out`. */
enum status api_state_list_add(struct api_state_list *list, int64_t id);
void api_state_list_answer(struct call *call, const struct api_state_list_kind *kind);

/* Is it one of these names? */
bool api_state_list_has(const char *const *names, size_t n, const char *name);

/* The cursor "STATE.ID": the place in a list of states, and the id to go on behind. */
bool api_read_place(const char *cursor, size_t n_states, size_t *state, int64_t *id);

/* The id of the path, or -1: then no row has it. */
int64_t api_path_id(const struct call *call);

/* The audit row of a change to that object; strings live in the call's arena. */
struct record_audit api_alert_audit(struct call *call, const char *action, const char *object);
