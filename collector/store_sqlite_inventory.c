#include "collector/store_sqlite.h"

static bool bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

static bool bind_number(sqlite3_stmt *statement, int at, int64_t number)
{
	return sqlite3_bind_int64(statement, at, number) == SQLITE_OK;
}

static enum status remove_server(struct store_db *db, const struct record_removal *removal,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "remove a server";
	sqlite3_stmt *drop = store_db_statement(db, STORE_DROP_SERVER);

	if (!drop || !bind_text(drop, 1, removal->key))
		return store_db_fail(db, what, error);
	enum status status = store_db_run(db, drop, what, error);
	if (status != STATUS_OK)
		return status;
	sqlite3_stmt *forget = store_db_statement(db, STORE_DROP_LATEST);
	if (!forget || !bind_text(forget, 1, removal->key))
		return store_db_fail(db, what, error);
	status = store_db_run(db, forget, what, error);
	if (status != STATUS_OK)
		return status;
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_REMOVAL);
	if (!put || !bind_text(put, 1, removal->key) || !bind_text(put, 2, removal->server) ||
	    !bind_number(put, 3, removal->at_ms) || !bind_text(put, 4, removal->by) ||
	    !bind_text(put, 5, removal->reason))
		return store_db_fail(db, what, error);
	return store_db_run(db, put, what, error);
}

static enum status put_expected(struct store_db *db, const struct record_expected *expected,
				char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store an expected server";
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_EXPECTED);

	if (!put || !bind_text(put, 1, expected->key) || !bind_text(put, 2, expected->server) ||
	    !bind_text(put, 3, expected->organization) || !bind_text(put, 4, expected->site) ||
	    !bind_number(put, 5, expected->since_ms))
		return store_db_fail(db, what, error);
	return store_db_run(db, put, what, error);
}

static enum status drop_expected(struct store_db *db, const struct record_expected *expected,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "forget an expected server";
	sqlite3_stmt *drop = store_db_statement(db, STORE_DROP_EXPECTED);

	if (!drop || !bind_text(drop, 1, expected->key))
		return store_db_fail(db, what, error);
	return store_db_run(db, drop, what, error);
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
		status = store_db_run(db, store_db_statement(db, STORE_CLEAR_EXPECTED),
				      "replace the expected servers", error);
	for (size_t i = 0; i < change->n_expected && status == STATUS_OK; i++)
		status = change->expect == STORE_EXPECT_DROP
				 ? drop_expected(db, &change->expected[i], error)
				 : put_expected(db, &change->expected[i], error);
	if (status == STATUS_OK)
		status = store_db_run(db, store_db_statement(db, STORE_MARK_EXPECTED),
				      "count a change of the expected servers", error);
	return status;
}

static enum status each_removal(sqlite3_stmt *row, store_each_removal *each, void *user)
{
	struct record_removal removal = {
		.key = store_db_text(row, 0),
		.server = store_db_text(row, 1),
		.at_ms = sqlite3_column_int64(row, 2),
		.by = store_db_text(row, 3),
		.reason = store_db_text(row, 4),
	};
	return each(user, &removal);
}

static enum status each_expected(sqlite3_stmt *row, store_each_expected *each, void *user)
{
	struct record_expected expected = {
		.key = store_db_text(row, 0),
		.server = store_db_text(row, 1),
		.organization = store_db_text(row, 2),
		.site = store_db_text(row, 3),
		.since_ms = sqlite3_column_int64(row, 4),
	};
	return each(user, &expected);
}

enum status store_db_read_removals(struct store_db *db, store_each_removal *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read the removed servers";
	sqlite3_stmt *list = store_db_statement(db, STORE_LIST_REMOVALS);
	enum status status = STATUS_OK;
	int code = SQLITE_ROW;

	if (!list)
		return store_db_fail(db, what, error);
	while (status == STATUS_OK && (code = sqlite3_step(list)) == SQLITE_ROW)
		status = each_removal(list, each, user);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	sqlite3_reset(list);
	return status;
}

enum status store_db_read_expected(struct store_db *db, store_each_expected *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read the expected servers";
	sqlite3_stmt *list = store_db_statement(db, STORE_LIST_EXPECTED);
	enum status status = STATUS_OK;
	int code = SQLITE_ROW;

	if (!list)
		return store_db_fail(db, what, error);
	while (status == STATUS_OK && (code = sqlite3_step(list)) == SQLITE_ROW)
		status = each_expected(list, each, user);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	sqlite3_reset(list);
	return status;
}

enum status store_db_read_expected_version(struct store_db *db, int64_t *out,
					   char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *find = store_db_statement(db, STORE_EXPECTED_VERSION);
	enum status status = STATUS_OK;
	int code = find ? sqlite3_step(find) : SQLITE_ERROR;

	*out = 0;
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(find, 0);
	else if (code != SQLITE_DONE)
		status = store_db_fail(db, "look for changes of the expected servers", error);
	sqlite3_reset(find);
	return status;
}
