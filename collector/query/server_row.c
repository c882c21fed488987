#include "collector/query/server_row.h"

#include "proto/json/write.h"

struct remark_pair server_remarks(const struct remarks *remarks, const struct view *view)
{
	return remarks_of_server(remarks, view->key, view->organization, view->site);
}

void server_row_write(const struct view *view, const struct remarks *remarks, int64_t now_ms,
		      struct buffer *out)
{
	struct remark_pair pair = server_remarks(remarks, view);

	view_add_open(view, now_ms, out);
	remark_pair_write(&pair, out);
	json_close_object(out);
}
