/*
 * A site as the kept reports show it at a moment: which report each server stood on then, and how
 * its adapters were judged. Verdicts are none of it: the history tells what was told
 * (collector/model/past.h).
 *
 * Any thread, one at a time: nothing here is the fleet's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/report_set.h"
#include "collector/model/past.h"
#include "collector/model/view.h"
#include "collector/store/store.h"

/*
 * Reports that are read beside the latest ones, to see the silent servers of a site at the moments
 * at which they fell silent.
 */
#define PAST_SITE_MAX_EARLIER 4000

/*
 * The report on which a server stood at `at_ms`, of which its history tells `then`. `*out` is NULL
 * where that report is not kept any more, else a reference.
 */
enum status past_site_read_report(const struct store_connection *reader, const char *key,
				  int64_t at_ms, const struct past_server *then,
				  struct snapshot **out, char error[STORE_ERROR_SIZE]);

struct past_site_member {
	const char *key;
	const struct past_server *then;
	const struct snapshot *snapshot;            /* NULL: not kept */
	const struct report_set_verdict *judgement; /* NULL: not kept, or too much to read */
};

struct past_site;

/* The members, in the order of keys, are borrowed, and told about by past_site_judge(). */
struct past_site *past_site_new(int64_t at_ms, struct past_site_member *members, size_t n);
void past_site_free(struct past_site *site); /* NULL is allowed */

/* Reads up to `most` reports; `*more`: some are left to be read. */
enum status past_site_read(struct past_site *site, const struct store_connection *reader,
			   size_t most, bool *more, char error[STORE_ERROR_SIZE]);

/* Once all are read; what it tells lasts as long as the site. */
void past_site_judge(struct past_site *site);

/* As fleet_add_detail(), of then. */
void past_site_add_detail(const struct view *view, const struct snapshot *latest,
			  const struct site_server *seen, int64_t at_ms, struct buffer *out);
