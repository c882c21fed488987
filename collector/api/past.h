/*
 * `at=`: what the handlers of servers, of sites and of matrices share to answer as it was known at
 * a moment, from the history and the kept reports. Only api/past*.c and the handlers of these
 * resources include this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/api/api.h"
#include "collector/model/past.h"
#include "collector/model/view.h"
#include "collector/query/server_filter.h"
#include "collector/store/store.h"

/* A server that there is, or was. */
struct past_subject {
	const char *key;
	const char *server; /* as it is shown now, or was when it was removed */
	const char *exchange_server;
	struct past_now now;
	struct past_server then;
};

/* The whole fleet at a moment; in the call's arena. */
struct api_past {
	struct call *call;
	int64_t at_ms;
	int64_t now_ms;
	int64_t known_from_ms; /* before, nothing is kept; TIMESTAMP_NONE: nothing is at all */
	struct past_subject *subjects; /* in the order of keys */
	size_t n;

	/* Private. */
	size_t room;
	size_t next;
	bool has_removals;
	void (*done)(struct api_past *past, void *user);
	void *user;
};

/*
 * Works out how all servers were at `at_ms`; then `done` answers the call. Where that moment is not
 * told of (it has not come, or lies before all that is kept), the call is answered here, 422.
 */
void api_past_gather(struct call *call, int64_t at_ms,
		     void (*done)(struct api_past *past, void *user), void *user);

/* A view of it without its report; a reference. */
struct view *api_past_view(const struct api_past *past, const struct past_subject *subject);

/* The verdict that it had, with findings of the history, for view_make(). */
struct view_verdict api_past_verdict(const struct api_past *past,
				     const struct past_subject *subject);

/* NULL: there is none. */
const struct past_subject *api_past_find(const struct api_past *past, const char *key);

/* Was it there, in that site? NULL: in any. */
bool api_past_is_of(const struct past_subject *subject, const char *organization, const char *site);

/* "of each server the last 288 reports are kept, for 30 days at most" */
const char *api_past_kept_reports(const struct api_past *past);

/* The last change before that moment, and the first after it; TIMESTAMP_NONE: there is none. */
struct api_past_changes {
	int64_t before_ms;
	int64_t after_ms;
};
void api_past_count_change(struct api_past_changes *changes, const struct past_subject *subject);

/* Is it of that site then, or was before, or will be next? So all that comes and goes counts. */
bool api_past_touches(const struct past_subject *subject, const char *organization,
		      const char *site);
extern const struct api_past_changes api_past_no_changes;

/*
 * Adds the member "past": {"at", "known_from", "before", "after", "not_kept": [text]}, by
 * which nobody takes the answer for one of now.
 */
void api_past_write(const struct api_past *past, const struct api_past_changes *changes,
		    const char *const *not_kept, size_t n, struct buffer *out);

/* 200, or 304; the body's bytes are taken. */
void api_past_answer(struct call *call, struct buffer *body, const char *fields);

/* The answers of then. */
void api_past_list_servers(struct call *call, const struct server_filter *filter);
void api_past_list_sites(struct call *call, int64_t at_ms);
void api_past_get_server(struct call *call, int64_t at_ms);
void api_past_get_matrix(struct call *call, int64_t at_ms);
