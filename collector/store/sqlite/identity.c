#include "collector/store/sqlite/internal.h"

#include <string.h>

#include "proto/base/arena.h"

/* Sessions of one token at a time; a further one ends the oldest. */
#define MAX_SESSIONS_PER_TOKEN 16

static enum status trim_sessions(struct store_db *db, const struct record_identity *newest,
				 char error[STORE_ERROR_SIZE])
{
	static const char what[] = "end old sessions";
	sqlite3_stmt *trim =
		STORE_BOUND(db, STORE_TRIM_SESSIONS, STORE_NUMBER(newest->made_at_ms),
			    STORE_TEXT(newest->made_by), STORE_NUMBER(MAX_SESSIONS_PER_TOKEN));
	return store_db_run(db, trim, what, error);
}

/* `*done`: it was not there before. */
static enum status add(struct store_db *db, const struct record_identity *identity, bool *done,
		       char error[STORE_ERROR_SIZE])
{
	static const char what[] = "store an identity";
	sqlite3_stmt *insert = store_db_statement(db, STORE_ADD_IDENTITY);

	if (!insert || !store_db_bind_number(insert, 1, identity->kind) ||
	    !store_db_bind_text(insert, 2, identity->name) ||
	    !store_db_bind_text(insert, 3, identity->id) ||
	    sqlite3_bind_blob(insert, 4, identity->hash, sizeof identity->hash, SQLITE_STATIC) !=
		    SQLITE_OK ||
	    !store_db_bind_number(insert, 5, identity->role) ||
	    !store_db_bind_text(insert, 6, identity->made_by) ||
	    !store_db_bind_number(insert, 7, identity->made_at_ms) ||
	    !store_db_bind_number(insert, 8, identity->expires_at_ms))
		return store_db_fail(db, what, error);
	enum status status = store_db_run(db, insert, what, error);
	*done = status == STATUS_OK && sqlite3_changes(db->handle) > 0;
	if (*done && identity->kind == RECORD_KIND_SESSION)
		status = trim_sessions(db, identity, error);
	return status;
}

/* `*done`: it was there. */
static enum status drop(struct store_db *db, const struct record_identity *identity, bool *done,
			char error[STORE_ERROR_SIZE])
{
	static const char what[] = "remove an identity";
	sqlite3_stmt *remove = store_db_statement(db, STORE_DROP_IDENTITY);

	if (!remove || !store_db_bind_number(remove, 1, identity->kind) ||
	    !store_db_bind_text(remove, 2, identity->name))
		return store_db_fail(db, what, error);
	enum status status = store_db_run(db, remove, what, error);
	*done = status == STATUS_OK && sqlite3_changes(db->handle) > 0;
	if (!*done || identity->kind != RECORD_KIND_TOKEN)
		return status;
	sqlite3_stmt *sessions = store_db_statement(db, STORE_DROP_SESSIONS);
	if (!sessions || !store_db_bind_text(sessions, 1, identity->name))
		return store_db_fail(db, what, error);
	return store_db_run(db, sessions, what, error);
}

