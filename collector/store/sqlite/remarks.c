#include "collector/store/sqlite/internal.h"

STORE_DEFINE_GIVE(remark)
STORE_DEFINE_GIVE(bookmark)

enum status store_db_put_remarks(struct store_db *db, const struct store_change *change,
				 char error[STORE_ERROR_SIZE])
{
	const struct record_bookmark *dropped = change->dropped_bookmark;
	enum status status = STATUS_OK;

	if (change->remark)
		status = store_db_put(db, STORE_PUT_REMARK, &store_remarks, change->remark,
				      "store an owner and a note", error);
	if (status == STATUS_OK && change->bookmark)
		status = store_db_put(db, STORE_PUT_BOOKMARK, &store_bookmarks, change->bookmark,
				      "store a bookmark", error);
	if (status == STATUS_OK && dropped)
		status = STORE_RUN(db, STORE_DROP_BOOKMARK, "drop a bookmark", error,
				   STORE_TEXT(dropped->person), STORE_TEXT(dropped->name));
	return status;
}

enum status store_db_read_remarks(struct store_db *db, store_each_remark *each, void *user,
				  char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_REMARKS), &store_remarks,
			     "read the owners and notes", STORE_READER(give_remark, each, user),
			     error);
}

enum status store_db_read_bookmarks(struct store_db *db, const char *person,
				    store_each_bookmark *each, void *user,
				    char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, STORE_BOUND(db, STORE_LIST_BOOKMARKS, STORE_TEXT(person)),
			     &store_bookmarks, "read the bookmarks",
			     STORE_READER(give_bookmark, each, user), error);
}
