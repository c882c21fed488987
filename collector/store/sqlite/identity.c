#include "collector/store/sqlite/internal.h"

STORE_DEFINE_GIVE(identity)
STORE_DEFINE_GIVE(audit)

/* `*done`: it was not there before. */
static enum status add(struct store_db *db, const struct record_identity *identity, bool *done,
		       char error[STORE_ERROR_SIZE])
{
	enum status status = store_db_put(db, STORE_ADD_IDENTITY, &store_identities, identity,
					  "store an identity", error);

	*done = status == STATUS_OK && sqlite3_changes(db->handle) > 0;
	if (*done && identity->kind == RECORD_KIND_SESSION)
		status =
			STORE_RUN(db, STORE_TRIM_SESSIONS, "end old sessions", error,
				  STORE_NUMBER(identity->made_at_ms), STORE_TEXT(identity->made_by),
				  STORE_NUMBER(STORE_MAX_SESSIONS_PER_TOKEN));
	return status;
}

/* `*done`: it was there. */
static enum status drop(struct store_db *db, const struct record_identity *identity, bool *done,
			char error[STORE_ERROR_SIZE])
{
	static const char what[] = "remove an identity";
	enum status status = STORE_RUN(db, STORE_DROP_IDENTITY, what, error,
				       STORE_NUMBER(identity->kind), STORE_TEXT(identity->name));

	*done = status == STATUS_OK && sqlite3_changes(db->handle) > 0;
	if (!*done || identity->kind != RECORD_KIND_TOKEN)
		return status;
	status = STORE_RUN(db, STORE_DROP_SESSIONS, what, error, STORE_TEXT(identity->name));
	return status == STATUS_OK ? STORE_RUN(db, STORE_DROP_BOOKMARKS, what, error,
					       STORE_TEXT(identity->name))
				   : status;
}

static enum status add_audit(struct store_db *db, const struct record_audit *audit,
			     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "write the audit log";
	enum status status = store_db_put(db, STORE_ADD_AUDIT, &store_audits, audit, what, error);

	return status == STATUS_OK
		       ? STORE_RUN(db, STORE_DROP_AUDIT, what, error, STORE_NUMBER(STORE_MAX_AUDIT))
		       : status;
}

enum status store_db_put_identity(struct store_db *db, const struct store_change *change,
				  char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	bool done = true;

	if (change->add_identity)
		status = add(db, change->add_identity, &done, error);
	else if (change->drop_identity)
		status = drop(db, change->drop_identity, &done, error);
	if (status == STATUS_OK && done && change->audit)
		status = add_audit(db, change->audit, error);
	return status;
}

enum status store_db_read_identity(struct store_db *db, enum record_kind kind, const char *name,
				   struct arena *arena, struct record_identity *out,
				   char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *find =
		STORE_BOUND(db, STORE_ONE_IDENTITY, STORE_NUMBER(kind), STORE_TEXT(name));
	union store_record record;
	enum status status = store_db_step(db, find, "look for an identity", error);

	if (status == STATUS_OK)
		status = store_db_get(db, find, &store_identities, &record, error);
	if (status == STATUS_OK) {
		*out = record.identity;
		store_keep_record(&store_identities, out, arena);
	}
	store_db_done(find);
	return status;
}

enum status store_db_read_identities(struct store_db *db, enum record_kind kind, const char *after,
				     size_t limit, store_each_identity *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *list = STORE_BOUND(db, STORE_LIST_IDENTITIES, STORE_NUMBER(kind),
					 STORE_TEXT(after), STORE_NUMBER(limit));

	return store_db_rows(db, list, &store_identities, "list the identities",
			     STORE_READER(give_identity, each, user), error);
}

/* `which` is STORE_AUDIT_AFTER or STORE_AUDIT_BEFORE, `id` its bound. */
static enum status read_audit(struct store_db *db, enum store_statement which, int64_t id,
			      size_t limit, store_each_audit *each, void *user,
			      char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *list = STORE_BOUND(db, which, STORE_NUMBER(id), STORE_NUMBER(limit));

	return store_db_rows(db, list, &store_audits, "read the audit log",
			     STORE_READER(give_audit, each, user), error);
}

enum status store_db_read_audit_after(struct store_db *db, int64_t after, size_t limit,
				      store_each_audit *each, void *user,
				      char error[STORE_ERROR_SIZE])
{
	return read_audit(db, STORE_AUDIT_AFTER, after, limit, each, user, error);
}

enum status store_db_read_audit_before(struct store_db *db, int64_t before, size_t limit,
				       store_each_audit *each, void *user,
				       char error[STORE_ERROR_SIZE])
{
	return read_audit(db, STORE_AUDIT_BEFORE, before, limit, each, user, error);
}

enum status store_db_set_last_audit(struct store_db *db, int64_t id, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "number the audit log";
	enum status status =
		store_db_run(db, store_db_statement(db, STORE_CLEAR_LAST_AUDIT), what, error);

	return status == STATUS_OK
		       ? STORE_RUN(db, STORE_SET_LAST_AUDIT, what, error, STORE_NUMBER(id))
		       : status;
}

enum status store_db_read_last_audit(struct store_db *db, int64_t *out,
				     char error[STORE_ERROR_SIZE])
{
	return store_db_numbers(db, store_db_statement(db, STORE_LAST_AUDIT), "read the audit log",
				out, 1, error);
}