static enum status add_audit(struct store_db *db, const struct record_audit *audit,
			     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "write the audit log";
	sqlite3_stmt *insert = store_db_statement(db, STORE_ADD_AUDIT);

	if (!insert || !store_db_bind_number(insert, 1, audit->at_ms) ||
	    !store_db_bind_text(insert, 2, audit->who) ||
	    !store_db_bind_text(insert, 3, audit->origin) ||
	    !store_db_bind_text(insert, 4, audit->action) ||
	    !store_db_bind_number(insert, 5, audit->kind) ||
	    !store_db_bind_text(insert, 6, audit->object) ||
	    !store_db_bind_text(insert, 7, audit->object_id))
		return store_db_fail(db, what, error);
	enum status status = store_db_run(db, insert, what, error);
	if (status != STATUS_OK)
		return status;
	sqlite3_stmt *trim = STORE_BOUND(db, STORE_DROP_AUDIT, STORE_NUMBER(STORE_MAX_AUDIT));
	return store_db_run(db, trim, what, error);
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

/* Borrowed from the row. A hash of another length than ours proves nothing: it stays zero. */
static enum status get_identity(const struct store_db *db, sqlite3_stmt *row, enum record_kind kind,
				struct record_identity *out, char error[STORE_ERROR_SIZE])
{
	int role;
	enum status status =
		store_db_choice(db, row, 3, ROLE_NONE, ROLE_ADMIN, "identity", &role, error);

	if (status != STATUS_OK)
		return status;
	*out = (struct record_identity){
		.kind = kind,
		.name = store_db_text(row, 0),
		.id = store_db_text_or_null(row, 1),
		.role = (enum role)role,
		.made_by = store_db_text(row, 4),
		.made_at_ms = sqlite3_column_int64(row, 5),
		.expires_at_ms = sqlite3_column_int64(row, 6),
	};
	if (sqlite3_column_bytes(row, 2) == SECRET_HASH_SIZE)
		memcpy(out->hash, sqlite3_column_blob(row, 2), SECRET_HASH_SIZE);
	return STATUS_OK;
}

static void copy_identity(struct record_identity *identity, struct arena *arena)
{
	identity->name = arena_strdup(arena, identity->name);
	identity->id = arena_strdup(arena, identity->id);
	identity->made_by = arena_strdup(arena, identity->made_by);
}

enum status store_db_read_identity(struct store_db *db, enum record_kind kind, const char *name,
				   struct arena *arena, struct record_identity *out,
				   char error[STORE_ERROR_SIZE])
{
	static const char what[] = "look for an identity";
	sqlite3_stmt *find =
		STORE_BOUND(db, STORE_ONE_IDENTITY, STORE_NUMBER(kind), STORE_TEXT(name));
	enum status status = store_db_step(db, find, what, error);
	if (status == STATUS_OK)
		status = get_identity(db, find, kind, out, error);
	if (status == STATUS_OK)
		copy_identity(out, arena);
	store_db_done(find);
	return status;
}

/* Whom the identities of a kind are for. */
struct listener {
	const struct store_db *db;
	enum record_kind kind;
	store_each_identity *each;
	void *user;
	char *error;
};

static enum status visit_identity(sqlite3_stmt *row, void *user)
{
	const struct listener *listener = user;
	struct record_identity identity;

	enum status status =
		get_identity(listener->db, row, listener->kind, &identity, listener->error);

	return status == STATUS_OK ? listener->each(listener->user, &identity) : status;
}

enum status store_db_read_identities(struct store_db *db, enum record_kind kind, const char *after,
				     size_t limit, store_each_identity *each, void *user,
				     char error[STORE_ERROR_SIZE])
{
	static const char what[] = "list the identities";
	struct listener listener = { db, kind, each, user, error };
	sqlite3_stmt *list = STORE_BOUND(db, STORE_LIST_IDENTITIES, STORE_NUMBER(kind),
					 STORE_TEXT(after), STORE_NUMBER(limit));
	return store_db_list(db, list, what, visit_identity, &listener, error);
}

struct audit_listener {
	const struct store_db *db;
	store_each_audit *each;
	void *user;
	char *error;
};

static enum status visit_audit(sqlite3_stmt *row, void *user)
{
	const struct audit_listener *listener = user;
	int kind;
	enum status status =
		store_db_choice(listener->db, row, 5, RECORD_KIND_NONE, RECORD_KIND_ALERT,
				"audit row", &kind, listener->error);

	if (status != STATUS_OK)
		return status;
	struct record_audit audit = {
		.id = sqlite3_column_int64(row, 0),
		.at_ms = sqlite3_column_int64(row, 1),
		.who = store_db_text(row, 2),
		.origin = store_db_text(row, 3),
		.action = store_db_text(row, 4),
		.kind = (enum record_kind)kind,
		.object = store_db_text(row, 6),
		.object_id = store_db_text_or_null(row, 7),
	};
	return listener->each(listener->user, &audit);
}

/* `which` is STORE_AUDIT_AFTER or STORE_AUDIT_BEFORE, `id` its bound. */
static enum status read_audit(struct store_db *db, enum store_statement which, int64_t id,
			      size_t limit, store_each_audit *each, void *user,
			      char error[STORE_ERROR_SIZE])
{
	static const char what[] = "read the audit log";
	struct audit_listener listener = { db, each, user, error };
	sqlite3_stmt *list = STORE_BOUND(db, which, STORE_NUMBER(id), STORE_NUMBER(limit));
	return store_db_list(db, list, what, visit_audit, &listener, error);
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

enum status store_db_read_last_audit(struct store_db *db, int64_t *out,
				     char error[STORE_ERROR_SIZE])
{
	return store_db_numbers(db, store_db_statement(db, STORE_LAST_AUDIT), "read the audit log",
				out, 1, error);
}
