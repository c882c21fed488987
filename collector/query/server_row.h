/*
 * A server as lists show it: what its view says, and whose it is.
 */
#pragma once

#include "collector/model/remarks.h"
#include "collector/model/view.h"

/* What holds for the server of that view. */
struct remark_pair server_remarks(const struct remarks *remarks, const struct view *view);

/* Adds the object of view_add_open() with the members of remark_pair_write(). */
void server_row_write(const struct view *view, const struct remarks *remarks, int64_t now_ms,
		      struct buffer *out);
