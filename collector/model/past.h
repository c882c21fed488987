/*
 * What was known of a server at a moment, worked out of its history (collector/model/report_diff.h)
 * and, where that tells nothing of it any more, of what is known now: the verdict that was told
 * then, never a new one. Pure.
 *
 * A change counts from the moment of which it tells. Of two the one that was stored later counts,
 * also where it tells of an earlier moment: so does a report that an agent delivered late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/record_report.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/exposure/exposure.h"

/* A server as it is now. */
struct past_now {
	bool is_there;
	bool silent;
	enum verdict verdict;
	int64_t since_ms;
	const char *organization; /* NULL: nobody knows; so `site` */
	const char *site;
};

struct past_place {
	const char *organization; /* NULL: none is known; so `site` */
	const char *site;
};

/* The same server then. */
struct past_server {
	bool is_known; /* it had reported, and had not been removed */
	bool silent;
	enum verdict verdict;
	int64_t since_ms;         /* of the verdict; TIMESTAMP_NONE: it is not kept any more */
	int64_t silent_since_ms;  /* likewise; TIMESTAMP_NONE, too, where it was not silent */
	int64_t silent_next_ms;   /* when it fell silent the next time; likewise */
	const char *reasons_json; /* codes, an array; NULL: they are not kept any more */
	const char *organization; /* as above; also of one that was not known yet */
	const char *site;
	struct past_place earlier; /* where it was before it moved there, and where it moved next */
	struct past_place later;
	int64_t first_ms;  /* of its changes; TIMESTAMP_NONE: none is kept; so the next two */
	int64_t before_ms; /* of the last one before that moment */
	int64_t after_ms;  /* of the first one after it */
};

/* The change of a kind that counts; none: its `number` is INT64_MIN. */
struct past_change {
	int64_t at_ms;
	int64_t number;
	bool is_true;         /* it reported, it fell silent */
	struct buffer detail; /* of a verdict, of a place */
};

/* One at work. `at_ms` is the moment. */
struct past {
	int64_t at_ms;
	bool has_events_then;
	struct past_change known[2]; /* that count until then, and the first ones after it; so: */
	struct past_change silent[2];
	struct past_change verdict[2];
	struct past_change place[2];
	int64_t first_ms;
	int64_t before_ms;
	int64_t after_ms;
};

void past_begin(struct past *past, int64_t at_ms);

/* The changes of the server, the oldest first; `number` grows in the order in which they came. */
void past_take(struct past *past, const struct record_event *event, int64_t number);

/* Ends it; texts of `out` lie in `arena`. Another server may begin then. */
void past_end(struct past *past, const struct past_now *now, struct arena *arena,
	      struct past_server *out);

/*
 * What is left of the findings, as verdict_json_write_findings() writes them: the codes of
 * `reasons_json`, in words, without evidence. In `arena`.
 */
const char *past_findings(const char *reasons_json, struct arena *arena);
