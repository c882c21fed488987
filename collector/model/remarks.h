/*
 * The owners and notes of servers and sites in memory. What a site has holds for each of its
 * servers that has none of its own. A server keeps its own by its name, whatever becomes of it: it
 * may fall silent, move to another site, be removed and come back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/record_remark.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/json/fields.h"

struct remarks;

struct remarks *remarks_new(void);
void remarks_free(struct remarks *remarks); /* NULL is allowed */
void remarks_clear(struct remarks *remarks);

/* In the place of what the subject had; copied. */
void remarks_put(struct remarks *remarks, const struct record_remark *remark);

/* What the subject has itself; NULL: nothing was ever said. Borrowed until the next change. */
const struct record_remark *remarks_find(const struct remarks *remarks, const char *subject);

/* Grows with every change. */
uint64_t remarks_revision(const struct remarks *remarks);

/* One that holds for a server or a site. Borrowed likewise. */
struct remark {
	const char *text; /* NULL: there is none */
	const char *by;
	int64_t at_ms;
	bool is_of_site; /* of a server: it has none of its own */
};

struct remark_pair {
	struct remark owner;
	struct remark note;
};

/* NULL and "" where a server or a site has no such name. `remarks` may be NULL: there are none. */
struct remark_pair remarks_of_server(const struct remarks *remarks, const char *key,
				     const char *organization, const char *site);
struct remark_pair remarks_of_site(const struct remarks *remarks, const char *organization,
				   const char *site);

/* Of the collector's own ills, which are of no server and no site, none. */
struct remark_pair remark_pair_none(void);

/* The text on one line, its own parted by " / "; "" where there is none. In `arena`. */
const char *remark_line(const struct remark *remark, struct arena *arena);

/*
 * Adds the members "owner": {"name", "by", "at", "of"} and "note": {"text", "by", "at", "of"}, null
 * where there is none; "of" is "server" or "site".
 */
void remark_pair_write(const struct remark_pair *pair, struct buffer *out);

/* Reads them again, where they are there; in the reading's arena. */
struct remark_pair remark_pair_read(struct json_reading *in, const struct json_place *at);
