#include "collector/store/postgresql/internal.h"

PG_DEFINE_GIVE(remark)
PG_DEFINE_GIVE(bookmark)

static const struct pg_statement list_remarks = { "list_remarks", "read the owners and notes",
						  "SELECT @remark FROM remark ORDER BY subject" };
static const struct pg_statement list_bookmarks = {
	"list_bookmarks", "read the bookmarks",
	"SELECT @bookmark FROM bookmark WHERE $1::text IS NULL OR person = $1 ORDER BY person, name"
};

enum status pg_read_remarks(struct store_db *db, store_each_remark *each, void *user,
			    char error[STORE_ERROR_SIZE])
{
	return PG_LIST(db, &list_remarks, NULL, &store_remarks, give_remark, each, user, error);
}

enum status pg_read_bookmarks(struct store_db *db, const char *person, store_each_bookmark *each,
			      void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };

	pg_add_text(&params, person);
	return PG_LIST(db, &list_bookmarks, &params, &store_bookmarks, give_bookmark, each, user,
		       error);
}
