/*
 * The sites of a list of servers with the number of their servers by verdict; pure.
 */
#pragma once

#include <stddef.h>

#include "collector/model/record_trend.h"
#include "collector/model/remarks.h"
#include "collector/query/server_select.h"
#include "proto/base/buffer.h"

struct site_tally {
	const char *organization; /* organization and site: "" where reports name none */
	const char *site;
	struct server_tally tally;
};

/* Every site that has a server, in the order of their names without case; in `arena`. */
void site_tally_make(const struct server_list *list, struct arena *arena, struct site_tally **out,
		     size_t *n);

/* The order of their names. */
int site_tally_compare(const struct site_tally *a, const struct site_tally *b);

/* The one of that organization and site, "" for none; NULL: no server is of it. */
const struct site_tally *site_tally_find(const struct site_tally *tallies, size_t n,
					 const char *organization, const char *site);

/* Counts these servers, too, in a row of the trend. */
void server_tally_add_to_trend(const struct server_tally *tally, struct record_trend *row);

/* Adds '"counts":{...}', and {"organization","site","counts","owner","note"}. */
void server_tally_write(const struct server_tally *tally, struct buffer *out);
void site_tally_write(const struct site_tally *tally, const struct remarks *remarks,
		      struct buffer *out);
