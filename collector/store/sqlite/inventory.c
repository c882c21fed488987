#include "collector/store/sqlite/internal.h"

#include "proto/base/count.h"

STORE_DEFINE_GIVE(removal)
STORE_DEFINE_GIVE(expected)

static enum status remove_server(struct store_db *db, const struct record_removal *removal,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "remove a server";
	enum status status =
		STORE_RUN(db, STORE_DROP_SERVER, what, error, STORE_TEXT(removal->key));

	if (status != STATUS_OK)
		return status;
	writer_cache_forget_server(&db->cache, removal->key);
	status = STORE_RUN(db, STORE_DROP_LATEST, what, error, STORE_TEXT(removal->key));
	return status == STATUS_OK
		       ? store_db_put(db, STORE_PUT_REMOVAL, &store_removals, removal, what, error)
		       : status;
}

/* The list makes room for another one, and is the former one from now on. */
static enum status set_aside(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	static const enum store_statement steps[] = { STORE_CLEAR_FORMER, STORE_KEEP_FORMER,
						      STORE_CLEAR_EXPECTED };
	enum status status = STATUS_OK;

	for (size_t i = 0; i < COUNT(steps) && status == STATUS_OK; i++)
		status = store_db_run(db, store_db_statement(db, steps[i]),
				      "replace the expected servers", error);
	return status;
}

enum status store_db_put_inventory(struct store_db *db, const struct store_change *change,
				   char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	if (change->removal)
		status = remove_server(db, change->removal, error);
	if (status != STATUS_OK ||
	    (change->n_expected == 0 && change->expect != STORE_EXPECT_REPLACE))
		return status;
	if (change->expect == STORE_EXPECT_REPLACE)
		status = set_aside(db, error);
	for (size_t i = 0; i < change->n_expected && status == STATUS_OK; i++)
		status = change->expect == STORE_EXPECT_DROP
				 ? STORE_RUN(db, STORE_DROP_EXPECTED, "forget an expected server",
					     error, STORE_TEXT(change->expected[i].key))
				 : store_db_put(db, STORE_PUT_EXPECTED, &store_expected,
						&change->expected[i], "store an expected server",
						error);
	if (status == STATUS_OK)
		status = store_db_run(db, store_db_statement(db, STORE_MARK_EXPECTED),
				      "count a change of the expected servers", error);
	return status;
}

enum status store_db_read_removals(struct store_db *db, store_each_removal *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_REMOVALS), &store_removals,
			     "read the removed servers", STORE_READER(give_removal, each, user),
			     error);
}

enum status store_db_read_expected(struct store_db *db, store_each_expected *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_EXPECTED), &store_expected,
			     "read the expected servers", STORE_READER(give_expected, each, user),
			     error);
}

enum status store_db_read_former_expected(struct store_db *db, store_each_expected *each,
					  void *user, char error[STORE_ERROR_SIZE])
{
	return store_db_rows(db, store_db_statement(db, STORE_LIST_FORMER), &store_expected,
			     "read the servers that were expected before",
			     STORE_READER(give_expected, each, user), error);
}

enum status store_db_read_expected_version(struct store_db *db, int64_t *out,
					   char error[STORE_ERROR_SIZE])
{
	*out = 0;
	enum status status =
		store_db_numbers(db, store_db_statement(db, STORE_EXPECTED_VERSION),
				 "look for changes of the expected servers", out, 1, error);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
