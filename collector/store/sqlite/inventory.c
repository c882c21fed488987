#include "collector/store/sqlite/internal.h"

static enum status remove_server(struct store_db *db, const struct record_removal *removal,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "remove a server";
	sqlite3_stmt *drop = STORE_BOUND(db, STORE_DROP_SERVER, STORE_TEXT(removal->key));
	enum status status = store_db_run(db, drop, what, error);
	if (status != STATUS_OK)
		return status;
	writer_cache_forget_server(&db->cache, removal->key);
	sqlite3_stmt *forget = STORE_BOUND(db, STORE_DROP_LATEST, STORE_TEXT(removal->key));
	status = store_db_run(db, forget, what, error);
	if (status != STATUS_OK)
		return status;
	sqlite3_stmt *put = STORE_BOUND(db, STORE_PUT_REMOVAL, STORE_TEXT(removal->key),
					STORE_TEXT(removal->server), STORE_NUMBER(removal->at_ms),
					STORE_TEXT(removal->by), STORE_TEXT(removal->reason));
	return store_db_run(db, put, what, error);
}

static enum status put_expected(struct store_db *db, const struct record_expected *expected,
				char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store an expected server";
	sqlite3_stmt *put =
		STORE_BOUND(db, STORE_PUT_EXPECTED, STORE_TEXT(expected->key),
			    STORE_TEXT(expected->server), STORE_TEXT(expected->organization),
			    STORE_TEXT(expected->site), STORE_NUMBER(expected->since_ms));
	return store_db_run(db, put, what, error);
}

static enum status drop_expected(struct store_db *db, const struct record_expected *expected,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "forget an expected server";
	sqlite3_stmt *drop = STORE_BOUND(db, STORE_DROP_EXPECTED, STORE_TEXT(expected->key));
	return store_db_run(db, drop, what, error);
}

/* The list makes room for another one, and is the former one from now on. */
static enum status set_aside(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	static const enum store_statement steps[] = { STORE_CLEAR_FORMER, STORE_KEEP_FORMER,
						      STORE_CLEAR_EXPECTED };
	enum status status = STATUS_OK;

	for (size_t i = 0; i < sizeof steps / sizeof *steps && status == STATUS_OK; i++)
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
				 ? drop_expected(db, &change->expected[i], error)
				 : put_expected(db, &change->expected[i], error);
	if (status == STATUS_OK)
		status = store_db_run(db, store_db_statement(db, STORE_MARK_EXPECTED),
				      "count a change of the expected servers", error);
	return status;
}

/* Whom the rows of a list are for. */
struct listener {
	store_each_removal *removal; /* one of the two */
	store_each_expected *expected;
	void *user;
};

static enum status visit_removal(sqlite3_stmt *row, void *user)
{
	const struct listener *listener = user;
	struct record_removal removal = {
		.key = store_db_text(row, 0),
		.server = store_db_text(row, 1),
		.at_ms = sqlite3_column_int64(row, 2),
		.by = store_db_text(row, 3),
		.reason = store_db_text(row, 4),
	};
	return listener->removal(listener->user, &removal);
}

static enum status visit_expected(sqlite3_stmt *row, void *user)
{
	const struct listener *listener = user;
	struct record_expected expected = {
		.key = store_db_text(row, 0),
		.server = store_db_text(row, 1),
		.organization = store_db_text(row, 2),
		.site = store_db_text(row, 3),
		.since_ms = sqlite3_column_int64(row, 4),
	};
	return listener->expected(listener->user, &expected);
}

enum status store_db_read_removals(struct store_db *db, store_each_removal *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	struct listener listener = { .removal = each, .user = user };

	return store_db_list(db, store_db_statement(db, STORE_LIST_REMOVALS),
			     "read the removed servers", visit_removal, &listener, error);
}

enum status store_db_read_expected(struct store_db *db, store_each_expected *each, void *user,
				   char error[STORE_ERROR_SIZE])
{
	struct listener listener = { .expected = each, .user = user };

	return store_db_list(db, store_db_statement(db, STORE_LIST_EXPECTED),
			     "read the expected servers", visit_expected, &listener, error);
}

enum status store_db_read_former_expected(struct store_db *db, store_each_expected *each,
					  void *user, char error[STORE_ERROR_SIZE])
{
	struct listener listener = { .expected = each, .user = user };

	return store_db_list(db, store_db_statement(db, STORE_LIST_FORMER),
			     "read the servers that were expected before", visit_expected,
			     &listener, error);
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
